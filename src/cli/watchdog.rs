//! `presync watchdog`: started by presync itself before it renders with a tool, to clean up if presync is killed.

use std::{io, path::PathBuf};

use presync::{
    error::{Problem, Result},
    exit::Exit,
    render::process::watchdog,
};

/// Remove a temporary directory and end its processes when stdin closes (internal)
#[derive(Debug, clap::Args)]
#[command(name = watchdog::COMMAND, hide = true)]
pub(super) struct Args {
    /// A directory of presync's to remove
    scratch: PathBuf,
    /// The process group to end now, without waiting for stdin
    group: Option<i32>,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    match args.group {
        Some(group) => watchdog::sweep(group, &args.scratch),
        None => watchdog::watch(io::stdin(), &args.scratch),
    }
    .map_err(|error| Problem::new(Exit::FAILURE, "cannot clean up after a killed run").caused_by(error))?;
    Ok(Exit::OK)
}
