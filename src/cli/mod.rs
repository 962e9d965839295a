//! The command line: one file per command, and the only place that prints.

#[cfg(feature = "cluster")]
mod connect;
#[cfg(feature = "cluster")]
mod doctor;
mod flags;
#[cfg(feature = "cluster")]
mod repair;
#[cfg(feature = "cluster")]
mod watch;

use std::process::ExitCode;

pub(crate) fn run() -> ExitCode {
    presync::exit::Exit::OK.into()
}
