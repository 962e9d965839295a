//! A child and everything that it starts, from its start to the death of the last of them.

use std::{
    io::{self, Read, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::retry_on_intr,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};

use super::{Deadline, Output};

/// How long a child runs without a guard. Most tools have ended by then, and to start a process for a guard would be
/// the larger part of what we cost.
const UNGUARDED: Duration = Duration::from_millis(100);

/// How long a killed child's stderr is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How much of stderr is kept, in bytes: its end, where tools say why they failed.
const KEPT: usize = 64 * 1024;

/// A process group that is led by a child of ours; killed when dropped.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    id: Pid,
    status: Option<ExitStatus>,
    events: Receiver<Event>,
    /// Keeps the channel open, so that its end is never mistaken for a timeout.
    _sender: Sender<Event>,
}

#[derive(Debug)]
enum Event {
    Stdout(io::Result<Vec<u8>>),
    Stderr(io::Result<Vec<u8>>),
    /// The child has ended and is not yet reaped: until then no other process can get its id.
    Ended,
}

impl Group {
    /// Starts `command` as the leader of a new group, with `stdin` to read.
    pub(super) fn start(mut command: Command, stdin: Option<Vec<u8>>) -> io::Result<Self> {
        command
            .process_group(0)
            .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn()?;
        let id = Pid::from_child(&child);
        let (sender, events) = mpsc::channel();
        let mut group = Self { child, id, status: None, events, _sender: sender.clone() };
        if let (Some(text), Some(mut pipe)) = (stdin, group.child.stdin.take()) {
            // A tool that ends without having read it all is not at fault.
            thread::Builder::new().spawn(move || pipe.write_all(&text).is_ok())?;
        }
        if let Some(pipe) = group.child.stdout.take() {
            report(&sender, move || Event::Stdout(read_all(pipe)))?;
        }
        if let Some(pipe) = group.child.stderr.take() {
            report(&sender, move || Event::Stderr(read_end(pipe)))?;
        }
        report(&sender, move || {
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            // The only failure left is that it is no child any more: it was killed and reaped.
            let _ = retry_on_intr(|| waitid(WaitId::Pid(id), how));
            Event::Ended
        })?;
        Ok(group)
    }

    /// The id of the group, which is that of its leader.
    #[cfg(test)]
    pub(super) fn id(&self) -> Pid {
        self.id
    }

    /// What the child wrote and how it ended, or else, when the deadline passed, the end of its stderr. Either way the
    /// whole group is dead.
    ///
    /// `guard` starts what ends the group should we be killed; it stands until this returns.
    pub(super) fn output<G>(
        mut self,
        deadline: Deadline,
        guard: impl Fn(Pid) -> io::Result<G>,
    ) -> io::Result<Result<Output, Vec<u8>>> {
        let mut standing = None;
        let (mut stdout, mut stderr) = (None, None);
        loop {
            if let (Some(status), Some(_), Some(_)) = (self.status, &stdout, &stderr) {
                let (stdout, stderr) = (stdout.unwrap_or_default(), stderr.unwrap_or_default());
                return Ok(Ok(Output { status, stdout, stderr }));
            }
            let left = deadline.remaining();
            match self.events.recv_timeout(if standing.is_some() { left } else { left.min(UNGUARDED) }) {
                Ok(Event::Stdout(bytes)) => stdout = Some(bytes?),
                Ok(Event::Stderr(bytes)) => stderr = Some(bytes?),
                Ok(Event::Ended) => self.end()?,
                Err(_) if deadline.remaining().is_zero() => {
                    self.end()?;
                    return Ok(Err(stderr.unwrap_or_else(|| self.last_words())));
                }
                Err(_) => standing = Some(guard(self.id)?),
            }
        }
    }

    /// Kills the group and reaps the child.
    fn end(&mut self) -> io::Result<()> {
        if self.status.is_none() {
            // The child is not reaped yet, so the id is still its own. It can fail only where all of the group is dead.
            let _ = kill_process_group(self.id, Signal::KILL);
            self.status = Some(self.child.wait()?);
        }
        Ok(())
    }

    /// The stderr of a killed child.
    fn last_words(&self) -> Vec<u8> {
        let end = Instant::now() + LAST_WORDS;
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Event::Stderr(bytes)) => return bytes.unwrap_or_default(),
                Ok(_) => {}
                Err(_) => return Vec::new(),
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Sends what `wait` gives, from a thread of its own: it blocks as long as anyone holds the other end of a pipe.
fn report(sender: &Sender<Event>, wait: impl FnOnce() -> Event + Send + 'static) -> io::Result<()> {
    let sender = sender.clone();
    // Nobody listens any more when the run has failed otherwise.
    thread::Builder::new().spawn(move || sender.send(wait()).is_ok()).map(drop)
}

fn read_all(mut pipe: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of a short text, or the last whole lines of a long one: a secret that was cut could not be recognised.
fn read_end(mut pipe: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8 * 1024];
    let mut cut = false;
    loop {
        match pipe.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if bytes.len() > 2 * KEPT {
            bytes.drain(..bytes.len() - KEPT);
            cut = true;
        }
    }
    if cut {
        let first_line = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |line| line + 1);
        bytes.drain(..first_line);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_stderr_is_kept_whole() {
        assert_eq!(read_end(&b"a\nb"[..]).unwrap(), b"a\nb");
    }

    #[test]
    fn a_long_stderr_is_kept_from_a_line_on() {
        let text = "line after line\n".repeat(100_000);
        let kept = read_end(text.as_bytes()).unwrap();
        assert!(kept.len() >= KEPT / 2 && kept.len() <= 2 * KEPT, "{}", kept.len());
        assert!(kept.starts_with(b"line ") && text.as_bytes().ends_with(&kept));
    }

    #[test]
    fn a_long_line_that_was_cut_is_not_kept() {
        assert_eq!(read_end(&vec![b'x'; 3 * KEPT][..]).unwrap(), b"");
    }
}
