//! Regular expressions with named groups.
//!
//! Promises: linear time for every line; no allocation per line. The expression matches the whole line, as if it were
//! written between `^` and `$`. It works on bytes: `.` is any byte, `\d`, `\w` and `\s` are ASCII's; `(?u:…)` switches to
//! Unicode. Groups are written `(?<name>…)` or `(?P<name>…)`. Does not: look around or back.

mod beginnings;
mod byte_set;
mod one_pass;
mod surroundings;
mod tree;

use regex_automata::meta::{BuildError, Cache, Config, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{self, Hir, HirKind, Look};

use super::capture::Capture;
use super::catalogue::Known;
use super::mismatch::{Mismatch, Stop};
use super::time::TimeFormat;
use crate::model::fields::FieldType;

pub(super) use beginnings::Beginnings;
pub(super) use byte_set::{ByteSet, Side, edge};
use one_pass::OnePass;
pub(super) use surroundings::{NOT_AFTER, NOT_BEFORE, RATHER_NOT_AFTER, RATHER_NOT_BEFORE, any_but, one_byte, resolve};
pub(super) use tree::parse;

/// Of a compiled expression: ten times what large patterns need, and no burden for the host.
const SIZE_LIMIT: usize = 8 << 20;

/// Where in a line an expression is to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    WholeLine,
    /// The first place where it does.
    Anywhere,
}

/// An expression that was found to compile.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    hir: Hir,
    /// All groups of the tree capture.
    regex: Regex,
    /// Capture `n` is the first of these groups that took part.
    captures: Vec<Vec<u32>>,
    known: Vec<Known>,
    beginnings: Beginnings,
    /// What messages call it.
    what: &'static str,
}

impl Expression {
    /// A text of the regex syntax. `Err`: what is wrong, and what to do.
    pub(super) fn compile(text: &str) -> Result<Self, (String, String)> {
        let hir = parse(text).map_err(|err| refused(text, &err.shown))?;
        let mut groups = Vec::new();
        named_groups(&hir, &mut groups);
        if groups.is_empty() {
            let help = "name what is to be a field: (?<user>[^ ]+)";
            return Err(("the regex has no named groups, so it gives no fields".to_owned(), help.to_owned()));
        }
        groups.sort_by_key(|(_, index)| *index);
        let (known, captures) = groups
            .into_iter()
            .map(|(name, index)| {
                let time = TimeFormat::of_known_name(&name);
                (Known { name, kind: FieldType::Text, time }, vec![index])
            })
            .unzip();
        let place = Place::WholeLine;
        let beginnings = Beginnings::of_regex(text, place);
        Self::new(&hir, place, captures, known, beginnings, "regex")
    }

    /// A tree; `captures[n]` are the groups of field `known[n]`.
    pub(super) fn new(
        hir: &Hir,
        place: Place,
        captures: Vec<Vec<u32>>,
        known: Vec<Known>,
        beginnings: Beginnings,
        what: &'static str,
    ) -> Result<Self, (String, String)> {
        let hir = match place {
            Place::WholeLine => Hir::concat(vec![Hir::look(Look::Start), hir.clone(), Hir::look(Look::End)]),
            Place::Anywhere => hir.clone(),
        };
        let regex = compile(&with_groups(&hir, &all_groups(&captures))).map_err(|err| too_big(&err, what))?;
        Ok(Self { hir, regex, captures, known, beginnings, what })
    }

    /// Capture `n` is the `n`th of these.
    pub(super) fn known(&self) -> Vec<Known> {
        self.known.clone()
    }
}

/// Every group that some capture needs, in order.
fn all_groups(captures: &[Vec<u32>]) -> Vec<u32> {
    let mut groups = captures.concat();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn compile(hir: &Hir) -> Result<Regex, Box<BuildError>> {
    let config = Config::new().utf8_empty(false).nfa_size_limit(Some(SIZE_LIMIT));
    Regex::builder().configure(config).build_from_hir(hir).map_err(Box::new)
}

/// The named groups of a tree, with their numbers.
fn named_groups(hir: &Hir, found: &mut Vec<(String, u32)>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            found.extend(capture.name.as_ref().map(|name| (name.to_string(), capture.index)));
            named_groups(&capture.sub, found);
        }
        HirKind::Repetition(repetition) => named_groups(&repetition.sub, found),
        HirKind::Concat(items) | HirKind::Alternation(items) => {
            for item in items {
                named_groups(item, found);
            }
        }
        _ => {}
    }
}

