//! The files, what each source must and may count of them, and what is saved.
//!
//! A line must be counted by a source when it stands whole, at the end, in a file that
//! - the globs show, under whatever name it was before; or
//! - has the name of a rotation of such a one; or
//! - has neither, and the tail held it open or knew it by inode and content when it lost its name.
//!
//! A line is not asked for that was written to a file without such a name when it had been quiet for the grace time: the
//! file is closed by then. Nor a file that was out of sight at a scan while nobody held it.
//!
//! No line may be counted twice, except where content cannot tell; each exception stands where the action is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::actions::{FileAction, Form, Gate, Setting, Writer, is_open};
use super::disk::{Directory, Disk, NodeId, Unfinished};
use super::lines::{Account, TOKEN_BYTES, text_of, tokens, tokens_of};
use super::names::{Sight, base_of};
use crate::model::file::{Cursor, FileId};
use crate::model::time::UnixMicros;
use crate::tail::hooks::Point;
use crate::tail::marks;
use crate::tail::tests::GRACE;

/// What one source knows of one file, as far as the model asks for it.
#[expect(clippy::struct_excessive_bools, reason = "facts that hold or not, each on its own")]
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) sight: Sight,
    /// When the globs lost it.
    pub(super) left_at: Option<UnixMicros>,
    /// It lost its names, and the tail has it open.
    pub(super) held: bool,
    /// It lost its names, and the tail will look for it by inode and content.
    pub(super) searched: bool,
    /// It was nowhere to be found at a scan.
    pub(super) lost: bool,
    /// It was quiet for the grace time beyond the globs.
    pub(super) closed: bool,
    /// Lines that were written since.
    pub(super) late: HashSet<usize>,
    /// When it came in sight. What was written before may be older than what the source is complete up to.
    pub(super) seen_from: Option<UnixMicros>,
    /// It was rotated away before the source was followed, or is a copy of such a file.
    pub(super) foreign: bool,
}

/// An action that waits for its moment inside of a scan or a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race {
    pub(super) point: Point,
    pub(super) nth: usize,
    pub(super) action: FileAction,
}

/// A copy that is not at its end.
#[derive(Debug)]
struct CopyJob {
    from: NodeId,
    to: String,
    into: NodeId,
}

pub(super) struct World {
    pub(super) disk: Disk,
    pub(super) setting: Setting,
    pub(super) accounts: Vec<Account>,
    pub(super) ledger: BTreeMap<FileId, Cursor>,
    pub(super) races: Vec<Race>,
    /// Inodes that each source has open, and keeps open whatever happens.
    pub(super) open: Vec<HashSet<u64>>,
    /// By file and source.
    pub(super) standing: Vec<Vec<Standing>>,
    /// Live names at the last scan, from its beginning to its end and since.
    pub(super) live_since: BTreeSet<NodeId>,
    /// When each line was finished.
    pub(super) written_at: Vec<UnixMicros>,
    copy: Option<CopyJob>,
    /// Points of the tail that were reached since the last step.
    pub(super) reached: usize,
    /// Live names that a link led to at a scan.
    pub(super) linked: BTreeSet<String>,
    /// What the link led to when the scan that is under way began.
    pub(super) linking: Option<String>,
    /// Those that are not saved yet.
    pub(super) newly_linked: BTreeSet<String>,
    /// Lines that no content can tell from what stood there.
    pub(super) forgiven: HashSet<usize>,
    /// Lines that were cut inside: what is written behind is no line that anybody wrote.
    pub(super) torn: HashSet<usize>,
}

/// What two tokens have in common at most, by chance: all but the last digit of a line's number.
const ALIKE_BYTES: usize = 4;

impl World {
    pub(super) fn new(disk: Disk, setting: Setting) -> Self {
        let sources = setting.globs.sources();
        Self {
            disk,
            setting,
            accounts: (0..sources).map(|_| Account::default()).collect(),
            ledger: BTreeMap::new(),
            races: Vec::new(),
            open: vec![HashSet::new(); sources],
            standing: Vec::new(),
            live_since: BTreeSet::new(),
            written_at: Vec::new(),
            copy: None,
            reached: 0,
            linked: BTreeSet::new(),
            linking: None,
            newly_linked: BTreeSet::new(),
            forgiven: HashSet::new(),
            torn: HashSet::new(),
        }
    }

