//! The command line: one file per command, and the only place that prints.

mod flags;

use std::process::ExitCode;

pub(crate) fn run() -> ExitCode {
    presync::exit::Exit::OK.into()
}
