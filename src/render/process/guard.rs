//! The guard of a child process: it ends the child's group when we have ended and cannot.

use std::{
    fs,
    io::{self, Read},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::render::scratch;

/// The command of our program that [`stand`]s guard: `presync guard GROUP DIR`, hidden from the help.
pub const COMMAND: &str = "guard";

/// A running guard, dismissed when dropped.
#[derive(Debug)]
pub(super) struct Guard(Child);

impl Guard {
    /// Starts `program` as the guard of `group` and of our directory `scratch`.
    ///
    /// It stands outside our process group, which is what Argo CD and terminals send signals to.
    pub(super) fn start(program: &Path, group: Pid, scratch: &Path) -> io::Result<Self> {
        Command::new(program)
            .arg(COMMAND)
            .arg(group.to_string())
            .arg(scratch)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Killed before the pipe closes, or it would do its work.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the end of `lifeline`, then kills the process group `group` and removes the directory `scratch`.
///
/// The lifeline is a pipe that only the guarded run holds open, so it ends with that run, even by SIGKILL.
pub fn stand(mut lifeline: impl Read, group: i32, scratch: &Path) -> io::Result<()> {
    io::copy(&mut lifeline, &mut io::sink())?;
    if let Some(group) = Pid::from_raw(group) {
        // It may just have ended.
        let _ = kill_process_group(group, Signal::KILL);
    }
    if scratch::is_ours(scratch) { fs::remove_dir_all(scratch) } else { Ok(()) }
}
