//! The text that a JSON string with escapes stands for.

/// Appends the text of the inside of a string that was checked before. Half of a surrogate pair without its other half
/// becomes U+FFFD.
pub(in crate::parse) fn decode(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(b'\\', text) {
        out.extend_from_slice(&text[..at]);
        text = text.get(at + 1..).unwrap_or_default();
        let Some((&letter, rest)) = text.split_first() else { return };
        text = rest;
        match letter {
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => text = decode_unit(text, out),
            _ => out.push(letter),
        }
    }
    out.extend_from_slice(text);
}

/// Appends the character of `\uXXXX`, and of a second one after it where the two are a pair; gives what follows.
fn decode_unit<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((unit, rest)) = unit(text) else { return text };
    let pair = match rest {
        [b'\\', b'u', second @ ..] if (0xd800..0xdc00).contains(&unit) => {
            self::unit(second).filter(|(low, _)| (0xdc00..0xe000).contains(low))
        }
        _ => None,
    };
    let (code, rest) = match pair {
        Some((low, rest)) => (0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), rest),
        None => (unit, rest),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let mut unit = 0;
    for &digit in digits {
        unit = unit * 16 + char::from(digit).to_digit(16)?;
    }
    Some((unit, rest))
}
