//! `${VAR}` in texts: what stands in the environment goes in.
//!
//! `${VAR}` must be set; `${VAR:-text}` is the text where the variable is unset or empty; `${VAR:?message}` is a fault
//! with that message there; `$${` is a plain `${`. Promises: one pass, so what a variable holds is never read again as a
//! variable. Does not: know the shell's other forms, nor nested ones.

use std::ffi::OsString;
use std::fmt;

type Lookup = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Where variables find their values.
pub struct Environment(Lookup);

impl Environment {
    /// The process's own.
    pub fn process() -> Self {
        Self(Box::new(|name| std::env::var_os(name)))
    }

    /// Any other, such as a test's.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Box::new(lookup))
    }

    /// No variable is set.
    pub fn empty() -> Self {
        Self::from_lookup(|_| None)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// Why a variable cannot be put in. `message` goes on after the name of the key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VariableError {
    pub(super) message: String,
    pub(super) help: String,
}

const LITERAL_HELP: &str = "write $${ where the text itself holds ${";

/// The text with its variables put in.
pub(super) fn put_in(text: &str, environment: &Environment) -> Result<String, VariableError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        result.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let Some(end) = inside.find('}') else {
            let message = format!("has `${{{}` without its closing brace", shortened(inside));
            return Err(VariableError { message, help: LITERAL_HELP.to_owned() });
        };
        result.push_str(&value_of(&inside[..end], environment)?);
        rest = &inside[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}

fn value_of(inside: &str, environment: &Environment) -> Result<String, VariableError> {
    let (name, form) =
        inside.split_at(inside.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(inside.len()));
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        let message = format!("has `${{{}}}`, which names no variable", shortened(inside));
        let help = format!("a name is letters, digits and _; {LITERAL_HELP}");
        return Err(VariableError { message, help });
    }
    let value = match (environment.0)(name).map(OsString::into_string) {
        Some(Ok(value)) => Some(value),
        None => None,
        Some(Err(_)) => {
            let message = format!("uses the variable `{name}`, which is not UTF-8");
            return Err(VariableError { message, help: format!("set {name} to text in UTF-8") });
        }
    };
    if form.is_empty() {
        return value.ok_or_else(|| unset(name));
    }
    let filled = value.filter(|value| !value.is_empty());
    if let Some(default) = form.strip_prefix(":-") {
        return Ok(filled.unwrap_or_else(|| default.to_owned()));
    }
    if let Some(demand) = form.strip_prefix(":?") {
        return filled.ok_or_else(|| VariableError {
            message: format!("uses the variable `{name}`, which is not set: {demand}"),
            help: format!("set {name} in the environment of pxtail"),
        });
    }
    let message = format!("has `${{{}}}`, a form that is not known", shortened(inside));
    let help = "known are ${VAR}, ${VAR:-text where unset} and ${VAR:?message where unset}".to_owned();
    Err(VariableError { message, help })
}

fn unset(name: &str) -> VariableError {
    let mut help = format!("set {name} in the environment of pxtail, or write ${{{name}:-value}}");
    if name.chars().any(|c| c.is_ascii_lowercase()) {
        help = format!("{help}; a field of the line is written {{{name}}}, without the dollar");
    }
    VariableError { message: format!("uses the variable `{name}`, which is not set"), help }
}

fn shortened(text: &str) -> String {
    // Enough to find it again; the text may be a whole file.
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use proptest::prelude::*;

    use super::{Environment, put_in};

    fn environment() -> Environment {
        Environment::from_lookup(|name| match name {
            "HOST" => Some("app-1".into()),
            "EMPTY" => Some(OsString::new()),
            "TRICKY" => Some("${HOST}".into()),
            "_x9" => Some("low".into()),
            "BYTES" => Some(OsString::from_vec(vec![0xff])),
            _ => None,
        })
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let result = put_in(text, &environment());
        let result = result.as_deref().map_err(|err| err.message.as_str());
        assert_eq!(result, expected, "{text}");
    }

    #[test]
    fn variables_are_put_in_once() {
        check("plain", Ok("plain"));
        check("", Ok(""));
        check("a ${HOST} b ${HOST}", Ok("a app-1 b app-1"));
        check("${_x9}", Ok("low"));
        check("${EMPTY}", Ok(""));
        check("${TRICKY}", Ok("${HOST}"));
        check("${NONE:-x y}", Ok("x y"));
        check("${NONE:-}", Ok(""));
        check("${EMPTY:-x}", Ok("x"));
        check("${HOST:-x}", Ok("app-1"));
        check("${HOST:?needed}", Ok("app-1"));
        check("$${HOST}", Ok("${HOST}"));
        check("$$${HOST}", Ok("$${HOST}"));
        check("$HOST $ {HOST} $$", Ok("$HOST $ {HOST} $$"));
        check("{user}", Ok("{user}"));
    }

    #[test]
    fn what_cannot_be_put_in_is_said() {
        check("${NONE}", Err("uses the variable `NONE`, which is not set"));
        check("${NONE:?set the host}", Err("uses the variable `NONE`, which is not set: set the host"));
        check("${EMPTY:?set it}", Err("uses the variable `EMPTY`, which is not set: set it"));
        check("${HOST", Err("has `${HOST` without its closing brace"));
        check("${}", Err("has `${}`, which names no variable"));
        check("${9}", Err("has `${9}`, which names no variable"));
        check("${ HOST }", Err("has `${ HOST }`, which names no variable"));
        check("${HOST-x}", Err("has `${HOST-x}`, a form that is not known"));
        check("${HOST:+x}", Err("has `${HOST:+x}`, a form that is not known"));
        check("${BYTES}", Err("uses the variable `BYTES`, which is not UTF-8"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_text_without_a_variable_stays(text in "[$}{:?a-zA-Z_é-]{0,40}") {
            let result = put_in(&text, &environment());
            if !text.contains("${") {
                prop_assert_eq!(result.as_deref(), Ok(text.as_str()));
            }
        }

        #[test]
        fn an_escaped_text_comes_back_as_it_was(text in "[$}{A-Z]{0,30}") {
            // A dollar before `${` would escape the escape: such texts have no escaped form of this kind.
            prop_assume!(!text.contains("$${"));
            prop_assert_eq!(put_in(&text.replace("${", "$${"), &environment()), Ok(text));
        }
    }
}
