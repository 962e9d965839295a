use super::*;

fn failed(app: Value, sight: &Sight) -> Snapshot {
    let mut snapshot = snapshot(app);
    let state = snapshot.apps[0].status.operation_state.as_ref().expect("a state");
    let failures = state.failed_runs().map(|result| Failure::reported(result, sight.clone())).collect();
    snapshot.failures.insert(key(), failures);
    snapshot
}

fn failed_hook(more: &Value) -> Value {
    let mut hook = json!({"group": "batch", "kind": "Job", "namespace": "catalog", "name": "catalog-migration",
        "hookType": "PreSync", "hookPhase": "Failed", "message": "Job has reached the specified backoff limit"});
    hook.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({"spec": {"syncPolicy": {"automated": {}}, "source": {"plugin": {}}}, "status": {
        "sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"},
        "history": [{"revision": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "deployedAt": "2025-12-30T01:00:00Z"}],
        "operationState": {"phase": "Failed", "operation": {"sync": {}}, "finishedAt": "2026-01-01T00:53:00Z",
            "syncResult": {"revision": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "resources": [hook]}}}})
}

#[test]
fn a_failed_migration_says_what_is_blocked_and_what_to_do() {
    let finding = only(&failed(failed_hook(&json!({})), &Sight::Gone));
    assert_eq!((finding.kind, finding.kind.severity()), (Kind::FailedMigration, Severity::Error));
    assert_eq!(
        finding.summary,
        "PreSync hook Job catalog/catalog-migration failed 7 min ago: Job has reached the specified backoff limit"
    );
    assert_eq!(
        finding.details,
        [
            "the Job is gone, and its log with it",
            "the sync to aaaaaaa stopped there, and nothing of it was deployed: the cluster runs bbbbbbb, deployed 2 d ago",
            "auto-sync does not try this revision again: it waits for a new one",
            "Argo CD shows the app as Healthy all the same: it does not count hooks",
        ]
    );
    assert!(finding.remedy[1].starts_with("presync repair catalog-dev -n argocd --yes --sync"));
}

#[test]
fn a_failed_migration_in_another_cluster_is_found_too() {
    let mut app = failed_hook(&json!({"hookPhase": "Error"}));
    app["spec"]["destination"] = json!({"name": "prod-eu"});
    let findings = diagnose(&failed(app, &Sight::None), PATIENCE);
    assert_eq!(findings[0].kind, Kind::FailedMigration);
    assert_eq!(findings[0].details[0], "its pod and log are in cluster prod-eu: look there");
}

#[test]
fn a_plain_job_that_failed_is_a_failed_migration_too() {
    let finding = only(&failed(failed_hook(&json!({"hookType": "", "status": "Synced"})), &Sight::Gone));
    assert!(finding.summary.starts_with("Job catalog/catalog-migration failed"), "{}", finding.summary);
    assert_eq!(finding.details[1], "the sync to aaaaaaa stopped there: what comes after it was not deployed");
    let config = json!({"group": "", "kind": "ConfigMap", "hookType": "", "status": "SyncFailed"});
    assert_eq!(kinds(&failed(failed_hook(&config), &Sight::None)), [], "no Job");
}

#[test]
fn a_job_that_cannot_change_is_no_failed_migration() {
    let refused =
        "Job.batch \"catalog-migration\" is invalid: spec.template: Invalid value: …: field is immutable";
    let result = json!({"hookType": "", "status": "SyncFailed", "message": refused});
    let finding = only(&failed(failed_hook(&result), &Sight::None));
    assert_eq!(finding.kind, Kind::ImmutableJob);
    assert!(
        finding
            .remedy
            .last()
            .is_some_and(|fix| fix.starts_with("kubectl delete job catalog-migration -n catalog"))
    );
    let condition = json!({"type": "ComparisonError", "message": format!("error calculating server side diff: {refused}")});
    let app =
        json!({"spec": {"destination": {"namespace": "catalog"}}, "status": {"conditions": [condition]}});
    let finding = only(&snapshot(app));
    assert_eq!(
        finding.object,
        Some(ObjectKey::job("catalog", "catalog-migration")),
        "ServerSideDiff fails to compare"
    );
}
