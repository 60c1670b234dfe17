//! Exact decimal numbers, so that the order of lines and merges never changes a sum.
//!
//! Promises: addition is exact and associative; text to number to text keeps the value. Does not: divide. A text with
//! more than [`MAX_SCALE`] decimals is rounded half away from zero when it is read, before any sum, so that rounding
//! cannot depend on order. Values of 6.6 × 10^20 and more are refused.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Most decimals kept: a double's own precision, and it leaves room for integers past `u64::MAX`.
pub const MAX_SCALE: u8 = 15;

/// Largest mantissa at [`MAX_SCALE`]: 120 bits, so that a packed number fits 16 bytes with its scale.
const MANTISSA_LIMIT: i128 = 1 << 119;

/// Digits are read into the mantissa while it is under 10^35: 21 before the point and 15 after it.
const MOST_DIGITS: i128 = POWERS[16] * POWERS[16] * POWERS[3];

const POWERS: [i128; 17] = {
    let mut powers = [1_i128; 17];
    let mut exponent = 1;
    while exponent < 17 {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// `mantissa / 10^scale`, with `scale <= MAX_SCALE` and the value's mantissa at `MAX_SCALE` under 2^119.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

impl Decimal {
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };
    pub const ONE: Self = Self { mantissa: 1, scale: 0 };

    /// Reads `-12`, `+0.50`, `1e-3`, `.5`. `None` for anything else, and for values too large.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::parse_short(text).or_else(|| Self::parse_any(text))
    }

    /// The usual case: up to 18 digits, no sign, no exponent, no more than [`MAX_SCALE`] decimals.
    #[inline]
    fn parse_short(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > 18 {
            return None;
        }
        let mut mantissa = 0_u64;
        let mut point = None;
        for (index, &byte) in text.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                mantissa = mantissa * 10 + u64::from(digit);
            } else if byte == b'.' && point.is_none() && text.len() > 1 {
                point = Some(index);
            } else {
                return None;
            }
        }
        let scale = point.map_or(0, |index| text.len() - index - 1);
        (scale <= MAX_SCALE as usize).then_some(Self { mantissa: i128::from(mantissa), scale: scale as u8 })
    }

    fn parse_any(text: &[u8]) -> Option<Self> {
        let (negative, unsigned) = match text.first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let split = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (digits, exponent) = match split {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let mut decimals = 0_i64;
        let mut seen_point = false;
        let mut mantissa = 0_i128;
        let mut any = false;
        for &byte in digits {
            match byte {
                b'.' if !seen_point => seen_point = true,
                b'0'..=b'9' => {
                    any = true;
                    if mantissa < MOST_DIGITS {
                        mantissa = mantissa * 10 + i128::from(byte - b'0');
                        decimals += i64::from(seen_point);
                    } else {
                        // Beyond 36 digits nothing reaches 15 decimals of a value that is not refused.
                        decimals -= i64::from(!seen_point);
                    }
                }
                _ => return None,
            }
        }
        if !any {
            return None;
        }
        let value = Self::scaled(mantissa, decimals.saturating_sub(exponent))?;
        Some(if negative { Self { mantissa: -value.mantissa, ..value } } else { value })
    }

    /// `mantissa / 10^decimals` for a mantissa that is not negative, rounded to [`MAX_SCALE`] decimals.
    fn scaled(mantissa: i128, decimals: i64) -> Option<Self> {
        if mantissa == 0 {
            return Some(Self::ZERO);
        }
        if decimals < 0 {
            let factor = 10_i128.checked_pow(u32::try_from(-decimals).ok()?)?;
            return Self { mantissa: mantissa.checked_mul(factor)?, scale: 0 }.within_limit();
        }
        let mut mantissa = mantissa;
        let mut decimals = decimals;
        if decimals > i64::from(MAX_SCALE) {
            let down = u32::try_from(decimals - i64::from(MAX_SCALE)).unwrap_or(u32::MAX);
            mantissa = match 10_i128.checked_pow(down) {
                Some(divisor) => mantissa / divisor + i128::from(mantissa % divisor >= divisor / 2 + divisor % 2),
                None => 0,
            };
            decimals = i64::from(MAX_SCALE);
        }
        Self { mantissa, scale: decimals as u8 }.within_limit()
    }

    #[inline]
    fn within_limit(self) -> Option<Self> {
        // 2^63 times 10^15 is under the limit: nearly every value is told by its size alone.
        if i64::try_from(self.mantissa).is_ok() {
            return Some(self);
        }
        let widened = self.mantissa.checked_mul(POWERS[(MAX_SCALE - self.scale) as usize])?;
        (widened.abs() < MANTISSA_LIMIT).then_some(self)
    }

    /// The exact sum; `None` when it would pass the limit.
    #[inline]
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.scale == other.scale {
            return Self { mantissa: self.mantissa + other.mantissa, scale: self.scale }.within_limit();
        }
        let scale = self.scale.max(other.scale);
        let left = self.mantissa * POWERS[(scale - self.scale) as usize];
        let right = other.mantissa * POWERS[(scale - other.scale) as usize];
        Self { mantissa: left + right, scale }.within_limit()
    }

    /// The value times 10^`MAX_SCALE`: the same for equal values.
    fn widened(self) -> i128 {
        self.mantissa * POWERS[(MAX_SCALE - self.scale) as usize]
    }

    /// 16 bytes: the mantissa in the upper 120 bits, the scale in the lowest 8, little-endian. Equal values may pack
    /// differently; [`Decimal::normalized`] first where that matters.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        ((self.mantissa << 8) | self.scale as i128).to_le_bytes()
    }

    /// The inverse of [`Decimal::to_bytes`]; `None` for bytes that no decimal packs to.
    #[inline]
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let packed = i128::from_le_bytes(bytes);
        let scale = (packed & 0xff) as u8;
        if scale > MAX_SCALE { None } else { Self { mantissa: packed >> 8, scale }.within_limit() }
    }

    /// The same value with the smallest scale.
    #[must_use]
    pub fn normalized(self) -> Self {
        let mut value = self;
        while value.scale > 0 && value.mantissa % 10 == 0 {
            value = Self { mantissa: value.mantissa / 10, scale: value.scale - 1 };
        }
        value
    }
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A longer exponent than any limit is as good as a very large one.
    let size = if digits.len() > 6 { 1_000_000 } else { digits.parse::<i64>().ok()? };
    Some(if text.starts_with('-') { -size } else { size })
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { mantissa: i128::from(value), scale: 0 }
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self { mantissa: i128::from(value), scale: 0 }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.widened() == other.widened()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        self.widened().cmp(&other.widened())
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.widened().hash(state);
    }
}

