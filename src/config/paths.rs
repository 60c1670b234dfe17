//! Globs of a source: which files are followed, and the fields that their paths give.
//!
//! Promises: every glob is absolute (or a name alone, where that may be) and compiles. Does not: look for files.

use globset::GlobBuilder;

use super::names;
use super::value::Value;
use super::words::shown;
use crate::model::fault::Located;
use crate::model::spec::{PathGlob, PathPiece};

/// The globs of `paths`, and those of them that have names in them.
pub(super) struct Paths {
    pub(super) globs: Vec<Located<String>>,
    pub(super) fields: Vec<PathGlob>,
}

pub(super) fn read_paths(value: &Value<'_>) -> Option<Paths> {
    let listed = value.list()?;
    if listed.is_empty() {
        value.fault(&format!("{} is empty", value.title), "name at least one file: [\"/var/log/nginx/*access.log\"]");
    }
    let mut paths = Paths { globs: Vec::new(), fields: Vec::new() };
    for value in &listed {
        let Some(text) = value.filled_text() else { continue };
        let pieces = pieces(&text.value);
        let glob: String = pieces.iter().map(PathPiece::glob).collect();
        let path = PathGlob { at: value.at.clone(), pieces };
        if let Some(glob) = check_glob(value, &text.value, Located::new(glob, text.at), Below::Root)
            && are_distinct(value, &path)
        {
            paths.globs.push(glob);
            if path.names().next().is_some() {
                paths.fields.push(path);
            }
        }
    }
    Some(paths)
}

pub(super) fn read_exclude(value: &Value<'_>) -> Option<Vec<Located<String>>> {
    let read = |value: &Value<'_>| {
        let glob = value.filled_text()?;
        let written = glob.value.clone();
        check_glob(value, &written, glob, Below::NameOrRoot)
    };
    Some(value.list()?.iter().filter_map(read).collect())
}

impl PathPiece {
    /// As it stands in the glob that files are found by.
    fn glob(&self) -> &str {
        match self {
            Self::Glob(glob) => glob,
            Self::Name(_) => "?*",
        }
    }
}

/// Cuts at `{name}`: one name in braces, without a comma, outside of other braces and classes. `{a,b}` is a choice.
fn pieces(text: &str) -> Vec<PathPiece> {
    let mut pieces = Vec::new();
    let mut glob = String::new();
    let mut rest = text;
    let mut depth = 0_usize;
    while let Some(c) = rest.chars().next() {
        let name = rest.strip_prefix('{').and_then(|after| after.split_once('}')).filter(|_| depth == 0);
        if let Some((name, after)) = name.filter(|(name, _)| is_name(name)) {
            if !glob.is_empty() {
                pieces.push(PathPiece::Glob(std::mem::take(&mut glob)));
            }
            pieces.push(PathPiece::Name(name.to_owned()));
            rest = after;
            continue;
        }
        let len = match c {
            '\\' => rest.chars().take(2).map(char::len_utf8).sum(),
            // A `]` that comes first is a sign of the class.
            '[' => rest.get(2..).and_then(|after| after.find(']')).map_or(1, |at| at + 3),
            _ => c.len_utf8(),
        };
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let (taken, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
        glob.push_str(taken);
        rest = after;
    }
    if !glob.is_empty() {
        pieces.push(PathPiece::Glob(glob));
    }
    pieces
}

fn is_name(text: &str) -> bool {
    names::is_field(text)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn are_distinct(value: &Value<'_>, path: &PathGlob) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    for name in path.names() {
        if seen.contains(&name) {
            let message = format!("{} names the field `{name}` twice in one path", value.title);
            value
                .fault(&message, "give each part of the path a name of its own, or write * for one that is not needed");
            return false;
        }
        seen.push(name);
    }
    true
}

/// What a glob may begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Root,
    /// Or it is a name alone, in whichever directory.
    NameOrRoot,
}

fn check_glob(value: &Value<'_>, written: &str, glob: Located<String>, below: Below) -> Option<Located<String>> {
    let written = shown(written);
    let is_name = below == Below::NameOrRoot && !glob.value.contains('/');
    if glob.value.contains('\0') {
        value.fault(
            &format!("{} holds `{written}`, with a zero byte in it", value.title),
            "no file's name has one: take it out",
        );
        return None;
    }
    if !(glob.value.starts_with('/') || is_name) {
        let message = format!("{} holds `{written}`, which is not absolute", value.title);
        value.fault(&message, "begin it with /: a service has no working directory of its own");
        return None;
    }
    if glob.value.ends_with('/') {
        let message = format!("{} holds `{written}`, which is a directory; expected files", value.title);
        value.fault(&message, &format!("name the files in it: \"{written}*.log\""));
        return None;
    }
    // Name by name, as directories are listed: a choice or class cannot reach over a slash.
    for name in glob.value.split('/') {
        if let Err(err) = GlobBuilder::new(name).literal_separator(true).backslash_escape(true).build() {
            let message = format!("{} holds `{written}`, which is no glob: {}", value.title, err.kind());
            let help = "known are *, ?, [a-z], {one,other} and ** for directories; a sign itself is [*]";
            value.fault(&message, help);
            return None;
        }
    }
    Some(glob)
}
