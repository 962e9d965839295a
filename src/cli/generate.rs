//! `presync generate`: the manifests, with migration Jobs rewritten.

use presync::{error::Result, exit::Exit};

use super::{input::Input, output};

/// Render the app and rewrite its migration Jobs
///
/// Prints the manifests to stdout. Documents that need no edit come out byte for byte. With `-` it filters manifests
/// from stdin, so it can end a pipe or serve as a Helm post-renderer.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let planned = args.input.plan()?;
    let output = planned.manifests.apply(&planned.plan.changes())?;
    output::warnings(&planned.plan);
    output::stdout(|out| output.write_to(out))?;
    Ok(Exit::OK)
}
