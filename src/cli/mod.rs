//! The command line: one file per command, and the only place that prints.

#[cfg(not(feature = "cluster"))]
mod absent;
mod adopt;
mod below;
mod check;
mod completions;
#[cfg(feature = "cluster")]
mod connect;
mod diff;
#[cfg(feature = "cluster")]
mod doctor;
mod explain;
mod fix;
mod flags;
mod fleet;
mod generate;
mod git;
mod input;
mod install;
mod judging;
mod krm;
mod local;
mod looking;
mod man;
mod output;
mod parameters;
#[cfg(feature = "cluster")]
mod repair;
mod schema;
#[cfg(feature = "cluster")]
mod selection;
mod sites;
mod supervise;
mod target;
mod version;
#[cfg(feature = "cluster")]
mod watch;
mod watchdog;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use presync::{error::Result, exit::Exit};

/// Argo CD plugin that turns migration Jobs into sync hooks, so that their TTL can never become drift.
#[derive(Debug, Parser)]
#[command(name = "presync", version, long_version = version::long(), max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::Args),
    Explain(explain::Args),
    Diff(diff::Args),
    Check(check::Args),
    Adopt(adopt::Args),
    Parameters(parameters::Args),
    Schema(schema::Args),
    Krm(krm::Args),
    Install(install::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[cfg(feature = "cluster")]
    Doctor(doctor::Args),
    #[cfg(feature = "cluster")]
    Repair(repair::Args),
    #[cfg(feature = "cluster")]
    Watch(watch::Args),
    #[cfg(not(feature = "cluster"))]
    #[command(flatten)]
    Cluster(absent::Command),
}

/// Runs the command that the arguments ask for and prints its problems.
pub(crate) fn run() -> ExitCode {
    // One is started for each render: it does not read the whole command line first.
    if let Some(asked) = watchdog::Asked::on(std::env::args_os()) {
        return finish(asked.run()).into();
    }
    let exit = match Cli::parse().command {
        Command::Generate(args) => supervise::run(move || finish(generate::run(&args))),
        Command::Explain(args) => supervise::run(move || finish(explain::run(&args))),
        Command::Diff(args) => supervise::run(move || finish(diff::run(&args))),
        Command::Check(args) => supervise::run(move || finish(check::run(&args))),
        Command::Adopt(args) => finish(adopt::run(&args)),
        Command::Parameters(args) => supervise::run(move || finish(parameters::run(&args))),
        Command::Schema(args) => finish(schema::run(&args)),
        Command::Krm(args) => supervise::run(move || finish(krm::run(&args))),
        Command::Install(args) => finish(install::run(&args)),
        Command::Completions(args) => finish(completions::run(&args, &Cli::command())),
        Command::Man(args) => finish(man::run(&args, Cli::command())),
        #[cfg(feature = "cluster")]
        Command::Doctor(args) => finish(doctor::run(&args)),
        #[cfg(feature = "cluster")]
        Command::Repair(args) => finish(repair::run(&args)),
        #[cfg(feature = "cluster")]
        Command::Watch(args) => finish(watch::run(&args)),
        #[cfg(not(feature = "cluster"))]
        Command::Cluster(command) => finish(absent::run(&command)),
    };
    exit.into()
}

fn finish(result: Result<Exit>) -> Exit {
    result.unwrap_or_else(|problems| {
        supervise::end();
        output::problems(&problems);
        problems.exit()
    })
}