    pub(super) fn new_line(&mut self) -> usize {
        self.written_at.push(self.disk.now);
        self.written_at.len() - 1
    }

    pub(super) fn new_lines(&mut self, lines: usize) -> String {
        let mut text = String::new();
        for _ in 0..lines {
            let line = self.new_line();
            text += &text_of(line, 0, tokens_of(line));
            text.push('\n');
        }
        text
    }

    /// The lines of which something stands in these bytes.
    pub(super) fn lines_in(bytes: &[u8]) -> BTreeSet<usize> {
        let texts = bytes.split(|&byte| byte == b'\n');
        texts.flat_map(tokens).flatten().map(|(line, _)| line).collect()
    }

    /// A rotated file from before the source was followed.
    pub(super) fn put_foreign(&mut self) {
        let text = self.new_lines(3);
        let node = self.disk.create("a.log.1", text.as_bytes());
        self.refresh();
        for source in 0..self.accounts.len() {
            if self.standing[node][source].sight != Sight::Glob {
                self.standing[node][source].foreign = true;
                for line in Self::lines_in(text.as_bytes()) {
                    self.accounts[source].disown(line);
                }
            }
        }
    }

    /// Every file was looked at.
    pub(super) fn looked(&mut self) {
        for node in &mut self.disk.nodes {
            node.looks += 1;
            // A copy is known by its marks as long as it stays one.
            node.begins_alike = node.begins_alike.filter(|_| node.is_copy);
        }
    }

    /// Does what an action says, and sees to what follows for each source.
    pub(super) fn apply(&mut self, action: FileAction) {
        match action {
            FileAction::ShowDirectory => self.disk.show_directory(),
            FileAction::AppendToDeleted { lines } => self.append_to_deleted(lines),
            _ if self.disk.directory == Directory::Hidden => {}
            FileAction::HideDirectory => self.disk.hide_directory(),
            FileAction::RemoveDirectory => self.disk.remove_directory(),
            _ => self.apply_to_names(action),
        }
        self.refresh();
    }

    fn apply_to_names(&mut self, action: FileAction) {
        match action {
            FileAction::Append { base, form, .. }
            | FileAction::Half { base, form }
            | FileAction::FinishLine { base, form }
                if self.is_partial(&form.name(base)) => {}
            FileAction::Append { base, form, lines } => self.append(&form.name(base), form, lines),
            FileAction::Half { base, form } => self.half(&form.name(base)),
            FileAction::FinishLine { base, form } => self.finish_line(&form.name(base)),
            FileAction::Renumber { base } => self.renumber(base),
            FileAction::Rotate { base } => {
                self.renumber(base);
                self.disk.rename(&Form::Live.name(base), &Form::Numbered(1).name(base));
            }
            FileAction::Rename { base, from, to } => self.disk.rename(&from.name(base), &to.name(base)),
            FileAction::Copy { base, from, .. } if !self.may_copy(&from.name(base)) => {}
            FileAction::Copy { base, from, to, sixteenths } => {
                self.copy(&from.name(base), &to.name(base), sixteenths);
            }
            FileAction::CopyOn => self.copy_on(),
            FileAction::CopyTruncate { base, .. } if !self.may_copy(&Form::Live.name(base)) => {}
            FileAction::CopyTruncate { base, lost } => {
                self.renumber(base);
                self.copy(&Form::Live.name(base), &Form::Numbered(1).name(base), 16);
                if self.disk.node(&Form::Live.name(base)).is_some() && lost > 0 {
                    self.append(&Form::Live.name(base), Form::Live, lost);
                }
                self.disk.cut(&Form::Live.name(base), 0);
            }
            FileAction::Compress { base, form } => self.compress(&form.name(base)),
            FileAction::Truncate { base } => self.disk.cut(&Form::Live.name(base), 0),
            FileAction::Cut { base, sixteenths } => self.cut(&Form::Live.name(base), sixteenths),
            FileAction::Rewrite { base, size } => self.rewrite(&Form::Live.name(base), size),
            FileAction::Replace { base, with } => self.replace(&Form::Live.name(base), with),
            FileAction::Delete { base, form, writer: Writer::Gone } => self.disk.delete(&form.name(base)),
            FileAction::Delete { base, form, writer: Writer::Stays } => {
                self.disk.delete_under_writer(&form.name(base));
            }
            FileAction::Recreate { base, lines } => self.recreate(&Form::Live.name(base), lines),
            FileAction::HardLink { base, to } => self.disk.hard_link(&Form::Live.name(base), &to.name(base)),
            FileAction::SwapLink => self.swap_link(),
            FileAction::AppendToDeleted { .. }
            | FileAction::HideDirectory
            | FileAction::ShowDirectory
            | FileAction::RemoveDirectory => {}
        }
    }

