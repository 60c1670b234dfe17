//! The files as they truly are: what stands in each, and under which names; each change is made on the real file system too.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::actions::ClockKind;
use super::lines::Stood;
use crate::model::time::UnixMicros;

/// A place in [`Disk::nodes`].
pub(super) type NodeId = usize;

/// A half line whose writer will finish it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfinished {
    pub(super) line: usize,
    pub(super) next_token: usize,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) bytes: Vec<u8>,
    pub(super) inode: u64,
    pub(super) unfinished: Option<Unfinished>,
    pub(super) written_at: UnixMicros,
    pub(super) names: usize,
    /// It begins with so many bytes of what was counted of another, or of itself before; nobody looked since.
    pub(super) begins_alike: Option<usize>,
    /// It was cut to so many bytes: a copy of it, and of what it was before, begin alike.
    pub(super) cut_to: Option<usize>,
    pub(super) is_copy: bool,
    /// A copy that stopped in the middle: nobody writes to it.
    pub(super) is_partial: bool,
    /// Whole looks since it was made, or became a copy: one finds it, the next knows how much of it is counted elsewhere.
    pub(super) looks: usize,
    /// It has lines of another file, and begins otherwise.
    pub(super) is_tail: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(NodeId),
    Link(String),
}

/// Whether the directory of the logs is where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directory {
    There,
    /// Under another name for a while, with all that is in it.
    Hidden,
    Gone,
}

#[derive(Debug)]
pub(super) struct Disk {
    /// The directory of the logs.
    root: PathBuf,
    pub(super) directory: Directory,
    pub(super) nodes: Vec<Node>,
    names: BTreeMap<String, Entry>,
    pub(super) stood: Stood,
    pub(super) now: UnixMicros,
    clock: ClockKind,
    /// The file that was deleted last while its writer stayed.
    deleted: Option<(NodeId, File)>,
    /// Files made where one was just deleted, and those of them that got its inode.
    pub(super) recreated: usize,
    pub(super) reused: usize,
}

impl Disk {
    pub(super) fn new(root: PathBuf, now: UnixMicros, clock: ClockKind) -> Self {
        let mut disk = Self {
            root,
            directory: Directory::Gone,
            nodes: Vec::new(),
            names: BTreeMap::new(),
            stood: Stood::default(),
            now,
            clock,
            deleted: None,
            recreated: 0,
            reused: 0,
        };
        disk.make_directory();
        disk
    }

    fn make_directory(&mut self) {
        fs::create_dir_all(self.root.join("old")).unwrap();
        self.directory = Directory::There;
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn away(&self) -> PathBuf {
        self.root.with_extension("away")
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.names.keys().filter_map(|name| Some((name.as_str(), self.node(name)?)))
    }

    /// The file that a name leads to.
    pub(super) fn node(&self, name: &str) -> Option<NodeId> {
        match self.names.get(name)? {
            Entry::File(node) => Some(*node),
            Entry::Link(target) => self.node(target),
        }
    }

    /// Sets the time of the last change, so that it is of the agent's clock.
    fn stamp(&self, file: &File) {
        if self.clock == ClockKind::Real {
            let now = SystemTime::UNIX_EPOCH + Duration::from_micros(self.now.0 as u64);
            file.set_times(FileTimes::new().set_modified(now)).unwrap();
        }
    }

    /// Where the last line of a file begins.
    fn last_line(bytes: &[u8]) -> usize {
        bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)
    }

