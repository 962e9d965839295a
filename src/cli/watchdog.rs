//! `presync watchdog DIR [GROUP]`: started by presync itself before it renders with a tool, to clean up if presync is
//! killed. It is no command for people: it is in no help, completion or man page.

use std::{ffi::OsString, io, path::PathBuf};

use presync::{
    error::{Problem, Result},
    exit::Exit,
    render::process::watchdog,
};

/// What the watchdog is to do.
pub(super) struct Asked {
    /// A directory of presync's to remove.
    scratch: PathBuf,
    /// The process group to end now, without waiting for stdin.
    group: Option<i32>,
}

impl Asked {
    /// Returns what a command line asks for that begins as a watchdog's does.
    pub(super) fn on(args: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut args = args.skip(1);
        args.next().filter(|command| command == watchdog::COMMAND)?;
        let scratch = args.next()?.into();
        let group = args.next().and_then(|group| group.to_str()?.parse().ok());
        Some(Self { scratch, group })
    }

    /// Does it.
    pub(super) fn run(&self) -> Result<Exit> {
        match self.group {
            Some(group) => watchdog::sweep(group, &self.scratch),
            None => watchdog::watch(io::stdin(), &self.scratch),
        }
        .map_err(|error| {
            Problem::new(Exit::FAILURE, "cannot clean up after a killed run").caused_by(error)
        })?;
        Ok(Exit::OK)
    }
}
