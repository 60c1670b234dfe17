use super::library::all_names;
use super::*;
use crate::model::spec::Engine;
use crate::parse::Pattern;
use crate::parse::tests::{check, compile};

fn grok(text: &str, definitions: &str, names: GrokNames) -> Engine {
    Engine::Grok { text: text.to_owned(), definitions: definitions.to_owned(), names }
}

#[test]
fn every_name_of_the_library_compiles() {
    for names in [GrokNames::Legacy, GrokNames::Ecs] {
        for name in all_names(names) {
            let text = format!("%{{{name}:all_of_it}}");
            if let Err((message, help)) = Grok::compile(&text, "", names) {
                panic!("{name} ({names:?}): {message}\nhelp: {help}");
            }
        }
    }
}
