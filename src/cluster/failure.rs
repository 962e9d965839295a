//! Migrations that failed, and what the cluster still tells of them.

use k8s_openapi::{
    api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod},
    jiff::Timestamp,
};
use kube::{Api, Client, ResourceExt, api::LogParams};

use crate::{
    cluster::{
        access::{Attempt, Retry, patient, retry},
        application::Application,
        hook::Sight,
        job::{self, Outcome},
        key::ObjectKey,
        operation::ResourceResult,
    },
    error::Problem,
    redact,
};
use k8s_openapi::api::batch::v1::Job;

/// Lines of a log that are shown.
const LINES: usize = 20;
/// Characters of a line that are shown.
const WIDTH: usize = 200;
/// Bytes of a log that are read.
const BYTES: i64 = 16 * 1024;

/// A Job or hook that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which one.
    pub key: ObjectKey,
    /// `PreSync`, `Sync`, …; empty for a plain Job.
    pub phase: String,
    /// Argo CD's words, or the Job's.
    pub message: String,
    /// It could not be applied, so that nothing ran.
    pub refused: bool,
    /// What was seen of it.
    pub sight: Sight,
    /// The last lines of its last pod, when they were asked for: without secrets.
    pub log: Vec<String>,
}

impl Failure {
    /// One that the last sync reports.
    pub fn reported(result: &ResourceResult, sight: Sight) -> Self {
        Self {
            key: result.key(),
            phase: result.hook_type.clone(),
            message: result.message.clone(),
            refused: result.could_not_be_applied(),
            sight,
            log: Vec::new(),
        }
    }

    /// One that the last sync no longer tells of: a migration Job that is there and failed.
    pub fn live(live: &Job) -> Self {
        Self {
            key: job::key(live),
            phase: String::new(),
            message: job::failure(live).unwrap_or_default(),
            refused: false,
            sight: Sight::None,
            log: Vec::new(),
        }
    }

    /// When the Job ended, if it is there.
    pub fn ended(&self) -> Option<Timestamp> {
        let Sight::Job { job, .. } = &self.sight else { return None };
        job::finished(job).map(|(at, _)| at)
    }

    /// Returns how the containers of its last pod ended.
    pub fn exits(&self) -> Vec<String> {
        let Some(pod) = self.last_pod() else { return Vec::new() };
        let name = pod.name_any();
        ended_badly(pod)
            .map(|(container, end)| {
                let reason = end.reason.as_deref().filter(|reason| *reason != "Error");
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                format!("pod {name}, container {container} exited with {}{reason}", end.exit_code)
            })
            .collect()
    }

    /// Reads the last lines of its last pod.
    pub async fn read_log(&mut self, client: &Client) -> Result<(), Problem> {
        let Some(pod) = self.last_pod() else { return Ok(()) };
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let container = ended_badly(pod).map(|(container, _)| container.to_owned()).next();
        let lines = i64::try_from(LINES).ok();
        let params =
            LogParams { container, tail_lines: lines, limit_bytes: Some(BYTES), ..LogParams::default() };
        let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
        self.log = match patient(|| pods.logs(&name, &params)).await {
            Ok(log) => shown(&log),
            Err(error) if retry(&error) == Retry::Refused => {
                return Err(Attempt::new("get", "pods/log", &namespace).name(&name).problem(error));
            }
            Err(_) => vec!["cannot be read any more".to_owned()],
        };
        Ok(())
    }

    fn last_pod(&self) -> Option<&Pod> {
        let Sight::Job { pods, .. } = &self.sight else { return None };
        let started = |pod: &&Pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        pods.iter().filter(|pod| ended_badly(pod).next().is_some()).max_by_key(started)
    }
}

