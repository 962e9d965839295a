//! `presync schema`: the JSON schema of the settings files.

use presync::{
    error::Result,
    exit::Exit,
    settings::{self, table::Place},
};

use super::output;

/// Print the JSON schema of presync.yaml, for editors
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print that of the platform file instead
    #[arg(long)]
    platform: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let place = if args.platform { Place::Platform } else { Place::AppFile };
    output::stdout(|out| writeln!(out, "{:#}", settings::schema(place)))?;
    Ok(Exit::OK)
}
