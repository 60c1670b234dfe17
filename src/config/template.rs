//! Templates over fields: `{user}`, `{region}-{account|none}`, `{{` and `}}` for braces.
//!
//! Promises: every fault with the column where it stands. Does not: know which fields there are.

use super::names;
use super::value::Value;
use super::words::shown;
use crate::model::fault::Located;
use crate::model::spec::{Template, TemplatePart};

/// Reads a template; a fault when it is none.
pub(super) fn read(value: &Value<'_>) -> Option<Located<Template>> {
    let text = value.filled_text()?;
    match parse(&text.value) {
        Ok(template) => Some(Located::new(template, text.at)),
        Err(err) => {
            let message = format!("{} is `{}`: {} at column {}", value.title, shown(&text.value), err.what, err.column);
            value.fault(&message, "write {field}, or {field|text where it is absent}; a brace itself is {{ or }}");
            None
        }
    }
}

/// What is wrong with a template, and at which character of it, from 1.
#[derive(Debug, PartialEq, Eq)]
struct TemplateError {
    what: &'static str,
    column: usize,
}

fn parse(text: &str) -> Result<Template, TemplateError> {
    let error = |what, at: usize| TemplateError { what, column: text[..at].chars().count() + 1 };
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| found + at) {
        literal.push_str(&text[at..brace]);
        let rest = &text[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push_str(&rest[..1]);
            at = brace + 2;
            continue;
        }
        if rest.starts_with('}') {
            return Err(error("a closing brace without its opening one", brace));
        }
        let inside = &rest[1..];
        let Some(end) = inside.find(['{', '}']).filter(|end| inside[*end..].starts_with('}')) else {
            return Err(error("an opening brace without its closing one", brace));
        };
        if !literal.is_empty() {
            parts.push(TemplatePart::Literal(std::mem::take(&mut literal)));
        }
        parts.push(read_field(&inside[..end]).map_err(|what| error(what, brace))?);
        at = brace + 1 + end + 1;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        parts.push(TemplatePart::Literal(literal));
    }
    Ok(Template { parts })
}

fn read_field(inside: &str) -> Result<TemplatePart, &'static str> {
    let (name, default) = match inside.split_once('|') {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    if name.is_empty() {
        return Err("braces without a field's name");
    }
    if !names::is_field(name) {
        return Err("braces around what is no field's name");
    }
    Ok(TemplatePart::Field { name: name.to_owned(), default })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;
    use crate::model::spec::TemplatePart;

    fn show(text: &str) -> String {
        match parse(text) {
            Ok(template) => {
                let parts = template.parts.iter().map(|part| match part {
                    TemplatePart::Literal(text) => format!("[{text}]"),
                    TemplatePart::Field { name, default: None } => format!("<{name}>"),
                    TemplatePart::Field { name, default: Some(text) } => format!("<{name}|{text}>"),
                });
                parts.collect()
            }
            Err(err) => format!("{} at {}", err.what, err.column),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(show(text), expected, "{text}");
    }

    #[test]
    fn templates_are_read_part_by_part() {
        check("", "");
        check("acme", "[acme]");
        check("{user}", "<user>");
        check("{region}-{account|none}", "<region>[-]<account|none>");
        check("{a|}", "<a|>");
        check("{a|x|y z}", "<a|x|y z>");
        check("{{{a}}}", "[{]<a>[}]");
        check("{{a}}", "[{a}]");
        check("é{user.id}é", "[é]<user.id>[é]");
        check("{a}{b}", "<a><b>");
    }

    #[test]
    fn a_broken_template_is_refused_at_its_column() {
        check("{user", "an opening brace without its closing one at 1");
        check("é-{user", "an opening brace without its closing one at 3");
        check("{a{b}", "an opening brace without its closing one at 1");
        check("user}", "a closing brace without its opening one at 5");
        check("{}", "braces without a field's name at 1");
        check("{|x}", "braces without a field's name at 1");
        check("x{ user }", "braces around what is no field's name at 2");
        check("{a}}", "a closing brace without its opening one at 4");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_text_without_braces_stays(text in "[{}|a-zé. ]{0,30}") {
            let shown = show(&text);
            if !text.contains(['{', '}']) && !text.is_empty() {
                prop_assert_eq!(shown, format!("[{text}]"));
            }
        }

        #[test]
        fn escaped_text_comes_back_as_it_was(text in "[{}a-z]{1,30}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(show(&escaped), format!("[{text}]"));
        }
    }
}
