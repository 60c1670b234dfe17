//! Patterns for columns: comma- and tab-separated values, with or without a line of names in front.
//!
//! Promises: a separator is believed where nearly all lines have the same number of values by it. Does not: read values of
//! several lines; know fixed widths.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::draft::Draft;
use super::infer::{kind_of, time_format};
use super::{align, keys, plain_name, toml_text};

/// A tab stands in nobody's text; a comma in many, so it comes last.
const SEPARATORS: [u8; 4] = [b'\t', b';', b'|', b','];
/// Fewer columns are found in any text.
const FEWEST: usize = 3;
/// More would not be read by the one who has to name them.
const MOST: usize = 200;
/// Which part of the lines must have the same number of values.
const OF_THE_FORM: f64 = 0.95;
/// Which part of a column's values must be of the same kind.
const ALIKE: f64 = 0.9;

type Value = Vec<u8>;

/// A pattern of columns. The first line is taken for their names where it reads like names and like nothing below it.
pub(super) fn separated(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let (separator, rows) = SEPARATORS.into_iter().find_map(|byte| Some((byte, rows(lines, byte)?)))?;
    let header = lines.first().filter(|line| values(line, separator).as_ref() == rows.first() && is_header(&rows));
    let header = header.and_then(|line| std::str::from_utf8(line).ok());
    let data = if header.is_some() { rows.get(1..)? } else { &rows[..] };
    let width = data.first()?.len();
    let columns: Vec<Vec<&[u8]>> =
        (0..width).map(|column| data.iter().map(|row| row[column].as_slice()).collect()).collect();
    let key = if separator == b'\t' && !lines.iter().any(|line| line.contains(&b'"')) { "tsv" } else { "csv" };
    let mut settings = Vec::new();
    if key == "csv" && separator != b',' {
        settings.push(format!("separator = {}", toml_text::quoted(&char::from(separator).to_string())));
    }
    let mut draft = Draft { name: name.to_owned(), ..Draft::default() };
    if let Some(header) = header {
        let names = rows.first()?.iter().map(|name| written(name));
        let owned = |column: &Vec<&[u8]>| column.iter().map(|value| value.to_vec()).collect();
        let by_name: BTreeMap<String, Vec<Value>> = names.zip(columns.iter().map(owned)).collect();
        draft.types = keys::canonical(&by_name);
        draft.header = Some(header.to_owned());
        "Values in columns that the first line of each file names.".clone_into(&mut draft.about);
    } else {
        let names: Vec<String> = names(&columns).iter().map(|name| toml_text::quoted(name)).collect();
        settings.push(format!("columns = [{}]", names.join(", ")));
        "Values in columns.".clone_into(&mut draft.about);
    }
    draft.engine =
        if settings.is_empty() { format!("{key} = true") } else { format!("{key} = {{ {} }}", settings.join(", ")) };
    Some(draft)
}

/// The lines' values, where they are columns.
fn rows(lines: &[&[u8]], separator: u8) -> Option<Vec<Vec<Value>>> {
    let mut rows: Vec<Vec<Value>> = lines.iter().filter_map(|line| values(line, separator)).collect();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for row in &rows {
        *counts.entry(row.len()).or_default() += 1;
    }
    let (width, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let is_most = count as f64 >= lines.len() as f64 * OF_THE_FORM;
    if lines.len() < 2 || !(FEWEST..=MOST).contains(&width) || !is_most {
        return None;
    }
    rows.retain(|row| row.len() == width);
    // The first line may be names, which can have spaces.
    let good = (0..width).filter(|column| is_column(rows.iter().skip(1).map(|row| row[*column].as_slice()))).count();
    // Sentences have commas too: most columns must hold values rather than words.
    let is_good = separator == b'\t' || (good >= FEWEST && good * 3 >= width * 2);
    is_good.then_some(rows)
}

/// The values of a line, quotes undone as RFC 4180 says; `None` where it is not of that form.
fn values(line: &[u8], separator: u8) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    let mut rest = line;
    while values.len() <= MOST {
        let (value, after) = if let Some(inside) = rest.strip_prefix(b"\"") {
            quoted(inside)?
        } else {
            let end = rest.iter().position(|byte| *byte == separator).unwrap_or(rest.len());
            (rest[..end].to_vec(), &rest[end..])
        };
        values.push(value);
        match after.split_first() {
            None => return Some(values),
            Some((byte, after)) if *byte == separator => rest = after,
            Some(_) => return None,
        }
    }
    None
}

