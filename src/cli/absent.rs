//! `doctor`, `repair` and `watch` in a build without the feature `cluster`: they say where they are.

use std::ffi::OsString;

use clap::Subcommand;
use presync::{
    error::{Problem, Result},
    exit::Exit,
};

/// The commands that need a client of the Kubernetes API.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Diagnose stuck apps (in the cluster image)
    #[command(hide = true, disable_help_flag = true)]
    Doctor(Arguments),
    /// Repair stuck apps (in the cluster image)
    #[command(hide = true, disable_help_flag = true)]
    Repair(Arguments),
    /// Watch apps (in the cluster image)
    #[command(hide = true, disable_help_flag = true)]
    Watch(Arguments),
}

/// Any arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The arguments of the command
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(super) fn run(command: &Command) -> Result<Exit> {
    let name = match command {
        Command::Doctor(_) => "doctor",
        Command::Repair(_) => "repair",
        Command::Watch(_) => "watch",
    };
    let problem = Problem::new(Exit::USAGE, format!("this build of presync has no `{name}` command"))
        .hint(format!(
            "run `{name}` from the image `argocd-presync-plugin:{}-cluster` or from a release archive",
            env!("CARGO_PKG_VERSION")
        ))
        .hint("build it with `cargo install argocd-presync-plugin`; the feature `cluster` is on by default");
    Err(problem.into())
}
