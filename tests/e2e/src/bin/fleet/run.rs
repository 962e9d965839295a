//! Runs of `presync`, measured.

use std::{fs, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, Result};
use e2e::lab::Lab;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, interval};

/// What one run cost.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    what: &'static str,
    seconds: f64,
    requests: u64,
    peak_memory_mb: f64,
    /// What it said at the end.
    said: String,
}

/// One run.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) figures: Figures,
}

impl Run {
    /// What `doctor --format json` printed.
    pub(crate) fn report(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| self.stderr.clone())
    }
}

/// Runs `presync` to its end.
pub(crate) async fn presync(
    lab: &Lab,
    what: &'static str,
    kubeconfig: &Path,
    arguments: &[&str],
) -> Result<Run> {
    let mut command = tokio::process::Command::new(&lab.presync);
    command.args(arguments).args(["--namespace", &lab.argocd]).env_clear().env("KUBECONFIG", kubeconfig);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let started = Instant::now();
    let child = command.spawn().context("cannot run presync")?;
    let memory = format!("/proc/{}/status", child.id().unwrap_or_default());
    let ended = child.wait_with_output();
    tokio::pin!(ended);
    let (mut peak, mut tick) = (0.0, interval(Duration::from_millis(50)));
    let output = loop {
        tokio::select! {
            output = &mut ended => break output?,
            _ = tick.tick() => peak = high_water(&memory).unwrap_or(peak),
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let said =
        stdout.lines().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("; ");
    let report: Option<Value> = serde_json::from_str(&stdout).ok();
    let requests = match &report {
        Some(report) => report["requests"].as_u64().unwrap_or_default(),
        None => said
            .rsplit_once(" requests")
            .and_then(|(before, _)| before.rsplit('(').next()?.parse().ok())
            .unwrap_or_default(),
    };
    let said = report.map_or(said, |report| report["summary"].to_string());
    let figures =
        Figures { what, seconds: started.elapsed().as_secs_f64(), requests, peak_memory_mb: peak, said };
    println!("{what}: {:.1} s, {requests} requests, {peak:.0} MB; {}", figures.seconds, figures.said);
    Ok(Run { code: output.status.code(), stdout, stderr, figures })
}

/// The peak of a process's resident memory, in megabytes.
fn high_water(status: &str) -> Option<f64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1024.0)
}
