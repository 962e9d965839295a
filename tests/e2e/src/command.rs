//! Runs the program under test as a person or a pod would.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::lab::Lab;

/// No command that is expected to end takes longer.
const LIMIT: Duration = Duration::from_mins(12);

/// What a command printed, and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// The command line.
    pub line: String,
    /// The exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// What it said.
    pub stdout: String,
    /// What it said of itself.
    pub stderr: String,
}

impl Output {
    /// An error that shows everything, unless the command ended with `code`.
    pub fn expect(self, code: i32) -> Result<Self> {
        ensure!(self.code == Some(code), "exit code {code} was expected:\n{self}");
        Ok(self)
    }

    /// An error that shows everything, unless it said `text` on stdout or stderr.
    pub fn says(self, text: &str) -> Result<Self> {
        ensure!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "it does not say {text:?}:\n{self}"
        );
        Ok(self)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, code, stdout, stderr } = self;
        let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        write!(f, "$ {line}\n{stdout}--- stderr\n{stderr}--- exit code {code}")
    }
}

impl Lab {
    /// Runs `presync` with an administrator's permissions.
    pub async fn presync(&self, arguments: &[&str]) -> Result<Output> {
        self.presync_as(&self.kubeconfig, arguments).await
    }

    /// Runs `presync` with this kubeconfig.
    pub async fn presync_as(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<Output> {
        let ended = timeout(LIMIT, self.command(kubeconfig, arguments).output()).await;
        let line = format!("presync {}", arguments.join(" "));
        let output = ended.with_context(|| format!("`{line}` did not end"))?.context("cannot run presync")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let output = Output {
            line,
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        self.record(&output)?;
        Ok(output)
    }

    /// Runs `presync repair APP --yes` with these options, and patience for a busy machine.
    pub async fn repair(&self, app: &str, options: &[&str]) -> Result<Output> {
        self.presync(&[&["repair", app, "--yes", "--timeout", "10m"], options].concat()).await
    }

    /// Keeps what was said, for whoever wants to see how the commands look.
    fn record(&self, output: &Output) -> Result<()> {
        let file = self.output.join("presync.log");
        let mut log = OpenOptions::new().create(true).append(true).open(&file)?;
        writeln!(log, "{output}\n").with_context(|| format!("cannot write {}", file.display()))
    }

    /// Starts `presync`, which is killed when the child is dropped.
    pub fn start_presync(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<Child> {
        self.command(kubeconfig, arguments).spawn().context("cannot run presync")
    }

    fn command(&self, kubeconfig: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.presync);
        command.args(arguments).args(["--namespace", &self.argocd]);
        command.env_clear().env("KUBECONFIG", kubeconfig).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}