    fn append(&mut self, name: &str, form: Form, lines: usize) {
        self.finish_line(name);
        let Some(node) = self.disk.node(name) else {
            if form == Form::Live {
                let text = self.new_lines(lines);
                self.disk.create(name, text.as_bytes());
            }
            return;
        };
        let text = self.new_lines(lines);
        self.before_write(node, &text);
        self.disk.append(name, &text);
    }

    fn append_to_deleted(&mut self, lines: usize) {
        if let Some(node) = self.disk.deleted() {
            let text = self.new_lines(lines);
            self.before_write(node, &text);
            self.disk.append_to_deleted(&text);
            // Its writer finished what it had begun.
            self.disk.nodes[node].unfinished = None;
        }
    }

    fn half(&mut self, name: &str) {
        self.finish_line(name);
        let Some(node) = self.disk.node(name) else { return };
        let line = self.new_line();
        let half = tokens_of(line) / 2;
        if half > 0 {
            let text = text_of(line, 0, half);
            self.before_write(node, &text);
            self.disk.append(name, &text);
            self.disk.nodes[node].unfinished = Some(Unfinished { line, next_token: half });
        }
    }

    fn finish_line(&mut self, name: &str) {
        let Some(node) = self.disk.node(name) else { return };
        let Some(Unfinished { line, next_token }) = self.disk.nodes[node].unfinished.take() else { return };
        let rest = text_of(line, next_token, tokens_of(line) - next_token) + "\n";
        self.written_at[line] = self.disk.now;
        self.before_write(node, &rest);
        self.disk.append(name, &rest);
    }

    /// Before something is written to a file: beyond the globs, it may be closed by now.
    fn before_write(&mut self, node: NodeId, text: &str) {
        self.standing.resize_with(self.disk.nodes.len(), Vec::new);
        let lines = text.split('\n').flat_map(|line| tokens(line.as_bytes())).flatten().map(|(line, _)| line);
        let lines: HashSet<usize> = lines.collect();
        if self.is_in_gap(node, text.len()) {
            self.forgiven.extend(&lines);
        }
        if self.disk.nodes[node].is_copy && self.disk.nodes[node].looks < 2 {
            // Nobody knows it as a copy, and it goes on otherwise: it is another log.
            for line in Self::lines_in(&self.disk.nodes[node].bytes) {
                self.accounts.iter_mut().for_each(|account| account.allow_twice(line));
            }
        }
        let (written_at, now) = (self.disk.nodes[node].written_at, self.disk.now);
        for standing in &mut self.standing[node] {
            let quiet_since = standing.left_at.map(|left_at| left_at.max(written_at));
            standing.closed |= quiet_since.is_some_and(|since| now.since(since) >= GRACE);
            if standing.closed {
                standing.late.extend(&lines);
            }
        }
    }

    fn is_partial(&self, name: &str) -> bool {
        self.disk.node(name).is_some_and(|node| self.disk.nodes[node].is_partial)
    }

    fn may_copy(&self, name: &str) -> bool {
        let first = |node: NodeId| tokens(&self.disk.nodes[node].bytes).next()?;
        let first = self.disk.node(name).and_then(first);
        is_open(Gate::FreshCopies)
            || first.is_none_or(|first| self.accounts.iter().all(|account| account.is_counted(first)))
    }

    /// True while what is written behind a part that is known cannot be told from what was there: the tail knows what it
    /// counted at some places only (its marks), and none lies in what is new.
    pub(super) fn is_in_gap(&self, node: NodeId, more: usize) -> bool {
        let node = &self.disk.nodes[node];
        let end = node.bytes.len() + more;
        // Numbers of lines begin alike.
        let alike = |known: usize| (known + ALIKE_BYTES).min(end);
        node.begins_alike.is_some_and(|known| marks::count(end as u64) == marks::count(alike(known) as u64))
    }

