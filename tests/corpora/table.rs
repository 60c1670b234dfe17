//! What came of the cases of each format, for people.

use std::collections::BTreeMap;
use std::fmt;

/// The counts of one format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    pub cases: usize,
    /// Every stated value agrees; of those that state none, the line matches.
    pub agreed: usize,
    /// A line that must be refused is refused.
    pub refused: usize,
    /// States no value, and does not match.
    pub without_values: usize,
    pub exceptions: usize,
    pub differing: usize,
    /// Stated values that were compared.
    pub values: usize,
}

impl Row {
    /// One in a hundred, and one in a small format.
    pub fn allowed_exceptions(&self) -> usize {
        (self.cases / 100).max(1)
    }
}

#[derive(Debug, Default)]
pub struct Table {
    pub judged: BTreeMap<String, Row>,
    /// Formats that are not judged: cases, and how many of them some pattern of the catalogue reads.
    pub others: BTreeMap<String, (usize, usize)>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["cases", "agreed", "refused", "no value", "except.", "differ", "values"];
        writeln!(f, "\n{:<24}{}", "format", head.map(|name| format!("{name:>9}")).concat())?;
        let mut sum = Row::default();
        for (format, row) in &self.judged {
            line(f, format, row)?;
            sum.cases += row.cases;
            sum.agreed += row.agreed;
            sum.refused += row.refused;
            sum.without_values += row.without_values;
            sum.exceptions += row.exceptions;
            sum.differing += row.differing;
            sum.values += row.values;
        }
        line(f, "all that are judged", &sum)?;
        let cases: usize = self.others.values().map(|(cases, _)| cases).sum();
        let read: usize = self.others.values().map(|(_, read)| read).sum();
        writeln!(f, "\nnot judged: {cases} lines of {} formats; some pattern reads {read}", self.others.len())?;
        let words: Vec<String> =
            self.others.iter().map(|(format, (cases, read))| format!("{format} {read}/{cases}")).collect();
        for words in words.chunks(6) {
            writeln!(f, "  {}", words.join(", "))?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, format: &str, row: &Row) -> fmt::Result {
    let Row { cases, agreed, refused, without_values, exceptions, differing, values } = *row;
    let counts = [cases, agreed, refused, without_values, exceptions, differing, values];
    writeln!(f, "{format:<24}{}", counts.map(|count| format!("{count:>9}")).concat())
}
