//! Sizes: `1.5 KiB`, `12kB`, `10M`, `1,234`.

use super::{Femto, ONE, number_len, product, write};

/// Appends the bytes; `None` where the text is no size. `bare`: how many bytes one is where no unit stands.
pub(in crate::parse::steps) fn bytes(text: &[u8], bare: u64, out: &mut Vec<u8>) -> Option<()> {
    let text = text.trim_ascii();
    let (number, unit) = text.split_at(number_len(text, b".,"));
    let unit = unit.trim_ascii_start();
    let factor = if unit.is_empty() { bare } else { factor(unit)? };
    let unit = Femto::from(factor).checked_mul(ONE)?;
    let value = if number.contains(&b',') {
        // Room for every number that is not refused.
        let mut plain = [0; 40];
        product(without_separators(number, &mut plain)?, unit)?
    } else {
        product(number, unit)?
    };
    write(value, "", out)
}

/// How many bytes a unit is: `B`, `kB` and `MB` by thousands, `KiB` and `MiB` by 1024, and so do `K` and `M` alone, as `ls`,
/// `du` and nginx have it. Letters' case does not matter.
pub(in crate::parse::steps) fn factor(unit: &[u8]) -> Option<u64> {
    if unit.eq_ignore_ascii_case(b"b") || unit.eq_ignore_ascii_case(b"byte") || unit.eq_ignore_ascii_case(b"bytes") {
        return Some(1);
    }
    let (first, rest) = unit.split_first()?;
    let power = b"kmgtpe".iter().position(|letter| letter.eq_ignore_ascii_case(first))? as u32 + 1;
    if rest.is_empty() || rest.eq_ignore_ascii_case(b"ib") || rest.eq_ignore_ascii_case(b"i") {
        Some(1 << (10 * power))
    } else if rest.eq_ignore_ascii_case(b"b") {
        Some(1_000_u64.pow(power))
    } else {
        None
    }
}

/// A point and more decimals than are kept.
const MOST_FRACTION: usize = 19;

/// `1,234,567.8` without its commas; they must stand before each three digits.
fn without_separators<'a>(number: &[u8], plain: &'a mut [u8; 40]) -> Option<&'a [u8]> {
    let point = number.iter().position(|&byte| byte == b'.').unwrap_or(number.len());
    let (whole, fraction) = number.split_at(point);
    let mut len = 0;
    let mut add = |text: &[u8]| {
        plain.get_mut(len..len + text.len())?.copy_from_slice(text);
        len += text.len();
        Some(())
    };
    for (index, group) in whole.split(|&byte| byte == b',').enumerate() {
        let fits = if index == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        fits.then(|| add(group))??;
    }
    let is_good = fraction.iter().skip(1).all(u8::is_ascii_digit);
    is_good.then(|| add(&fraction[..fraction.len().min(MOST_FRACTION)]))??;
    Some(&plain[..len])
}

#[cfg(test)]
mod tests;
