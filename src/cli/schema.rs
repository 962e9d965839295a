//! `presync schema`: the JSON schema of the settings files.

use presync::{
    error::Result,
    exit::Exit,
    report,
    settings::{self, table::Place},
};

use super::output;

/// Print the JSON schema of presync.yaml, for editors
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print that of the platform file instead
    #[arg(long)]
    platform: bool,
    /// Print that of `explain --format json` instead
    #[arg(long, conflicts_with = "platform")]
    report: bool,
    /// Print that of `check --format json` instead
    #[arg(long, conflicts_with_all = ["platform", "report"])]
    findings: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    if args.report {
        output::stdout(|out| write!(out, "{}", report::model::SCHEMA))?;
        return Ok(Exit::OK);
    }
    if args.findings {
        output::stdout(|out| write!(out, "{}", report::findings::SCHEMA))?;
        return Ok(Exit::OK);
    }
    let place = if args.platform { Place::Platform } else { Place::AppFile };
    output::stdout(|out| writeln!(out, "{:#}", settings::schema(place)))?;
    Ok(Exit::OK)
}
