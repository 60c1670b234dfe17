//! Path templates out of observed paths: what varies becomes `{id}` or `{name}`.
//!
//! Where one place of a path has too many different texts, those that few lines have become one variable; those that many
//! have are words of the application's, whatever scanners try beside them.
//!
//! Promises: every line that is given counts in exactly one route; memory is bounded, whatever paths come: when the tree is
//! full, the rarest texts become variables at once. Does not: know which paths an application has: two routes that look
//! alike are one.

mod segment;

use std::collections::BTreeMap;
// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;

use segment::Segment;

use super::toml_text;
use crate::terminal::escaped;

/// What makes a text at some place of a path a variable.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// More different texts than this below one parent vary.
    pub texts: usize,
    /// Nodes of the tree at most.
    pub nodes: usize,
}

/// Nodes that a tree has at most: some hundred bytes each.
pub const MOST_NODES: usize = 100_000;
/// Texts of one place that are counted before the rare ones are put together.
const PLACE_TEXTS: usize = 1_000;
/// Segments that are told apart; longer paths are cut there and end in `{rest}`.
const MOST_SEGMENTS: usize = 12;
const MOST_EXAMPLES: usize = 3;
/// Longer paths are no good examples.
const EXAMPLE_BYTES: usize = 120;
const MOST_METHODS: usize = 12;

/// One place of a path and everything below it.
#[derive(Clone, Debug, Default)]
struct Node {
    children: BTreeMap<Segment, Node>,
    /// Lines whose path ends here.
    lines: u64,
    /// Lines whose path ends here or below.
    below: u64,
    methods: BTreeMap<String, u64>,
    examples: Vec<String>,
}

/// Routes as far as they are known.
#[derive(Clone, Debug)]
pub struct Routes {
    root: Node,
    limits: Limits,
    nodes: usize,
    pub lines: u64,
}

/// A proposed route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `/users/{id}`
    pub path: String,
    pub lines: u64,
    /// With counts, the most frequent first.
    pub methods: Vec<(String, u64)>,
    pub examples: Vec<String>,
}

impl Routes {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { root: Node::default(), limits, nodes: 1, lines: 0 }
    }

    /// Takes one line's path, without its query.
    pub fn add(&mut self, path: &[u8], method: Option<&[u8]>) {
        self.lines += 1;
        let text = String::from_utf8_lossy(path);
        let mut node = &mut self.root;
        node.below += 1;
        for (depth, part) in text.trim_start_matches('/').split('/').enumerate() {
            let segment = if depth == MOST_SEGMENTS { Segment::Rest } else { Segment::of(part) };
            let is_rest = segment == Segment::Rest;
            if !node.children.contains_key(&segment) {
                self.nodes += 1;
                if node.children.len() >= PLACE_TEXTS {
                    let before = node.size();
                    node.fold_rare(self.limits.texts);
                    self.nodes = (self.nodes + node.size()).saturating_sub(before);
                }
            }
            node = node.children.entry(segment).or_default();
            node.below += 1;
            if is_rest {
                break;
            }
        }
        node.end_here(&text, method);
        if self.nodes > self.limits.nodes {
            self.shrink();
        }
    }

    /// Puts more and more together, until the tree has room again.
    fn shrink(&mut self) {
        let mut texts = self.limits.texts;
        while self.nodes > self.limits.nodes / 2 {
            self.root.fold(texts);
            self.nodes = self.root.size();
            if texts == 0 {
                break;
            }
            texts /= 2;
        }
    }

    /// The routes, the most used first.
    #[must_use]
    pub fn finish(mut self) -> Vec<Route> {
        self.root.fold(self.limits.texts);
        let mut routes = Vec::new();
        self.root.collect(&mut Vec::new(), &mut routes);
        routes.sort_by(|one: &Route, other| other.lines.cmp(&one.lines).then_with(|| one.path.cmp(&other.path)));
        routes
    }
}

impl Node {
    fn end_here(&mut self, path: &str, method: Option<&[u8]>) {
        self.lines += 1;
        if let Some(method) = method.filter(|method| method.len() <= 20) {
            let method = String::from_utf8_lossy(method);
            if self.methods.len() < MOST_METHODS || self.methods.contains_key(&*method) {
                *self.methods.entry(method.into_owned()).or_default() += 1;
            }
        }
        if self.examples.len() < MOST_EXAMPLES
            && path.len() <= EXAMPLE_BYTES
            && !self.examples.iter().any(|known| known == path)
        {
            self.examples.push(path.to_owned());
        }
    }