/// Whether the live Job is a migration that failed and that no sync has made good since.
pub fn is_open(live: &Job, app: &Application) -> bool {
    let Some((at, Outcome::Failed)) = job::finished(live) else { return false };
    let Some(state) = &app.status.operation_state else { return true };
    let good = state.phase == crate::cluster::operation::Phase::Succeeded && state.runs_hooks();
    !good || state.finished().is_some_and(|finished| finished < at)
}

fn ended_badly(pod: &Pod) -> impl Iterator<Item = (&str, &ContainerStateTerminated)> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_deref()).unwrap_or_default();
    let main = status.and_then(|status| status.container_statuses.as_deref()).unwrap_or_default();
    init.iter().chain(main).filter_map(|container: &ContainerStatus| {
        let end = container.state.as_ref()?.terminated.as_ref()?;
        (end.exit_code != 0).then_some((container.name.as_str(), end))
    })
}

/// Returns the last lines, each short, without control characters and secrets. A secret may span lines, so it goes
/// first.
fn shown(log: &str) -> Vec<String> {
    let log = redact::text(log);
    let lines: Vec<&str> = log.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LINES));
    last.map(|line| line.chars().filter(|c| !c.is_control()).take(WIDTH).collect()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn failure(pods: &[Value]) -> Failure {
        let pods = pods.iter().map(|pod| serde_json::from_value(pod.clone()).expect("a Pod")).collect();
        let sight = Sight::Job { job: Box::default(), pods, warnings: Vec::new() };
        Failure::reported(&ResourceResult::default(), sight)
    }

    fn pod(name: &str, created: &str, state: &Value) -> Value {
        json!({"metadata": {"name": name, "creationTimestamp": created}, "status": {"containerStatuses": [
            {"name": "migrate", "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0}]}})
    }

    #[test]
    fn the_last_pod_tells_the_exit_code() {
        let (first, last) = (
            json!({"terminated": {"exitCode": 1}}),
            json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
        );
        let failure = failure(&[
            pod("b", "2026-01-01T00:02:00Z", &last),
            pod("a", "2026-01-01T00:01:00Z", &first),
            pod("c", "2026-01-01T00:03:00Z", &json!({"running": {}})),
        ]);
        assert_eq!(failure.exits(), ["pod b, container migrate exited with 137 (OOMKilled)"]);
    }

    #[test]
    fn a_log_is_bounded_and_holds_no_secret() {
        let log = format!(
            "{}\nconnect postgres://app:hunter22@db/shop\u{1b}[31m\n{}",
            "x\n".repeat(50),
            "y".repeat(5000)
        );
        let lines = shown(&log);
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[LINES - 2], "connect postgres://[redacted]@db/shop[31m");
        assert_eq!(lines[LINES - 1].len(), WIDTH);
    }

    #[test]
    fn a_failed_job_is_open_until_a_full_sync_has_succeeded() {
        let live: Job =
            serde_json::from_value(json!({"status": {"conditions": [{"type": "Failed", "status": "True",
            "lastTransitionTime": "2026-01-01T00:10:00Z"}]}}))
            .expect("a Job");
        let after = |operation: &Value, phase: &str, finished: &str| {
            let app = json!({"status": {"operationState": {"phase": phase, "operation": operation, "finishedAt": finished}}});
            is_open(&live, &serde_json::from_value(app).expect("an Application"))
        };
        let (full, selective) =
            (json!({"sync": {}}), json!({"sync": {"resources": [{"kind": "ConfigMap", "name": "c"}]}}));
        assert!(!after(&full, "Succeeded", "2026-01-01T00:20:00Z"), "it is a hook that git no longer has");
        assert!(after(&selective, "Succeeded", "2026-01-01T00:20:00Z"), "self-heal runs no hook");
        assert!(after(&full, "Succeeded", "2026-01-01T00:05:00Z"));
        assert!(after(&full, "Failed", "2026-01-01T00:20:00Z"));
        assert!(is_open(&live, &Application::default()));
        assert!(!is_open(&Job::default(), &Application::default()));
    }
}
