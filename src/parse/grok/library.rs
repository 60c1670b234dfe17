//! The names that a grok pattern can use: a person's own, then the base library's.
//!
//! The library's files hold lines of `NAME regex`. A field in them may have two names, `%{IP:clientip|client.ip}`: the
//! older one and that of the Elastic Common Schema (ECS); either may be left out. A line that begins with `legacy` or
//! `ecs` is for one of both alone. The names, and what they match, are those of Logstash's pattern library
//! (logstash-plugins/logstash-patterns-core) and of Telegraf's grok parser.
//!
//! Promises: a name is compiled only where a pattern uses it. Does not: expand.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::nearest::nearest;
use crate::model::spec::GrokNames;
use crate::parse::template::Problem;

const FILES: [&str; 23] = [
    include_str!("library/aws.grok"),
    include_str!("library/bacula.grok"),
    include_str!("library/base.grok"),
    include_str!("library/bind.grok"),
    include_str!("library/bro.grok"),
    include_str!("library/cisco.grok"),
    include_str!("library/exim.grok"),
    include_str!("library/firewalls.grok"),
    include_str!("library/haproxy.grok"),
    include_str!("library/httpd.grok"),
    include_str!("library/java.grok"),
    include_str!("library/junos.grok"),
    include_str!("library/linux_syslog.grok"),
    include_str!("library/mcollective.grok"),
    include_str!("library/mongodb.grok"),
    include_str!("library/nagios.grok"),
    include_str!("library/postgresql.grok"),
    include_str!("library/rails.grok"),
    include_str!("library/redis.grok"),
    include_str!("library/ruby.grok"),
    include_str!("library/squid.grok"),
    include_str!("library/telegraf.grok"),
    include_str!("library/zeek.grok"),
];

type Names = HashMap<&'static str, &'static str>;

static LEGACY: LazyLock<Names> = LazyLock::new(|| names("ecs"));
static ECS: LazyLock<Names> = LazyLock::new(|| names("legacy"));

/// Every name of the library but those for `other` alone.
fn names(other: &str) -> Names {
    let mut names = Names::new();
    for line in FILES.iter().flat_map(|file| file.lines()) {
        let Some((first, rest)) = entry(line) else { continue };
        match (first, entry(rest)) {
            (only, _) if only == other => {}
            ("legacy" | "ecs", Some((name, regex))) => _ = names.insert(name, regex),
            _ => _ = names.entry(first).or_insert(rest),
        }
    }
    names
}

/// A line's first word, and what follows the space behind it. `None` for comments and empty lines.
fn entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start().trim_end_matches('\r');
    let (name, regex) = line.split_once([' ', '\t'])?;
    (!name.starts_with('#')).then(|| (name, regex.trim_start()))
}

/// Where a definition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    Person,
    Library(GrokNames),
}

/// Everything that can be named.
#[derive(Debug)]
pub(super) struct Library<'t> {
    own: HashMap<&'t str, &'t str>,
    names: GrokNames,
    /// Whether what its names stand for is hidden.
    is_closed: bool,
}

/// Names that are runs and nothing else: they are seen where the others are hidden.
const RUNS: [&str; 4] = ["DATA", "GREEDYDATA", "NOTSPACE", "SPACE"];

/// What stands for a hidden name: something that no run goes on over.
const HIDDEN: &str = "\\x00";

impl<'t> Library<'t> {
    pub(super) fn new(definitions: &'t str, names: GrokNames) -> Result<Self, Problem> {
        let mut own = HashMap::new();
        for line in definitions.lines() {
            if let Some((name, regex)) = entry(line) {
                own.insert(name, regex);
            } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                let message = format!("the definition `{}` has a name, but no regex", line.trim());
                return Err((message, "write one definition a line: NAME regex".to_owned()));
            }
        }
        Ok(Self { own, names, is_closed: false })
    }

    /// The same with the library's definitions hidden, but for runs.
    pub(super) fn closed(self) -> Self {
        Self { is_closed: true, ..self }
    }

    /// What a name stands for: a person's definition before the library's.
    pub(super) fn definition(&self, name: &str) -> Option<(&'t str, Author)> {
        if let Some(own) = self.own.get(name) {
            return Some((own, Author::Person));
        }
        let regex = *self.shared().get(name)?;
        let shown = if self.is_closed && !RUNS.contains(&name) { HIDDEN } else { regex };
        Some((shown, Author::Library(self.names)))
    }

    fn shared(&self) -> &'static Names {
        match self.names {
            GrokNames::Legacy => &LEGACY,
            GrokNames::Ecs => &ECS,
        }
    }

    /// What to say about a name that there is not.
    pub(super) fn unknown(&self, name: &str) -> Problem {
        // In order, so that of two names that are equally near always the same is given.
        let mut known: Vec<&str> = self.own.keys().chain(self.shared().keys()).copied().collect();
        known.sort_unstable();
        let help = match nearest(name, known) {
            Some(meant) => format!("did you mean `%{{{meant}}}`? Own names are defined in `grok_patterns`: NAME regex"),
            None => format!("define it in `grok_patterns`, one definition a line: {name} regex"),
        };
        (format!("there is no grok pattern `{name}`"), help)
    }
}

#[cfg(test)]
pub(super) fn all_names(which: GrokNames) -> Vec<&'static str> {
    let names = match which {
        GrokNames::Legacy => &LEGACY,
        GrokNames::Ecs => &ECS,
    };
    let mut names: Vec<&str> = names.keys().copied().collect();
    names.sort_unstable();
    names
}
