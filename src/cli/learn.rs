use super::arguments::LearnArguments;
use super::Failure;
pub fn run(_arguments: &LearnArguments) -> Result<(), Failure> { Ok(()) }
