//! A template as steps: a literal, then how the end of the field after it is found.
//!
//! Promises: where the end can only be in one place it is found in one pass; only texts that may hold the next literal
//! are searched, and only those are ever tried again.

use super::class::Class;
use super::literal::Literal;
use super::shape::Shape;
use super::{Escaping, Problem, Token, Variable};

/// How the end of a field is found.
#[derive(Clone, Debug)]
pub(super) enum Find {
    Clf,
    Status,
    Digits,
    Number,
    /// The bytes that the set allows.
    Run(Box<[bool; 256]>),
    /// To the first quote that is not escaped.
    Quoted,
    /// A list of numbers or words.
    List(Class),
    /// To the end of the line, with no bare quote in it.
    Rest(Escaping),
    /// What is more, or less, than the bytes between two literals.
    Shaped(Shape),
    /// To the next literal; when the rest of the line does not match there, to the literal after that.
    Search(Box<Search>),
}

#[derive(Clone, Debug)]
pub(super) struct Search {
    /// Bytes that the field may hold.
    pub(super) allowed: [bool; 256],
    pub(super) escaping: Escaping,
    /// Counts the searching steps of the template.
    pub(super) index: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) literal: Literal,
    pub(super) find: Find,
    pub(super) may_be_empty: bool,
}

/// A compiled template. Field `n` is captured as capture `n`.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Template {
    pub(super) steps: Vec<Step>,
    /// What follows the last field.
    pub(super) tail: Literal,
    pub(super) searches: usize,
    pub(super) variables: Vec<Variable>,
}

impl Template {
    /// `missing_is_empty`: nginx writes nothing, not `-`, for what it does not have.
    pub(in crate::parse) fn compile(tokens: Vec<Token>, escaping: Escaping, missing: Missing) -> Result<Self, Problem> {
        let (literals, variables) = split(tokens)?;
        let mut searches = 0;
        let mut steps = Vec::with_capacity(variables.len());
        for (variable, pair) in variables.iter().zip(literals.windows(2)) {
            let find = match Shape::of(variable, &pair[0], &pair[1]) {
                Some(shape) => Find::Shaped(shape),
                None => find(variable.class, &pair[1], escaping, &mut searches),
            };
            let may_be_empty = matches!(missing, Missing::Empty);
            steps.push(Step { literal: Literal::new(&pair[0]), find, may_be_empty });
        }
        let tail = Literal::new(literals.last().map_or(&[][..], Vec::as_slice));
        Ok(Self { steps, tail, searches, variables })
    }

    pub(in crate::parse) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The literal after a field.
    #[inline]
    pub(super) fn literal_after(&self, step: usize) -> &Literal {
        self.steps.get(step + 1).map_or(&self.tail, |next| &next.literal)
    }

    /// Part `2n` is the literal before field `n`, part `2n + 1` the field.
    pub(in crate::parse) fn describe(&self, part: usize) -> String {
        let written = |index: usize| self.variables.get(index).map_or("", |variable| variable.written.as_str());
        if part % 2 == 1 {
            let class = self.variables.get(part / 2).map_or(Class::Free, |variable| variable.class);
            return format!("{} for `{}`", class.description(), written(part / 2));
        }
        let literal = self.steps.get(part / 2).map_or(&self.tail, |step| &step.literal);
        let text = if literal.len() == 0 {
            "the end of the line".to_owned()
        } else {
            format!("`{}`", String::from_utf8_lossy(literal.bytes()))
        };
        match part / 2 {
            0 => format!("{text} at the line's start"),
            index => format!("{text} after `{}`", written(index - 1)),
        }
    }
}

/// What the writer puts for a value that it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Missing {
    Dash,
    /// Nothing.
    Empty,
}

/// More than any server logs; names are compared with each other, and parts are counted in sixteen bits.
const MOST_FIELDS: usize = 1_000;

