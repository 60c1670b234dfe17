//! Words in messages: what was written, what is known, what was probably meant.
//!
//! Promises: what a file holds cannot move a terminal's cursor or fill its screen. Does not: guess what was
//! meant; `model::nearest` does.

pub(super) use crate::model::nearest::nearest;

/// Characters shown of a written text: enough to find it again.
const SHOWN: usize = 100;

/// A written text as it can stand in a message: on one line, without control characters, not too long.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == SHOWN {
            shown.push('…');
            break;
        }
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// `a`, `b`, `c`, each in backticks.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{}`", shown(word))).collect();
    words.join(", ")
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// A number with its digits in groups, as TOML allows: `1_000_000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let known = ["region", "base_url", "product_key", "api_key_file", "hold", "d"];
        assert_eq!(nearest(word, known), expected, "{word}");
    }

    #[test]
    fn a_typing_mistake_is_recognised_and_another_word_is_not() {
        check("regoin", Some("region"));
        check("REGION", Some("region"));
        check("base-url", Some("base_url"));
        check("productkey", Some("product_key"));
        check("api_key", None);
        check("hodl", Some("hold"));
        check("zone", None);
        check("x", None);
        check("", None);
        check(&"region".repeat(1000), None);
    }
}
