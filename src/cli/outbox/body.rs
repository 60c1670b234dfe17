//! An event's body for people: its own bytes, with lines and indents between them.
//!
//! Promises: every character of every name and value is the one that PX gets; only white space is added. Does not: check it.

/// White space before each level.
const INDENT: &str = "  ";

/// JSON with one member a line.
pub(super) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let (mut in_text, mut is_escaped) = (false, false);
    let mut letters = json.chars().peekable();
    while let Some(letter) = letters.next() {
        if in_text {
            out.push(letter);
            in_text = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' => {
                out.push(letter);
                if letters.next_if(|next| matches!(next, '}' | ']')).is_some() {
                    out.push(if letter == '{' { '}' } else { ']' });
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_text = letter == '"';
                out.push(letter);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(INDENT, depth));
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        assert_eq!(indented(json), expected, "{json}");
    }

    #[test]
    fn values_stay_as_they_are_and_members_get_lines() {
        check("{}", "{}");
        check("{\"a\":[],\"b\":{}}", "{\n  \"a\": [],\n  \"b\": {}\n}");
        check(
            "{\"n\":12345678901234567890.10,\"t\":\"{,:}\\\"\\\\\",\"o\":{\"x\":[1,2]}}",
            "{\n  \"n\": 12345678901234567890.10,\n  \"t\": \"{,:}\\\"\\\\\",\n  \"o\": {\n    \"x\": [\n      1,\n      2\n    ]\n  }\n}",
        );
    }
}
