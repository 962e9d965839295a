//! What a hook Job that an operation waits for is doing.

use std::time::Duration;

use k8s_openapi::{
    api::{
        batch::v1::Job,
        core::v1::{ContainerStatus, Pod},
    },
    jiff::Timestamp,
};
use kube::ResourceExt;

use crate::cluster::{
    HOOK_FINALIZER,
    job::{self, Outcome, elapsed, human},
    key::ObjectKey,
};

/// A hook and what was seen of it.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The hook.
    pub key: ObjectKey,
    /// What was seen.
    pub sight: Sight,
}

/// What was seen of a hook.
#[derive(Debug, Clone)]
pub enum Sight {
    /// It is no Job, or not in this cluster.
    None,
    /// The Job does not exist.
    Gone,
    /// The Job, its pods, and messages of warning events about them.
    Job {
        /// The Job.
        job: Box<Job>,
        /// Its pods.
        pods: Vec<Pod>,
        /// Messages of warning events, such as `serviceaccount "order" not found`.
        warnings: Vec<String>,
    },
}

/// Whether a hook gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A pod runs its container.
    Running,
    /// Nothing of it runs.
    Stalled,
    /// Nobody here can tell.
    Unknown,
}

impl Hook {
    /// Whether it gets on: a pod whose containers all run or still start without an error.
    pub fn progress(&self) -> Progress {
        match &self.sight {
            Sight::None => Progress::Unknown,
            Sight::Gone => Progress::Stalled,
            Sight::Job { job, pods, .. } => {
                let ended = job::finished(job).is_some() || job::deleting_since(job).is_some();
                if !ended && pods.iter().any(works) { Progress::Running } else { Progress::Stalled }
            }
        }
    }

    /// Returns why the operation still waits for it, as far as the cluster tells.
    pub fn causes(&self, now: Timestamp) -> Vec<String> {
        match &self.sight {
            Sight::None if self.key.is_job() => {
                vec!["the Job is in another cluster, which was not looked at".to_owned()]
            }
            Sight::None => vec![format!("only Jobs are looked into, not {}", self.key.kind)],
            Sight::Gone => {
                vec!["the Job is gone: its TTL or somebody deleted it before Argo CD saw its end".to_owned()]
            }
            Sight::Job { job, pods, warnings } => causes(job, pods, warnings, now),
        }
    }
}

fn causes(job: &Job, pods: &[Pod], warnings: &[String], now: Timestamp) -> Vec<String> {
    if let Some(since) = job::deleting_since(job) {
        let age = human(elapsed(since, now));
        let held = job.finalizers().join(", ");
        return vec![format!("the Job is being deleted since {age}, held by finalizer {held}")];
    }
    if let Some((at, outcome)) = job::finished(job) {
        let age = human(elapsed(at, now));
        let how = match outcome {
            Outcome::Succeeded => "completed".to_owned(),
            Outcome::Failed => format!("failed ({})", job::failure(job).unwrap_or_default()),
        };
        return vec![format!("the Job {how} {age} ago and Argo CD has not taken note")];
    }
    let spec = job.spec.as_ref();
    if spec.and_then(|spec| spec.suspend).unwrap_or_default() {
        return vec!["the Job is suspended (spec.suspend)".to_owned()];
    }
    let mut causes: Vec<String> = pods.iter().flat_map(|pod| pod_causes(pod, now)).collect();
    if pods.is_empty() {
        causes.push("the Job has no pod".to_owned());
    }
    causes.extend(warnings.iter().cloned());
    let failed = job.status.as_ref().and_then(|status| status.failed).unwrap_or_default();
    if failed > 0 {
        let limit = spec.and_then(|spec| spec.backoff_limit).unwrap_or(6);
        causes.push(format!("{failed} of its pods failed (backoffLimit {limit})"));
    }
    if spec.is_some_and(|spec| spec.active_deadline_seconds.is_none()) {
        causes.push("no spec.activeDeadlineSeconds ends it".to_owned());
    }
    causes
}

fn pod_causes(pod: &Pod, now: Timestamp) -> Vec<String> {
    let name = pod.name_any();
    let Some(status) = &pod.status else { return Vec::new() };
    let unschedulable = status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unschedulable {
        let message = condition.message.as_deref().unwrap_or("not scheduled");
        return vec![format!("pod {name} cannot be scheduled: {message}")];
    }
    let mut causes: Vec<String> = statuses(pod)
        .filter_map(|container| {
            let waiting = container.state.as_ref()?.waiting.as_ref()?;
            let reason = waiting.reason.as_deref().filter(|reason| !is_start(reason))?;
            let message = waiting.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
            Some(format!("pod {name}, container {}: {reason}{message}", container.name))
        })
        .collect();
    if causes.is_empty()
        && let Some(side) = only_sidecars_run(pod)
    {
        causes.push(format!("pod {name}: only container {side} still runs and keeps the pod from ending"));
    } else if works(pod) {
        let since = running_since(pod).map(|since| human(elapsed(since, now))).unwrap_or_default();
        causes.push(format!("pod {name} runs since {since}"));
    }
    causes
}

/// Whether a container's reason for waiting is not an error.
fn is_start(reason: &str) -> bool {
    matches!(reason, "ContainerCreating" | "PodInitializing")
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_ref());
    let main = status.and_then(|status| status.container_statuses.as_ref());
    init.into_iter().chain(main).flatten()
}

/// Whether a container runs that is not a sidecar, and none is stuck.
fn works(pod: &Pod) -> bool {
    let runs =
        statuses(pod).any(|container| container.state.as_ref().is_some_and(|state| state.running.is_some()));
    let stuck = statuses(pod).any(|container| {
        let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
        waiting.and_then(|waiting| waiting.reason.as_deref()).is_some_and(|reason| !is_start(reason))
    });
    runs && !stuck && only_sidecars_run(pod).is_none()
}

