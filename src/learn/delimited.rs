//! Patterns for columns between separators: CSV and its cousins with `;`, `|` and tabs.
//!
//! Promises: columns are split as the engine splits them. Does not: join lines of a value that has line breaks.

use std::collections::{BTreeMap, BTreeSet};

use super::align::special_name;
use super::draft::Draft;
use super::infer::{kind_of, means, time_format};
use super::keys::{CANONICAL, is_called};
use super::toml_text;

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Which part of the lines must have the same number of columns.
const ALIKE: f64 = 0.95;
/// Fewer columns are in any text that has commas.
const FEWEST: usize = 3;
/// Longer names are values.
const NAME_BYTES: usize = 60;

struct Table {
    separator: u8,
    /// Values by line.
    rows: Vec<Vec<String>>,
    has_quotes: bool,
}

impl Table {
    /// The separator that gives most columns, the same number in nearly all lines.
    fn of(lines: &[&[u8]]) -> Option<Self> {
        let tables = SEPARATORS.into_iter().filter_map(|separator| {
            let width = split(lines.first()?, separator)?.len();
            let rows: Vec<Vec<String>> = lines.iter().filter_map(|line| split(line, separator)).collect();
            let rows: Vec<Vec<String>> = rows.into_iter().filter(|row| row.len() == width).collect();
            let is_alike = rows.len() as f64 >= lines.len() as f64 * ALIKE && width >= FEWEST;
            let quote = [separator, b'"'];
            let has_quotes =
                lines.iter().any(|line| line.first() == Some(&b'"') || line.windows(2).any(|pair| pair == quote));
            is_alike.then_some(Self { separator, rows, has_quotes })
        });
        tables.max_by_key(|table| table.rows.first().map_or(0, Vec::len))
    }

    fn values(&self, column: usize, skipped: usize) -> Vec<&[u8]> {
        let values = self.rows.iter().skip(skipped).filter_map(|row| row.get(column)).map(String::as_bytes);
        values.filter(|value| !matches!(*value, b"" | b"-")).collect()
    }

    /// Whether the first line names the columns: it has words only, and they stand in no other line.
    fn has_header(&self) -> bool {
        let Some((first, rest)) = self.rows.split_first() else { return false };
        let is_name = |text: &String| {
            let text = text.trim();
            text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '#' | '_'))
                && text.len() <= NAME_BYTES
                && text.chars().all(|c| c.is_alphanumeric() || " _-.()/#%[]".contains(c))
        };
        let is_different = || rest.iter().all(|row| row.iter().zip(first).all(|(value, name)| value != name));
        let distinct: BTreeSet<&String> = first.iter().collect();
        rest.len() >= 2 && distinct.len() == first.len() && first.iter().all(is_name) && is_different()
    }
}

/// `None`: a quote is not closed, or not where a value ends.
fn split(line: &[u8], separator: u8) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(line).into_owned();
    let mut values = Vec::new();
    let mut rest = text.as_str();
    loop {
        let (value, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let end = rest.find(char::from(separator)).unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        values.push(value);
        if after.is_empty() {
            return Some(values);
        }
        rest = after.strip_prefix(char::from(separator))?;
    }
}

/// A value after its opening quote, and what follows its closing one.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (inside, after) = rest.split_once('"')?;
        value.push_str(inside);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

/// A pattern for lines whose first one names the columns.
pub(super) fn with_header(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let table = Table::of(lines).filter(Table::has_header)?;
    let header = table.rows.first()?;
    let names: Vec<String> = header.iter().map(|written| field_name(written)).collect();
    let engine = match (table.separator, table.has_quotes) {
        (b',', _) => "csv = true".to_owned(),
        (b'\t', false) => "tsv = true".to_owned(),
        (separator, _) => format!("csv = {{ separator = {} }}", toml_text::quoted(&char::from(separator).to_string())),
    };
    Some(Draft {
        name: name.to_owned(),
        about: "Columns, named by the first line of each file.".to_owned(),
        comments: vec!["Each file must begin with the line that names its columns.".to_owned()],
        engine,
        types: types(&table, &names, 1),
        after: vec![String::from_utf8_lossy(lines.first()?).into_owned()],
        ..Draft::default()
    })
}

