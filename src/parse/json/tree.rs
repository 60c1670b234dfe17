//! The wanted paths as a tree, so that a line is walked once for all of them.

use super::path::{Path, Segment};
use crate::parse::keys::sieve_bit;

#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// A place in the object that is wanted, or below which something is.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    keys: Vec<(Vec<u8>, usize)>,
    /// The bits of all keys.
    sieve: u64,
    items: Vec<(usize, usize)>,
    own: Option<usize>,
    /// Captures of this node and of all below it.
    below: Vec<usize>,
}

/// In which order keys were found: lines of one writer have them in the same. A hint, and nothing else.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// By node: where in its object's keys the one stands that was found after it when it was last found.
    follows: Vec<usize>,
    /// The node that was found last, in this line or the one before.
    last: usize,
}

static NOTHING: Node = Node { keys: Vec::new(), sieve: 0, items: Vec::new(), own: None, below: Vec::new() };

impl Tree {
    /// Path `n` is captured as `n`. Paths must differ from each other.
    pub(super) fn new(paths: &[Path]) -> Self {
        let mut nodes = vec![Node::default()];
        for (capture, path) in paths.iter().enumerate() {
            let mut at = 0;
            nodes[at].below.push(capture);
            for segment in path.segments() {
                let child = nodes[at].child(segment);
                at = child.unwrap_or_else(|| {
                    let child = nodes.len();
                    nodes.push(Node::default());
                    match segment {
                        Segment::Key(key) => {
                            nodes[at].sieve |= sieve_bit(key);
                            nodes[at].keys.push((key.clone(), child));
                        }
                        Segment::Item(index) => nodes[at].items.push((*index, child)),
                    }
                    child
                });
                nodes[at].below.push(capture);
            }
            nodes[at].own = Some(capture);
        }
        Self { nodes }
    }

    /// Nothing is known of the order yet.
    pub(super) fn order(&self) -> Order {
        Order { follows: vec![0; self.nodes.len()], last: 0 }
    }

    pub(super) fn root(&self) -> &Node {
        self.node(0)
    }

    #[inline]
    pub(super) fn node(&self, index: usize) -> &Node {
        self.nodes.get(index).unwrap_or(&NOTHING)
    }
}

impl Node {
    fn child(&self, segment: &Segment) -> Option<usize> {
        match segment {
            Segment::Key(key) => self.keys.iter().find(|(wanted, _)| wanted == key).map(|(_, child)| *child),
            Segment::Item(index) => self.item(*index),
        }
    }

    #[inline]
    pub(super) fn key(&self, key: &[u8], order: &mut Order) -> Option<usize> {
        if self.sieve & sieve_bit(key) == 0 {
            return None;
        }
        let follows = order.follows.get_mut(order.last)?;
        if self.keys.get(*follows).is_none_or(|(wanted, _)| wanted != key) {
            *follows = self.keys.iter().position(|(wanted, _)| wanted == key)?;
        }
        let child = self.keys.get(*follows)?.1;
        order.last = child;
        Some(child)
    }

    #[inline]
    pub(super) fn item(&self, index: usize) -> Option<usize> {
        self.items.iter().find(|(wanted, _)| *wanted == index).map(|(_, child)| *child)
    }

    pub(super) const fn own(&self) -> Option<usize> {
        self.own
    }

    pub(super) fn below(&self) -> &[usize] {
        &self.below
    }
}
