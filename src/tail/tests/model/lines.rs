//! Generated lines, and how often each piece of them was counted.
//!
//! A line is made of tokens of ten bytes which are never written twice, so that every piece of every line, also one that
//! was cut or glued to another, can be told from all others.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

pub(super) const TOKEN_BYTES: usize = 10;

/// Tokens of a line: as short as an access line gets, shorter than any, about as long as and longer than what the tail's
/// fingerprints cover.
const LINE_TOKENS: [usize; 4] = [7, 1, 30, 120];

/// How many tokens line `id` has.
pub(super) fn tokens_of(id: usize) -> usize {
    LINE_TOKENS[id * 7 % LINE_TOKENS.len()]
}

/// So many tokens of line `id`, from the `first` on, without a newline.
pub(super) fn text_of(id: usize, first: usize, tokens: usize) -> String {
    let tokens: Vec<String> = (first..first + tokens).map(|token| format!("{id:05}.{token:03} ")).collect();
    tokens.concat()
}

/// The line and the place in it of each token of a text; `None` where a token is torn.
pub(super) fn tokens(text: &[u8]) -> impl Iterator<Item = Option<(usize, usize)>> {
    text.chunks(TOKEN_BYTES).map(|token| {
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok();
        let is_whole = token.len() == TOKEN_BYTES && token[5] == b'.' && token[9] == b' ';
        if is_whole { Some((number(&token[..5])?, number(&token[6..9])?)) } else { None }
    })
}

/// Whether a text ended with a newline when it was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Newline,
    Nothing,
}

/// Every text that stood in a file at some time: as a whole line, or as an end without a newline.
#[derive(Debug, Default)]
pub(super) struct Stood {
    whole: HashSet<u64>,
    ends: HashSet<u64>,
}

impl Stood {
    /// What stands in a file now, from `from`, where a line begins.
    pub(super) fn note(&mut self, bytes: &[u8], from: usize) {
        for line in bytes[from..].split_inclusive(|&byte| byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => self.whole.insert(xxh3_64(line)),
                None => self.ends.insert(xxh3_64(line)),
            };
        }
    }

    fn holds(&self, text: &[u8], ending: Ending) -> bool {
        match ending {
            Ending::Newline => self.whole.contains(&xxh3_64(text)),
            Ending::Nothing => self.ends.contains(&xxh3_64(text)),
        }
    }
}

/// What one source counted.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// By line and token, committed or not.
    counted: Vec<Vec<u8>>,
    /// How often a line may be counted beyond once: what no content can tell.
    again: Vec<u8>,
    /// Lines that are not the source's.
    foreign: HashSet<usize>,
    /// Tokens since the last commit.
    pending: Vec<(usize, usize)>,
}

impl Account {
    /// Counts a text that was handed out, and refuses what never stood in a file, what is too long, and what was counted
    /// as often as it may be.
    pub(super) fn count(
        &mut self,
        text: &[u8],
        ending: Ending,
        stood: &Stood,
        max_line_bytes: usize,
    ) -> Result<(), String> {
        let shown = || String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
        if text.len() > max_line_bytes {
            return Err(format!("too long, and handed out: {} bytes: {}", text.len(), shown()));
        }
        if !stood.holds(text, ending) {
            return Err(format!(
                "handed out ({ending:?}), and never stood in a file so: {} bytes: {}",
                text.len(),
                shown()
            ));
        }
        for token in tokens(text) {
            let Some((line, token)) = token else { return Err(format!("a torn token: {}", shown())) };
            if self.counted.len() <= line {
                self.counted.resize_with(line + 1, Vec::new);
            }
            let of_line = &mut self.counted[line];
            if of_line.len() <= token {
                of_line.resize(token + 1, 0);
            }
            of_line[token] += 1;
            let count = of_line[token];
            self.pending.push((line, token));
            if self.foreign.contains(&line) {
                return Err(format!("counted, and was there before the source was followed: {}", shown()));
            }
            if count > 1 + self.again.get(line).copied().unwrap_or(0) {
                return Err(format!("counted {count} times: token {token} of line {line}, in {}", shown()));
            }
        }
        Ok(())
    }

    pub(super) fn is_counted(&self, (line, token): (usize, usize)) -> bool {
        self.counted.get(line).and_then(|tokens| tokens.get(token)).is_some_and(|count| *count > 0)
    }

    /// The line may be counted once more, if it was counted.
    pub(super) fn allow_again(&mut self, line: usize) {
        if self.counted.get(line).is_some_and(|tokens| tokens.iter().any(|count| *count > 0)) {
            self.allow_twice(line);
        }
    }

    /// The line may be counted once more.
    pub(super) fn allow_twice(&mut self, line: usize) {
        if self.again.len() <= line {
            self.again.resize(line + 1, 0);
        }
        self.again[line] += 1;
    }

    pub(super) fn disown(&mut self, line: usize) {
        self.foreign.insert(line);
    }

    /// A line of a file that was not to be counted, in one that is.
    pub(super) fn own(&mut self, line: usize) {
        self.foreign.remove(&line);
    }

    pub(super) fn commit(&mut self) {
        self.pending.clear();
    }

    /// What was not committed is as if it had never been counted.
    pub(super) fn crash(&mut self) {
        for (line, token) in self.pending.drain(..) {
            self.counted[line][token] -= 1;
        }
    }
}
