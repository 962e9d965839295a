//! A child and everything that it starts, from its start to the death of the last of them.
//!
//! One thread waits for all of it: threads for the pipes would have to be woken in turn when the tool has ended, which is
//! when every delay counts.

use std::{
    io::{self, Write as _},
    os::{fd::AsFd, unix::process::CommandExt as _},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read, retry_on_intr},
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};

use super::{Deadline, Output};
use crate::render::scratch::Scratch;

/// The time between looks at whether a child that is silent has ended.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long a killed child's stderr is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The times between looks at whether a child that has closed its pipes has ended: from what its exit takes, doubled.
const NAPS: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(10));

/// How much of stderr is kept, in bytes: its end, where tools say why they failed.
const KEPT: usize = 64 * 1024;

/// How much is read at a time, in bytes: what a pipe holds.
const CHUNK: usize = 64 * 1024;

/// A child of ours; ended with its process group when dropped before its own end.
#[derive(Debug)]
pub(super) struct Process<'a> {
    child: Child,
    id: Pid,
    scratch: &'a Scratch,
    status: Option<ExitStatus>,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
}

impl<'a> Process<'a> {
    /// Starts `command` in the watchdog's group, or in one of its own without a watchdog, with `stdin` to read.
    pub(super) fn start(
        mut command: Command,
        stdin: Option<Vec<u8>>,
        scratch: &'a Scratch,
    ) -> io::Result<Self> {
        command
            .process_group(scratch.group().map_or(0, Pid::as_raw_pid))
            .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut process = Self {
            id: Pid::from_child(&child),
            scratch,
            status: None,
            stdout: Stream::new(child.stdout.take(), usize::MAX),
            stderr: Stream::new(child.stderr.take(), KEPT),
            child,
        };
        if let (Some(text), Some(mut pipe)) = (stdin, process.child.stdin.take()) {
            // A tool that ends without having read it all is not at fault.
            thread::Builder::new().spawn(move || pipe.write_all(&text).is_ok())?;
        }
        Ok(process)
    }

    /// Returns the id of the child.
    #[cfg(test)]
    pub(super) fn id(&self) -> Pid {
        self.id
    }

    /// Returns what the child wrote and how it ended, or else, when the deadline passed, the end of its stderr; then
    /// the whole group is dead.
    pub(super) fn output(mut self, deadline: Deadline) -> io::Result<Result<Output, Vec<u8>>> {
        let mut nap = NAPS.0;
        loop {
            if let (Some(status), false) = (self.status, self.is_open()) {
                return Ok(Ok(Output { status, stdout: self.stdout.end(), stderr: self.stderr.end() }));
            }
            if deadline.remaining().is_zero() {
                return self.last_words().map(Err);
            }
            if self.is_open() && self.read(deadline.remaining().min(PATIENCE))? {
                continue;
            }
            if self.has_ended()? {
                if self.is_open() || self.scratch.group().is_none() {
                    // What it left behind keeps the pipes open, or would be forgotten.
                    self.end()?;
                } else {
                    self.status = Some(self.child.wait()?);
                }
            } else if !self.is_open() {
                thread::sleep(nap);
                nap = NAPS.1.min(nap * 2);
            }
        }
    }

    /// Whether there may be more to read.
    fn is_open(&self) -> bool {
        self.stdout.pipe.is_some() || self.stderr.pipe.is_some()
    }

    /// Reads what is there, or waits for it. False when there was nothing in time.
    fn read(&mut self, wait: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(wait).map_err(io::Error::other)?;
        let pipes = [self.stdout.poll(), self.stderr.poll()];
        let mut polls: Vec<PollFd<'_>> = pipes.into_iter().flatten().collect();
        match poll(&mut polls, Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = polls.iter().map(|poll| !poll.revents().is_empty());
        let stdout = self.stdout.pipe.is_some() && ready.next().unwrap_or_default();
        let stderr = self.stderr.pipe.is_some() && ready.next().unwrap_or_default();
        drop(ready);
        drop(polls);
        if stdout {
            self.stdout.read()?;
        }
        if stderr {
            self.stderr.read()?;
        }
        Ok(true)
    }

    /// Whether the child has ended and is not yet reaped: until then no other process can get its id.
    fn has_ended(&self) -> io::Result<bool> {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(self.status.is_none() && retry_on_intr(|| waitid(WaitId::Pid(self.id), how))?.is_some())
    }

    /// Ends the group and reaps the child.
    fn end(&mut self) -> io::Result<()> {
        if self.status.is_none() {
            if self.scratch.group().is_some() {
                self.scratch.end_group()?;
            } else {
                // The child is not reaped yet, so the id is still its own. It can fail only where all of the group is
                // dead.
                let _ = kill_process_group(self.id, Signal::KILL);
            }
            self.status = Some(self.child.wait()?);
        }
        Ok(())
    }

    /// Ends the group and gives its stderr.
    fn last_words(mut self) -> io::Result<Vec<u8>> {
        self.end()?;
        let end = Instant::now() + LAST_WORDS;
        while self.stderr.pipe.is_some() && Instant::now() < end {
            self.read(end.saturating_duration_since(Instant::now()))?;
        }
        Ok(self.stderr.end())
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// What a child writes, or the end of it.
#[derive(Debug)]
struct Stream<P> {
    /// None when all was read.
    pipe: Option<P>,
    bytes: Vec<u8>,
    /// How much is kept, in bytes.
    kept: usize,
    cut: bool,
}

impl<P: AsFd> Stream<P> {
    fn new(pipe: Option<P>, kept: usize) -> Self {
        Self { pipe, bytes: Vec::new(), kept, cut: false }
    }

    fn poll(&self) -> Option<PollFd<'_>> {
        self.pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN))
    }

    /// Reads once; of a pipe that is ready without waiting.
    fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        self.bytes.reserve(CHUNK);
        if retry_on_intr(|| read(pipe, spare_capacity(&mut self.bytes)))? == 0 {
            self.pipe = None;
        }
        if self.bytes.len() / 2 > self.kept {
            self.bytes.drain(..self.bytes.len() - self.kept);
            self.cut = true;
        }
        Ok(())
    }

    /// Returns all of it, or the last whole lines where something was cut: a secret that is cut could not be
    /// recognised.
    fn end(&mut self) -> Vec<u8> {
        if self.cut {
            let line = self.bytes.iter().position(|&byte| byte == b'\n');
            self.bytes.drain(..line.map_or(self.bytes.len(), |line| line + 1));
        }
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is kept of `text` by a stream that keeps its end.
    fn end_of(text: &[u8]) -> Vec<u8> {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut stream = Stream::new(Some(reader), KEPT);
        thread::scope(|scope| {
            scope.spawn(move || writer.write_all(text).unwrap());
            while stream.pipe.is_some() {
                stream.read().unwrap();
            }
        });
        stream.end()
    }

    #[test]
    fn a_short_text_is_kept_whole() {
        assert_eq!(end_of(b"a\nb"), b"a\nb");
    }

    #[test]
    fn a_long_text_is_kept_from_a_line_on() {
        let text = "line after line\n".repeat(100_000);
        let kept = end_of(text.as_bytes());
        assert!(kept.len() >= KEPT / 2 && kept.len() <= 3 * KEPT, "{}", kept.len());
        assert!(kept.starts_with(b"line ") && text.as_bytes().ends_with(&kept));
    }

    #[test]
    fn a_long_line_that_was_cut_is_not_kept() {
        assert_eq!(end_of(&vec![b'x'; 4 * KEPT]), b"");
    }
}
