//! What other regex engines write otherwise, in the words of this one.
//!
//! Promises: each function appends what the beginning of a text means, and says how long that beginning is. Does not: find
//! faults; the regex parser does.

/// A backslash and what it escapes.
pub(super) fn escape(text: &str, made: &mut String) -> usize {
    let Some(escaped) = text[1..].chars().next() else {
        made.push('\\');
        return 1;
    };
    match escaped {
        'h' => *made += "[0-9A-Fa-f]",
        'H' => *made += "[^0-9A-Fa-f]",
        'Z' => *made += "\\z",
        'e' => *made += "\\x1b",
        'R' => *made += "(?:\\r\\n|[\\n\\x0b\\f\\r])",
        // What braces say more about: `\p{L}`, `\x{e9}`, `\b{start}`.
        'b' | 'B' | 'p' | 'P' | 'u' | 'U' | 'x' if text[2..].starts_with('{') => {
            let end = text.find('}').map_or(text.len(), |end| end + 1);
            *made += &text[..end];
            return end;
        }
        // In this engine's words they are edges of words; elsewhere they are the signs themselves.
        '<' | '>' => made.push(escaped),
        // Signs beyond ASCII, which there is no need to escape.
        _ if !escaped.is_ascii() => made.push(escaped),
        _ => {
            made.push('\\');
            made.push(escaped);
        }
    }
    1 + escaped.len_utf8()
}

/// A class in brackets. A bracket inside that opens nothing, and signs that would join classes, stand for themselves.
pub(super) fn class(text: &str, made: &mut String) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut first = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += c.len_utf8();
        match c {
            '[' if depth == 0 => {
                depth = 1;
                first = true;
                made.push('[');
                if bytes.get(at) == Some(&b'^') {
                    made.push('^');
                    at += 1;
                }
                continue;
            }
            '[' if rest.starts_with("[:") => {
                let end = rest.find(":]").map_or(1, |end| end + 2);
                *made += &rest[..end];
                at += end - 1;
            }
            '[' if rest.starts_with("[[:") || made.ends_with("&&") => {
                made.push('[');
                depth += 1;
            }
            '[' => *made += "\\[",
            ']' if first => *made += "\\]",
            ']' => {
                made.push(']');
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            '\\' if rest[1..].starts_with('h') => {
                *made += "0-9A-Fa-f";
                at += 1;
            }
            '\\' => at += escape(rest, made) - 1,
            '-' | '~' if made.ends_with(c) => {
                made.push('\\');
                made.push(c);
            }
            _ => made.push(c),
        }
        first = false;
    }
    at
}

/// A brace: how often something repeats, or itself.
pub(super) fn brace(text: &str, made: &mut String) -> usize {
    let inner = text.find('}').map(|end| &text[1..end]).unwrap_or_default();
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let counts = number(least) && number(most) && !(least.is_empty() && most.is_empty());
    if !counts || made.is_empty() {
        *made += "\\{";
        return 1;
    }
    made.push('{');
    *made += if least.is_empty() { "0" } else { least };
    *made += &inner[least.len()..];
    made.push('}');
    inner.len() + 2
}

/// A parenthesis that names nothing. How long its opening is; a comment is passed over as a whole.
pub(super) fn group(text: &str, made: &mut String) -> usize {
    if text.starts_with("(?#") {
        return text.find(')').map_or(text.len(), |end| end + 1);
    }
    if text.starts_with("(?>") {
        *made += "(?:";
        return 3;
    }
    let Some(flags) = text.strip_prefix("(?") else {
        // What it captures has no name.
        *made += "(?:";
        return 1;
    };
    let end = flags.find(|c: char| !(c.is_ascii_alphabetic() || c == '-')).unwrap_or(flags.len());
    // `m` makes a dot match newlines elsewhere; here it does.
    let kept = flags[..end].replace('m', "s");
    if flags[end..].starts_with(')') && matches!(kept.as_str(), "s" | "-s" | "") {
        return end + 3;
    }
    *made += "(?";
    *made += &kept;
    end + 2
}

/// Where the parenthesis that opens a text is closed; the text's end where it is not.
pub(super) fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    let mut passed = String::new();
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        match c {
            '\\' => {
                at += escape(rest, &mut passed);
                continue;
            }
            '[' => {
                at += class(rest, &mut passed);
                continue;
            }
            '(' => depth += 1,
            ')' if depth == 1 => return at,
            ')' => depth -= 1,
            _ => {}
        }
        at += c.len_utf8();
    }
    at
}
