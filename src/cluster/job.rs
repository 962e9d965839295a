//! Questions to a live Job.

use std::time::Duration;

use k8s_openapi::{
    api::batch::v1::Job,
    jiff::{SignedDuration, Timestamp},
};
use kube::ResourceExt;
use serde_json::Value;

use crate::{
    cluster::{HOOK_FINALIZER, key::ObjectKey},
    manifest::ObjectId,
    plan::{
        app::{
            hooks::{self, Role},
            job as view,
        },
        migration::{SelectedBy, select},
        pod,
    },
    settings::{ANNOTATION_PREFIX, Selectors},
};

/// How a Job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Condition `Complete`.
    Succeeded,
    /// Condition `Failed`.
    Failed,
}

/// Returns the Job as an object of an app.
pub fn key(job: &Job) -> ObjectKey {
    ObjectKey::job(job.namespace().unwrap_or_default(), job.name_any())
}

/// When and how the Job ended, as the TTL controller judges it: by condition `Complete` or `Failed` with status `True`
/// (`pkg/controller/ttlafterfinished/ttlafterfinished_controller.go`, `jobFinishTime`).
pub fn finished(job: &Job) -> Option<(Timestamp, Outcome)> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().filter(|condition| condition.status == "True").find_map(|condition| {
        let outcome = match condition.type_.as_str() {
            "Complete" => Outcome::Succeeded,
            "Failed" => Outcome::Failed,
            _ => return None,
        };
        Some((condition.last_transition_time.as_ref()?.0, outcome))
    })
}

/// Returns why the Job failed: reason and message of its `Failed` condition.
pub fn failure(job: &Job) -> Option<String> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let failed =
        conditions.iter().find(|condition| condition.type_ == "Failed" && condition.status == "True")?;
    Some(
        [failed.reason.as_deref(), failed.message.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(": "),
    )
}

/// Returns `spec.ttlSecondsAfterFinished` of the live object.
pub fn ttl(job: &Job) -> Option<Duration> {
    let seconds = job.spec.as_ref()?.ttl_seconds_after_finished?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// Whether the author or the plugin wrote a TTL, as the object's own record of what was applied tells;
/// `None` when there is no such record.
pub fn ttl_was_applied(job: &Job) -> Option<bool> {
    if let Some(applied) = job.annotations().get("kubectl.kubernetes.io/last-applied-configuration") {
        let applied: Value = serde_json::from_str(applied).ok()?;
        return Some(applied.pointer("/spec/ttlSecondsAfterFinished").is_some());
    }
    let mut applied = job
        .metadata
        .managed_fields
        .iter()
        .flatten()
        .filter(|entry| entry.operation.as_deref() == Some("Apply"))
        .filter_map(|entry| entry.fields_v1.as_ref())
        .peekable();
    applied.peek()?;
    Some(applied.any(|fields| fields.0.pointer("/f:spec/f:ttlSecondsAfterFinished").is_some()))
}

/// What the plugin's own judgement makes of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nature {
    /// Argo CD takes it for a hook, or for nothing of its own: its absence is no drift.
    pub hook: bool,
    /// Why it is a migration, when it is one.
    pub migration: Option<String>,
}

/// Judges a live Job as `generate` judges a rendered one. Scripts in ConfigMaps are not read here.
pub fn nature(job: &Job) -> Nature {
    let object = serde_json::to_value(job).unwrap_or_default();
    let hook = !matches!(hooks::role(&object).0, Role::Resource);
    let annotation =
        |key: &str| job.annotations().get(&format!("{ANNOTATION_PREFIX}{key}")).map(String::as_str);
    if annotation("rewritten").is_some() {
        return Nature { hook, migration: Some("the plugin rewrote it".to_owned()) };
    }
    let author = annotation("migration").and_then(|says| says.parse().ok());
    let view = view::Job { id: ObjectId { document: 0, item: None }, object: &object };
    let selection = select(&view, &pod::read(view.pod(), |_| Vec::new()), &Selectors::default(), author);
    let reasons: Vec<&str> = selection.evidence.reasons.iter().map(|reason| reason.text.as_str()).collect();
    let why = match selection.by {
        SelectedBy::Evidence => reasons.join(", "),
        _ => selection.why(),
    };
    Nature { hook, migration: selection.migration.then_some(why) }
}

