use super::*;

fn with_trigger(app: Value, digest: &str, changed: &str) -> Snapshot {
    let mut snapshot = snapshot(app);
    let key = ObjectKey {
        group: String::new(),
        kind: "ConfigMap".into(),
        namespace: "catalog".into(),
        name: "m-presync-trigger".into(),
    };
    snapshot.apps[0].status.resources.push(ResourceStatus {
        kind: "ConfigMap".into(),
        namespace: "catalog".into(),
        name: key.name.clone(),
        status: "Synced".into(),
        ..ResourceStatus::default()
    });
    let time = |text: &str| text.parse().ok();
    let trigger = Trigger {
        key: key.clone(),
        digest: digest.into(),
        created: time("2025-12-01T00:00:00Z"),
        changed: time(changed),
    };
    snapshot.triggers.insert(key, trigger);
    snapshot
}

fn synced(operation: &Value, message: &str) -> Value {
    json!({"spec": {"source": {"plugin": {}}, "syncPolicy": {"automated": {}}}, "status": {"sync": {"status": "Synced"},
        "history": [{"revision": "a", "deployedAt": "2026-01-01T00:00:00Z"}],
        "operationState": {"phase": "Succeeded", "finishedAt": "2026-01-01T00:50:00Z", "operation": operation,
            "syncResult": {"resources": [{"kind": "ConfigMap", "namespace": "catalog", "name": "m-presync-trigger",
                "status": "Synced", "message": message}]}}}})
}

#[test]
fn a_sync_without_hooks_that_applied_the_trigger_is_found() {
    let old = "2026-01-01T00:00:00Z";
    let selective = json!({"initiatedBy": {"automated": true}, "sync": {"resources": [{"kind": "ConfigMap", "name": "m-presync-trigger"}]}});
    let finding =
        only(&with_trigger(synced(&selective, "configmap/m-presync-trigger configured"), "sha256:2", old));
    assert_eq!(finding.kind, Kind::MigrationNotRun);
    assert_eq!(finding.object, Some(ObjectKey::job("catalog", "m")));
    assert!(finding.summary.contains("the last sync was self-heal's"), "{}", finding.summary);
    assert_eq!(finding.remedy, ["presync repair catalog-dev -n argocd --yes --sync  # a full sync runs it"]);
    let kinds =
        |operation: &Value, message: &str| kinds(&with_trigger(synced(operation, message), "sha256:2", old));
    let apply = json!({"sync": {"syncStrategy": {"apply": {}}}});
    assert_eq!(kinds(&apply, "configmap/m-presync-trigger created"), [Kind::MigrationNotRun]);
    assert_eq!(kinds(&json!({"sync": {}}), "configmap/m-presync-trigger configured"), [], "a full sync");
    assert_eq!(kinds(&selective, "configmap/m-presync-trigger unchanged"), []);
    assert_eq!(kinds(&selective, "configmap/m-presync-trigger created"), [], "the plugin was turned on");
}

#[test]
fn a_trigger_that_changed_after_the_last_full_sync_is_found() {
    let full = json!({"sync": {}});
    let at = |changed: &str| kinds(&with_trigger(synced(&full, ""), "sha256:2", changed));
    assert_eq!(at("2026-01-01T00:30:00Z"), [Kind::MigrationNotRun]);
    assert_eq!(at("2026-01-01T00:00:01Z"), [], "the sync itself changed it");
}

#[test]
fn a_job_with_the_digest_has_run() {
    let job = |digest: &str, created: &str| {
        json!({"metadata": {"name": "m", "creationTimestamp": created, "annotations": {
            "argocd-presync-plugin/digest": digest, "argocd.argoproj.io/hook": "PreSync"}}, "spec": {"template": {}}})
    };
    let kinds = |digest: &str, created: &str| {
        kinds(&with_job(
            with_trigger(synced(&json!({"sync": {}}), ""), "sha256:2", "2026-01-01T00:30:00Z"),
            job(digest, created),
        ))
    };
    let before = "2026-01-01T00:00:00Z";
    assert_eq!(kinds("sha256:2", before), []);
    assert_eq!(kinds("sha256:1", before), [Kind::MigrationNotRun]);
    assert_eq!(
        kinds("sha256:3", "2026-01-01T00:40:00Z"),
        [],
        "its sync failed, so that the trigger is the last one's"
    );
}

#[test]
fn an_app_of_hooks_alone_is_told_that_they_never_run() {
    let app = json!({"spec": {"syncPolicy": {"automated": {}}, "source": {}}, "status": {"sync": {"status": "Synced"}}});
    let finding = only(&snapshot(app));
    assert_eq!((finding.kind, finding.kind.severity()), (Kind::HookNeverRuns, Severity::Advice));
    let synced = |compared: &str, trigger: bool| {
        let app = json!({"spec": {"syncPolicy": {"automated": {}}, "source": {"plugin": {}}}, "status": {
            "sync": {"status": "Synced", "revision": compared}, "operationState": {"phase": "Succeeded", "operation": {"sync": {}},
                "syncResult": {"revision": "a", "resources": [{"group": "batch", "kind": "Job", "namespace": "catalog", "name": "m",
                    "hookType": "PreSync", "hookPhase": "Succeeded"}]}}}});
        kinds(&if trigger { with_trigger(app, "sha256:1", "2025-12-01T00:00:00Z") } else { snapshot(app) })
    };
    assert_eq!(synced("b", false), [Kind::HookNeverRuns]);
    assert_eq!(synced("a", false), []);
    assert_eq!(synced("b", true), [], "the trigger starts a sync");
}

#[test]
fn a_hook_that_waits_for_what_its_own_app_renders_is_found_at_once() {
    let sight = |missing: &str| {
        let pod = json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [{"name": "main", "image": "", "imageID": "",
            "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "CreateContainerConfigError",
                "message": format!("configmap \"{missing}\" not found")}}}]}});
        Sight::Job {
            job: Box::default(),
            pods: vec![serde_json::from_value(pod).expect("a Pod")],
            warnings: Vec::new(),
        }
    };
    let waiting = |started: &str, missing: &str| {
        let mut app = operation("Running", started, true);
        app["status"]["resources"] =
            json!([{"kind": "ConfigMap", "namespace": "catalog", "name": "catalog", "status": "OutOfSync"}]);
        with_hook(snapshot(app), sight(missing))
    };
    let finding = only(&waiting("2026-01-01T00:59:50Z", "catalog"));
    assert_eq!(finding.kind, Kind::PendingHook);
    assert_eq!(
        finding.summary,
        "PreSync hook Job catalog/catalog-migration waits for ConfigMap catalog, which is not there, since 10 s"
    );
    assert_eq!(kinds(&waiting("2026-01-01T00:59:50Z", "other")), [], "somebody may make it");
    assert_eq!(kinds(&waiting("2026-01-01T00:58:00Z", "other")), [Kind::PendingHook]);
}
