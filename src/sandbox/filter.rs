//! The filter grammar of PX's list calls: `{field}{op}{value}` joined by `;`, repeated `filter` parameters are OR.
//!
//! Promises: the operators `==` `!=` `<` `<=` `>` `>=` `~` `!~` with the wildcards `*` (any run) and `?` (one character)
//! against the whole value; ids compared without regard to case; a fault for everything else. Does not: escape: a value
//! cannot hold a `;`, as the grammar gives no way to say one.

use std::borrow::Cow;

use super::refusal::{Reason, Refusal};

/// How a field's values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// Text, without regard to case.
    Id,
    /// Text, as it is.
    Text,
    /// Epoch milliseconds; a filter may also say an ISO 8601 time.
    Instant,
}

/// A field that a call can filter by.
pub(super) type Field = (&'static str, FieldKind);

/// A field's value in the thing under test.
pub(super) enum Value<'a> {
    Text(&'a str),
    Instant(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    NotLike,
}

/// Longer operators first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 8] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("!~", Operator::NotLike),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("~", Operator::Like),
];

#[derive(Clone, Debug)]
struct Condition {
    field: &'static str,
    operator: Operator,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    /// Folded to lower case already.
    Id(String),
    Text(String),
    Instant(i64),
}

/// A whole filter: any of the alternatives, each with all its conditions. No alternative accepts everything.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    alternatives: Vec<Vec<Condition>>,
}

impl Filter {
    /// Reads the `filter` parameters of a call that can filter by `fields`.
    pub(super) fn read(parameters: &[String], fields: &[Field]) -> Result<Self, Refusal> {
        let alternatives = parameters
            .iter()
            .map(|parameter| parameter.split(';').map(|text| Condition::read(text, fields)).collect())
            .collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    /// Whether a thing whose fields `value_of` gives is accepted.
    pub(super) fn accepts<'v>(&self, value_of: impl Fn(&'static str) -> Value<'v>) -> bool {
        self.alternatives.is_empty()
            || self.alternatives.iter().any(|all| all.iter().all(|one| one.accepts(&value_of(one.field))))
    }

    /// The ids, in lower case, that `field` must have, when every alternative names one: a short way to few candidates.
    pub(super) fn named_ids(&self, field: &str) -> Option<Vec<&str>> {
        if self.alternatives.is_empty() {
            return None;
        }
        self.alternatives.iter().map(|all| all.iter().find_map(|one| one.named_id(field))).collect()
    }
}

impl Condition {
    fn read(text: &str, fields: &[Field]) -> Result<Self, Refusal> {
        let split = text.find(['=', '!', '<', '>', '~']).unwrap_or(text.len());
        let (name, rest) = text.split_at(split);
        let Some(&(field, kind)) = fields.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
            return Err(bad(&format!("`{text}` must begin with one of the fields {}", known.join(", "))));
        };
        let Some(&(spelling, operator)) = OPERATORS.iter().find(|(spelling, _)| rest.starts_with(spelling)) else {
            return Err(bad(&format!("`{text}` needs one of == != < <= > >= ~ !~ after the field")));
        };
        let value = &rest[spelling.len()..];
        if value.is_empty() {
            return Err(bad(&format!("`{text}` has no value")));
        }
        Ok(Self { field, operator, wanted: Wanted::read(kind, operator, value)? })
    }

    fn accepts(&self, value: &Value<'_>) -> bool {
        match (&self.wanted, value) {
            (Wanted::Id(wanted), Value::Text(given)) => compare_text(self.operator, &folded(given), wanted),
            (Wanted::Text(wanted), Value::Text(given)) => compare_text(self.operator, given, wanted),
            (Wanted::Instant(wanted), Value::Instant(given)) => compare(self.operator, given, wanted),
            _ => false,
        }
    }

    fn named_id(&self, field: &str) -> Option<&str> {
        match &self.wanted {
            Wanted::Id(wanted) if self.field == field && self.operator == Operator::Equal => Some(wanted),
            _ => None,
        }
    }
}

impl Wanted {
    fn read(kind: FieldKind, operator: Operator, value: &str) -> Result<Self, Refusal> {
        match kind {
            FieldKind::Id => Ok(Self::Id(value.to_lowercase())),
            FieldKind::Text => Ok(Self::Text(value.to_owned())),
            FieldKind::Instant if matches!(operator, Operator::Like | Operator::NotLike) => {
                Err(bad(&format!("a time has no wildcards: `{value}`")))
            }
            FieldKind::Instant => value
                .parse()
                .ok()
                .or_else(|| value.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond))
                .map(Self::Instant)
                .ok_or_else(|| bad(&format!("`{value}` is neither epoch milliseconds nor an ISO 8601 time"))),
        }
    }
}

fn bad(message: &str) -> Refusal {
    Refusal::new(Reason::BadFilter, format!("filter: {message}"))
}

/// An id as filters compare it.
pub(super) fn folded(id: &str) -> Cow<'_, str> {
    if id.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(id)
    } else {
        Cow::Owned(id.to_lowercase())
    }
}

fn compare_text(operator: Operator, given: &str, wanted: &str) -> bool {
    match operator {
        Operator::Like => like(given, wanted),
        Operator::NotLike => !like(given, wanted),
        _ => compare(operator, given, wanted),
    }
}

fn compare<T: Ord + ?Sized>(operator: Operator, given: &T, wanted: &T) -> bool {
    match operator {
        Operator::Equal => given == wanted,
        Operator::NotEqual => given != wanted,
        Operator::Less => given < wanted,
        Operator::LessOrEqual => given <= wanted,
        Operator::Greater => given > wanted,
        Operator::GreaterOrEqual => given >= wanted,
        Operator::Like | Operator::NotLike => false,
    }
}

/// Whether the whole of `given` fits `pattern`. Goes back only to the last `*`, so time is bounded by the product of
/// the lengths.
fn like(given: &str, pattern: &str) -> bool {
    let mut given = given.chars();
    let mut pattern = pattern.chars();
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = given.clone();
        match (pattern.next(), given.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                given = before;
                retry = Some((given.clone(), pattern.clone()));
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(wanted), Some(character)) if wanted == character => continue,
            _ => {}
        }
        // One character more for the last `*`, and on from there.
        let Some((mut rest, after_star)) = retry.take() else { return false };
        if rest.next().is_none() {
            return false;
        }
        given = rest.clone();
        pattern = after_star.clone();
        retry = Some((rest, after_star));
    }
}

#[cfg(test)]
mod tests;
