//! What each source must have counted by now, and when it is told too much.

use std::collections::BTreeSet;
use std::fs::File;

use super::actions::{Gate, is_open};
use super::disk::{Directory, NodeId};
use super::lines::{Ending, tokens};
use super::names::Sight;
use super::world::{Standing, World};
use crate::model::time::UnixMicros;
use crate::tail::{identity, marks};

impl World {
    /// After each action: how each source can come upon each file now.
    pub(super) fn refresh(&mut self) {
        let sources = self.accounts.len();
        self.standing.resize_with(self.disk.nodes.len(), Vec::new);
        for node in 0..self.disk.nodes.len() {
            self.standing[node].resize_with(sources, Standing::default);
        }
        let mut sights = vec![vec![Sight::None; sources]; self.disk.nodes.len()];
        let mut is_live = vec![false; self.disk.nodes.len()];
        if self.disk.directory == Directory::There {
            for (name, node) in self.disk.names() {
                is_live[node] |= name == "a.log" || name == "b.log";
                for (source, sight) in sights[node].iter_mut().enumerate() {
                    *sight = (*sight).max(self.setting.globs.sight(source, name, &self.linked));
                }
            }
        }
        self.live_since.retain(|node| is_live[*node]);
        for (node, sights) in sights.into_iter().enumerate() {
            for (source, sight) in sights.into_iter().enumerate() {
                self.see(node, source, sight);
            }
        }
    }

    fn see(&mut self, node: NodeId, source: usize, sight: Sight) {
        let before = self.standing[node][source].sight;
        if before == sight && sight != Sight::None {
            return;
        }
        let now = self.disk.now;
        let is_open = self.open[source].contains(&self.disk.nodes[node].inode);
        // One that lost its last name before is not the one that is open.
        let is_held = is_open && (before != Sight::None || self.standing[node][source].held);
        let is_searched = sight == Sight::None && !is_held && self.is_searched(node, source);
        let standing = &mut self.standing[node][source];
        if before == Sight::None && sight != Sight::None {
            standing.seen_from = Some(now);
        }
        standing.sight = sight;
        if before == Sight::Glob {
            standing.left_at = Some(now);
        }
        standing.held = sight == Sight::None && is_held;
        standing.searched = is_searched;
    }

    /// Whether the tail will look for a file that has no name of use: it knows its inode and content, and did not finish it.
    fn is_searched(&self, node: NodeId, source: usize) -> bool {
        let inode = self.disk.nodes[node].inode;
        let source = ["first", "second"][source];
        let mut rows = self.ledger.values().filter(|row| row.source == source && row.inode.inode == inode);
        let Some(row) = rows.find(|row| row.offset > 0 && !row.finished) else { return false };
        let mut names = self.disk.names().filter(|(_, other)| *other == node).map(|(name, _)| self.disk.path(name));
        let Some(path) = names.next().filter(|_| self.disk.directory == Directory::There) else { return false };
        let holds = |handle: File| identity::holds(&handle, row.head, row.before, row.offset).unwrap_or(false);
        File::open(path).is_ok_and(holds)
    }

    /// A scan begins: what it sees under the globs is followed again, what it does not find is given up in time.
    pub(super) fn begin_scan(&mut self) {
        for standing in self.standing.iter_mut().flatten() {
            match standing.sight {
                Sight::Glob => {
                    let Standing { sight, seen_from, foreign, .. } = *standing;
                    *standing = Standing { sight, seen_from, foreign, ..Standing::default() };
                }
                Sight::None if !standing.held && !standing.searched => standing.lost = true,
                Sight::None | Sight::Rotation => {}
            }
        }
        self.live_since.clear();
        self.linking = self.link_end();
        if self.disk.directory == Directory::There {
            let is_live = |name: &str| match &self.linking {
                _ if !self.setting.globs.has_links() => name == "a.log" || name == "b.log",
                linking => linking.as_deref() == Some(name),
            };
            let live = self.disk.names().filter(|(name, _)| is_live(name));
            self.live_since = live.map(|(_, node)| node).collect::<BTreeSet<_>>();
        }
    }

    /// What a link leads to before and after a scan, it led to when the scan saw it.
    pub(super) fn end_scan(&mut self) {
        let linking = self.linking.take();
        let there = self.link_end().filter(|there| linking.as_ref() == Some(there));
        if there.is_none() && self.setting.globs.has_links() {
            self.live_since.clear();
        }
        let new = there.filter(|name| self.linked.insert(name.clone()));
        self.newly_linked.extend(new);
    }

    fn link_end(&self) -> Option<String> {
        let is_there = self.setting.globs.has_links() && self.disk.directory == Directory::There;
        let end = self.disk.link_end("current.log").filter(|_| is_there)?;
        self.disk.node(end).map(|_| end.to_owned())
    }

