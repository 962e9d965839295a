//! What Argo CD reported of one Application, and for how long.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use futures::StreamExt as _;
use kube::Api;
use kube::api::DynamicObject;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// One state of an Application, from the moment when it was first seen.
#[derive(Debug, Clone)]
pub struct Sample {
    /// When it was seen.
    pub at: Instant,
    /// What the Application's status said.
    pub state: State,
}

/// The part of an Application's status that the scenarios judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `Synced`, `OutOfSync`, `Unknown`, or empty before the first comparison.
    pub sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, `Missing`, …, or empty.
    pub health: String,
    /// The commit that was compared last.
    pub revision: String,
    /// The phase of the last operation: `Running`, `Succeeded`, `Failed`, `Error`, `Terminating`, or empty.
    pub phase: String,
    /// What the last operation says of itself.
    pub message: String,
    /// The commit that the last operation synced to.
    pub synced_revision: String,
    /// An operation runs, or is asked for and about to.
    pub operating: bool,
    /// When Argo CD compared last, before or after the last operation ended: until it compares again, `sync` is from
    /// before that operation. Argo CD tells both in whole seconds, so `Equal` leaves it open.
    pub compared: Ordering,
    /// `type: message` of every condition.
    pub conditions: Vec<String>,
}

impl State {
    /// Reads an Application.
    pub fn of(application: &DynamicObject) -> Self {
        let text = |path: &str| text(application, path);
        let phase = text("/status/operationState/phase");
        let conditions = application.data.pointer("/status/conditions").and_then(Value::as_array);
        Self {
            sync: text("/status/sync/status"),
            health: text("/status/health/status"),
            revision: text("/status/sync/revision") + &text("/status/sync/revisions/0"),
            message: text("/status/operationState/message"),
            synced_revision: text("/status/operationState/syncResult/revision")
                + &text("/status/operationState/syncResult/revisions/0"),
            operating: application.data.get("operation").is_some()
                || matches!(phase.as_str(), "Running" | "Terminating"),
            // Both are RFC 3339 in UTC and whole seconds, so that their order is the order of the texts.
            compared: text("/status/reconciledAt").cmp(&text("/status/operationState/finishedAt")),
            phase,
            conditions: conditions
                .into_iter()
                .flatten()
                .map(|condition| {
                    let part = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default();
                    format!("{}: {}", part("type"), part("message"))
                })
                .collect(),
        }
    }

    /// Synced to the desired state and healthy, with nothing going on.
    pub fn at_rest(&self) -> bool {
        !self.operating && self.compared.is_ge() && self.sync == "Synced" && self.health == "Healthy"
    }

    /// `OutOfSync` or `Missing` while no operation runs. During an operation every Application is that for a moment.
    pub fn drifts(&self) -> bool {
        !self.operating && self.compared.is_gt() && (self.sync == "OutOfSync" || self.health == "Missing")
    }
}

fn text(application: &DynamicObject, path: &str) -> String {
    application.data.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:9} {:11} ", self.sync, self.health)?;
        f.write_str(if self.operating { "operating" } else { "idle" })?;
        for (name, value) in [("phase", &self.phase), ("message", &self.message)] {
            if !value.is_empty() {
                write!(f, " {name}={value}")?;
            }
        }
        for condition in &self.conditions {
            write!(f, "\n                       {condition}")?;
        }
        Ok(())
    }
}

/// Follows one Application from its creation on.
#[derive(Debug)]
pub struct History {
    samples: watch::Receiver<Vec<Sample>>,
    follower: JoinHandle<()>,
}

impl History {
    /// Starts to follow the Application called `name`.
    pub fn follow(applications: Api<DynamicObject>, name: &str) -> Self {
        let (sender, samples) = watch::channel(Vec::new());
        let events =
            watcher(applications, watcher::Config::default().fields(&format!("metadata.name={name}")));
        let follower = tokio::spawn(async move {
            let mut events = std::pin::pin!(events);
            while let Some(event) = events.next().await {
                // The watcher repairs itself after an error, and gives the current state first.
                if let Ok(Event::Apply(application) | Event::InitApply(application)) = event {
                    let state = State::of(&application);
                    sender.send_if_modified(|samples: &mut Vec<Sample>| {
                        let new = samples.last().is_none_or(|last| last.state != state);
                        if new {
                            samples.push(Sample { at: Instant::now(), state });
                        }
                        new
                    });
                }
            }
        });
        Self { samples, follower }
    }

    /// Everything seen so far.
    pub fn samples(&self) -> Vec<Sample> {
        self.samples.borrow().clone()
    }

    /// The state now; before the first one, an error.
    pub fn now(&self) -> Result<State> {
        let samples = self.samples.borrow();
        Ok(samples.last().ok_or_else(|| anyhow!("Argo CD has reported nothing yet"))?.state.clone())
    }

    /// Waits until the state is as `wanted`, and returns it. The error names `what` was awaited and tells the history.
    pub async fn until(&self, what: &str, limit: Duration, wanted: impl Fn(&State) -> bool) -> Result<State> {
        let mut samples = self.samples.clone();
        let reached = samples.wait_for(|samples| samples.last().is_some_and(|last| wanted(&last.state)));
        if let Ok(Ok(samples)) = timeout(limit, reached).await
            && let Some(last) = samples.last()
        {
            return Ok(last.state.clone());
        }
        Err(anyhow!("{what} did not come within {} s; the Application was:\n{self}", limit.as_secs()))
    }

    /// An error if the Application was anything but [at rest](State::at_rest) since `since`, when it was.
    pub fn ensure_at_rest_since(&self, since: Instant) -> Result<()> {
        let samples = self.samples.borrow();
        let disturbed = samples.iter().find(|sample| sample.at > since && !sample.state.at_rest());
        ensure!(
            disturbed.is_none(),
            "it should have stayed Synced and Healthy; the Application was:\n{self}"
        );
        Ok(())
    }

    /// For how long the Application drifted since `since`.
    pub fn drift(&self, since: Instant) -> Duration {
        let samples = self.samples.borrow();
        let now = Instant::now();
        let ends = samples.iter().skip(1).map(|next| next.at).chain([now]);
        samples
            .iter()
            .zip(ends)
            .filter(|(sample, _)| sample.state.drifts())
            .map(|(sample, end)| end.saturating_duration_since(sample.at.max(since)))
            .sum()
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let samples = self.samples.borrow();
        let mut text = String::new();
        for sample in samples.iter() {
            let seconds = (sample.at - samples[0].at).as_secs_f64();
            let drift = if sample.state.drifts() { "DRIFT" } else { "" };
            writeln!(text, "{seconds:8.1} s {drift:5} {}", sample.state)?;
        }
        f.write_str(&text)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.follower.abort();
    }
}
