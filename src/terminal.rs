//! Text for terminals: what a log holds, shown so that it can do nothing to the screen.
//!
//! Promises: no control character and no mark that turns the direction of writing gets out; what is cut is marked with
//! `…`. Does not: know what it shows.

use std::fmt::Write;

/// Columns that output is laid out for: fits a split screen, and a mail.
pub const COLUMNS: usize = 100;

/// Bytes as one line of text: control characters as `\n` or `\x1b`, bytes that are no UTF-8 as `\xff`.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut text, c);
        }
        for byte in chunk.invalid() {
            // Writing into a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

fn push_escaped(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c if c.is_ascii_control() => {
            let _ = write!(text, "\\x{:02x}", c as u32);
        }
        c if c.is_control() || turns_direction(c) => {
            let _ = write!(text, "\\u{{{:x}}}", c as u32);
        }
        c => text.push(c),
    }
}

/// Marks that change the order in which a terminal shows the letters after them, and letters that cannot be seen.
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// How many columns of a terminal a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The letters that take two columns: the blocks of Chinese, Japanese and Korean, wide forms, and pictures. Source: Unicode's
/// East Asian Width, by whole blocks: one letter in a few hundred is taken for wide that is not, which shifts a caret only.
const fn columns_of(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff01}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// The first letters that fit into `columns`.
fn fitting(letters: impl Iterator<Item = char>, columns: usize) -> Vec<char> {
    let mut used = 0;
    let fits = |c: &char| {
        used += columns_of(*c);
        used <= columns
    };
    letters.take_while(fits).collect()
}

/// What fits into `columns` of a text, with `…` for the rest.
#[must_use]
pub fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept: String = fitting(text.chars(), columns.saturating_sub(1)).into_iter().collect();
    kept + "…"
}

/// A line around byte `at`, and below it a caret under that byte. Of a long line, the part around it.
#[must_use]
pub fn with_caret(line: &[u8], at: usize, indent: &str) -> String {
    let (before, after) = line.split_at_checked(at).unwrap_or((line, b""));
    let (before, after) = (escaped(before), escaped(after));
    let room = COLUMNS.saturating_sub(indent.len());
    let (before_len, after_len) = (width(&before), width(&after));
    let (before, after) = if before_len + after_len.max(1) <= room {
        (before, after)
    } else {
        // A third of the room is for what follows: enough to recognise it.
        let after_room = after_len.min((room / 3).max(room.saturating_sub(before_len)));
        let before_room = room - after_room.max(1);
        (last_characters(&before, before_room), shortened(&after, after_room))
    };
    format!("{indent}{before}{after}\n{indent}{}^", " ".repeat(width(&before)))
}

fn last_characters(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept: String = fitting(text.chars().rev(), columns.saturating_sub(1)).into_iter().rev().collect();
    format!("…{kept}")
}

/// Rows with their cells under each other, each row `indent`ed; the last cell of a row is cut where the screen ends.
#[must_use]
pub fn table(rows: &[Vec<String>], indent: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).filter_map(|row| row.get(column));
        cells.map(|cell| width(cell.as_str())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (index, cell) in row.iter().enumerate() {
            if index + 1 == row.len() {
                let room = COLUMNS.saturating_sub(width(&line)).max(20);
                line.push_str(&shortened(cell, room));
            } else {
                line.push_str(cell);
                line.push_str(&" ".repeat(widths[index].saturating_sub(width(cell)) + 2));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Words over lines that fit the screen; every line is `indent`ed.
#[must_use]
pub fn wrapped(text: &str, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let len = indent.len() + width(&line) + 1 + width(word);
        if !line.is_empty() && len > COLUMNS {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

/// `1 line`, `2 lines`.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests;