    pub(super) fn create(&mut self, name: &str, bytes: &[u8]) -> NodeId {
        if self.directory == Directory::Gone {
            self.make_directory();
        }
        let mut file = File::create_new(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
        self.stamp(&file);
        let inode = file.metadata().unwrap().ino();
        self.stood.note(bytes, 0);
        let node = Node {
            bytes: bytes.to_vec(),
            inode,
            unfinished: None,
            written_at: self.now,
            names: 1,
            begins_alike: None,
            cut_to: None,
            is_copy: false,
            is_partial: false,
            looks: 0,
            is_tail: false,
        };
        self.nodes.push(node);
        let node = self.nodes.len() - 1;
        self.names.insert(name.to_owned(), Entry::File(node));
        node
    }

    /// What gzip makes of a file; its bytes are told as they unpack. The file itself goes.
    pub(super) fn compress(&mut self, name: &str, to: &str) -> Option<NodeId> {
        let (Some(Entry::File(from)), None) = (self.names.get(name).cloned(), self.names.get(to)) else { return None };
        let bytes = self.nodes[from].bytes.clone();
        let node = self.create(to, &[]);
        let mut file = File::options().write(true).open(self.path(to)).unwrap();
        file.write_all(&packed(&bytes)).unwrap();
        self.stamp(&file);
        self.nodes[node].bytes = bytes;
        self.delete(name);
        Some(node)
    }

    pub(super) fn append(&mut self, name: &str, text: &str) {
        let Some(node) = self.node(name) else { return };
        let mut file = File::options().append(true).open(self.path(name)).unwrap();
        self.write(node, &mut file, text);
    }

    fn write(&mut self, node: NodeId, file: &mut File, text: &str) {
        file.write_all(text.as_bytes()).unwrap();
        self.stamp(file);
        let now = self.now;
        let node = &mut self.nodes[node];
        let from = Self::last_line(&node.bytes);
        node.bytes.extend_from_slice(text.as_bytes());
        node.written_at = now;
        self.stood.note(&node.bytes, from);
    }

    pub(super) fn deleted(&self) -> Option<NodeId> {
        self.deleted.as_ref().map(|(node, _)| *node)
    }

    pub(super) fn append_to_deleted(&mut self, text: &str) {
        if let Some((node, mut file)) = self.deleted.take() {
            self.write(node, &mut file, text);
            self.deleted = Some((node, file));
        }
    }

    /// Cuts a file to its first `len` bytes.
    pub(super) fn cut(&mut self, name: &str, len: usize) {
        let Some(node) = self.node(name) else { return };
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_len(len as u64).unwrap();
        self.stamp(&file);
        let now = self.now;
        let node = &mut self.nodes[node];
        node.bytes.truncate(len);
        node.written_at = now;
        let from = Self::last_line(&node.bytes);
        self.stood.note(&node.bytes, from);
    }

    /// Empties a file and writes it anew: same inode.
    pub(super) fn rewrite(&mut self, name: &str, bytes: &[u8]) {
        let Some(node) = self.node(name) else { return };
        let mut file = File::options().write(true).truncate(true).open(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
        self.stamp(&file);
        let now = self.now;
        let node = &mut self.nodes[node];
        node.bytes = bytes.to_vec();
        node.begins_alike = None;
        node.cut_to = None;
        node.is_partial = false;
        node.unfinished = None;
        node.written_at = now;
        self.stood.note(bytes, 0);
    }

    /// What the name stood for, if it is gone.
    fn drop_entry(&mut self, name: &str) {
        if let Some(Entry::File(node)) = self.names.remove(name) {
            self.nodes[node].names -= 1;
        }
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let (Some(entry), true) = (self.names.get(from).cloned(), from != to) else { return };
        fs::rename(self.path(from), self.path(to)).unwrap();
        // Two names of one file: the system leaves both.
        if self.names.get(to) == Some(&entry) && matches!(entry, Entry::File(_)) {
            return;
        }
        self.drop_entry(to);
        self.names.remove(from);
        self.names.insert(to.to_owned(), entry);
    }

    pub(super) fn hard_link(&mut self, from: &str, to: &str) {
        let (Some(Entry::File(node)), None) = (self.names.get(from).cloned(), self.names.get(to)) else { return };
        fs::hard_link(self.path(from), self.path(to)).unwrap();
        self.names.insert(to.to_owned(), Entry::File(node));
        self.nodes[node].names += 1;
    }

    /// Makes a link, or has one lead elsewhere.
    pub(super) fn link(&mut self, name: &str, target: &str) {
        if self.directory != Directory::There {
            return;
        }
        let made = self.path(".link");
        symlink(target, &made).unwrap();
        fs::rename(&made, self.path(name)).unwrap();
        self.drop_entry(name);
        self.names.insert(name.to_owned(), Entry::Link(target.to_owned()));
    }

    /// The names that a link leads to, the last of them a file's.
    pub(super) fn link_end(&self, name: &str) -> Option<&str> {
        match self.names.get_key_value(name)? {
            (name, Entry::File(_)) => Some(name),
            (_, Entry::Link(target)) => self.link_end(target),
        }
    }

    pub(super) fn link_target(&self, name: &str) -> Option<&str> {
        match self.names.get(name)? {
            Entry::Link(target) => Some(target),
            Entry::File(_) => None,
        }
    }

    /// Deletes a name whose writer goes on, or is gone.
    pub(super) fn delete(&mut self, name: &str) {
        if self.names.contains_key(name) {
            fs::remove_file(self.path(name)).unwrap();
            self.drop_entry(name);
        }
    }

    pub(super) fn delete_under_writer(&mut self, name: &str) {
        if let Some(Entry::File(node)) = self.names.get(name).cloned() {
            let file = File::options().append(true).open(self.path(name)).unwrap();
            self.deleted = Some((node, file));
        }
        self.delete(name);
    }

    pub(super) fn hide_directory(&mut self) {
        if self.directory == Directory::There {
            fs::rename(&self.root, self.away()).unwrap();
            self.directory = Directory::Hidden;
        }
    }

    pub(super) fn show_directory(&mut self) {
        if self.directory == Directory::Hidden {
            fs::rename(self.away(), &self.root).unwrap();
            self.directory = Directory::There;
        }
    }

    pub(super) fn remove_directory(&mut self) {
        if self.directory == Directory::There {
            fs::remove_dir_all(&self.root).unwrap();
            let names: Vec<String> = self.names.keys().cloned().collect();
            for name in names {
                self.drop_entry(&name);
            }
            self.directory = Directory::Gone;
        }
    }
}

/// Leaves nothing of a history before.
pub(super) fn clean(root: &Path) {
    for path in [root.to_owned(), root.with_extension("away")] {
        if path.exists() {
            fs::remove_dir_all(path).unwrap();
        }
    }
}

/// One member of a gzip file (RFC 1952), without a name and a time.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    file.extend(miniz_oxide::deflate::compress_to_vec(bytes, 1));
    file.extend(crc32fast::hash(bytes).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file
}