/// Literals and fields in turn: one literal more than there are fields; the first and the last may be empty.
fn split(tokens: Vec<Token>) -> Result<(Vec<Vec<u8>>, Vec<Variable>), Problem> {
    let mut literals = vec![Vec::new()];
    let mut variables: Vec<Variable> = Vec::new();
    for token in tokens {
        match token {
            Token::Literal(bytes) => {
                if let Some(last) = literals.last_mut() {
                    last.extend_from_slice(&bytes);
                }
            }
            Token::Field(_) if variables.len() == MOST_FIELDS => {
                let help = "leave out what is not needed: a text between two fixed texts is one field";
                return Err((format!("the template has more than {MOST_FIELDS} fields"), help.to_owned()));
            }
            Token::Field(variable) => {
                if let (Some(last), Some([])) = (variables.last_mut(), literals.last().map(Vec::as_slice)) {
                    part_neighbours(last, &variable)?;
                }
                variables.push(variable);
                literals.push(Vec::new());
            }
        }
    }
    if variables.is_empty() {
        let help = "put in what the server's own format has: `$remote_addr …` or `%h …`";
        return Err(("the template has no fields".to_owned(), help.to_owned()));
    }
    number_names(&mut variables);
    Ok((literals, variables))
}

/// Two fields with nothing between them: a host and a path part at the slash; all others are refused.
fn part_neighbours(last: &mut Variable, variable: &Variable) -> Result<(), Problem> {
    const HOSTS: [&str; 6] = ["host", "http_host", "server_name", "server_port", "ssl_server_name", "proxy_host"];
    const PATHS: [&str; 5] = ["request_uri", "uri", "document_uri", "target", "path"];
    if last.class == Class::Host && variable.class == Class::Port {
        return Ok(());
    }
    if HOSTS.contains(&last.known.name.as_str()) && PATHS.contains(&variable.known.name.as_str()) {
        last.class = Class::Authority;
        return Ok(());
    }
    Err((
        format!("nothing stands between `{}` and `{}` in the template", last.written, variable.written),
        "put a space or another fixed text between them, in the server's format and here".to_owned(),
    ))
}

/// A field that is logged more than once keeps its name where it is logged best; the others are `name_2`, `name_3`, … in
/// their order.
fn number_names(variables: &mut [Variable]) {
    let before: Vec<(String, u8)> =
        variables.iter().map(|variable| (variable.known.name.clone(), rank(&variable.written))).collect();
    for (at, (variable, (own_name, own_rank))) in variables.iter_mut().zip(&before).enumerate() {
        let is_better =
            |(index, (name, rank)): &(usize, &(String, u8))| name == own_name && (*rank, *index) < (*own_rank, at);
        match before.iter().enumerate().filter(is_better).count() {
            0 => {}
            better => variable.known.name = format!("{own_name}_{}", better + 1),
        }
    }
}

/// Apache's `%>s` is the status that was sent; `%!400r` is logged only for some, and `%<r` is of before a redirect.
fn rank(written: &str) -> u8 {
    match written.strip_prefix('%') {
        Some(">s") => 0,
        Some(rest) if rest.starts_with(['<', '>', '!']) || rest.starts_with(|c: char| c.is_ascii_digit()) => 2,
        _ => 1,
    }
}

fn find(class: Class, next: &[u8], escaping: Escaping, searches: &mut usize) -> Find {
    let first = next.first().copied();
    let is_quote = first == Some(b'"') && escaping == Escaping::Backslash;
    // A list goes on after a comma or a colon: a literal that begins so would be taken as part of it.
    let ends_list = !matches!(next, [b',' | b':', ..] | [b' ', b':' | b',', ..]);
    let unique = first.is_none_or(|byte| !class.allows(byte));
    match class {
        Class::Free | Class::Forwarded if first.is_none() => Find::Rest(escaping),
        Class::Raw if first.is_none() => Find::Rest(Escaping::None),
        Class::Free | Class::Forwarded if is_quote => Find::Quoted,
        Class::Forwarded if first == Some(b'"') => Find::Run(Box::new(set(Class::Raw))),
        Class::Clf => Find::Clf,
        Class::Status if unique => Find::Status,
        Class::Digits if unique => Find::Digits,
        Class::Number if unique => Find::Number,
        Class::NumberList if ends_list && first.is_none_or(|byte| !Class::Number.allows(byte)) => Find::List(class),
        Class::WordList | Class::Forwarded if ends_list && matches!(first, None | Some(b' ' | b'"')) => {
            Find::List(class)
        }
        Class::Word | Class::Address | Class::Iso | Class::LocalClf | Class::Raw if unique => {
            Find::Run(Box::new(set(class)))
        }
        Class::Authority => Find::Run(Box::new(set(class))),
        _ => {
            *searches += 1;
            Find::Search(Box::new(Search { allowed: set(class), escaping, index: *searches - 1 }))
        }
    }
}

fn set(class: Class) -> [bool; 256] {
    std::array::from_fn(|byte| class.allows(byte as u8))
}