    /// A file that is a part of a counted one, too short for a mark, is not known: it may be counted as its own.
    pub(super) fn allow_short(&mut self, bytes: &[u8]) {
        if (bytes.len() as u64) < marks::FIRST {
            for line in Self::lines_in(bytes) {
                self.accounts.iter_mut().for_each(|account| account.allow_twice(line));
            }
        }
    }

    /// A file gets other content: whoever closed it will see that.
    fn renew(&mut self, node: NodeId) {
        self.standing.resize_with(self.disk.nodes.len(), Vec::new);
        let now = self.disk.now;
        for standing in &mut self.standing[node] {
            standing.closed = false;
            standing.late.clear();
            standing.left_at = standing.left_at.map(|_| now);
        }
    }

    fn renumber(&mut self, base: usize) {
        for number in (1..4).rev() {
            self.disk.rename(&Form::Numbered(number).name(base), &Form::Numbered(number + 1).name(base));
        }
    }

    fn copy(&mut self, from: &str, to: &str, sixteenths: usize) {
        let (Some(source), into) = (self.disk.node(from), self.disk.node(to)) else { return };
        if Some(source) == into {
            return;
        }
        let whole = self.disk.nodes[source].bytes.clone();
        let bytes = if sixteenths >= 16 { &whole[..] } else { &whole[..between_tokens(&whole, sixteenths)] };
        let into = match into {
            Some(into) => {
                self.renew(into);
                self.disk.rewrite(to, bytes);
                into
            }
            None => self.disk.create(to, bytes),
        };
        let bytes = bytes.to_vec();
        self.became_copy(source, into, to, &bytes);
        self.disk.nodes[into].is_partial = sixteenths < 16;
        let job = CopyJob { from: source, to: to.to_owned(), into };
        self.copy = Some(job).filter(|_| sixteenths < 16);
    }

    pub(super) fn became_copy(&mut self, of: NodeId, into: NodeId, to: &str, bytes: &[u8]) {
        self.allow_short(bytes);
        // A part that ends before the next mark looks like a part of what its original begins like.
        if let Some(known) = self.disk.nodes[of].begins_alike.or(self.disk.nodes[of].cut_to)
            && known < bytes.len()
            && marks::count(bytes.len() as u64) == marks::count((known + ALIKE_BYTES).min(bytes.len()) as u64)
        {
            self.forgiven.extend(Self::lines_in(&bytes[known..]));
        }
        self.disk.nodes[into].begins_alike = Some(bytes.len());
        self.disk.nodes[into].is_copy = true;
        self.disk.nodes[into].looks = 0;
        self.disk.nodes[into].is_tail = self.disk.nodes[of].is_tail;
        self.refresh();
        for source in 0..self.accounts.len() {
            self.standing[into][source].foreign |= self.standing[of][source].foreign;
            self.standing[into][source].lost |= self.standing[of][source].lost;
            // Two live names side by side are two logs, even where their bytes are the same.
            if base_of(to).is_none() && self.setting.globs.sight(source, to, &self.linked) == Sight::Glob {
                for line in Self::lines_in(&self.disk.nodes[of].bytes) {
                    self.accounts[source].allow_twice(line);
                }
            }
        }
    }

    fn copy_on(&mut self) {
        let Some(CopyJob { from, to, into }) = self.copy.take() else { return };
        let rest = self.disk.nodes[from].bytes.get(self.disk.nodes[into].bytes.len()..).unwrap_or_default().to_vec();
        if self.disk.node(&to) == Some(into) && self.disk.nodes[from].bytes.starts_with(&self.disk.nodes[into].bytes) {
            // It was too short to be known: what comes is read as its own.
            if (self.disk.nodes[into].bytes.len() as u64) < marks::FIRST {
                for line in Self::lines_in(&rest) {
                    self.accounts.iter_mut().for_each(|account| account.allow_twice(line));
                }
            }
            let text = String::from_utf8(rest).unwrap();
            self.disk.append(&to, &text);
            self.disk.nodes[into].is_partial = false;
            let bytes = self.disk.nodes[into].bytes.clone();
            self.became_copy(from, into, &to, &bytes);
        }
    }
}

/// So many sixteenths of a file, up to where a token ends.
pub(super) fn between_tokens(bytes: &[u8], sixteenths: usize) -> usize {
    let most = bytes.len() * sixteenths / 16;
    let line_start = bytes[..most].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    line_start + (most - line_start) / TOKEN_BYTES * TOKEN_BYTES
}
