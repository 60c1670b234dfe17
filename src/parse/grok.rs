//! Grok: `%{NAME:field:type}`, expanded to a regular expression.

use super::catalogue::Known;
use super::expression::Expression;
use super::expression::ExpressionReader;
use super::template::Problem;

#[derive(Clone, Debug)]
pub(super) struct Grok(Expression);

impl Grok {
    pub(super) fn compile(_text: &str, _definitions: &str) -> Result<Self, Problem> {
        Err(("this engine is not there yet".to_owned(), String::new()))
    }

    pub(super) fn known(&self) -> Vec<Known> {
        self.0.known()
    }

    pub(super) fn reader(&self, captures: impl Iterator<Item = usize>) -> ExpressionReader {
        ExpressionReader::new(&self.0, captures)
    }
}