/// The same tree with these groups alone, numbered from 1 in the order of `wanted`: each group that captures costs time.
fn with_groups(hir: &Hir, wanted: &[u32]) -> Hir {
    let all = |items: &[Hir]| items.iter().map(|item| with_groups(item, wanted)).collect();
    match hir.kind() {
        HirKind::Capture(capture) => {
            let sub = with_groups(&capture.sub, wanted);
            match wanted.iter().position(|&group| group == capture.index) {
                Some(index) => Hir::capture(hir::Capture { index: index as u32 + 1, name: None, sub: Box::new(sub) }),
                None => sub,
            }
        }
        HirKind::Repetition(repetition) => {
            let sub = Box::new(with_groups(&repetition.sub, wanted));
            Hir::repetition(hir::Repetition { sub, ..repetition.clone() })
        }
        HirKind::Concat(items) => Hir::concat(all(items)),
        HirKind::Alternation(items) => Hir::alternation(all(items)),
        _ => hir.clone(),
    }
}

fn refused(text: &str, message: &str) -> (String, String) {
    let help = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)) {
        "look-around is not to be had: it cannot run in linear time; match what surrounds the group as part of the line"
    } else {
        "see the syntax of Rust's regex crate; groups are written (?<name>…)"
    };
    (format!("the regex cannot be compiled: {message}"), help.to_owned())
}

/// What is wrong with an expression that parses, but does not compile, and what to do.
fn too_big(err: &BuildError, what: &str) -> (String, String) {
    let help = "make repetitions such as {1,1000} smaller, or use `*`";
    let why = match err.size_limit() {
        Some(limit) => format!("compiled, it would be larger than {limit} bytes"),
        None => err.to_string(),
    };
    (format!("the {what} cannot be compiled: {why}"), help.to_owned())
}

/// Reads lines; owns what a search writes to.
#[derive(Clone, Debug)]
pub(super) struct ExpressionReader {
    one_pass: Option<OnePass>,
    regex: Regex,
    /// It matches nowhere but from a line's start.
    only_from_start: bool,
    cache: Cache,
    slots: Vec<Option<NonMaxUsize>>,
    /// Captures that are wanted, each with its groups.
    wanted: Vec<(usize, Box<[usize]>)>,
    beginnings: Beginnings,
    what: &'static str,
}

impl ExpressionReader {
    pub(super) fn new(expression: &Expression, captures: impl Iterator<Item = usize>) -> Self {
        let mut captures: Vec<usize> = captures.collect();
        captures.dedup();
        let chosen: Vec<Vec<u32>> = captures.iter().map(|&capture| expression.captures[capture].clone()).collect();
        let groups = all_groups(&chosen);
        let hir = with_groups(&expression.hir, &groups);
        let (regex, one_pass, groups) = match compile(&hir) {
            Ok(regex) => (regex, OnePass::new(&hir), groups),
            // Not to be expected, since it compiles with more groups: that one does as well.
            Err(_) => (expression.regex.clone(), None, all_groups(&expression.captures)),
        };
        let place = |group: &u32| groups.iter().position(|other| other == group).map(|index| index + 1);
        let places = |capture: usize| expression.captures[capture].iter().filter_map(place).collect();
        let wanted = captures.into_iter().map(|capture| (capture, places(capture))).collect();
        Self {
            one_pass,
            only_from_start: hir.properties().look_set_prefix().contains(Look::Start),
            cache: regex.create_cache(),
            slots: vec![None; 2 * regex.captures_len()],
            regex,
            wanted,
            beginnings: expression.beginnings.clone(),
            what: expression.what,
        }
    }

    /// For people: what was expected where the line stops matching, and at which byte that is.
    pub(super) fn stop(&mut self, line: &[u8]) -> Stop {
        self.beginnings.stop(line, self.what)
    }

    #[inline]
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        let Self { one_pass, regex, cache, slots, .. } = self;
        let fast = one_pass.as_mut().is_some_and(|one_pass| one_pass.read(line, slots));
        if !fast {
            let found = if self.wanted.is_empty() {
                regex.search_half_with(cache, &Input::new(line).earliest(true)).is_some()
            } else {
                // Most patterns fit from a line's start, and where they do, no other start is leftmost: this saves the way
                // back that finds it. Where they do not, that is seen within a few bytes as a rule.
                let from_start = Input::new(line).anchored(Anchored::Yes);
                regex.search_slots_with(cache, &from_start, slots).is_some()
                    || (!self.only_from_start && regex.search_slots_with(cache, &Input::new(line), slots).is_some())
            };
            if !found {
                return Err(Mismatch::said(0, "a line that the expression matches"));
            }
        }
        for (capture, groups) in &self.wanted {
            captures[*capture] = groups
                .iter()
                .find_map(|&group| Some(Capture::plain(slots[2 * group]?.get(), slots[2 * group + 1]?.get())))
                .unwrap_or(Capture::ABSENT);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