    /// Nothing is open any more.
    pub(super) fn crash(&mut self) {
        for open in &mut self.open {
            open.clear();
        }
        for name in std::mem::take(&mut self.newly_linked) {
            self.linked.remove(&name);
        }
        for node in 0..self.standing.len() {
            for source in 0..self.standing[node].len() {
                if std::mem::take(&mut self.standing[node][source].held) {
                    self.standing[node][source].searched = self.is_searched(node, source);
                }
            }
        }
        for account in &mut self.accounts {
            account.crash();
        }
    }

    fn is_required(standing: &Standing) -> bool {
        match standing.sight {
            _ if standing.foreign => false,
            Sight::Glob => true,
            Sight::Rotation => !standing.lost,
            Sight::None => standing.held || (standing.searched && !standing.lost && is_open(Gate::Searched)),
        }
    }

    /// Whole lines that were finished before `until`, and are not counted though they must be.
    pub(super) fn check_counted(&self, source: usize, until: UnixMicros) -> Result<(), String> {
        let has_copies = self.disk.nodes.iter().any(|node| node.is_copy);
        if until == UnixMicros::MIN || (until != UnixMicros::MAX && has_copies && !is_open(Gate::CompleteOverCopies)) {
            return Ok(());
        }
        for (node, standing) in self.disk.nodes.iter().zip(&self.standing) {
            let Some(standing) = standing.get(source).filter(|standing| Self::is_required(standing)) else { continue };
            for line in node.bytes.split_inclusive(|&byte| byte == b'\n') {
                let Some(line) = line.strip_suffix(b"\n").filter(|line| line.len() <= self.setting.max_line_bytes)
                else {
                    continue;
                };
                let (Some(Some(first)), Some(Some((last, _)))) = (tokens(line).next(), tokens(line).last()) else {
                    continue;
                };
                let may_be_late = if is_open(Gate::LateWriters) {
                    standing.sight == Sight::None
                } else {
                    standing.sight != Sight::Glob
                };
                let is_torn = self.torn.contains(&first.0);
                let is_forgiven = self.forgiven.contains(&first.0) || self.forgiven.contains(&last);
                let is_late = may_be_late && standing.late.contains(&last) || is_forgiven || is_torn;
                // In a copy, a line is as young as the copy.
                let copied_at = if node.is_copy { node.written_at } else { UnixMicros::MIN };
                let seen_from = standing.seen_from.unwrap_or(UnixMicros::MIN);
                let known_from = self.written_at[last].max(seen_from).max(copied_at);
                if known_from < until && !is_late && !self.accounts[source].is_counted(first) {
                    return Err(self.missing(node.inode, line, until));
                }
            }
        }
        Ok(())
    }

    fn missing(&self, inode: u64, line: &[u8], until: UnixMicros) -> String {
        let names: Vec<&str> =
            self.disk.names().filter(|(_, node)| self.disk.nodes[*node].inode == inode).map(|(name, _)| name).collect();
        let line = String::from_utf8_lossy(&line[..line.len().min(40)]);
        match until {
            UnixMicros::MAX => format!("not counted: {line}, in {names:?}"),
            _ => format!("complete until {until}, and not counted: {line}, in {names:?}"),
        }
    }

    /// Counts what a source was handed.
    pub(super) fn count(&mut self, source: usize, bytes: &[u8]) -> Result<(), String> {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, ending) = match line.strip_suffix(b"\n") {
                Some(text) => (text, Ending::Newline),
                None => (line, Ending::Nothing),
            };
            if ending == Ending::Nothing {
                self.check_may_end(source, text)?;
            }
            self.accounts[source].count(text, ending, &self.disk.stood, self.setting.max_line_bytes)?;
        }
        Ok(())
    }

    /// Half a line is never handed out while its file stands under its live name, and did so at the last scan.
    fn check_may_end(&self, source: usize, text: &[u8]) -> Result<(), String> {
        let ends_so = |node: &NodeId| {
            let is_seen = self.standing[*node][source].sight == Sight::Glob;
            let node = &self.disk.nodes[*node];
            is_seen
                && !node.is_tail
                && node.names == 1
                && node.bytes.strip_suffix(text).is_some_and(|before| matches!(before.last(), None | Some(b'\n')))
        };
        // Too short to be known as a copy.
        if (text.len() as u64) < marks::FIRST && self.disk.nodes.iter().any(|node| node.is_copy) {
            return Ok(());
        }
        match self.live_since.iter().find(|node| ends_so(node)) {
            Some(_) => Err(format!("half a line of a live file: {}", String::from_utf8_lossy(text))),
            None => Ok(()),
        }
    }
}
