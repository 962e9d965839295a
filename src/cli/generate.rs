//! `presync generate`: the manifests, with migration Jobs rewritten.

use std::path::PathBuf;

use presync::{
    error::{Problem, Result},
    exit::Exit,
};

use super::{
    input,
    local::Local,
    output, supervise,
    target::{Target, Targets},
};

/// Render the app and rewrite its migration Jobs
///
/// Prints the manifests to stdout. Documents that need no edit come out byte for byte. With `-` it filters manifests
/// from stdin, so it can end a pipe or serve as a Helm post-renderer.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The app's directory, or `-` to read manifests from stdin
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Read the app from an Application or ApplicationSet, as YAML or JSON
    #[arg(long, value_name = "FILE[#NAME]", help_heading = "Application", conflicts_with = "dir")]
    application: Option<String>,
    #[command(flatten)]
    local: Local,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let targets = Targets::one(&args.dir, args.application.as_ref(), &args.local).resolve()?.targets;
    let [target] = targets.as_slice() else { return Err(several(&targets).into()) };
    let watch = supervise::watch(&target.name);
    let planned = input::plan_under(&watch, target, &args.local.flags())?;
    let output = planned.manifests.apply(&planned.plan.changes())?;
    output::warnings(&planned.plan);
    output::stdout(|out| output.write_to(out))?;
    Ok(Exit::OK)
}

fn several(targets: &[Target]) -> Problem {
    let names: Vec<_> = targets.iter().map(|target| format!("`{}`", target.name)).collect();
    Problem::new(Exit::USAGE, "the file holds several Applications")
        .hint(format!("name one, as in `FILE#NAME`: {}", names.join(", ")))
}
