use std::{cell::RefCell, time::Duration};

use serde_json::{Value, json};

use super::{
    Ending, Outcome,
    execute::Repairer,
    fake::{APP, Fake, Fault},
    plan::{Options, Refusal, SyncAfter},
};
use crate::cluster::{HOOK_FINALIZER, REFRESH_ANNOTATION, key::AppKey};

mod settling;

const JOB: &str = "/apis/batch/v1/namespaces/shop/jobs/migrate";

fn options() -> Options {
    Options { older_than: Duration::from_mins(10), force: false, sync: None, remove_finalizers: false }
}

async fn repair(fake: &Fake, options: Options) -> Outcome {
    let steps = RefCell::new(Vec::new());
    let progress = |_: &AppKey, step: &str| steps.borrow_mut().push(step.to_owned());
    let repairer =
        Repairer { client: fake.client(), options, timeout: Duration::from_mins(2), progress: &progress };
    let key = AppKey { namespace: "argocd".into(), name: "order".into() };
    repairer.repair(&key, "?").await
}

/// Returns a sync that waits for a hook Job that is gone.
fn stuck(requested: bool) -> Value {
    let mut app = json!({"status": {
        "sync": {"status": "OutOfSync"}, "health": {"status": "Missing"}, "reconciledAt": "2026-01-01T00:00:00Z",
        "operationState": {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z",
            "operation": {"sync": {"revision": "abc"}}, "message": "waiting for completion of hook batch/Job/migrate",
            "syncResult": {"resources": [{"group": "batch", "kind": "Job", "namespace": "shop", "name": "migrate",
                "hookType": "PreSync", "hookPhase": "Running"}]}}}});
    if requested {
        app["operation"] = json!({"sync": {"revision": "abc"}});
    }
    app
}

/// What Argo CD's controller does: it ends an operation only with both fields set, compares when asked, syncs.
fn argocd(app: &mut Value) {
    let requested = !app["operation"].is_null();
    let phase = app["status"]["operationState"]["phase"].as_str().map(ToOwned::to_owned);
    match (requested, phase.as_deref()) {
        (true, Some("Terminating")) => {
            app["status"]["operationState"]["phase"] = "Failed".into();
            app["status"]["operationState"]["message"] = "Operation terminated".into();
            app.as_object_mut().unwrap().remove("operation");
        }
        (true, None) => {
            app["status"]["operationState"] = json!({"phase": "Succeeded", "operation": app["operation"], "startedAt": "2026-01-01T03:00:00Z"});
            app.as_object_mut().unwrap().remove("operation");
            app["status"]["sync"]["status"] = "Synced".into();
            app["status"]["health"]["status"] = "Healthy".into();
        }
        _ => {}
    }
    if app["metadata"]["annotations"]
        .as_object_mut()
        .is_some_and(|all| all.remove(REFRESH_ANNOTATION).is_some())
    {
        app["status"]["reconciledAt"] = "2026-01-01T02:00:00Z".into();
    }
}

/// The same where git already holds the fix, so that comparing anew shows it.
fn argocd_with_fix(app: &mut Value) {
    argocd(app);
    if app["status"]["reconciledAt"] == "2026-01-01T02:00:00Z" && app["operation"].is_null() {
        app["status"]["sync"]["status"] = "Synced".into();
        app["status"]["health"]["status"] = "Healthy".into();
    }
}

