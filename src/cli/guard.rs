//! `presync guard`: started by presync itself beside a tool that runs long, to end the tool if presync is killed.

use std::{io, path::PathBuf};

use presync::{
    error::{Problem, Result},
    exit::Exit,
    render::process::guard,
};

/// End a process group when stdin closes (internal)
#[derive(Debug, clap::Args)]
#[command(name = guard::COMMAND, hide = true)]
pub(super) struct Args {
    /// The process group
    group: i32,
    /// A directory of presync's to remove
    scratch: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    guard::stand(io::stdin(), args.group, &args.scratch)
        .map_err(|error| Problem::new(Exit::FAILURE, "cannot stand guard").caused_by(error))?;
    Ok(Exit::OK)
}
