use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::cluster::{HOOK_FINALIZER, hook::Sight, job};

mod failures;
mod triggers;

const PATIENCE: Duration = Duration::from_mins(10);

fn now() -> Timestamp {
    "2026-01-01T01:00:00Z".parse().expect("a time")
}

fn instance(image: &str, config: &[(&str, &str)]) -> Instance {
    let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Instance::new(&config, Some(image), "argocd")
}

fn snapshot(app: Value) -> Snapshot {
    let mut app: Application = serde_json::from_value(app).expect("an Application");
    app.metadata.name = Some("catalog-dev".to_owned());
    app.metadata.namespace = Some("argocd".to_owned());
    Snapshot {
        now: now(),
        instance: instance("argocd:v3.5.1", &[]),
        apps: vec![app],
        jobs: BTreeMap::new(),
        live: BTreeSet::new(),
        hooks: BTreeMap::new(),
        failures: BTreeMap::new(),
        triggers: BTreeMap::new(),
    }
}

fn key() -> AppKey {
    AppKey { namespace: "argocd".into(), name: "catalog-dev".into() }
}

fn with_job(mut snapshot: Snapshot, value: Value) -> Snapshot {
    let mut job: Job = serde_json::from_value(value).expect("a Job");
    job.metadata.namespace = Some("catalog".to_owned());
    job.metadata.name.get_or_insert("catalog-migration".to_owned());
    snapshot.jobs.entry(key()).or_default().push(job);
    snapshot
}

fn with_hook(mut snapshot: Snapshot, sight: Sight) -> Snapshot {
    let hook = Hook { key: ObjectKey::job("catalog", "catalog-migration"), sight };
    snapshot.hooks.insert(key(), vec![hook]);
    snapshot
}

fn kinds(snapshot: &Snapshot) -> Vec<Kind> {
    diagnose(snapshot, PATIENCE).iter().map(|finding| finding.kind).collect()
}

