//! The engines: what each makes of a pattern's text, and how it reads a line.
//!
//! Promises: an engine that captures gives its fields by number, one with keys reads only the keys that are wanted. Does
//! not: know types.

use super::access::Access;
use super::capture::Capture;
use super::catalogue::{Given, Known, Names, Origin};
use super::delimited::{Delimited, DelimitedReader};
use super::expression::{Expression, ExpressionReader};
use super::fixed::{Fixed, FixedReader};
use super::grok::{Grok, GrokReader};
use super::haproxy::Haproxy;
use super::json::{JsonReader, Path};
use super::key_value::{KeyValue, KeyValueReader};
use super::ltsv::LtsvReader;
use super::mismatch::{Expected, Mismatch, Stop};
use super::output::Dash;
use super::template::{
    Escaping, Matcher, Missing, Problem, Template, TemplateList, TemplateListReader, apache, envoy, haproxy, nginx,
    pasted,
};
use super::w3c::{W3c, W3cReader};
use crate::model::fault::{Fault, Located, Location};
use crate::model::fields::FieldType;
use crate::model::spec::{BUILTINS, Engine, NginxEscape, Sources};

/// An engine with its text compiled.
#[derive(Clone, Debug)]
pub(super) enum Compiled {
    Template(Template),
    Templates(TemplateList),
    Expression(Expression),
    Grok(Grok),
    Json(Vec<(String, Origin)>),
    KeyValue(KeyValue, Sources),
    W3c(W3c),
    Delimited(Delimited),
    Ltsv(Sources),
    Access(Access),
    Haproxy(Haproxy),
    Fixed(Fixed),
}

impl Compiled {
    pub(super) fn compile(engine: &Located<Engine>) -> Result<Self, Vec<Fault>> {
        let at = &engine.at;
        let compiled = match &engine.value {
            Engine::NginxTemplate { .. }
            | Engine::ApacheTemplate { .. }
            | Engine::HaproxyTemplate { .. }
            | Engine::EnvoyTemplate { .. } => template(&engine.value).map(Self::Template),
            Engine::Templates(engines) => {
                engines.iter().map(template).collect::<Result<_, _>>().map(TemplateList::new).map(Self::Templates)
            }
            Engine::Regex { text } => Expression::compile(text).map(Self::Expression),
            Engine::Grok { text, definitions, names } => Grok::compile(text, definitions, *names).map(Self::Grok),
            Engine::Json { fields } => return json_paths(at, fields).map(Self::Json),
            Engine::KeyValue(spec) => KeyValue::compile(spec).map(|pairs| Self::KeyValue(pairs, spec.fields.clone())),
            Engine::W3c { columns } => W3c::compile(columns).map(Self::W3c),
            Engine::Delimited(spec) => Delimited::compile(spec).map(Self::Delimited),
            Engine::Ltsv { fields } => Ok(Self::Ltsv(fields.clone())),
            Engine::Builtin { name } => Access::of_name(name)
                .map(Self::Access)
                .or_else(|| Haproxy::of_name(name).map(Self::Haproxy))
                .or_else(|| Fixed::of_name(name).map(Self::Fixed))
                .ok_or_else(|| no_builtin(name)),
        };
        compiled.map_err(|problem| vec![fault(at, problem)])
    }

    /// What it gives.
    pub(super) fn given(&self) -> Given {
        match self {
            Self::Template(template) => {
                Given::captures(template.variables().iter().map(|variable| variable.known.clone()).collect())
            }
            Self::Templates(list) => Given::captures(list.known()),
            Self::Expression(expression) => Given::captures(expression.known()),
            Self::Grok(grok) => Given::captures(grok.known()),
            Self::Json(paths) => Given { listed: paths.iter().map(text).collect(), names: Names::AnyPath },
            Self::KeyValue(_, fields) | Self::Ltsv(fields) => {
                let listed = fields.iter().map(|(name, keys)| text(&(name.clone(), Origin::AnyOfKeys(keys.clone()))));
                Given { listed: listed.collect(), names: Names::AnyKey }
            }
            Self::W3c(w3c) => w3c.given(),
            Self::Delimited(delimited) => delimited.given(),
            Self::Access(access) => Given::captures(access.known()),
            Self::Haproxy(haproxy) => Given::captures(haproxy.known()),
            Self::Fixed(fixed) => fixed.given(),
        }
    }

