//! A grok pattern with every name replaced by what it stands for.
//!
//! Promises: the result is in the syntax of the regex crate, with a group of its own for each field; its size and the
//! depth of names in names are bounded. What other engines write otherwise is put in this one's words: `(?>…)`, `\h`, `\Z`,
//! `(?m)` (a dot is any byte here as it is), braces and brackets that stand for themselves. Does not: look at what a name
//! matches.

mod foreign;

use super::library::{Author, Library};
use crate::model::spec::GrokNames;
use crate::parse::template::Problem;

/// Groups that stand for fields are called so, with the number of the field.
pub(super) const GROUP: &str = "pxtail_field_";

/// Of an expanded pattern, in bytes: ten times the largest of the base library.
const MOST_BYTES: usize = 512 << 10;

/// A field as a pattern writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    /// The name of the pattern that it is taken with.
    pub(super) pattern: Option<String>,
    pub(super) modifier: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) source: String,
    pub(super) fields: Vec<Field>,
    /// Bytes of the pattern, and where in the source the same place is.
    pub(super) places: Vec<(usize, usize)>,
}

pub(super) fn expand(text: &str, library: &Library<'_>) -> Result<Expansion, Problem> {
    let mut expander = Expander { library, made: Expansion::default(), inside: Vec::new(), conditions: 0 };
    expander.text(text, Author::Person)?;
    Ok(expander.made)
}

struct Expander<'a> {
    library: &'a Library<'a>,
    made: Expansion,
    /// Names that are being expanded, the outermost first.
    inside: Vec<String>,
    /// How many conditions on a neighbouring byte there are.
    conditions: usize,
}

impl Expander<'_> {
    fn text(&mut self, text: &str, author: Author) -> Result<(), Problem> {
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let rest = &text[at..];
            if self.inside.is_empty() {
                self.made.places.push((at, self.made.source.len()));
            }
            at += match first {
                '%' if rest.starts_with("%{") => self.name(rest, author)?,
                '\\' => foreign::escape(rest, &mut self.made.source),
                '[' => foreign::class(rest, &mut self.made.source),
                '{' => foreign::brace(rest, &mut self.made.source),
                '(' => self.group(rest, author)?,
                other => {
                    self.made.source.push(other);
                    other.len_utf8()
                }
            };
            if self.made.source.len() > MOST_BYTES {
                let message = format!("the grok pattern expands to more than {MOST_BYTES} bytes");
                return Err((message, "use fewer names inside of names in `grok_patterns`".to_owned()));
            }
        }
        Ok(())
    }

    /// `%{NAME:field:type}`. How long it is.
    fn name(&mut self, rest: &str, author: Author) -> Result<usize, Problem> {
        let Some(end) = rest.find('}') else {
            return Err(("a `%{` of the grok pattern has no `}`".to_owned(), "write %{NAME:field}".to_owned()));
        };
        let mut parts = rest[2..end].splitn(3, ':');
        let name = parts.next().unwrap_or_default().trim();
        let field = parts.next().map(|field| field_name(field, author)).transpose()?.flatten();
        let modifier = parts.next().map(|modifier| modifier.trim().to_owned());
        let Some((definition, author)) = self.library.definition(name) else {
            return Err(self.library.unknown(name));
        };
        if self.inside.iter().any(|outer| outer == name) {
            let message = format!("the grok pattern `{name}` is defined by itself");
            return Err((message, "give one of the definitions in `grok_patterns` another name".to_owned()));
        }
        match field {
            Some(field) => self.open(Field { name: field, pattern: Some(name.to_owned()), modifier }),
            None => self.made.source.push_str("(?:"),
        }
        self.inside.push(name.to_owned());
        self.text(definition, author)?;
        self.inside.pop();
        self.made.source.push(')');
        Ok(end + 1)
    }

    fn open(&mut self, field: Field) {
        let number = self.made.fields.len().to_string();
        self.made.source.extend(["(?P<", GROUP, &number, ">"]);
        self.made.fields.push(field);
    }

    /// What a parenthesis opens. How long its opening is, or the whole of it where that is dealt with here.
    fn group(&mut self, rest: &str, author: Author) -> Result<usize, Problem> {
        for look in ["(?=", "(?<="] {
            if rest.starts_with(look) {
                let message = format!("the grok pattern has a `{look}…)`, which cannot run in linear time");
                let help = "write what stands beside the place as part of the pattern";
                return Err((message, help.to_owned()));
            }
        }
        for look in ["(?<!", "(?!"] {
            if rest.starts_with(look) {
                return self.condition(rest, look, author);
            }
        }
        for (opening, closing) in [("(?P<", '>'), ("(?<", '>'), ("(?'", '\'')] {
            if let Some(named) = rest.strip_prefix(opening) {
                let end = named.find(closing).unwrap_or(named.len());
                match field_name(&named[..end], author)? {
                    Some(name) => self.open(Field { name, pattern: None, modifier: None }),
                    None => self.made.source.push_str("(?:"),
                }
                return Ok(opening.len() + end + 1);
            }
        }
        Ok(foreign::group(rest, &mut self.made.source))
    }

    /// A condition on a neighbouring byte, written as a group for `expression::resolve`.
    fn condition(&mut self, rest: &str, look: &str, author: Author) -> Result<usize, Problem> {
        let end = foreign::closing(rest);
        let mut class = String::new();
        let inner = rest.get(look.len()..end).unwrap_or_default();
        let read = match inner.as_bytes().first() {
            Some(b'[') => foreign::class(inner, &mut class),
            Some(b'\\') => foreign::escape(inner, &mut class),
            _ => {
                class += inner;
                inner.len()
            }
        };
        let one = crate::parse::expression::parse(&class).ok();
        let one = one.and_then(|hir| crate::parse::expression::one_byte(&hir));
        if read != inner.len() || one.is_none() {
            let message = format!("`{}` looks at more than one ASCII character", &rest[..(end + 1).min(rest.len())]);
            return Err((message, "write what stands beside the place as part of the pattern".to_owned()));
        }
        let kind = match (look, author) {
            ("(?<!", Author::Person) => crate::parse::expression::NOT_AFTER,
            ("(?<!", Author::Library(_)) => crate::parse::expression::RATHER_NOT_AFTER,
            (_, Author::Person) => crate::parse::expression::NOT_BEFORE,
            (_, Author::Library(_)) => crate::parse::expression::RATHER_NOT_BEFORE,
        };
        self.made.source.extend(["(?P<", kind, &self.conditions.to_string(), ">", &class, ")"]);
        self.conditions += 1;
        Ok(end + 1)
    }
}

/// A field's name: ECS's brackets as dots, the library's double names as the one that is asked for. `None`: it has none.
fn field_name(written: &str, author: Author) -> Result<Option<String>, Problem> {
    let written = match (author, written.split_once('|')) {
        (Author::Library(GrokNames::Legacy), Some((legacy, _))) => legacy,
        (Author::Library(GrokNames::Ecs), Some((_, ecs))) => ecs,
        _ => written,
    };
    if written.is_empty() && author != Author::Person {
        return Ok(None);
    }
    let name = match written.trim().strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.replace("][", "."),
        None => written.trim().to_owned(),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    if name.is_empty() || !name.chars().all(plain) {
        let message = format!("`{written}` of the grok pattern is no field name");
        return Err((message, "use letters, digits, `_`, `-`, `.` and `@`; [a][b] is a.b".to_owned()));
    }
    Ok(Some(name))
}