/// Returns the container that still runs after another one of the pod ended well.
fn only_sidecars_run(pod: &Pod) -> Option<&str> {
    let main = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = main.iter().any(|container| {
        container
            .state
            .as_ref()
            .and_then(|state| state.terminated.as_ref())
            .is_some_and(|end| end.exit_code == 0)
    });
    let runs =
        main.iter().find(|container| container.state.as_ref().is_some_and(|state| state.running.is_some()));
    runs.filter(|_| ended).map(|container| container.name.as_str())
}

fn running_since(pod: &Pod) -> Option<Timestamp> {
    statuses(pod)
        .filter_map(|container| Some(container.state.as_ref()?.running.as_ref()?.started_at.as_ref()?.0))
        .min()
}

/// Whether Argo CD's finalizer holds a Job that has been deleted for longer than `grace`, so that nothing will remove
/// it.
pub fn is_leaked(job: &Job, now: Timestamp, grace: Duration) -> bool {
    job::has_hook_finalizer(job) && job::deleting_since(job).is_some_and(|since| elapsed(since, now) >= grace)
}

/// Returns the Job's finalizers without Argo CD's.
pub fn other_finalizers(job: &Job) -> Vec<String> {
    job.finalizers().iter().filter(|finalizer| *finalizer != HOOK_FINALIZER).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn hook(job: Value, pods: &[Value], warnings: &[&str]) -> Hook {
        Hook {
            key: ObjectKey::job("shop", "migrate"),
            sight: Sight::Job {
                job: serde_json::from_value(job).expect("a Job"),
                pods: pods.iter().map(|pod| serde_json::from_value(pod.clone()).expect("a Pod")).collect(),
                warnings: warnings.iter().map(ToString::to_string).collect(),
            },
        }
    }

    fn pod(containers: &[(&str, Value)]) -> Value {
        let statuses: Vec<Value> = containers
            .iter()
            .map(|(name, state)| json!({"name": name, "state": state, "image": "", "imageID": "", "ready": true, "restartCount": 0}))
            .collect();
        json!({"metadata": {"name": "p"}, "status": {"containerStatuses": statuses}})
    }

    fn now() -> Timestamp {
        "2026-01-01T01:00:00Z".parse().expect("a time")
    }

    fn running() -> Value {
        json!({"running": {"startedAt": "2026-01-01T00:18:00Z"}})
    }

    #[test]
    fn a_running_pod_is_progress() {
        let hook = hook(json!({"spec": {"template": {}}}), &[pod(&[("main", running())])], &[]);
        assert_eq!(hook.progress(), Progress::Running);
        assert_eq!(hook.causes(now()), ["pod p runs since 42 min", "no spec.activeDeadlineSeconds ends it"]);
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_a_stall() {
        let waiting =
            json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}});
        let hook = hook(
            json!({"spec": {"template": {}, "activeDeadlineSeconds": 9}}),
            &[pod(&[("main", waiting)])],
            &[],
        );
        assert_eq!(hook.progress(), Progress::Stalled);
        assert_eq!(
            hook.causes(now()),
            ["pod p, container main: ImagePullBackOff: Back-off pulling image \"x\""]
        );
    }

    #[test]
    fn a_missing_config_map_is_named() {
        let waiting = json!({"waiting": {"reason": "CreateContainerConfigError", "message": "configmap \"order\" not found"}});
        let causes = hook(json!({}), &[pod(&[("main", waiting)])], &[]).causes(now());
        assert_eq!(
            causes,
            ["pod p, container main: CreateContainerConfigError: configmap \"order\" not found"]
        );
    }

    #[test]
    fn a_sidecar_that_outlives_the_migration_is_a_stall() {
        let ended = json!({"terminated": {"exitCode": 0}});
        let hook = hook(json!({}), &[pod(&[("main", ended), ("proxy", running())])], &[]);
        assert_eq!(hook.progress(), Progress::Stalled);
        assert_eq!(
            hook.causes(now()),
            ["pod p: only container proxy still runs and keeps the pod from ending"]
        );
    }

    #[test]
    fn without_a_pod_the_events_tell_why() {
        let message = "error looking up service account shop/order: serviceaccount \"order\" not found";
        let hook = hook(json!({}), &[], &[message]);
        assert_eq!(hook.progress(), Progress::Stalled);
        assert_eq!(hook.causes(now()), ["the Job has no pod", message]);
    }

    #[test]
    fn a_job_that_ended_is_not_waited_for_any_longer() {
        let hook = hook(
            json!({"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded",
                "message": "Job was active longer than specified deadline", "lastTransitionTime": "2026-01-01T00:55:00Z"}]}}),
            &[pod(&[("main", running())])],
            &[],
        );
        assert_eq!(hook.progress(), Progress::Stalled);
        assert_eq!(
            hook.causes(now()),
            [
                "the Job failed (DeadlineExceeded: Job was active longer than specified deadline) 5 min ago and Argo CD has not taken note"
            ]
        );
    }

    #[test]
    fn a_finalizer_leaks_only_after_a_while() {
        let job: Job =
            serde_json::from_value(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:59:30Z",
            "finalizers": [HOOK_FINALIZER, "other"]}}))
            .expect("a Job");
        assert!(is_leaked(&job, now(), Duration::from_secs(20)));
        assert!(!is_leaked(&job, now(), Duration::from_mins(1)));
        assert_eq!(other_finalizers(&job), ["other"]);
    }
}