#[track_caller]
fn assert_repaired(outcome: &Outcome) {
    assert!(matches!(outcome.ending, Ending::Repaired), "{outcome:?}");
    assert_eq!(outcome.to_string(), "argocd/order: OutOfSync:Missing → Synced:Healthy");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_sync_ends_by_two_patches() {
    let fake = Fake::with(&stuck(true));
    fake.controller(argocd_with_fix);
    assert_repaired(&repair(&fake, options()).await);
    let patches = fake.patches();
    assert_eq!(patches.len(), 2, "{patches:#?}");
    assert_eq!(patches[0]["status"], json!({"operationState": {"phase": "Terminating"}}));
    assert_eq!(patches[1], json!({"metadata": {"annotations": {REFRESH_ANNOTATION: "hard"}}}));
}

#[tokio::test(start_paused = true)]
async fn a_half_fixed_app_gets_its_operation_back_in_the_same_patch() {
    let fake = Fake::with(&stuck(false));
    fake.controller(argocd_with_fix);
    assert_repaired(&repair(&fake, options()).await);
    assert_eq!(fake.patches()[0]["operation"], json!({"sync": {"revision": "abc"}}));
    assert_eq!(fake.patches()[0]["status"], json!({"operationState": {"phase": "Terminating"}}));
}

#[tokio::test(start_paused = true)]
async fn running_twice_changes_nothing_more() {
    let fake = Fake::with(&stuck(true));
    fake.controller(argocd_with_fix);
    repair(&fake, options()).await;
    let again = repair(&fake, options()).await;
    assert_eq!(again.to_string(), "argocd/order: Synced:Healthy → Synced:Healthy");
    assert_eq!(fake.patches().len(), 3, "only one more refresh");
}

#[tokio::test(start_paused = true)]
async fn a_repair_goes_on_where_an_interrupted_one_stopped() {
    let mut app = stuck(true);
    app["status"]["operationState"]["phase"] = "Terminating".into();
    let fake = Fake::with(&app);
    fake.controller(argocd_with_fix);
    assert_repaired(&repair(&fake, options()).await);
    assert_eq!(fake.patches().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_read_and_decided_anew() {
    let fake = Fake::with(&stuck(true));
    fake.controller(argocd_with_fix);
    fake.faults(&[Fault::Conflict, Fault::Conflict, Fault::Conflict]);
    assert_repaired(&repair(&fake, options()).await);
}

#[tokio::test(start_paused = true)]
async fn conflicts_without_end_are_given_up() {
    let fake = Fake::with(&stuck(true));
    fake.every_write(Fault::Conflict);
    let outcome = repair(&fake, options()).await;
    let Ending::Failed(problems) = &outcome.ending else { panic!("{outcome:?}") };
    assert!(problems.to_string().contains("it changed under each of 10 tries to write"), "{problems}");
    assert_eq!(fake.get(APP)["status"]["operationState"]["phase"], "Running");
    assert!(fake.patches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_api_server_is_waited_out() {
    let fake = Fake::with(&stuck(true));
    fake.controller(argocd_with_fix);
    fake.faults(&[Fault::Down, Fault::Down, Fault::AnswerLost, Fault::AnswerLost]);
    assert_repaired(&repair(&fake, options()).await);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_stays_away_is_waited_for_until_the_limit() {
    let fake = Fake::with(&stuck(true));
    fake.every_write(Fault::Down);
    let outcome = repair(&fake, options()).await;
    let Ending::Failed(problems) = &outcome.ending else { panic!("{outcome:?}") };
    assert!(problems.to_string().contains("the API server was not available within 2m"), "{problems}");
    assert!(outcome.elapsed <= Duration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_verb_and_leaves_all_as_it_was() {
    let fake = Fake::with(&stuck(true));
    fake.every_write(Fault::Forbidden);
    let outcome = repair(&fake, options()).await;
    let Ending::Forbidden(problems) = &outcome.ending else { panic!("{outcome:?}") };
    let text = problems.to_string();
    assert!(
        text.contains("cannot patch applications.argoproj.io order in namespace argocd: forbidden"),
        "{text}"
    );
    assert!(text.contains("kubectl auth can-i patch applications.argoproj.io -n argocd"), "{text}");
    assert!(fake.patches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_deleted_meanwhile_is_gone() {
    let fake = Fake::with(&stuck(true));
    fake.controller({
        let fake = fake.clone();
        move |app| {
            if app["status"]["operationState"]["phase"] == "Terminating" {
                app["metadata"]["deleteMe"] = true.into();
            }
            let _ = &fake;
        }
    });
    let deleter = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if fake.get(APP)["metadata"]["deleteMe"] == true {
                fake.remove(APP);
                return;
            }
        }
    };
    let (outcome, ()) = tokio::join!(repair(&fake, options()), deleter);
    assert!(matches!(outcome.ending, Ending::Gone), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_does_not_run_is_named() {
    let fake = Fake::with(&stuck(true));
    let outcome = repair(&fake, options()).await;
    let Ending::Failed(problems) = &outcome.ending else { panic!("{outcome:?}") };
    let text = problems.to_string();
    assert!(text.contains("its sync did not end within 2m"), "{text}");
    assert!(text.contains("is the application controller running?"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_phase_that_the_controller_overwrote_is_set_again() {
    let fake = Fake::with(&stuck(true));
    let mut overwritten = false;
    fake.controller(move |app| {
        if !overwritten && app["status"]["operationState"]["phase"] == "Terminating" {
            overwritten = true;
            app["status"]["operationState"]["phase"] = "Running".into();
        } else {
            argocd_with_fix(app);
        }
    });
    assert_repaired(&repair(&fake, options()).await);
    let ends = fake
        .patches()
        .iter()
        .filter(|patch| patch["status"]["operationState"]["phase"] == "Terminating")
        .count();
    assert_eq!(ends, 2);
}

#[tokio::test(start_paused = true)]
async fn another_sync_that_began_meanwhile_is_not_ended() {
    let fake = Fake::with(&stuck(true));
    fake.controller(|app| {
        if app["status"]["operationState"]["phase"] == "Terminating" {
            app["status"]["operationState"] = json!({"phase": "Running", "startedAt": "2026-01-01T05:00:00Z",
                "operation": {"sync": {}}, "message": "new"});
        }
        if app["metadata"]["annotations"]
            .as_object_mut()
            .is_some_and(|all| all.remove(REFRESH_ANNOTATION).is_some())
        {
            app["status"]["reconciledAt"] = "2026-01-01T02:00:00Z".into();
        }
    });
    let outcome = repair(&fake, options()).await;
    let Ending::Left(complaints) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(complaints[0], "a sync is Running: new");
    assert_eq!(fake.patches().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sync_is_asked_for_once_even_when_the_answer_is_lost() {
    let fake = Fake::with(&stuck(true));
    fake.controller(argocd);
    fake.faults(&[Fault::AnswerLost, Fault::AnswerLost, Fault::AnswerLost]);
    let options = Options { sync: Some(SyncAfter { prune: true }), ..options() };
    assert_repaired(&repair(&fake, options).await);
    let syncs: Vec<Value> =
        fake.patches().into_iter().filter(|patch| !patch["operation"].is_null()).collect();
    assert_eq!(syncs.len(), 1, "{syncs:#?}");
    assert_eq!(syncs[0]["operation"]["sync"]["prune"], true);
    assert_eq!(syncs[0]["status"]["operationState"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_fails_says_so() {
    let fake = Fake::with(&stuck(true));
    fake.controller(|app| {
        if !app["operation"].is_null() && app["status"]["operationState"].is_null() {
            app["status"]["operationState"] =
                json!({"phase": "Failed", "message": "one or more objects failed to apply", "operation": app["operation"]});
            app.as_object_mut().unwrap().remove("operation");
        } else {
            argocd(app);
        }
    });
    let options = Options { sync: Some(SyncAfter { prune: false }), ..options() };
    let outcome = repair(&fake, options).await;
    let Ending::Failed(problems) = &outcome.ending else { panic!("{outcome:?}") };
    assert!(problems.to_string().contains("its sync ended as Failed: one or more objects failed to apply"));
}

#[tokio::test(start_paused = true)]
async fn what_a_refresh_cannot_cure_is_said() {
    let mut app = stuck(true);
    app["status"]["resources"] = json!([{"group": "batch", "kind": "Job", "namespace": "shop", "name": "migrate-1",
        "status": "OutOfSync"}]);
    let fake = Fake::with(&app);
    fake.controller(argocd);
    let outcome = repair(&fake, options()).await;
    let Ending::Left(complaints) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(complaints, &["Job shop/migrate-1 is missing"]);
}

#[tokio::test(start_paused = true)]
async fn what_only_pruning_cures_is_said() {
    let mut app = stuck(true);
    app["status"]["health"]["status"] = "Healthy".into();
    app["status"]["resources"] = json!([
        {"group": "batch", "kind": "Job", "namespace": "shop", "name": "hook", "hook": true, "requiresPruning": true},
        {"group": "batch", "kind": "Job", "namespace": "shop", "name": "old", "status": "OutOfSync", "requiresPruning": true},
    ]);
    let fake = Fake::with(&app);
    fake.controller(argocd);
    let outcome = repair(&fake, options()).await;
    let Ending::Left(complaints) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(complaints, &["Job shop/old is no longer wanted: --sync --prune deletes it"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_runs_is_left_alone() {
    let fake = Fake::with(&stuck(true));
    fake.put(JOB, json!({"metadata": {"name": "migrate", "namespace": "shop"}, "spec": {"template": {}}}));
    fake.put(
        "/api/v1/namespaces/shop/pods",
        json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [
        {"metadata": {"name": "p"}, "status": {"containerStatuses": [{"name": "m", "image": "", "imageID": "",
            "ready": true, "restartCount": 0, "state": {"running": {}}}]}}]}),
    );
    let outcome = repair(&fake, options()).await;
    assert!(matches!(&outcome.ending, Ending::Refused(Refusal::Progress(_))), "{outcome:?}");
    assert!(fake.patches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_leaked_finalizer_goes_only_when_asked_and_alone() {
    let mut app = stuck(true);
    app["status"]["operationState"]["phase"] = "Failed".into();
    app.as_object_mut().unwrap().remove("operation");
    let fake = Fake::with(&app);
    fake.controller(argocd_with_fix);
    fake.put(JOB, json!({"metadata": {"name": "migrate", "namespace": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": ["foregroundDeletion", HOOK_FINALIZER]}}));
    repair(&fake, options()).await;
    assert_eq!(fake.get(JOB)["metadata"]["finalizers"], json!(["foregroundDeletion", HOOK_FINALIZER]));
    repair(&fake, Options { remove_finalizers: true, ..options() }).await;
    assert_eq!(fake.get(JOB)["metadata"]["finalizers"], json!(["foregroundDeletion"]));
}

#[tokio::test(start_paused = true)]
async fn a_leaked_finalizer_that_an_apps_deletion_waits_for_goes_and_nothing_else_is_asked_for() {
    let mut app = stuck(true);
    app["status"]["operationState"]["phase"] = "Succeeded".into();
    app["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    app.as_object_mut().unwrap().remove("operation");
    let fake = Fake::with(&app);
    fake.put(JOB, json!({"metadata": {"name": "migrate", "namespace": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": [HOOK_FINALIZER]}}));
    let outcome = repair(&fake, options()).await;
    assert!(matches!(&outcome.ending, Ending::Refused(Refusal::Deleting)), "{outcome:?}");
    let outcome = repair(&fake, Options { remove_finalizers: true, ..options() }).await;
    assert!(matches!(outcome.ending, Ending::Repaired), "{outcome:?}");
    assert_eq!(fake.patches().len(), 1);
}
