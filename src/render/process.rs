//! Child processes in what is left of the run's time, none of which outlives us.
//!
//! * A child gets an `environment` of its own: an allow-list.
//! * It joins the process group of the run's `watchdog`, which ends the group and removes the run's files however the
//!   run ends. Argo CD ends a plugin that is too slow with SIGKILL to its direct child, us, and only then asks the rest
//!   of our own process group to stop (`cmpserver/plugin/plugin.go`, `runCommand`): no handler of ours would run.
//! * The whole group is ended when the deadline has passed, when a child has left a process that keeps a pipe open, and
//!   at the end of the run.
//! * The default `timeout` of 50 s ends before Argo CD's 60 s, so that the user reads our message and not Argo CD's.

mod child;
pub(super) mod environment;
pub mod watchdog;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, ExitStatus},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use self::child::Process;
use super::{redact::Secrets, scratch::Scratch, tools::Tool};
use crate::{error::Problem, exit::Exit};

/// How much of a tool's stderr a problem quotes, in bytes.
const QUOTED: usize = 4 * 1024;

/// The tools that run.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Whether a tool's run has reported the deadline, so that the error is on its way.
static REPORTED: AtomicBool = AtomicBool::new(false);

/// Whether the deadline is in the hands of a tool's run: tools may run, which end at the deadline by themselves, or one of
/// them has been ended and its error is about to be printed.
pub fn reports_deadline() -> bool {
    RUNNING.load(Ordering::SeqCst) > 0 || REPORTED.load(Ordering::SeqCst)
}

/// A run of tools, for as long as this lives.
#[derive(Debug)]
pub(super) struct Running;

impl Running {
    pub(super) fn start() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// When the run must be over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    end: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Returns the moment `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        Self::since(Instant::now(), timeout)
    }

    /// Returns the moment `timeout` after `start`.
    pub fn since(start: Instant, timeout: Duration) -> Self {
        // A time beyond every run, where the sum is none that the clock has.
        let end = start.checked_add(timeout).unwrap_or_else(|| start + Duration::from_secs(1 << 30));
        Self { end, timeout }
    }

    /// Returns what is left; zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(super) fn passed(self, what: &str) -> Problem {
        REPORTED.store(true, Ordering::SeqCst);
        Problem::new(Exit::TIMEOUT, format!("`{what}` did not end within the timeout of {:?}", self.timeout))
            .hint("`timeout` is the time for the whole run; keep it below Argo CD's own 60 s, or raise both")
    }
}

/// A tool to run.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    /// The program.
    pub(super) tool: &'a Tool,
    /// What it is to do, such as `template`: for problems.
    pub(super) verb: &'static str,
    /// Its arguments.
    pub(super) args: Vec<OsString>,
    /// All of its environment.
    pub(super) env: BTreeMap<String, OsString>,
    /// The directory in which it runs.
    pub(super) dir: &'a Path,
    /// What it reads from stdin; none is an empty stdin.
    pub(super) stdin: Option<&'a [u8]>,
    /// Our directory of temporary files, with the watchdog.
    pub(super) scratch: &'a Scratch,
    /// What must not be shown of its stderr.
    pub(super) secrets: &'a Secrets,
    /// Directories whose place on this machine means nothing to the user: they are left out of what is shown.
    pub(super) roots: Vec<&'a Path>,
}

/// What a tool left when it ended.
#[derive(Debug)]
pub(super) struct Output {
    /// How it ended.
    pub(super) status: ExitStatus,
    /// All of its stdout.
    pub(super) stdout: Vec<u8>,
    /// The end of its stderr, with all secrets.
    pub(super) stderr: Vec<u8>,
}

impl Call<'_> {
    /// Runs the tool to its end. That it failed is a problem with the end of its stderr, redacted.
    pub(super) fn stdout(&self, deadline: Deadline) -> Result<Vec<u8>, Problem> {
        let output = self.output(deadline)?;
        if output.status.success() { Ok(output.stdout) } else { Err(self.failed(&output)) }
    }

    /// Runs the tool to its end, whatever that is. That it cannot be run or does not end in time is a problem.
    pub(super) fn output(&self, deadline: Deadline) -> Result<Output, Problem> {
        let what = self.what();
        if deadline.remaining().is_zero() {
            return Err(deadline.passed(&what));
        }
        let mut command = Command::new(self.tool.program());
        command.args(&self.args).env_clear().envs(&self.env).current_dir(self.dir);
        let process = Process::start(command, self.stdin.map(<[u8]>::to_vec), self.scratch)
            .map_err(|error| self.tool.not_started(error))?;
        match process.output(deadline) {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(stderr)) => Err(self.quoting(deadline.passed(&what), &stderr)),
            Err(error) => {
                Err(Problem::new(Exit::FAILURE, format!("lost sight of `{what}`")).caused_by(error))
            }
        }
    }

    /// Returns the problem that the tool failed, with its reason.
    pub(super) fn failed(&self, output: &Output) -> Problem {
        let problem = Problem::new(Exit::RENDER, format!("`{}` failed ({})", self.what(), output.status));
        let problem = self.quoting(problem, &output.stderr);
        match output.status.signal() {
            Some(9) => problem
                .hint("it was killed, usually because the container's memory limit is too small for it"),
            _ => problem,
        }
    }

    fn what(&self) -> String {
        format!("{} {}", self.tool.name(), self.verb)
    }

    fn quoting(&self, problem: Problem, stderr: &[u8]) -> Problem {
        match self.shown(stderr) {
            text if text.is_empty() => problem,
            text => problem.caused_by(anyhow::Error::msg(text)),
        }
    }

    /// Returns the end of a stderr as it may be shown: without secrets, terminal codes and our directories.
    fn shown(&self, stderr: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(stderr).into_owned();
        for root in &self.roots {
            let root = root.to_string_lossy();
            text = text.replace(&format!("{root}/"), "").replace(&*root, ".");
        }
        let text = self.secrets.redact(&text).replace(|c: char| c.is_control() && c != '\n' && c != '\t', "");
        // Both tools can add a page of help to the line that says what is wrong.
        let text = text.split("\nUsage:\n").next().unwrap_or_default().trim();
        let cut = text.len().saturating_sub(QUOTED);
        match text.as_bytes()[cut..].iter().position(|&byte| byte == b'\n') {
            Some(line) if cut > 0 => format!("…{}", &text[cut + line..]),
            _ if cut > 0 => format!("…{}", &text[text.ceil_char_boundary(cut)..]),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
