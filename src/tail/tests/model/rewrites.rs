//! What others do to the content of a log, beside writing to its end.

use std::collections::BTreeSet;

use super::actions::{Size, With};
use super::lines::{TOKEN_BYTES, text_of};
use super::world::{World, between_tokens};
use crate::tail::marks;

impl World {
    /// What the tail has open, it reads itself.
    pub(super) fn compress(&mut self, name: &str) {
        let Some(from) = self.disk.node(name).filter(|node| self.disk.nodes[*node].names == 1) else { return };
        let to = format!("{name}.gz");
        let bytes = self.disk.nodes[from].bytes.clone();
        if let Some(into) = self.disk.compress(name, &to) {
            self.became_copy(from, into, &to, &bytes);
        }
    }

    /// Cuts between tokens. What is left and was counted may be counted once more: what stands there is the beginning of
    /// what was counted, and how much of that it is, is not known once something was written behind it.
    pub(super) fn cut(&mut self, name: &str, sixteenths: usize) {
        let Some(node) = self.disk.node(name) else { return };
        let bytes = &self.disk.nodes[node].bytes;
        let len = between_tokens(bytes, sixteenths);
        let kept = Self::lines_in(&bytes[..len]);
        let last_line = bytes[..len].rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let torn = Self::lines_in(last_line);
        // With what is written behind it, it may be the beginning of a line in several files.
        for &line in &torn {
            for account in &mut self.accounts {
                account.allow_twice(line);
                account.own(line);
            }
        }
        self.torn.extend(torn);
        for (account, standing) in self.accounts.iter_mut().zip(&self.standing[node]) {
            // What begins like a foreign file and goes on otherwise is another log: so do all that have the same first lines.
            kept.iter().filter(|_| standing.foreign).for_each(|&line| account.own(line));
        }
        if self.disk.nodes.iter().any(|node| node.is_copy) {
            // Behind the cut, it goes on otherwise than its copies: it is another log.
            for &line in &kept {
                self.accounts.iter_mut().for_each(|account| account.allow_twice(line));
            }
        } else {
            self.allow_again(&kept);
        }
        self.disk.nodes[node].unfinished = None;
        // Also of a copy that went on for itself: all that is left may have been counted.
        self.disk.nodes[node].begins_alike = Some(len);
        self.disk.nodes[node].cut_to = Some(len);
        self.disk.cut(name, len);
    }

    fn allow_again(&mut self, lines: &BTreeSet<usize>) {
        for account in &mut self.accounts {
            for &line in lines {
                account.allow_again(line);
            }
        }
    }

    pub(super) fn rewrite(&mut self, name: &str, size: Size) {
        let Some(node) = self.disk.node(name) else { return };
        let mut text = String::new();
        match size {
            Size::Smaller => text = self.new_lines(1),
            Size::Same | Size::Larger => {
                let lens: Vec<usize> =
                    self.disk.nodes[node].bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::len).collect();
                for len in lens {
                    let line = self.new_line();
                    text += &text_of(line, 0, len / TOKEN_BYTES);
                    text.push_str(if len % TOKEN_BYTES == 1 { "\n" } else { "" });
                }
                if size == Size::Larger {
                    text += &self.new_lines(2);
                }
            }
        }
        self.disk.rewrite(name, text.as_bytes());
    }

    /// Another file takes the name. One that begins otherwise is another file altogether: what of its lines was counted, or
    /// will be from the old one that is held open, may be counted again.
    pub(super) fn replace(&mut self, name: &str, with: With) {
        let Some(old) = self.disk.node(name) else { return };
        let bytes = self.disk.nodes[old].bytes.clone();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let middle = lines.len() / 2;
        let content = match with {
            With::Same => bytes.clone(),
            With::Head => lines[..middle].concat(),
            With::Tail => lines[middle..].concat(),
            With::Edited => {
                lines.iter().enumerate().filter(|(at, _)| *at != middle).flat_map(|(_, line)| line.to_vec()).collect()
            }
            With::Other => self.new_lines(2).into_bytes(),
        };
        // What goes on otherwise is another log, however it begins.
        if !matches!(with, With::Same | With::Other) {
            for line in Self::lines_in(&content) {
                for account in &mut self.accounts {
                    account.allow_twice(line);
                    account.own(line);
                }
            }
        }
        let new = self.disk.create(".new", &content);
        self.disk.rename(".new", name);
        let has_all = matches!(with, With::Same | With::Head);
        self.disk.nodes[new].is_tail =
            matches!(with, With::Tail | With::Edited) || has_all && self.disk.nodes[old].is_tail;
        let alike = bytes.iter().zip(&content).take_while(|(old, new)| old == new).count();
        if alike > 0 {
            self.disk.nodes[new].begins_alike = Some(alike);
            self.disk.nodes[new].is_copy = true;
            self.allow_short(&content);
            self.refresh();
            for source in 0..self.accounts.len() {
                self.standing[new][source].foreign |= self.standing[old][source].foreign;
            }
        }
        // No mark lies behind the line that was taken out: what follows looks like what was counted. So does what a copy of the
        // old one has there, where the new one is counted first.
        for text in [&content, &bytes] {
            if marks::count(alike as u64) == marks::count(text.len() as u64) {
                let line = text[..alike].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
                self.forgiven.extend(Self::lines_in(&text[line..]));
            }
        }
    }

    pub(super) fn recreate(&mut self, name: &str, lines: usize) {
        let Some(old) = self.disk.node(name) else { return };
        let is_last_name = self.disk.nodes[old].names == 1;
        self.disk.delete(name);
        let text = self.new_lines(lines);
        let new = self.disk.create(name, text.as_bytes());
        let is_open = self.open.iter().any(|open| open.contains(&self.disk.nodes[old].inode));
        if is_last_name && !is_open {
            self.disk.recreated += 1;
            self.disk.reused += usize::from(self.disk.nodes[new].inode == self.disk.nodes[old].inode);
        }
    }

    pub(super) fn swap_link(&mut self) {
        let name = if self.disk.link_target("middle.log").is_some() { "middle.log" } else { "current.log" };
        match self.disk.link_target(name) {
            Some("a.log") => self.disk.link(name, "b.log"),
            Some(_) => self.disk.link(name, "a.log"),
            None => {}
        }
    }
}
