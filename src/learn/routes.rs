//! Path templates out of observed paths: what varies becomes `{id}` or `{name}`.
//!
//! Promises: every line that is given counts in exactly one route; memory is bounded, whatever paths come: a place with too
//! many texts becomes one variable, and when the tree is full, fewer texts are enough. Does not: know which paths an
//! application has: two routes that look alike are one.

mod segment;

use std::collections::BTreeMap;

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
        for (depth, part) in text.trim_start_matches('/').split('/').enumerate() {
            let segment = if depth == MOST_SEGMENTS { Segment::Rest } else { Segment::of(part) };
            let is_rest = segment == Segment::Rest;
            node = node.child(segment, self.limits.texts, &mut self.nodes);
            if is_rest {
                break;
            }
        }
        node.end_here(&text, method);
        if self.nodes > self.limits.nodes {
            self.shrink();
        }
    }

    /// With fewer texts to a place, until the tree has room again.
    fn shrink(&mut self) {
        while self.nodes > self.limits.nodes / 2 {
            self.limits.texts /= 2;
            self.root.fold(self.limits.texts);
            self.nodes = self.root.size();
            if self.limits.texts == 0 {
                break;
            }
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
    /// The place below this one; one for all texts when there are too many.
    fn child(&mut self, segment: Segment, texts: usize, nodes: &mut usize) -> &mut Self {
        let is_text = matches!(segment, Segment::Text(_));
        let segment = if is_text && self.children.contains_key(&Segment::Name) { Segment::Name } else { segment };
        if !self.children.contains_key(&segment) {
            *nodes += 1;
            // Twice as many as are let through at the end: what is rare may yet be folded by itself.
            if is_text && self.texts() >= texts.saturating_mul(2).max(1) {
                let before = self.size();
                self.fold_texts();
                *nodes = nodes.saturating_sub(before.saturating_sub(self.size()));
                return self.children.entry(Segment::Name).or_default();
            }
        }
        self.children.entry(segment).or_default()
    }

    fn end_here(&mut self, path: &str, method: Option<&[u8]>) {
        self.lines += 1;
        if let Some(method) = method.filter(|method| method.len() <= 20) {
            let method = String::from_utf8_lossy(method);
            if self.methods.len() < MOST_METHODS || self.methods.contains_key(&*method) {
                *self.methods.entry(method.into_owned()).or_default() += 1;
            }
        }
        if self.examples.len() < MOST_EXAMPLES && path.len() <= EXAMPLE_BYTES && !self.examples.iter().any(|known| known == path) {
            self.examples.push(path.to_owned());
        }
    }

    fn texts(&self) -> usize {
        self.children.keys().filter(|segment| matches!(segment, Segment::Text(_))).count()
    }

    fn size(&self) -> usize {
        1 + self.children.values().map(Self::size).sum::<usize>()
    }

    /// Every text below this place becomes one variable.
    fn fold_texts(&mut self) {
        let mut folded = self.children.remove(&Segment::Name).unwrap_or_default();
        let children = std::mem::take(&mut self.children);
        for (segment, node) in children {
            if matches!(segment, Segment::Text(_)) {
                folded.merge(node);
            } else {
                self.children.insert(segment, node);
            }
        }
        self.children.insert(Segment::Name, folded);
    }

    /// Folds every place that has more texts than allowed, from the top: what is put together below may be too many again.
    fn fold(&mut self, texts: usize) {
        if self.texts() > texts {
            self.fold_texts();
        }
        for child in self.children.values_mut() {
            child.fold(texts);
        }
    }

    fn merge(&mut self, other: Self) {
        self.lines += other.lines;
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

/// The routes as sections of a configuration, for review; those with fewer lines than `min_lines` are summed up.
#[must_use]
pub fn toml(routes: &[Route], lines: u64, min_lines: u64) -> String {
    let (kept, left): (Vec<&Route>, Vec<&Route>) = routes.iter().partition(|route| route.lines >= min_lines);
    let mut text = format!("# Proposed by `pxtail learn routes` from {lines} lines: read, rename and merge before you use it.\n");
    for route in kept {
        let share = route.lines as f64 * 100.0 / lines.max(1) as f64;
        text.push_str(&format!("\n# {} lines, {share:.1} %", route.lines));
        if route.methods.len() > 1 {
            let counts: Vec<String> = route.methods.iter().map(|(method, count)| format!("{} {count}", escaped(method.as_bytes()))).collect();
            text.push_str(&format!(": {}", counts.join(", ")));
        }
        text.push('\n');
        let is_literal = matches!(&route.examples[..], [only] if *only == route.path);
        for example in route.examples.iter().filter(|_| !is_literal) {
            text.push_str(&format!("#   {}\n", escaped(example.as_bytes())));
        }
        text.push_str(&format!("[[route]]\npath = {}\n", toml_text::quoted(&route.path)));
        text.push_str(&format!("name = {}\n", toml_text::quoted(&segment::words(&route.path))));
        text.push_str(&format!("category = {}\n", toml_text::quoted(&segment::category(&route.path))));
        let methods: Vec<String> = route.methods.iter().filter(|(method, _)| segment::is_method(method)).map(|(method, _)| toml_text::quoted(method)).collect();
        if !methods.is_empty() {
            text.push_str(&format!("methods = [{}]\n", methods.join(", ")));
        }
    }
    if !left.is_empty() {
        let lines: u64 = left.iter().map(|route| route.lines).sum();
        text.push_str(&format!("\n# {} more routes with {lines} lines together have fewer than {min_lines} lines each.\n", left.len()));
    }
    text
}

#[cfg(test)]
mod tests;
