//! Findings about the operation of an Application.

use super::{Case, Finding, Kind};
use crate::cluster::{
    hook::Progress,
    job::{elapsed, human},
    key::ObjectKey,
    operation::{Operation, OperationState, ResourceResult},
};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let finding = match case.app.operation() {
        Operation::Active(state) => stuck(case, state),
        Operation::Orphaned(state) => Some(orphaned(case, state)),
        Operation::None | Operation::Requested => None,
    };
    finding.into_iter().chain(rerun(case)).collect()
}

/// Returns an operation that waits for a hook for longer than the patience; one that waits for anything else is a
/// roll-out.
fn stuck(case: &Case<'_>, state: &OperationState) -> Option<Finding> {
    let age = elapsed(state.started()?, case.now);
    if age < case.patience || case.hooks.is_empty() {
        return None;
    }
    let names: Vec<String> = case.hooks.iter().map(|hook| hook.key.to_string()).collect();
    let mut finding = case.finding(
        Kind::StuckOperation,
        Some(case.hooks[0].key.clone()),
        format!("the sync waits for {} since {}", names.join(", "), human(age)),
    );
    for hook in case.hooks {
        finding
            .details
            .extend(hook.causes(case.now).into_iter().map(|cause| format!("{}: {cause}", hook.key)));
    }
    finding = finding.detail(if case.app.metadata.deletion_timestamp.is_some() {
        "while it waits, Argo CD does not carry out the deletion of the app"
    } else {
        "while it waits, nothing else of the app is deployed and auto-sync is blocked"
    });
    if case.hooks.iter().any(|hook| hook.progress() == Progress::Running) {
        Some(
            finding
                .detail("a pod is running: the migration may only be slow")
                .fix(case.repair("--yes --force")),
        )
    } else if case.hooks.iter().any(|hook| hook.progress() == Progress::Unknown) {
        Some(finding.fix(case.repair("--yes --force")))
    } else {
        Some(finding.fix(case.repair("--yes")))
    }
}

/// Reports an operation that is shown as running though `.operation` was removed, as the usual `kubectl patch` leaves it.
fn orphaned(case: &Case<'_>, state: &OperationState) -> Finding {
    let since =
        state.started().map(|at| format!(" since {}", human(elapsed(at, case.now)))).unwrap_or_default();
    let mut finding = case.finding(
        Kind::OrphanedOperation,
        None,
        format!("status.operationState is {}{since}, and `.operation` is gone", state.phase),
    );
    for hook in state.awaited() {
        finding = finding.detail(format!("it left hook {} behind", hook.key()));
    }
    finding
        .detail("somebody removed `.operation` while it ran: the controller never comes back to it, its hooks keep their finalizers, a hard refresh changes nothing")
        .fix(case.repair("--yes"))
}

/// Reports a selective sync by self-heal that created a Job: it was gone, and ran again. What the operation asked for
/// tells nothing: Argo CD names live hooks there too, and runs none of them.
fn rerun(case: &Case<'_>) -> Option<Finding> {
    let state = case.app.status.operation_state.as_ref()?;
    let attempts = state.self_heal_attempts();
    if !state.is_automated() || attempts == 0 || state.runs_hooks() {
        return None;
    }
    let created = state.results().filter(|result| {
        let told = [" unchanged", " configured"].iter().any(|word| result.message.ends_with(word));
        result.key().is_job() && result.hook_type.is_empty() && result.status == "Synced" && !told
    });
    let keys: Vec<ObjectKey> = created.map(ResourceResult::key).collect();
    let first = keys.first()?;
    let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let times = if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
    Some(
        case.finding(
            Kind::SelfHealRerun,
            Some(first.clone()),
            format!("self-heal ran Job {} again, {times} for this revision", names.join(", ")),
        )
        .detail("each time its TTL deletes the Job, self-heal creates it anew and the migration runs again")
        .fix(case.opt_in()),
    )
}
