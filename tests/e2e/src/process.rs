//! A component of the stack as a child process that cannot outlive the harness.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use process_wrap::std::{ChildWrapper, CommandWrap, ProcessGroup};

/// A running component: a process group of its own, and a log file with all it prints. Dropping it kills the group.
pub struct Component {
    name: &'static str,
    command: CommandWrap,
    child: Box<dyn ChildWrapper>,
    log: PathBuf,
}

impl Component {
    /// Starts `command`, with its output in `NAME.log` under `logs`.
    pub fn start(name: &'static str, mut command: Command, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut command = CommandWrap::from(command);
        command.wrap(ProcessGroup::leader());
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, command, child, log })
    }

    /// What it was started as.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// An error, with the end of the log, when the component has ended.
    pub fn check(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(15)..].join("\n");
        bail!("{} ended ({status}); the end of {}:\n{end}", self.name, self.log.display());
    }

    /// Kills it, without a chance to tidy up.
    pub fn kill(&mut self) {
        // SIGKILL at once: the cmp-server ignores the first SIGTERM, and nothing here has state worth saving.
        // An error means that the group is gone already.
        let _ = self.child.start_kill();
        let _ = self.child.wait();
    }

    /// Starts it once more after it was killed, as it was started before.
    pub fn start_again(&mut self) -> Result<()> {
        self.child = self.command.spawn().with_context(|| format!("cannot start {}", self.name))?;
        Ok(())
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        self.kill();
    }
}