    /// How many captures it makes of a line, beside those for keys.
    pub(super) fn captures(&self) -> usize {
        self.given().listed.iter().filter(|(_, origin)| matches!(origin, Origin::Capture(_))).count()
    }

    /// For people: a line that it could have been made for.
    pub(super) fn example(&self) -> Option<Vec<u8>> {
        match self {
            Self::Template(template) => Some(template.example()),
            _ => None,
        }
    }

    /// What a lone `-` means in it.
    pub(super) const fn dash(&self) -> Dash {
        match self {
            Self::Json(_) => Dash::Text,
            _ => Dash::Absent,
        }
    }

    /// A reader of lines. `keys[n]` is to be captured as capture `n` after the engine's own; `captures` are those that are
    /// wanted.
    pub(super) fn reader(&self, keys: &[Origin], captures: impl Iterator<Item = usize>) -> Reader {
        let names = || -> Vec<String> {
            let name = |origin: &Origin| match origin {
                Origin::Key(name) => name.clone(),
                _ => String::new(),
            };
            keys.iter().map(name).collect()
        };
        let alternatives = || -> Vec<Vec<String>> {
            let names = |origin: &Origin| match origin {
                Origin::Key(name) => vec![name.clone()],
                Origin::AnyOfKeys(names) => names.clone(),
                _ => Vec::new(),
            };
            keys.iter().map(names).collect()
        };
        match self {
            Self::Template(template) => Reader::Template(Matcher::new(template.clone())),
            Self::Templates(list) => Reader::Templates(Box::new(list.reader())),
            Self::Expression(expression) => Reader::Expression(Box::new(ExpressionReader::new(expression, captures))),
            Self::Grok(grok) => Reader::Grok(Box::new(grok.reader(captures))),
            Self::Json(_) => {
                let paths = |origin: &Origin| match origin {
                    Origin::Path(path) => vec![path.clone()],
                    Origin::AnyOfPaths(paths) => paths.clone(),
                    _ => Vec::new(),
                };
                Reader::Json(JsonReader::first_of(&keys.iter().map(paths).collect::<Vec<_>>()))
            }
            Self::KeyValue(key_value, _) => Reader::KeyValue(Box::new(key_value.reader(&alternatives()))),
            Self::W3c(w3c) => Reader::W3c(Box::new(w3c.reader(&names()))),
            Self::Delimited(delimited) => Reader::Delimited(Box::new(delimited.reader(&names()))),
            Self::Ltsv(_) => Reader::Ltsv(Box::new(LtsvReader::new(&alternatives()))),
            Self::Access(access) => Reader::Access(*access),
            Self::Haproxy(haproxy) => Reader::Haproxy(*haproxy),
            Self::Fixed(fixed) => Reader::Fixed(fixed.reader(&names(), captures)),
        }
    }
}

fn template(engine: &Engine) -> Result<Template, Problem> {
    match engine {
        Engine::NginxTemplate { text, escape } => {
            let definition = pasted::nginx(text, *escape)?;
            let (escaping, missing) = match definition.escape {
                NginxEscape::Default => (Escaping::Backslash, Missing::Dash),
                NginxEscape::Json => (Escaping::Backslash, Missing::Empty),
                NginxEscape::None => (Escaping::None, Missing::Empty),
            };
            Template::compile(nginx::tokens(&definition.text)?, escaping, missing)
        }
        Engine::ApacheTemplate { text } => {
            Template::compile(apache::tokens(&pasted::apache(text)?)?, Escaping::Backslash, Missing::Dash)
        }
        Engine::HaproxyTemplate { text } => {
            Template::compile(haproxy::tokens(text)?, Escaping::Backslash, Missing::Dash)
        }
        Engine::EnvoyTemplate { text } => Template::compile(envoy::tokens(text)?, Escaping::None, Missing::Dash),
        _ => Err(("a list holds what is no template".to_owned(), "write templates in it".to_owned())),
    }
}

/// A field that is a text until it is typed.
fn text((name, origin): &(String, Origin)) -> (Known, Origin) {
    (Known { name: name.clone(), kind: FieldType::Text, time: None }, origin.clone())
}

