//! Grok: `%{NAME:field:type}`, expanded to a regular expression.
//!
//! Promises: linear time, as for every expression. A pattern matches at the first place of the line where it does; `^` and
//! `$` stand for the line's ends. Of fields of one name, the first that took part counts. Conditions on one neighbouring
//! byte (`(?<!…)`, `(?!…)`) are built into the expression, other look-around is refused; `(?>…)` is a plain group. The
//! usual names (`clientip`, `source.address`) give pxtail's own ones as well (`client`), see [`canonical`].
//! Does not: read Datadog's functions.

mod canonical;
mod expand;
mod go_layout;
mod library;
mod modifier;
mod rewriting;

use regex_syntax::hir::{Hir, HirKind, Look};

use super::catalogue::Known;
use super::expression::{self, Beginnings, Expression, ExpressionReader, Place};
use super::lint::Name;
use super::template::Problem;
use crate::model::spec::GrokNames;
use expand::{Expansion, GROUP, expand};
use library::Library;
use modifier::Kind;
pub(super) use rewriting::GrokReader;
use rewriting::Rewriting;

#[derive(Clone, Debug)]
pub(super) struct Grok {
    expression: Expression,
    /// Captures whose texts are written anew.
    rewritings: Vec<(usize, Rewriting)>,
}

impl Grok {
    /// `definitions`: lines of `NAME regex`, taken before the library's.
    pub(super) fn compile(text: &str, definitions: &str, names: GrokNames) -> Result<Self, Problem> {
        let library = Library::new(definitions, names)?;
        let expansion = expand(text, &library)?;
        let (hir, exact) = tree(&expansion.source)?;
        if !exact {
            let message = "the grok pattern looks around a place in a way that cannot be built into its neighbours";
            let help = "write what stands beside the place as part of the pattern, instead of (?<!…) or (?!…)";
            return Err((message.to_owned(), help.to_owned()));
        }
        let (mut captures, kinds) = fields(&hir, &expansion)?;
        if kinds.is_empty() {
            let help = "name what is to be a field: %{IP:client}";
            return Err(("the grok pattern names no field".to_owned(), help.to_owned()));
        }
        let mut known: Vec<Known> = kinds.iter().map(Kind::known).collect();
        for (alias, fields) in canonical::aliases(&kinds) {
            known.push(alias);
            captures.push(fields.iter().flat_map(|&field| captures[field].clone()).collect());
        }
        let rewritings =
            kinds.iter().enumerate().filter_map(|(capture, kind)| Some((capture, kind.rewriting?))).collect();
        let beginnings = Beginnings::new(text, &expansion.source, &expansion.places, Place::Anywhere);
        let expression = Expression::new(&hir, Place::Anywhere, captures, known, beginnings, "grok pattern")?;
        Ok(Self { expression, rewritings })
    }

    pub(super) fn known(&self) -> Vec<Known> {
        self.expression.known()
    }

    pub(super) fn reader(&self, captures: impl Iterator<Item = usize>) -> GrokReader {
        let mut captures: Vec<usize> = captures.collect();
        captures.dedup();
        let wanted = |(capture, _): &&(usize, Rewriting)| captures.contains(capture);
        let rewritings = self.rewritings.iter().filter(wanted).copied().collect();
        GrokReader::new(ExpressionReader::new(&self.expression, captures.iter().copied()), rewritings)
    }
}

/// A pattern with the library's names left closed, for lint.
pub(super) struct Outline {
    pub(super) hir: Hir,
    fields: Vec<expand::Field>,
}

impl Outline {
    /// The field that a group stands for.
    pub(super) fn field(&self, group: &str) -> Option<Name> {
        let number: usize = group.strip_prefix(GROUP)?.parse().ok()?;
        self.fields.get(number).map(|field| Name::new(&field.name))
    }
}

/// `None`: the pattern does not compile.
pub(super) fn outline(text: &str, definitions: &str, names: GrokNames) -> Option<Outline> {
    let library = Library::new(definitions, names).ok()?.closed();
    let expansion = expand(text, &library).ok()?;
    let (hir, _) = tree(&expansion.source).ok()?;
    Some(Outline { hir, fields: expansion.fields })
}

/// The tree of an expanded pattern, without conditions, and whether those of the pattern itself hold exactly.
fn tree(source: &str) -> Result<(Hir, bool), Problem> {
    let hir = expression::parse(source).map_err(|err| refused(&err.what))?;
    let resolved = expression::resolve(&hir);
    let before = resolved.before.map(|bytes| expression::any_but(bytes, Look::Start));
    let after = resolved.after.map(|bytes| expression::any_but(bytes, Look::End));
    let pieces = before.into_iter().chain([resolved.hir]).chain(after);
    Ok((Hir::concat(pieces.collect()), resolved.exact))
}

fn refused(what: &str) -> Problem {
    let help = "what stands between %{…} is a regex in the syntax of Rust's regex crate, as are definitions";
    (format!("the grok pattern cannot be compiled: {what}"), help.to_owned())
}

/// The fields of a pattern in the order of their first groups: each one's groups, and what it is.
fn fields(hir: &Hir, expansion: &Expansion) -> Result<(Vec<Vec<u32>>, Vec<Kind>), Problem> {
    let mut groups = Vec::new();
    numbered_groups(hir, &mut groups);
    let mut captures: Vec<Vec<u32>> = Vec::new();
    let mut kinds: Vec<Kind> = Vec::new();
    for (number, index) in groups {
        let Some(field) = expansion.fields.get(number) else { continue };
        let Some(kind) = Kind::of(field)? else { continue };
        if let Some(place) = kinds.iter().position(|earlier| earlier.name == kind.name) {
            captures[place].push(index);
        } else {
            kinds.push(kind);
            captures.push(vec![index]);
        }
    }
    Ok((captures, kinds))
}

/// The groups of a tree that stand for fields: the field's number and the group's, in order.
fn numbered_groups(hir: &Hir, found: &mut Vec<(usize, u32)>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            let number = capture.name.as_deref().and_then(|name| name.strip_prefix(GROUP)?.parse().ok());
            found.extend(number.map(|number| (number, capture.index)));
            numbered_groups(&capture.sub, found);
        }
        HirKind::Repetition(repetition) => numbered_groups(&repetition.sub, found),
        HirKind::Concat(items) | HirKind::Alternation(items) => {
            for item in items {
                numbered_groups(item, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