/// Whether it has Argo CD's hook finalizer.
pub fn has_hook_finalizer(job: &Job) -> bool {
    job.finalizers().iter().any(|finalizer| finalizer == HOOK_FINALIZER)
}

/// When its deletion was asked for.
pub fn deleting_since(job: &Job) -> Option<Timestamp> {
    job.metadata.deletion_timestamp.as_ref().map(|time| time.0)
}

/// When the TTL controller deletes it.
pub fn expires(finished: Timestamp, ttl: Duration) -> Option<Timestamp> {
    finished.checked_add(SignedDuration::try_from(ttl).ok()?).ok()
}

/// Time between two moments, zero when the clocks disagree.
pub fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// Returns a duration as people say it: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {small_unit}") }
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => two(seconds / 60, "min", if seconds < 600 { seconds % 60 } else { 0 }, "s"),
        7200..172_800 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(value: Value) -> Job {
        serde_json::from_value(value).expect("a Job")
    }

    #[test]
    fn a_condition_that_is_not_true_ends_nothing() {
        let with = |type_: &str, status: &str| {
            finished(&job(json!({"status": {"conditions": [
                {"type": type_, "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})))
        };
        assert_eq!(with("Complete", "True").map(|end| end.1), Some(Outcome::Succeeded));
        assert_eq!(with("Failed", "True").map(|end| end.1), Some(Outcome::Failed));
        assert_eq!(with("Failed", "False"), None);
        assert_eq!(with("Suspended", "True"), None);
    }

    #[test]
    fn an_injected_ttl_is_in_no_record_of_what_was_applied() {
        let last = |spec: &str| {
            job(json!({"metadata": {"annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"spec\":{spec}}}")}},
                "spec": {"ttlSecondsAfterFinished": 60, "template": {}}}))
        };
        assert_eq!(ttl_was_applied(&last(r#"{"ttlSecondsAfterFinished":60}"#)), Some(true));
        assert_eq!(ttl_was_applied(&last("{}")), Some(false));
        let owned = |operation: &str, fields: Value| {
            job(
                json!({"metadata": {"managedFields": [{"manager": "argocd-controller", "operation": operation,
                "fieldsType": "FieldsV1", "fieldsV1": fields}]}}),
            )
        };
        assert_eq!(
            ttl_was_applied(&owned("Apply", json!({"f:spec": {"f:ttlSecondsAfterFinished": {}}}))),
            Some(true)
        );
        assert_eq!(ttl_was_applied(&owned("Apply", json!({"f:spec": {"f:template": {}}}))), Some(false));
        assert_eq!(ttl_was_applied(&owned("Update", json!({"f:spec": {"f:template": {}}}))), None);
    }

    #[test]
    fn a_live_job_is_judged_as_a_rendered_one() {
        let with = |annotations: Value, command: Value| {
            nature(&job(
                json!({"metadata": {"name": "load", "annotations": annotations}, "spec": {"template": {"spec": {
                "containers": [{"name": "main", "image": "order:1", "command": command}]}}}}),
            ))
        };
        let plain = with(json!({}), json!(["bundle", "exec", "rake", "db:migrate"]));
        assert!(!plain.hook && plain.migration.is_some(), "{plain:?}");
        assert_eq!(with(json!({}), json!(["backup"])), Nature { hook: false, migration: None });
        let said = with(json!({"argocd-presync-plugin/migration": "true"}), json!(["backup"]));
        assert!(said.migration.is_some());
        let rewritten = with(
            json!({"argocd-presync-plugin/rewritten": "{}", "argocd.argoproj.io/hook": "Sync"}),
            json!([]),
        );
        assert!(rewritten.hook && rewritten.migration.is_some());
        assert!(with(json!({"helm.sh/hook": "test"}), json!(["x"])).hook, "Argo CD never applies it");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let say = |seconds| human(Duration::from_secs(seconds));
        assert_eq!(say(45), "45 s");
        assert_eq!(say(125), "2 min 5 s");
        assert_eq!(say(2530), "42 min");
        assert_eq!(say(11_100), "3 h 5 min");
        assert_eq!(say(176_400), "2 d 1 h");
    }
}
