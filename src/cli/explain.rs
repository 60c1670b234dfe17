use super::arguments::ExplainArguments;
use super::Failure;
pub fn run(_arguments: &ExplainArguments) -> Result<(), Failure> { Ok(()) }
