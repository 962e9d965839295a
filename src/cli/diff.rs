//! `presync diff`: what the rewrite changes.

use presync::{error::Result, exit::Exit, manifest::Changes};
use similar::TextDiff;

use super::{input::Input, output};

/// Show what `generate` changes in the rendered manifests, as a unified diff
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// Lines of context
    #[arg(short = 'U', long, value_name = "LINES", default_value_t = 3)]
    unified: usize,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let planned = args.input.plan()?;
    let rendered = planned.manifests.apply(&Changes::default())?.to_vec();
    let rewritten = planned.manifests.apply(&planned.plan.changes())?.to_vec();
    output::warnings(&planned.plan);
    let diff = TextDiff::from_lines(rendered.as_slice(), rewritten.as_slice());
    let mut unified = diff.unified_diff();
    unified.context_radius(args.unified).header("rendered", "rewritten");
    output::stdout(|out| unified.to_writer(out))?;
    Ok(Exit::OK)
}
