//! Words in messages: what was written, what is known, what was probably meant.
//!
//! Promises: what a file holds cannot move a terminal's cursor or fill its screen. Does not: guess far: more than a third
//! of the letters wrong is no typing mistake.

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

/// The known word nearest to `word`, when it is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words cost the square of their length and are nobody's typing mistake.
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let folded = word.to_lowercase();
    let allowed = folded.chars().count().div_ceil(3);
    known
        .into_iter()
        .map(|candidate| (distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for row in 1..=one.len() {
        let mut current = vec![row];
        for column in 1..=other.len() {
            let changed = last[column - 1] + usize::from(one[row - 1] != other[column - 1]);
            let mut cost = changed.min(last[column] + 1).min(current[column - 1] + 1);
            let swapped =
                row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1];
            if swapped {
                cost = cost.min(before[column - 2] + 1);
            }
            current.push(cost);
        }
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
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
