use serde_json::json;

use super::*;
use crate::cluster::operation::Phase;

fn app(value: Value) -> Application {
    serde_json::from_value(value).expect("an Application")
}

#[test]
fn an_operation_is_told_by_both_fields() {
    let running = json!({"phase": "Running", "operation": {"sync": {}}, "startedAt": "2026-01-01T00:00:00Z"});
    let done = json!({"phase": "Succeeded", "operation": {"sync": {}}});
    assert!(matches!(app(json!({})).operation(), Operation::None));
    assert!(matches!(app(json!({"operation": {"sync": {}}})).operation(), Operation::Requested));
    let with = |operation: Value, state: &Value| {
        app(json!({"operation": operation, "status": {"operationState": state}}))
    };
    assert!(matches!(with(json!({"sync": {}}), &running).operation(), Operation::Active(_)));
    assert!(matches!(with(json!({"sync": {}}), &done).operation(), Operation::Requested));
    assert!(matches!(with(Value::Null, &running).operation(), Operation::Orphaned(_)));
    assert!(matches!(with(Value::Null, &done).operation(), Operation::None));
}

#[test]
fn an_unknown_phase_is_not_completed() {
    let app = app(json!({"operation": {}, "status": {"operationState": {"phase": "Novel"}}}));
    assert!(matches!(app.operation(), Operation::Active(state) if state.phase == Phase::Unknown));
}

#[test]
fn only_plain_jobs_that_are_wanted_and_not_seen_alive_are_doubtful() {
    let job = |name: &str, more: Value| {
        let mut job =
            json!({"group": "batch", "kind": "Job", "namespace": "n", "name": name, "status": "OutOfSync"});
        job.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        job
    };
    let app = app(json!({"status": {"resources": [
        job("unknown", json!({})), job("gone", json!({"health": {"status": "Missing"}})),
        job("hook", json!({"hook": true})), job("extra", json!({"requiresPruning": true})),
        job("failed", json!({"health": {"status": "Degraded"}})), job("synced", json!({"status": "Synced"})),
        {"kind": "Service", "name": "s", "status": "OutOfSync", "health": {"status": "Missing"}},
    ]}}));
    assert_eq!(app.doubtful_jobs().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["unknown", "gone"]);
}

#[test]
fn the_local_cluster_has_several_names() {
    let at = |destination: Value| app(json!({"spec": {"destination": destination}})).is_local();
    assert!(at(json!({})));
    assert!(at(json!({"server": "https://kubernetes.default.svc"})));
    assert!(at(json!({"name": "in-cluster"})));
    assert!(!at(json!({"name": "prod-eu"})));
    assert!(!at(json!({"server": "https://10.0.0.1"})));
}
