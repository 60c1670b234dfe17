//! What is on disk: which lines, and where.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::line;

/// Lines that follow each other in a file with numbers that follow each other.
pub struct Run {
    pub file: String,
    pub inode: u64,
    /// The first and the last number.
    pub numbers: (u64, u64),
    /// From the first byte of the first line to behind the last one; of the unpacked bytes.
    pub bytes: (u64, u64),
}

/// The lines of some files, each once however many copies there are.
#[derive(Default)]
pub struct Disk {
    pub runs: Vec<Run>,
    /// Whole lines at the end of a file, but for the newline: they may be counted, and need not.
    pub unterminated: Vec<u64>,
    /// Lines of which only half stood there for long: so too.
    pub halves: Vec<u64>,
    present: Vec<bool>,
}

impl Disk {
    /// Reads every file in the directory, through links none twice.
    pub fn read_all(&mut self, directory: &Path) {
        let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| !path.is_symlink());
        paths.sort();
        for path in paths {
            self.read(&path);
        }
    }

    /// Reads one more file.
    pub fn read(&mut self, path: &Path) {
        use std::os::unix::fs::MetadataExt;
        let inode = fs::metadata(path).unwrap().ino();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut offset = 0;
        let mut run: Option<Run> = None;
        for line in contents(path).split_inclusive(|&byte| byte == b'\n') {
            let end = offset + line.len() as u64;
            // A writer that does not append leaves a hole where the file was truncated.
            let nulls = line.iter().take_while(|&&byte| byte == 0).count();
            match line[nulls..].strip_suffix(b"\n").map(line::number) {
                Some(Some(number)) => {
                    self.add(number);
                    match &mut run {
                        Some(run) if run.numbers.1 + 1 == number && run.bytes.1 == offset => {
                            run.numbers.1 = number;
                            run.bytes.1 = end;
                        }
                        _ => {
                            let new =
                                Run { file: name.clone(), inode, numbers: (number, number), bytes: (offset, end) };
                            self.runs.extend(run.replace(new));
                        }
                    }
                }
                Some(None) => {}
                None => self.unterminated.extend(line::number(line)),
            }
            offset = end;
        }
        self.runs.extend(run);
    }

    fn add(&mut self, number: u64) {
        let at = number as usize;
        if self.present.len() <= at {
            self.present.resize(at + 1, false);
        }
        self.present[at] = true;
    }

    pub fn merge(&mut self, other: Self) {
        other.numbers().for_each(|number| self.add(number));
        self.runs.extend(other.runs);
        self.unterminated.extend(other.unterminated);
    }

    pub fn has(&self, number: u64) -> bool {
        self.present.get(number as usize) == Some(&true)
    }

    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        (0..).zip(&self.present).filter_map(|(number, present)| present.then_some(number))
    }

    pub fn lines(&self) -> u64 {
        self.numbers().count() as u64
    }

    /// Where a line lies: each file that has it.
    pub fn places(&self, number: u64) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| (run.numbers.0..=run.numbers.1).contains(&number))
    }
}

fn contents(path: &Path) -> Vec<u8> {
    let unpacker = match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => "gzip",
        Some("zst") => "zstd",
        _ => return fs::read(path).unwrap(),
    };
    let output = Command::new(unpacker).arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", path.display());
    output.stdout
}