fn only(snapshot: &Snapshot) -> Finding {
    let mut findings = diagnose(snapshot, PATIENCE);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

fn missing(sync_policy: &Value) -> Value {
    json!({"spec": {"syncPolicy": sync_policy, "source": {"repoURL": "r", "path": "p"}},
        "status": {"sync": {"status": "OutOfSync"}, "health": {"status": "Missing"}, "resources": [
            {"group": "batch", "kind": "Job", "namespace": "catalog", "name": "catalog-migration-7f3a",
             "status": "OutOfSync", "health": {"status": "Missing"}}]}})
}

fn operation(phase: &str, started: &str, requested: bool) -> Value {
    let mut app = json!({"status": {"operationState": {"phase": phase, "startedAt": started, "operation": {"sync": {}},
        "message": "waiting for completion of hook batch/Job/catalog-migration",
        "syncResult": {"resources": [{"group": "batch", "kind": "Job", "namespace": "catalog",
            "name": "catalog-migration", "hookType": "PreSync", "hookPhase": "Running"}]}}}});
    if requested {
        app["operation"] = json!({"sync": {}});
    }
    app
}

#[test]
fn the_incident_is_named_in_its_own_words() {
    let finding = only(&snapshot(missing(&json!({}))));
    assert_eq!(finding.kind, Kind::MissingJob);
    assert_eq!(finding.object, Some(ObjectKey::job("catalog", "catalog-migration-7f3a")));
    assert!(
        finding.details[0].starts_with("Resource not found in cluster: batch/v1/Job:catalog-migration-7f3a")
    );
    assert_eq!(
        finding.remedy,
        [
            r#"kubectl patch application catalog-dev -n argocd --type merge -p '{"spec":{"source":{"plugin":{"name":"presync"}}}}'"#,
            "presync repair catalog-dev -n argocd --yes",
        ]
    );
}

#[test]
fn without_a_health_in_the_status_the_cluster_tells() {
    let mut app = missing(&json!({}));
    app["status"]["resources"][0].as_object_mut().expect("an object").remove("health");
    let mut snapshot = snapshot(app);
    assert_eq!(kinds(&snapshot), [Kind::MissingJob]);
    snapshot.live.insert(ObjectKey::job("catalog", "catalog-migration-7f3a"));
    assert_eq!(kinds(&snapshot), [], "it differs, but is there");
}

#[test]
fn what_the_drift_does_depends_on_the_sync_policy() {
    let then = |policy: Value| only(&snapshot(missing(&policy))).details[1].clone();
    assert!(then(json!({})).contains("until somebody syncs"));
    assert!(then(json!({"automated": {}})).contains("until the next one"));
    assert!(then(json!({"automated": {"selfHeal": true}})).contains("run again"));
    assert!(
        then(json!({"automated": {"selfHeal": true, "enabled": false}})).contains("until somebody syncs")
    );
}

#[test]
fn a_missing_job_during_a_sync_is_no_drift() {
    let mut app = missing(&json!({}));
    app["operation"] = json!({"sync": {}});
    assert_eq!(kinds(&snapshot(app)), []);
}

#[test]
fn an_app_with_a_helm_block_cannot_be_patched_into_a_plugin() {
    let mut app = missing(&json!({}));
    app["spec"]["source"]["helm"] = json!({"values": "x"});
    assert!(only(&snapshot(app)).remedy[0].starts_with("kubectl edit application catalog-dev -n argocd"));
}

#[test]
fn a_plugin_app_is_not_told_to_opt_in() {
    let mut app = missing(&json!({}));
    app["spec"]["source"]["plugin"] = json!({});
    assert_eq!(only(&snapshot(app)).remedy, ["presync repair catalog-dev -n argocd --yes"]);
}

#[test]
fn an_operation_is_stuck_only_after_the_patience() {
    let at = |started| kinds(&with_hook(snapshot(operation("Running", started, true)), Sight::Gone));
    assert_eq!(at("2026-01-01T00:49:00Z"), [Kind::StuckOperation]);
    assert_eq!(at("2026-01-01T00:51:00Z"), []);
}

#[test]
fn a_sync_that_waits_for_no_hook_is_a_roll_out() {
    assert_eq!(kinds(&snapshot(operation("Running", "2026-01-01T00:00:00Z", true))), []);
}

#[test]
fn a_stuck_hook_says_which_how_long_and_why() {
    let pod = serde_json::from_value(json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [
        {"name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
         "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}}]}}))
    .expect("a Pod");
    let job = serde_json::from_value(json!({"spec": {"template": {}}})).expect("a Job");
    let sight = Sight::Job { job: Box::new(job), pods: vec![pod], warnings: Vec::new() };
    let finding = only(&with_hook(snapshot(operation("Running", "2026-01-01T00:18:00Z", true)), sight));
    assert_eq!(finding.summary, "the sync waits for Job catalog/catalog-migration since 42 min");
    assert_eq!(
        finding.details[0],
        "Job catalog/catalog-migration: pod p, container main: ImagePullBackOff: Back-off"
    );
    assert_eq!(finding.details[1], "Job catalog/catalog-migration: no spec.activeDeadlineSeconds ends it");
    assert_eq!(finding.remedy, ["presync repair catalog-dev -n argocd --yes"]);
}

#[test]
fn a_hook_that_nobody_can_see_needs_force() {
    let finding = only(&with_hook(snapshot(operation("Running", "2026-01-01T00:18:00Z", true)), Sight::None));
    assert_eq!(finding.remedy, ["presync repair catalog-dev -n argocd --yes --force"]);
}

#[test]
fn an_operation_without_its_field_is_orphaned_at_once() {
    let finding = only(&snapshot(operation("Running", "2026-01-01T00:59:59Z", false)));
    assert_eq!(finding.kind, Kind::OrphanedOperation);
    assert_eq!(finding.details[0], "it left hook Job catalog/catalog-migration behind");
}

#[test]
fn self_heal_that_runs_a_job_again_is_found_in_what_the_last_operation_did() {
    let rerun = |attempts: u64, result: Value| {
        let mut entry = json!({"group": "batch", "kind": "Job", "name": "m", "status": "Synced", "message": "job.batch/m created"});
        entry.as_object_mut().expect("an object").extend(result.as_object().expect("an object").clone());
        kinds(&snapshot(json!({"status": {"operationState": {"phase": "Succeeded", "operation": {
            "initiatedBy": {"automated": true}, "sync": {"autoHealAttemptsCount": attempts, "resources": [
                {"group": "batch", "kind": "Job", "name": "m"}, {"kind": "ConfigMap", "name": "c"}]}},
            "syncResult": {"resources": [entry]}}}})))
    };
    assert_eq!(rerun(3, json!({})), [Kind::SelfHealRerun]);
    assert_eq!(rerun(0, json!({})), []);
    assert_eq!(rerun(3, json!({"kind": "CronJob"})), []);
    assert_eq!(
        rerun(3, json!({"kind": "ConfigMap", "group": ""})),
        [],
        "a live hook that the operation only names"
    );
    assert_eq!(rerun(3, json!({"hookType": "PreSync"})), []);
    assert_eq!(rerun(3, json!({"message": "job.batch/m configured"})), []);
    assert_eq!(rerun(3, json!({"status": "Pruned"})), []);
}

#[test]
fn a_leaked_finalizer_needs_a_dead_operation() {
    let job =
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:50:00Z", "finalizers": [HOOK_FINALIZER]}});
    assert_eq!(kinds(&with_job(snapshot(json!({})), job.clone())), [Kind::LeakedFinalizer]);
    assert_eq!(kinds(&with_job(snapshot(json!({"operation": {"sync": {}}})), job)), []);
}

#[test]
fn ttls_are_judged_by_what_the_job_is() {
    let hook = |ttl: u64| {
        json!({"metadata": {"annotations": {"argocd.argoproj.io/hook": "PreSync"}},
        "spec": {"ttlSecondsAfterFinished": ttl, "template": {}}})
    };
    let plain = |ttl: u64| json!({"metadata": {"name": "load"}, "spec": {"ttlSecondsAfterFinished": ttl, "template": {}}});
    assert_eq!(kinds(&with_job(snapshot(json!({})), hook(30))), [Kind::TtlBelowFloor]);
    assert_eq!(kinds(&with_job(snapshot(json!({})), hook(60))), []);
    assert_eq!(kinds(&with_job(snapshot(json!({})), plain(179))), [Kind::TtlBelowRefresh]);
    assert_eq!(kinds(&with_job(snapshot(json!({})), plain(180))), []);
    let mut slow = with_job(snapshot(json!({})), plain(1000));
    slow.instance = instance("argocd:v3.5.1", &[("timeout.reconciliation", "1h")]);
    assert_eq!(kinds(&slow), [Kind::TtlBelowRefresh]);
}

#[test]
fn an_injected_ttl_shows_only_on_the_live_object() {
    let job = json!({"metadata": {"name": "load", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"spec\":{}}"}},
        "spec": {"ttlSecondsAfterFinished": 1_209_600, "template": {}}});
    let finding = only(&with_job(snapshot(json!({})), job));
    assert_eq!(finding.kind, Kind::InjectedTtl);
    assert!(finding.summary.contains("14 d"), "{}", finding.summary);
}

#[test]
fn a_plain_migration_with_a_ttl_could_opt_in() {
    let job = json!({"spec": {"ttlSecondsAfterFinished": 3600, "template": {}}});
    let finding = only(&with_job(snapshot(json!({"spec": {"source": {}}})), job.clone()));
    assert_eq!((finding.kind, finding.kind.severity()), (Kind::CouldOptIn, Severity::Advice));
    assert_eq!(kinds(&with_job(snapshot(json!({"spec": {"source": {"plugin": {}}}})), job)), []);
}

#[test]
fn a_remote_app_is_judged_by_its_status_alone() {
    let mut app = missing(&json!({}));
    app["spec"]["destination"] = json!({"name": "prod-eu"});
    assert_eq!(kinds(&snapshot(app)), [Kind::MissingJob, Kind::RemoteDestination]);
}

#[test]
fn an_argo_cd_that_hangs_is_reported_once() {
    let mut old = snapshot(json!({}));
    old.instance = instance("quay.io/argoproj/argocd:v2.14.4", &[]);
    let finding = only(&old);
    assert_eq!((finding.kind, finding.app), (Kind::ArgocdVersion, None));
}

#[test]
fn the_worst_comes_first() {
    let job =
        json!({"metadata": {"name": "x-migration"}, "spec": {"ttlSecondsAfterFinished": 20, "template": {}}});
    assert!(job::ttl(&serde_json::from_value(job.clone()).expect("a Job")).is_some());
    assert_eq!(
        kinds(&with_job(snapshot(missing(&json!({}))), job)),
        [Kind::MissingJob, Kind::TtlBelowRefresh, Kind::CouldOptIn]
    );
}
