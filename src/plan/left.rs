//! What a user should know of the Jobs that stay as they are: those that drift, and hooks that a sync may wait for without
//! end.

use serde_json::Value;

use super::Warning;
use crate::{
    error::Result,
    manifest::{Edit, Manifests, ObjectId},
    plan::app::{
        hooks::{self, Author, HookType, Role},
        index::group,
        job::Job,
    },
    settings::Settings,
};

/// Returns the warnings for a Job that is left; `migration` says whether it is one all the same.
pub(super) fn warnings(
    job: &Job<'_>,
    migration: bool,
    settings: &Settings,
    manifests: &Manifests,
) -> Vec<Warning> {
    let warning = |(text, hint): (String, String)| Warning {
        text,
        location: manifests.location(job.id).to_string(),
        hint: Some(hint),
    };
    [drift(job, migration), short_ttl(job, settings), suspended(job)]
        .into_iter()
        .flatten()
        .map(warning)
        .collect()
}

/// Returns the edit that gives a hook the minimum TTL of the platform, where that is asked for.
pub(super) fn raise(job: &Job<'_>, settings: &Settings) -> Option<Edit> {
    let floor = settings.ttl_floor.as_secs();
    let wanted = settings.raise_hook_ttl && runs_as_hook(job) && job.ttl().is_some_and(|ttl| ttl < floor);
    wanted.then(|| Edit::set(["spec", "ttlSecondsAfterFinished"], floor))
}

/// Returns the warnings for `JobSet` objects: their controller deletes a finished one like Kubernetes deletes a Job,
/// but presync does not rewrite them.
pub(super) fn job_sets(manifests: &Manifests) -> Result<Vec<Warning>, crate::error::Problems> {
    let mut warnings = Vec::new();
    for id in manifests.candidates("JobSet")? {
        let object = manifests.object(id)?;
        let Some(ttl) = job_set_ttl(object) else { continue };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        warnings.push(Warning {
            text: drifts("JobSet", name, ttl),
            location: location(manifests, id),
            hint: Some("remove the TTL, or make it an Argo CD hook".to_owned()),
        });
    }
    Ok(warnings)
}

fn location(manifests: &Manifests, id: ObjectId) -> String {
    manifests.location(id).to_string()
}

fn job_set_ttl(object: &Value) -> Option<u64> {
    let job_set = group(object["apiVersion"].as_str()?) == "jobset.x-k8s.io";
    let plain = hooks::role(object).0 == Role::Resource;
    object["spec"]["ttlSecondsAfterFinished"].as_u64().filter(|_| job_set && plain)
}

/// Warns of a plain Job that is left with its TTL: it still becomes drift.
fn drift(job: &Job<'_>, migration: bool) -> Option<(String, String)> {
    let ttl = job.ttl()?;
    if hooks::role(job.object) != (Role::Resource, Author::Nobody) {
        return None;
    }
    let hint = if migration {
        "take `strategy: off` away, or remove the TTL"
    } else {
        "if it is a migration, annotate it with argocd-presync-plugin/migration: \"true\"; else remove the TTL"
    };
    Some((drifts("Job", &job.label(), ttl), hint.to_owned()))
}

fn drifts(kind: &str, name: &str, ttl: u64) -> String {
    format!(
        "{kind} {name} has a TTL of {ttl} s and is no hook: Argo CD will report it as missing when Kubernetes has deleted it"
    )
}

/// Warns of a hook that can be gone before Argo CD has seen its end: then the sync never ends.
fn short_ttl(job: &Job<'_>, settings: &Settings) -> Option<(String, String)> {
    let floor = settings.ttl_floor.as_secs();
    let ttl = job.ttl().filter(|ttl| *ttl < floor && !settings.raise_hook_ttl && runs_as_hook(job))?;
    let text = format!(
        "hook {} has a TTL of {ttl} s: Argo CD may miss its end, and then the sync waits for it without end",
        job.label()
    );
    let hint = format!(
        "set `ttlSecondsAfterFinished` to {floor} or more, or `raiseHookTtl: true` in the platform file"
    );
    Some((text, hint))
}

fn suspended(job: &Job<'_>) -> Option<(String, String)> {
    let text = format!("hook {} is suspended: every sync waits until someone resumes it", job.label());
    (runs_as_hook(job) && job.is_suspended())
        .then(|| (text, "remove `suspend: true`, or the hook annotation".to_owned()))
}

/// Whether the author made the Job a hook of syncs.
fn runs_as_hook(job: &Job<'_>) -> bool {
    let in_sync = |kind: &HookType| matches!(kind, HookType::PreSync | HookType::Sync | HookType::PostSync);
    matches!(hooks::role(job.object).0, Role::Hook(types) if types.iter().any(in_sync))
}
