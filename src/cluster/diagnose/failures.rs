//! Findings about migrations that failed, and Jobs that could not be applied.

use super::{Case, Finding, Kind};
use crate::cluster::{
    application::Deployment,
    failure::Failure,
    hook::Sight,
    job::{elapsed, human},
    key::ObjectKey,
    operation::{Operation, OperationState, ResourceResult},
};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let state = case.app.status.operation_state.as_ref();
    let immutable: Vec<ObjectKey> = immutable(case).collect();
    let failed = case.failures.iter().filter(|failure| !immutable.contains(&failure.key));
    let failed = failed.map(|failure| migration(case, state, failure));
    failed.chain(immutable.iter().map(|key| immutable_job(case, key))).collect()
}

fn migration(case: &Case<'_>, state: Option<&OperationState>, failure: &Failure) -> Finding {
    let Failure { key, phase, message, refused, log, .. } = failure;
    let ended = failure.ended().or(state.and_then(OperationState::finished));
    let ago = ended.map(|at| format!(" {} ago", human(elapsed(at, case.now)))).unwrap_or_default();
    let hook = if phase.is_empty() { String::new() } else { format!("{phase} hook ") };
    let how = if *refused { "could not be created" } else { "failed" };
    let why = if message.is_empty() { String::new() } else { format!(": {message}") };
    let mut finding =
        case.finding(Kind::FailedMigration, Some(key.clone()), format!("{hook}{key} {how}{ago}{why}"));
    finding.details.extend(failure.exits());
    finding.details.extend(log.iter().map(|line| format!("log: {line}")));
    finding.details.extend(unreadable(case, failure));
    if let Some(state) = state {
        finding = finding.detail(blocked(case, state, phase)).detail(next(case, state));
    }
    if case.app.status.health.status == "Healthy" {
        finding = finding.detail("Argo CD shows the app as Healthy all the same: it does not count hooks");
    }
    let log = matches!(failure.sight, Sight::Job { .. }) && log.is_empty() && !refused;
    let command = format!("kubectl logs -n {} job/{} --all-containers --tail=100", key.namespace, key.name);
    let finding = finding.fix(log.then_some(command));
    let finding = finding.fix(format!(
        "in git: correct what {key} runs, or what it needs, and commit: the next sync runs it again"
    ));
    finding.fix(format!(
        "{}  # when the cause was not in git: runs it again as it is",
        case.repair("--yes --sync")
    ))
}

/// Returns why there is no more to tell.
fn unreadable(case: &Case<'_>, failure: &Failure) -> Option<String> {
    match failure.sight {
        Sight::None if failure.key.is_job() && !case.app.is_local() => {
            let cluster = &case.app.spec.destination;
            let cluster = if cluster.name.is_empty() { &cluster.server } else { &cluster.name };
            Some(format!("its pod and log are in cluster {cluster}: look there"))
        }
        Sight::Gone if !failure.refused => Some("the Job is gone, and its log with it".to_owned()),
        _ => None,
    }
}

/// Returns what is not deployed because of it.
fn blocked(case: &Case<'_>, state: &OperationState, phase: &str) -> String {
    let to = short(&state.revision());
    let to = if to.is_empty() { "the sync".to_owned() } else { format!("the sync to {to}") };
    let before = case.app.status.history.last().map(|last| running(case, last)).unwrap_or_default();
    match phase {
        "PreSync" => format!("{to} stopped there, and nothing of it was deployed{before}"),
        "PostSync" => format!("{to} had deployed everything else before"),
        _ => format!("{to} stopped there: what comes after it was not deployed"),
    }
}

fn running(case: &Case<'_>, last: &Deployment) -> String {
    let revision = if last.revisions.is_empty() { last.revision.clone() } else { last.revisions.join(" ") };
    let at = last.deployed_at.as_ref();
    let since = at.map(|at| format!(", deployed {} ago", human(elapsed(at.0, case.now)))).unwrap_or_default();
    format!(": the cluster runs {}{since}", short(&revision))
}

/// Returns what happens by itself.
fn next(case: &Case<'_>, state: &OperationState) -> String {
    match case.app.operation() {
        Operation::None if case.app.automated().is_some() => {
            "auto-sync does not try this revision again: it waits for a new one".to_owned()
        }
        Operation::None => "nothing happens until somebody syncs".to_owned(),
        _ => format!("the sync goes on or is tried again ({} retries so far)", state.retry_count),
    }
}

/// Returns the first characters of each commit, as people say them.
fn short(revision: &str) -> String {
    let words = revision.split(' ').map(|word| word.get(..7).filter(|_| word.len() == 40).unwrap_or(word));
    words.collect::<Vec<_>>().join(" ")
}

/// Jobs whose template differs from the live one: by the last sync, or by a comparison that failed, which is what
/// `ServerSideDiff` makes of it.
fn immutable(case: &Case<'_>) -> impl Iterator<Item = ObjectKey> {
    let results = case.app.status.operation_state.iter().flat_map(OperationState::results);
    let refused = results.filter(|result| result.key().is_job() && result.is_immutable());
    let mut keys: Vec<ObjectKey> = refused.map(ResourceResult::key).collect();
    let errors = case.app.status.conditions.iter().filter(|condition| {
        condition.type_ == "ComparisonError" && condition.message.contains("field is immutable")
    });
    let names = errors.filter_map(|condition| {
        condition
            .message
            .split_once("Job.batch \"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(name, _)| name)
    });
    let namespace = case.app.spec.destination.namespace.as_str();
    keys.extend(names.map(|name| {
        let listed = case.app.status.resources.iter().map(super::ResourceStatus::key);
        let mut listed = listed.filter(|key| key.is_job() && key.name == name);
        listed.next().unwrap_or_else(|| ObjectKey::job(namespace, name))
    }));
    keys.sort();
    keys.dedup();
    keys.into_iter()
}

fn immutable_job(case: &Case<'_>, key: &ObjectKey) -> Finding {
    let results = case.app.status.operation_state.iter().flat_map(OperationState::results);
    let is_hook = results.into_iter().any(|result| result.key() == *key && !result.hook_type.is_empty());
    let finding = case
        .finding(
            Kind::ImmutableJob,
            Some(key.clone()),
            format!("{key} is to change, and Kubernetes lets nobody change the template of a Job"),
        )
        .detail("field is immutable: each sync fails until the old Job is gone, and what comes after it is not deployed");
    let delete = format!(
        "kubectl delete job {} -n {}  # the next sync creates it anew, and it runs again",
        key.name, key.namespace
    );
    if is_hook {
        let policy = "in git: annotation argocd.argoproj.io/hook-delete-policy: BeforeHookCreation";
        return finding.fix(format!("{policy} on {key}")).fix(delete);
    }
    finding
        .fix(case.opt_in())
        .fix(format!("in git: give {key} a name that changes with what it runs"))
        .fix(delete)
}
