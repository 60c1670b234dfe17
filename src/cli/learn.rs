use super::Failure;
use super::arguments::LearnArguments;
pub fn run(_arguments: &LearnArguments) -> Result<(), Failure> {
    Ok(())
}