/// To the closing quote, and what follows it.
fn quoted(text: &[u8]) -> Option<(Value, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.iter().position(|byte| *byte == b'"')?;
        value.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(more) = rest.strip_prefix(b"\"") else { return Some((value, rest)) };
        value.push(b'"');
        rest = more;
    }
}

/// Whether nearly all are single values: words without spaces, times, nothing.
fn is_column<'a>(values: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut all, mut good) = (0_usize, 0_usize);
    for value in values {
        all += 1;
        good += usize::from(!value.contains(&b' ') || time_format(&[value]).is_some());
    }
    good as f64 >= all as f64 * ALIKE
}

/// Names are distinct, have letters, are no values of any kind, and do not come again in their column.
fn is_header(rows: &[Vec<Value>]) -> bool {
    let Some((first, data)) = rows.split_first() else { return false };
    let is_name = |name: &Value| {
        let text = String::from_utf8_lossy(name);
        let text = text.trim();
        let is_plain =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '(' | ')' | '@' | '/' | '%');
        text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@'))
            && text.len() <= 60
            && text.chars().all(is_plain)
            && time_format(&[name]).is_none()
            && text.parse::<IpAddr>().is_err()
    };
    let is_distinct = first.iter().enumerate().all(|(at, name)| !first[..at].contains(name));
    let comes_again = |(column, name): (usize, &Value)| data.iter().any(|row| row.get(column) == Some(name));
    !data.is_empty() && is_distinct && first.iter().all(is_name) && !first.iter().enumerate().any(comes_again)
}

/// The name by which a column of a header is asked for.
fn written(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).trim().to_owned();
    if name.contains([' ', '(', ')', '/', '%']) { plain_name(&name) } else { name }
}

/// Names for columns that have none: what their values tell, else the column's number.
fn names(columns: &[Vec<&[u8]>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (column, values) in columns.iter().enumerate() {
        let said: Vec<&[u8]> = values.iter().copied().filter(|value| !matches!(*value, b"" | b"-" | br"\N")).collect();
        let is_address = |value: &&[u8]| std::str::from_utf8(value).is_ok_and(|text| text.parse::<IpAddr>().is_ok());
        let is_status = |value: &&[u8]| value.len() == 3 && matches!(value[0], b'1'..=b'5');
        let has = |name: &str| names.iter().any(|known| known == name);
        let is_integer = kind_of("", &said) == Some("integer");
        let name = if said.is_empty() {
            None
        } else if time_format(&said).is_some() {
            Some("time")
        } else if said.iter().all(is_address) {
            Some("client")
        } else if is_integer && said.iter().all(is_status) && ["method", "request", "target"].into_iter().any(has) {
            Some("status")
        } else {
            align::special_name(&said)
        };
        let name = name.filter(|name| !has(name)).map_or_else(|| format!("field{}", column + 1), str::to_owned);
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{is_header, rows, values};

    #[test]
    fn quotes_are_undone_and_what_is_no_such_line_is_seen() {
        let check = |line: &str, expected: Option<&[&str]>| {
            let found = values(line.as_bytes(), b',');
            let expected = expected.map(|values| values.iter().map(|value| value.as_bytes().to_vec()).collect());
            assert_eq!(found, expected, "{line}");
        };
        check("a,b,", Some(&["a", "b", ""]));
        check("\"a,\"\"b\",c", Some(&["a,\"b", "c"]));
        check("", Some(&[""]));
        check("\"a", None);
        check("\"a\"b,c", None);
        check(&",".repeat(300), None);
    }

    #[test]
    fn sentences_are_no_columns() {
        let check = |lines: &[&str], separator: u8, expected: bool| {
            let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(rows(&lines, separator).is_some(), expected, "{lines:?}");
        };
        check(&["1,2,3", "4,5,6"], b',', true);
        check(&["1,2", "4,5"], b',', false);
        check(&["1,2,3"], b',', false);
        check(&["1,2,3", "1,2,3,4"], b',', false);
        check(&["2026-11-23 10:00:00,1 INFO a b,c", "2026-11-23 10:00:01,2 INFO c d,e"], b',', false);
        check(&["1\ta b\tc d", "2\te f\tg h"], b'\t', true);
    }

    #[test]
    fn names_are_told_from_values() {
        for (lines, expected) in [
            (["time,user name,cs(Host)", "1,2,3"], true),
            (["time,user,user", "1,2,3"], false),
            (["time,user,7", "1,2,3"], false),
            (["time,user,GET", "1,2,GET"], false),
            (["time,,x", "1,2,3"], false),
        ] {
            let rows: Vec<_> = lines.iter().filter_map(|line| values(line.as_bytes(), b',')).collect();
            assert_eq!(is_header(&rows), expected, "{lines:?}");
        }
    }
}
