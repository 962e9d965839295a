//! Findings about migrations that no sync ran.
//!
//! Argo CD runs hooks only in a full sync. A sync of single resources (self-heal's is one), or with strategy `apply`, can
//! apply the trigger all the same: then the app is Synced, and nothing makes Argo CD run the hook.

use std::time::Duration;

use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};

use super::{Case, Finding, Kind};
use crate::cluster::{
    job::{self, Nature, elapsed},
    key::ObjectKey,
    operation::{Operation, OperationState, Phase, ResourceResult},
    trigger::{self, Trigger},
};

/// Argo CD tells the times of a sync in whole seconds.
const SLACK: Duration = Duration::from_secs(2);

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    if !matches!(case.app.operation(), Operation::None) {
        return Vec::new();
    }
    let triggers = trigger::of(case.app).filter_map(|key| case.triggers.get(&key));
    let not_run = triggers.filter_map(|trigger| not_run(case, trigger));
    not_run.chain(never(case)).collect()
}

/// Reports a trigger with a digest that no migration of the app ever had.
fn not_run(case: &Case<'_>, trigger: &Trigger) -> Option<Finding> {
    if case.jobs.iter().any(|live| trigger::digest(live) == Some(&trigger.digest)) {
        return None;
    }
    let state = case.app.status.operation_state.as_ref();
    let job = case.jobs.iter().find(|live| trigger.is_of(&job::key(live)) && trigger::digest(live).is_some());
    let why = if let Some(state) = state.filter(|state| consumed(case, state, trigger)) {
        let how = if state.operation.pointer("/sync/syncStrategy/apply").is_some() {
            "the last sync was made without hooks (strategy `apply`)"
        } else if state.is_automated() {
            "the last sync was self-heal's, of single resources"
        } else {
            "the last sync was one of selected resources"
        };
        format!("{how}: it applied the trigger, and ran no hook")
    } else if let Some(job) = job.filter(|job| !is_newer(job, trigger)) {
        format!("the last run, {}, had another digest", job::key(job))
    } else if job.is_none() && changed_later(case, trigger) {
        "the trigger changed after the last full sync".to_owned()
    } else {
        return None;
    };
    let name = trigger.key.name.trim_end_matches("-presync-trigger");
    Some(
        case.finding(
            Kind::MigrationNotRun,
            Some(ObjectKey::job(&*trigger.key.namespace, name)),
            format!("migration {name} changed, and has not run: {why}"),
        )
        .detail(format!(
            "ConfigMap {} has its new digest, so that Argo CD sees nothing to do",
            trigger.key.name
        ))
        .fix(format!("{}  # a full sync runs it", case.repair("--yes --sync"))),
    )
}

/// Whether the operation applied a change of the trigger without running hooks. One that created the trigger by itself
/// turned the plugin on: the Job had run before without it.
fn consumed(case: &Case<'_>, state: &OperationState, trigger: &Trigger) -> bool {
    let applied = |result: &ResourceResult| {
        let created = result.message.ends_with(" created") && state.is_automated();
        result.key() == trigger.key
            && result.status == "Synced"
            && !created
            && !result.message.ends_with(" unchanged")
    };
    // Of the same time as a full sync, it is that sync's.
    let last = case.app.status.history.last().and_then(|last| last.deployed_at.as_ref());
    let earlier = |at: Timestamp| last.is_none_or(|last| last.0 <= at);
    let apply = state.operation.pointer("/sync/syncStrategy/apply").is_some();
    state.phase == Phase::Succeeded
        && !state.runs_hooks()
        && state.results().any(applied)
        && (apply || state.finished().is_some_and(earlier))
}

/// Whether the Job came after the trigger's last change. A hook of a sync that failed is such a Job: it has the next digest,
/// and the sync ended before it applied the trigger.
fn is_newer(job: &Job, trigger: &Trigger) -> bool {
    let created = job.metadata.creation_timestamp.as_ref().map(|created| created.0);
    let changed = trigger.changed.or(trigger.created);
    created.zip(changed).is_none_or(|(created, changed)| created >= changed)
}

fn changed_later(case: &Case<'_>, trigger: &Trigger) -> bool {
    let last = case.app.status.history.last().and_then(|last| Some(last.deployed_at.as_ref()?.0));
    let (Some(last), Some(created), Some(changed)) = (last, trigger.created, trigger.changed) else {
        return false;
    };
    created <= last && elapsed(last, changed) > SLACK
}

/// Hooks alone never make an app `OutOfSync`, so that auto-sync does not run them.
fn never(case: &Case<'_>) -> Option<Finding> {
    let status = &case.app.status;
    case.app.automated()?;
    if status.sync.status != "Synced" {
        return None;
    }
    let Some(state) = &status.operation_state else {
        let nothing = status.resources.iter().all(|resource| resource.hook);
        let empty = "it is Synced, and no sync has ever run: all that it renders are hooks, or nothing";
        let finding = || case.finding(Kind::HookNeverRuns, None, empty);
        return nothing.then(|| {
            finding()
                .detail("auto-sync starts only for an app that is OutOfSync, which hooks cannot make it")
                .fix(case.opt_in())
                .fix(format!("{}  # runs them once", case.repair("--yes --sync")))
        });
    };
    let hook = state.hooks().map(ResourceResult::key).find(|key| {
        let live = case.jobs.iter().find(|live| job::key(live) == *key);
        key.is_job() && live.is_none_or(|live| matches!(job::nature(live), Nature { migration: Some(_), .. }))
    })?;
    let (compared, synced) = (case.app.compared_revision(), state.revision());
    let newer = !compared.is_empty() && !synced.is_empty() && compared != synced;
    if state.phase != Phase::Succeeded || !newer || trigger::of(case.app).next().is_some() {
        return None;
    }
    Some(
        case.finding(
            Kind::HookNeverRuns,
            Some(hook.clone()),
            format!("a commit that changes only hook {hook} does not run it, and commits came after the last sync"),
        )
        .detail("a hook cannot make the app OutOfSync, so that auto-sync does not start; the plugin renders a trigger for that")
        .fix(case.opt_in())
        .fix(format!("{}  # runs it now", case.repair("--yes --sync"))),
    )
}
