//! The `pxtail` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pxtail::cli::main()
}