impl fmt::Display for Decimal {
    /// Plain notation without trailing zeros: `12`, `-0.5`. Valid as a JSON number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.normalized();
        let sign = if value.mantissa < 0 { "-" } else { "" };
        let divisor = POWERS[value.scale as usize];
        let whole = value.mantissa.unsigned_abs() / divisor.unsigned_abs();
        if value.scale == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = value.mantissa.unsigned_abs() % divisor.unsigned_abs();
        write!(f, "{sign}{whole}.{fraction:0width$}", width = value.scale as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Decimal::parse(text.as_bytes()).map(|value| value.to_string()).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn numbers_are_read_as_written_and_other_texts_are_refused() {
        for (text, expected) in [
            ("0", Some("0")),
            ("12", Some("12")),
            ("-12.50", Some("-12.5")),
            ("+3", Some("3")),
            (".5", Some("0.5")),
            ("5.", Some("5")),
            ("1e3", Some("1000")),
            ("1.5E-3", Some("0.0015")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("0.1234567890123456", Some("0.123456789012346")),
            ("0.0000000000000005", Some("0.000000000000001")),
            ("0.00000000000000049", Some("0")),
            ("1e-400", Some("0")),
            ("0e999999999999", Some("0")),
            ("123456789012345678901234567890e-20", Some("1234567890.123456789012346")),
            ("12345678901234567890.123456789012345", Some("12345678901234567890.123456789012345")),
            ("664613997892457936451", Some("664613997892457936451")),
            ("664613997892457936452", None),
            ("1e20", Some("100000000000000000000")),
            ("1e30", None),
            ("99999999999999999999999999999999999999999999", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1.2.3", None),
            ("0x10", None),
            ("1e", None),
            ("NaN", None),
            (" 1", None),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn sums_reach_the_limit_and_not_past_it() {
        let decimal = |text: &str| Decimal::parse(text.as_bytes()).unwrap();
        for (one, other, expected) in [
            ("9223372036854775807", "1", Some("9223372036854775808")),
            ("-9223372036854775808", "-1", Some("-9223372036854775809")),
            ("664613997892457936450", "0.5", Some("664613997892457936450.5")),
            ("664613997892457936450", "664613997892457936450", None),
            ("-664613997892457936450", "-2", None),
            ("664613997892457936450", "2", None),
        ] {
            let sum = decimal(one).checked_add(decimal(other));
            assert_eq!(sum.map(|sum| sum.to_string()).as_deref(), expected, "{one} + {other}");
        }
    }

    proptest! {
        #[test]
        fn order_is_by_value(one in (-3_000_i64..3_000, 0_u32..4), other in (-3_000_i64..3_000, 0_u32..4)) {
            let decimal = |(mantissa, scale)| Decimal::parse(format!("{mantissa}e-{scale}").as_bytes()).unwrap();
            let millis = |(mantissa, scale): (i64, u32)| mantissa * 10_i64.pow(3 - scale);
            prop_assert_eq!(decimal(one).cmp(&decimal(other)), millis(one).cmp(&millis(other)));
        }

        #[test]
        fn addition_is_exact_and_order_free(values in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 0_u32..7), 1..30)) {
            let texts: Vec<String> = values.iter().map(|(mantissa, scale)| format!("{mantissa}e-{scale}")).collect();
            let parsed: Vec<Decimal> = texts.iter().map(|text| Decimal::parse(text.as_bytes()).unwrap()).collect();
            let forward = parsed.iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(*value)).unwrap();
            let backward = parsed.iter().rev().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(*value)).unwrap();
            let micro: i128 = values.iter().map(|(mantissa, scale)| i128::from(*mantissa) * 10_i128.pow(6 - scale)).sum();
            prop_assert_eq!(forward, backward);
            prop_assert_eq!(forward, Decimal::parse(format!("{micro}e-6").as_bytes()).unwrap());
        }

        #[test]
        fn text_and_bytes_keep_the_value(mantissa in any::<i64>(), scale in 0_u32..15) {
            let value = Decimal::parse(format!("{mantissa}e-{scale}").as_bytes()).unwrap();
            prop_assert_eq!(Decimal::parse(value.to_string().as_bytes()), Some(value));
            prop_assert_eq!(Decimal::from_bytes(value.to_bytes()), Some(value));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,60}") {
            let _ = Decimal::parse(text.as_bytes());
        }
    }
}
