//! `presync completions`: completion scripts for shells.

use clap::Command;
use clap_complete::Shell;
use presync::{error::Result, exit::Exit};

use super::output;

/// Print the completion script for a shell
///
/// For bash: `presync completions bash >/etc/bash_completion.d/presync`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, command: &Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut visible(command), "presync", &mut script);
    output::stdout(|out| out.write_all(&script))?;
    Ok(Exit::OK)
}

/// Returns the command line without hidden commands, which the generators would offer.
fn visible(command: &Command) -> Command {
    let subcommands = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    let version = command.get_version().unwrap_or_default().to_owned();
    Command::new("presync").version(version).subcommands(subcommands.cloned())
}
