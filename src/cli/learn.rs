//! `pxtail learn`

mod pattern;
mod routes;

use super::Failure;
use super::arguments::{LearnArguments, LearnVerb};

pub fn run(arguments: &LearnArguments) -> Result<(), Failure> {
    match &arguments.verb {
        LearnVerb::Pattern(arguments) => pattern::run(arguments),
        LearnVerb::Routes(arguments) => routes::run(arguments),
    }
}
