//! Parses arguments and calls the library.
use std::process::ExitCode;

fn main() -> ExitCode {
    maibo::cli::main()
}
