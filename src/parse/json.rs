//! JSON lines: one object a line, read without building a tree.
//!
//! Promises: takes exactly the texts that RFC 8259 calls an object, with white space around it, nested at most
//! [`MAX_DEPTH`] deep; bytes above 0x7f in strings are taken as they are, UTF-8 or not. The whole line is checked,
//! whatever is wanted of it. A byte order mark before it is passed over. Of a key that comes twice the last counts. `null` is absent; objects and arrays are their
//! own text. Does not: decode what is not wanted.

mod decode;
mod path;
mod scan;
mod tree;

pub(super) use decode::decode;
pub(super) use path::Path;

use scan::Scanner;
use tree::{Node, Order, Tree};

use super::capture::{Capture, Form};
use super::mismatch::Mismatch;

/// Far deeper than logs go, and far from the end of any thread's stack.
pub(super) const MAX_DEPTH: usize = 128;

/// Reads the wanted paths of a line.
#[derive(Clone, Debug)]
pub(super) struct JsonReader {
    tree: Tree,
    order: Order,
    /// A key with escapes, decoded.
    key: Vec<u8>,
    alternatives: Option<Alternatives>,
}

/// Where a capture may be taken from one of several places.
#[derive(Clone, Debug)]
struct Alternatives {
    /// By capture: the places in order, as numbers of `found`.
    places: Vec<Vec<usize>>,
    found: Vec<Capture>,
}

impl JsonReader {
    /// Capture `n` is path `n`.
    pub(super) fn new(paths: &[Path]) -> Self {
        Self::first_of(&paths.iter().map(|path| vec![path.clone()]).collect::<Vec<_>>())
    }

    /// Capture `n` is the first of the paths `n` that the object has.
    pub(super) fn first_of(paths: &[Vec<Path>]) -> Self {
        let mut all: Vec<Path> = Vec::new();
        let mut place = |path: &Path| {
            all.iter().position(|earlier| earlier == path).unwrap_or_else(|| {
                all.push(path.clone());
                all.len() - 1
            })
        };
        let places: Vec<Vec<usize>> = paths.iter().map(|paths| paths.iter().map(&mut place).collect()).collect();
        let is_direct = places.iter().enumerate().all(|(capture, places)| *places == [capture]);
        let found = vec![Capture::ABSENT; all.len()];
        let alternatives = (!is_direct).then_some(Alternatives { places, found });
        let tree = Tree::new(&all);
        Self { order: tree.order(), tree, key: Vec::new(), alternatives }
    }

    #[inline]
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        let Self { tree, order, key, alternatives } = self;
        let mut walk = |captures: &mut [Capture]| {
            captures.fill(Capture::ABSENT);
            Walk { scanner: Scanner::new(line), tree, order, key, captures }.line()
        };
        let Some(Alternatives { places, found }) = alternatives else { return walk(captures) };
        walk(found)?;
        for (capture, places) in captures.iter_mut().zip(places) {
            let first = places.iter().map(|&place| found[place]).find(|found| found.form != Form::Absent);
            *capture = first.unwrap_or(Capture::ABSENT);
        }
        Ok(())
    }
}

/// One pass over a line, with what is wanted of it.
struct Walk<'a> {
    scanner: Scanner<'a>,
    tree: &'a Tree,
    order: &'a mut Order,
    key: &'a mut Vec<u8>,
    captures: &'a mut [Capture],
}

impl Walk<'_> {
    #[inline]
    fn line(&mut self) -> Result<(), Mismatch> {
        self.scanner.skip_mark();
        self.scanner.skip_space();
        if self.scanner.peek() != Some(b'{') {
            return Err(self.scanner.expected("a JSON object"));
        }
        self.object(self.tree.root(), 1)?;
        self.scanner.skip_space();
        if self.scanner.peek().is_some() { Err(self.scanner.expected("the end of the line")) } else { Ok(()) }
    }

    /// An object of which something is wanted; the scanner stands at its brace.
    fn object(&mut self, node: &Node, depth: usize) -> Result<(), Mismatch> {
        self.scanner.open(depth)?;
        if self.scanner.closes(b'}') {
            return Ok(());
        }
        loop {
            let key = self.scanner.string()?;
            let child = if key.escaped {
                self.key.clear();
                decode(self.scanner.bytes(key), self.key);
                node.key(self.key, self.order)
            } else {
                node.key(self.scanner.bytes(key), self.order)
            };
            self.scanner.colon()?;
            self.member(child, depth)?;
            if self.scanner.next_or_close(b'}')? {
                return Ok(());
            }
            if self.scanner.peek() != Some(b'"') {
                return Err(self.scanner.expected("a key in quotes"));
            }
        }
    }

    /// An array of which something is wanted; the scanner stands at its bracket.
    fn array(&mut self, node: &Node, depth: usize) -> Result<(), Mismatch> {
        self.scanner.open(depth)?;
        if self.scanner.closes(b']') {
            return Ok(());
        }
        for index in 0.. {
            self.member(node.item(index), depth)?;
            if self.scanner.next_or_close(b']')? {
                break;
            }
        }
        Ok(())
    }

    #[inline]
    fn member(&mut self, child: Option<usize>, depth: usize) -> Result<(), Mismatch> {
        match child {
            None => self.scanner.skip_value(depth),
            Some(child) => self.value(self.tree.node(child), depth),
        }
    }

    /// A value that is wanted, or of which something is.
    fn value(&mut self, node: &Node, depth: usize) -> Result<(), Mismatch> {
        // The key may have come before, with other things in it.
        for &capture in node.below() {
            self.captures[capture] = Capture::ABSENT;
        }
        let start = self.scanner.at();
        let capture = match self.scanner.peek() {
            Some(b'"') => {
                let text = self.scanner.string()?;
                if text.escaped { Capture::escaped(text.start, text.end) } else { Capture::plain(text.start, text.end) }
            }
            Some(b'n') => {
                self.scanner.skip_value(depth)?;
                Capture::ABSENT
            }
            first => {
                match first {
                    Some(b'{') => self.object(node, depth + 1)?,
                    Some(b'[') => self.array(node, depth + 1)?,
                    _ => self.scanner.skip_value(depth)?,
                }
                Capture::plain(start, self.scanner.at())
            }
        };
        if let Some(own) = node.own() {
            self.captures[own] = capture;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
