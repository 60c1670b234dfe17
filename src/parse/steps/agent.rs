//! Which sort of program a user agent names.
//!
//! Promises: by the list in `agents.txt`, of which the first line that is found decides; linear time; agents that were seen
//! lately cost a comparison. Does not: tell a program that hides behind a browser's name.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, Match};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::step::{AgentAnswer, AgentClass};

const LIST: &str = include_str!("agents.txt");

/// Agents that are remembered: as many as make up nearly all requests of a usual log.
const MEMO_SLOTS: usize = 64;

/// Longer agents are not remembered; browsers' have half of this.
const MEMO_LEN: usize = 300;

/// Where in an agent a text counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    begins_agent: bool,
    begins_word: bool,
    ends_word: bool,
}

impl Place {
    fn fits(self, agent: &[u8], found: &Match) -> bool {
        let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let before = found.start().checked_sub(1).and_then(|at| agent.get(at));
        (!self.begins_agent || before.is_none())
            && (!self.begins_word || !is_word(before))
            && (!self.ends_word || !is_word(agent.get(found.end())))
    }
}

/// The list, ready to be searched for.
#[derive(Debug)]
struct List {
    search: AhoCorasick,
    lines: Vec<(AgentClass, Place)>,
}

impl List {
    /// `None`: the list has a fault, which a test finds.
    fn read(text: &str) -> Option<Self> {
        let mut texts = Vec::new();
        let mut lines = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (class, text) = line.split_once(' ')?;
            let class = [AgentClass::Bot, AgentClass::Tool, AgentClass::Browser]
                .into_iter()
                .find(|known| known.name() == class)?;
            let mut place = Place::default();
            let mut text = text.trim();
            if let Some(rest) = text.strip_prefix('^') {
                (text, place.begins_agent) = (rest, true);
            }
            if let Some(rest) = text.strip_prefix('<') {
                (text, place.begins_word) = (rest, true);
            }
            if let Some(rest) = text.strip_suffix('>') {
                (text, place.ends_word) = (rest, true);
            }
            texts.push(text);
            lines.push((class, place));
        }
        let search = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(&texts).ok()?;
        Some(Self { search, lines })
    }

    fn class(&self, agent: &[u8]) -> AgentClass {
        let found = self.search.find_overlapping_iter(agent);
        let fitting = found.filter(|found| self.lines[found.pattern()].1.fits(agent, found));
        fitting.map(|found| found.pattern()).min().map_or(AgentClass::Other, |first| self.lines[first].0)
    }
}

fn list() -> Option<&'static List> {
    static READ: OnceLock<Option<List>> = OnceLock::new();
    READ.get_or_init(|| List::read(LIST)).as_ref()
}

/// Answers for one field, and remembers.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Agents {
    answer: AgentAnswer,
    memo: Vec<(Vec<u8>, AgentClass)>,
}

impl Agents {
    pub(super) fn new(answer: AgentAnswer) -> Self {
        Self { answer, memo: vec![(Vec::new(), AgentClass::Other); MEMO_SLOTS] }
    }

    pub(super) fn answer(&mut self, agent: &[u8]) -> Option<&'static str> {
        let class = self.class(agent)?;
        Some(match self.answer {
            AgentAnswer::Class => class.name(),
            AgentAnswer::Is(asked) if asked == class => "true",
            AgentAnswer::Is(_) => "false",
        })
    }

    fn class(&mut self, agent: &[u8]) -> Option<AgentClass> {
        if agent.len() > MEMO_LEN {
            return Some(list()?.class(agent));
        }
        let (text, class) = &mut self.memo[xxh3_64(agent) as usize % MEMO_SLOTS];
        if text != agent {
            *class = list()?.class(agent);
            text.clear();
            text.extend_from_slice(agent);
        }
        Some(*class)
    }
}

#[cfg(test)]
mod tests;
