//! The watchdog of a run: it ends the run's children and removes its temporary directory when the run cannot.
//!
//! It is started before there is a directory or a child, so no moment of a run is without it. It leads the process group
//! that every child joins. A pipe tells it that the run has ended: the run holds the other end, and so does a child
//! between `fork` and `exec`, until it has joined the group. However the run ends, even by SIGKILL, the pipe closes
//! once everything that must end is in the group.

use std::{
    env, fs,
    io::{self, Read},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{self, Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::render::scratch;

/// The command of our program that [`watch`]es: `presync watchdog DIR`, hidden from the help.
pub const COMMAND: &str = "watchdog";

/// How often and after which time [`sweep`] looks for files that a process wrote while it was being killed.
const LOOKS: (u32, Duration) = (20, Duration::from_millis(25));

/// A running watchdog; it ends, with all of its group, when dropped.
#[derive(Debug)]
pub(in crate::render) struct Watchdog(Child);

impl Watchdog {
    /// Starts `program` as the watchdog of the directory `scratch`, which need not exist yet.
    pub(in crate::render) fn start(program: &Path, scratch: &Path) -> io::Result<Self> {
        command(program, scratch).stdin(Stdio::piped()).spawn().map(Self)
    }

    /// Returns the process group that it leads.
    pub(in crate::render) fn group(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Killed before the pipe closes, or it would do its work.
        let _ = kill_process_group(self.group(), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Waits for the end of `lifeline`, then ends the group of this process and removes the directory `scratch`.
///
/// A process cannot outlive the SIGKILL to its own group, so another one, outside the group, does the rest.
pub fn watch(mut lifeline: impl Read, scratch: &Path) -> io::Result<()> {
    io::copy(&mut lifeline, &mut io::sink())?;
    let group = process::id();
    let sweeper = env::current_exe()
        .and_then(|program| command(&program, scratch).arg(group.to_string()).stdin(Stdio::null()).spawn());
    if let Ok(mut sweeper) = sweeper {
        // This process stays until it is killed, so that its id is no other's.
        return sweeper.wait().map(|_| ());
    }
    remove(scratch)?;
    kill_process_group(rustix::process::getpid(), Signal::KILL).map_err(Into::into)
}

/// Ends the process group `group` and removes the directory `scratch`.
pub fn sweep(group: i32, scratch: &Path) -> io::Result<()> {
    if let Some(group) = Pid::from_raw(group).filter(|group| group.as_raw_pid() > 1) {
        // It may just have ended.
        let _ = kill_process_group(group, Signal::KILL);
    }
    for _ in 0..LOOKS.0 {
        remove(scratch)?;
        thread::sleep(LOOKS.1);
    }
    Ok(())
}

/// Returns a process of ours in a group of its own: signals to our group, by Argo CD or a terminal, do not reach it.
fn command(program: &Path, scratch: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg(COMMAND)
        .arg(scratch)
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Removes the directory if it exists and is named as those of ours are.
fn remove(scratch: &Path) -> io::Result<()> {
    if !scratch::is_ours(scratch) {
        return Err(io::Error::other("not a temporary directory of presync"));
    }
    match fs::remove_dir_all(scratch) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_ours_are_removed() {
        let other = tempfile::tempdir().unwrap();
        assert!(remove(other.path()).is_err());
        assert!(other.path().exists());
        let ours = other.path().join("presync-x");
        fs::create_dir(&ours).unwrap();
        fs::write(ours.join("file"), "").unwrap();
        remove(&ours).unwrap();
        assert!(!ours.exists());
        remove(&ours).unwrap();
    }
}