fn json_paths(at: &Location, fields: &Sources) -> Result<Vec<(String, Origin)>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut origins = Vec::new();
    for (name, texts) in fields {
        let mut paths = Vec::new();
        for text in texts {
            match Path::parse(text) {
                Ok(path) => paths.push(path),
                Err(what) => faults.push(fault(at, bad_path(name, text, &what))),
            }
        }
        let origin = match <[Path; 1]>::try_from(paths) {
            Ok([path]) => Origin::Path(path),
            Err(paths) => Origin::AnyOfPaths(paths),
        };
        origins.push((name.clone(), origin));
    }
    if faults.is_empty() { Ok(origins) } else { Err(faults) }
}

fn fault(at: &Location, (message, help): Problem) -> Fault {
    Fault::new(at.clone(), message).help(help)
}

fn bad_path(name: &str, text: &str, what: &str) -> Problem {
    let help =
        "write keys with dots between them (`user.id`), items as `items[0]`, a key with a dot in it as `\"a.b\"`";
    (format!("field `{name}`: `{text}` is no path: {what}"), help.to_owned())
}

fn no_builtin(name: &str) -> Problem {
    (format!("there is no built-in format `{name}`"), format!("use one of {}", BUILTINS.join(", ")))
}

/// Reads lines into captures.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    Template(Matcher),
    Templates(Box<TemplateListReader>),
    Expression(Box<ExpressionReader>),
    Grok(Box<GrokReader>),
    Json(JsonReader),
    KeyValue(Box<KeyValueReader>),
    W3c(Box<W3cReader>),
    Delimited(Box<DelimitedReader>),
    Ltsv(Box<LtsvReader>),
    Access(Access),
    Haproxy(Haproxy),
    Fixed(FixedReader),
}

impl Reader {
    /// Every capture is set or absent when this gives `Ok`.
    #[inline]
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        match self {
            Self::Template(matcher) => matcher.read(line, captures),
            Self::Templates(list) => list.read(line, captures),
            Self::Expression(expression) => expression.read(line, captures),
            Self::Grok(grok) => grok.read(line, captures),
            Self::Json(json) => json.read(line, captures),
            Self::KeyValue(key_value) => key_value.read(line, captures),
            Self::W3c(w3c) => w3c.read(line, captures),
            Self::Delimited(delimited) => delimited.read(line, captures),
            Self::Ltsv(ltsv) => ltsv.read(line, captures),
            Self::Access(access) => access.read(line, captures),
            Self::Haproxy(haproxy) => haproxy.read(line, captures),
            Self::Fixed(fixed) => fixed.read(line, captures),
        }
    }

    /// What was built from the last line.
    #[inline]
    pub(super) fn built(&self) -> &[u8] {
        match self {
            Self::Grok(grok) => grok.built(),
            Self::KeyValue(key_value) => key_value.built(),
            Self::W3c(w3c) => w3c.built(),
            Self::Delimited(delimited) => delimited.built(),
            Self::Fixed(fixed) => fixed.built(),
            _ => &[],
        }
    }

    pub(super) fn file_state(&self) -> &[u8] {
        match self {
            Self::W3c(w3c) => w3c.file_state(),
            Self::Delimited(delimited) => delimited.file_state(),
            _ => &[],
        }
    }

    pub(super) const fn keeps_file_state(&self) -> bool {
        matches!(self, Self::W3c(_) | Self::Delimited(_))
    }

    pub(super) fn set_file_state(&mut self, state: &[u8]) {
        match self {
            Self::W3c(w3c) => w3c.set_file_state(state),
            Self::Delimited(delimited) => delimited.set_file_state(state),
            _ => {}
        }
    }

    /// For people: what was expected, and at which byte where the engine knows it.
    pub(super) fn stop(&mut self, line: &[u8], mismatch: Mismatch) -> Stop {
        let expected = match (self, mismatch.expected()) {
            // They go over the line once more, and know better how far it fits.
            (Self::Expression(expression), _) => return expression.stop(line),
            (Self::Grok(grok), _) => return grok.stop(line),
            (Self::Template(matcher), Expected::Part(part)) => matcher.template().describe(part.into()),
            (Self::Templates(list), Expected::Part(part)) => list.describe(part.into()),
            _ => return mismatch.stop(),
        };
        Stop { at: Some(mismatch.at()), expected }
    }
}