    /// Different texts here, without that of a slash at the end.
    fn texts(&self) -> usize {
        self.children.keys().filter(|segment| segment.is_word()).count()
    }

    fn size(&self) -> usize {
        1 + self.children.values().map(Self::size).sum::<usize>()
    }

    /// The texts below this place that fewer than one in so many lines have become one variable.
    fn fold_rare(&mut self, texts: usize) {
        let is_text = |segment: &Segment| segment.is_word() || *segment == Segment::Name;
        let lines: u64 =
            self.children.iter().filter(|(segment, _)| is_text(segment)).map(|(_, child)| child.below).sum();
        let mut folded = self.children.remove(&Segment::Name).unwrap_or_default();
        for (segment, child) in std::mem::take(&mut self.children) {
            let is_rare = child.below.saturating_mul(texts as u64) < lines || texts == 0;
            if segment.is_word() && is_rare {
                folded.merge(child);
            } else {
                self.children.insert(segment, child);
            }
        }
        if folded.below > 0 {
            self.children.insert(Segment::Name, folded);
        }
    }

    /// Folds every place that has more texts than allowed, from the top: what is put together below may be too many again.
    fn fold(&mut self, texts: usize) {
        if self.texts() > texts || self.children.contains_key(&Segment::Name) {
            self.fold_rare(texts);
        }
        for child in self.children.values_mut() {
            child.fold(texts);
        }
    }

    fn merge(&mut self, other: Self) {
        self.lines += other.lines;
        self.below += other.below;
        for (method, count) in other.methods {
            *self.methods.entry(method).or_default() += count;
        }
        let room = MOST_EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
        for (segment, node) in other.children {
            self.children.entry(segment).or_default().merge(node);
        }
    }

    fn collect(&self, path: &mut Vec<Segment>, routes: &mut Vec<Route>) {
        if self.lines > 0 {
            let mut methods: Vec<(String, u64)> = self.methods.clone().into_iter().collect();
            methods.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let (path, examples) = (segment::template(path), self.examples.clone());
            routes.push(Route { path, lines: self.lines, methods, examples });
        }
        for (segment, child) in &self.children {
            path.push(segment.clone());
            child.collect(path, routes);
            path.pop();
        }
    }
}

/// What the sections are for.
const REVIEW: &str = "# This version's configuration does not read `[[route]]` tables yet: they show what is in the log. Do not put them\n\
                      # into pxtail.toml.";

/// The routes as sections of a configuration, for review; those with fewer lines than `min_lines` are summed up.
#[must_use]
pub fn toml(routes: &[Route], lines: u64, min_lines: u64) -> String {
    let (kept, left): (Vec<&Route>, Vec<&Route>) = routes.iter().partition(|route| route.lines >= min_lines);
    let mut text = format!(
        "# Proposed by `pxtail learn routes` from {lines} lines, for review: read, rename and merge.\n{REVIEW}\n"
    );
    for route in kept {
        let share = route.lines as f64 * 100.0 / lines.max(1) as f64;
        let _ = write!(text, "\n# {} lines, {share:.1} %", route.lines);
        if route.methods.len() > 1 {
            let counts: Vec<String> =
                route.methods.iter().map(|(method, count)| format!("{} {count}", escaped(method.as_bytes()))).collect();
            let _ = write!(text, ": {}", counts.join(", "));
        }
        text.push('\n');
        let is_literal = matches!(&route.examples[..], [only] if *only == route.path);
        for example in route.examples.iter().filter(|_| !is_literal) {
            let _ = writeln!(text, "#   {}", escaped(example.as_bytes()));
        }
        let _ = writeln!(text, "[[route]]\npath = {}", toml_text::quoted(&route.path));
        let _ = writeln!(text, "name = {}", toml_text::quoted(&segment::words(&route.path)));
        let _ = writeln!(text, "category = {}", toml_text::quoted(&segment::category(&route.path)));
        let methods: Vec<String> = route
            .methods
            .iter()
            .filter(|(method, _)| segment::is_method(method))
            .map(|(method, _)| toml_text::quoted(method))
            .collect();
        if !methods.is_empty() {
            let _ = writeln!(text, "methods = [{}]", methods.join(", "));
        }
    }
    if !left.is_empty() {
        let lines: u64 = left.iter().map(|route| route.lines).sum();
        let _ = writeln!(
            text,
            "\n# {} more routes with {lines} lines together have fewer than {min_lines} lines each.",
            left.len()
        );
    }
    text
}

#[cfg(test)]
mod tests;