/// A pattern for lines of equally many columns that nothing names.
pub(super) fn without_header(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let table = Table::of(lines)?;
    let pair = [table.separator, b' '];
    // A sentence has spaces after its commas.
    if lines.iter().filter(|line| line.windows(2).any(|at| at == pair)).count() * 2 > lines.len() {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for column in 0..table.rows.first()?.len() {
        let guessed = guessed(&table.values(column, 0)).filter(|name| !names.iter().any(|known| known == name));
        names.push(guessed.map_or_else(|| format!("column{}", column + 1), str::to_owned));
    }
    let columns: Vec<String> = names.iter().map(|name| toml_text::quoted(name)).collect();
    let columns = columns.join(", ");
    let engine = match (table.separator, table.has_quotes) {
        (b',', _) => format!("csv = {{ columns = [{columns}] }}"),
        (b'\t', false) => format!("tsv = {{ columns = [{columns}] }}"),
        (separator, _) => {
            let separator = toml_text::quoted(&char::from(separator).to_string());
            format!("csv = {{ separator = {separator}, columns = [{columns}] }}")
        }
    };
    Some(Draft {
        name: name.to_owned(),
        about: "Columns between separators.".to_owned(),
        comments: vec!["No line names the columns: give those a name that you want to use.".to_owned()],
        engine,
        types: types(&table, &names, 0),
        ..Draft::default()
    })
}

/// As the engine compares names of columns: `Duration (ms)` is `duration_ms`.
fn field_name(written: &str) -> String {
    let words: Vec<String> =
        written.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("_")
}

fn guessed(values: &[&[u8]]) -> Option<&'static str> {
    let all = |test: &dyn Fn(&str) -> bool| {
        !values.is_empty() && values.iter().all(|value| std::str::from_utf8(value).is_ok_and(test))
    };
    if time_format(values).is_some() {
        Some("time")
    } else if all(&|text| text.parse::<std::net::IpAddr>().is_ok()) {
        Some("client")
    } else if all(&|text| text.len() == 3 && text.starts_with(['1', '2', '3', '4', '5']) && text.parse::<u16>().is_ok())
    {
        Some("status")
    } else {
        special_name(values)
    }
}

/// Types of the columns, and the names that every pattern has for the same things.
fn types(table: &Table, names: &[String], skipped: usize) -> BTreeMap<String, String> {
    let mut types = BTreeMap::new();
    let is_field = |name: &str| {
        name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let known = |wanted: &str| names.iter().any(|name| name == wanted);
    let mut meanings: BTreeMap<usize, &str> = BTreeMap::new();
    for (canonical, called) in CANONICAL.iter().filter(|(canonical, _)| !known(canonical)) {
        let column = |called: &&str| {
            let is_it = |name: &String| is_called(std::slice::from_ref(name), called);
            names.iter().position(is_it).filter(|column| !meanings.contains_key(column))
        };
        if let Some(column) = called.iter().find_map(column) {
            meanings.insert(column, canonical);
        }
    }
    for wanted in ["user", "account"].into_iter().filter(|wanted| !known(wanted)) {
        if let Some(column) = names.iter().position(|name| means(name, wanted)) {
            meanings.entry(column).or_insert(wanted);
        }
    }
    for (column, name) in names.iter().enumerate() {
        let values = table.values(column, skipped);
        let meaning = meanings.get(&column).copied();
        let field = meaning.unwrap_or(name);
        let from = if meaning.is_some() { format!("from = {}, ", toml_text::quoted(name)) } else { String::new() };
        let is_time = field == "time" || (!types.contains_key("time") && !known("time"));
        let time = if is_time { time_format(&values) } else { None };
        let kind = kind_of(name, &values);
        let unit = ["_ms", "_us", "_ns"].into_iter().find(|unit| name.ends_with(unit)).map(|unit| &unit[1..]);
        let entry = match (time, unit, kind) {
            (Some(format), _, _) => Some((
                "time",
                format!("{{ from = {}, type = \"time\", format = \"{format}\" }}", toml_text::quoted(name)),
            )),
            (None, Some(unit), Some("integer" | "number")) if field == "duration" => {
                Some((field, format!("{{ {from}type = \"duration\", unit = \"{unit}\" }}")))
            }
            (_, _, Some(kind)) if meaning.is_some() => Some((field, format!("{{ {from}type = \"{kind}\" }}"))),
            (_, _, Some(kind)) => Some((field, format!("\"{kind}\""))),
            (_, _, None) if meaning.is_some() && field != "time" => {
                Some((field, format!("{{ from = {} }}", toml_text::quoted(name))))
            }
            _ => None,
        };
        if let Some((field, kind)) = entry.filter(|_| is_field(name)) {
            let from_itself = format!("from = {}, ", toml_text::quoted(field));
            types.insert(field.to_owned(), kind.replace(&from_itself, ""));
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::{split, with_header, without_header};

    #[test]
    fn values_are_split_as_the_engine_does() {
        for (line, expected) in [
            ("a,b,", Some(&["a", "b", ""][..])),
            ("\"a,\"\"b\"\"\",c", Some(&["a,\"b\"", "c"])),
            ("a\"b,c", Some(&["a\"b", "c"])),
            ("\"a\"b,c", None),
            ("\"a,b", None),
        ] {
            let found = split(line.as_bytes(), b',');
            let expected = expected.map(|values| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_first_line_of_names_is_known_by_its_words() {
        let rows = |first: &str| [first.to_owned(), "a;1;2".to_owned(), "b;3;4".to_owned()];
        for (first, expected) in [("Who;Tries;Wins", true), ("c;5;6", false), ("a;a;b", false), ("Who;Tries", false)] {
            let rows = rows(first);
            let lines: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
            assert_eq!(with_header("p", &lines).is_some(), expected, "{first}");
        }
        let lines = [&b"he came, saw, and won"[..], b"he went, saw, and lost"];
        assert!(without_header("p", &lines).is_none());
    }
}
