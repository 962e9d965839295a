//! `presync man`: the manual pages.

use std::path::PathBuf;

use clap::Command;
use presync::{
    error::{Location, Problem, Result},
    exit::Exit,
};

/// Write the manual pages, one for each command
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An existing directory, such as /usr/local/share/man/man1
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args, command: Command) -> Result<Exit> {
    clap_mangen::generate_to(command, &args.dir).map_err(|error| {
        Problem::new(Exit::FAILURE, "cannot write the manual pages")
            .at(Location::file(args.dir.display().to_string()))
            .caused_by(error)
            .hint("name a directory that exists and is writable")
    })?;
    Ok(Exit::OK)
}
