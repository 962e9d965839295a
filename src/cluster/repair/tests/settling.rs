use super::*;
use crate::cluster::settling::PATIENCE;

/// Returns what a comparison of the past makes of it: the sync succeeds, and only some looks later Argo CD compares
/// again.
fn argocd_that_compares_late() -> impl FnMut(&mut Value) + Send + 'static {
    let mut looks = 0;
    move |app: &mut Value| {
        let was_idle = app["operation"].is_null();
        argocd(app);
        if !was_idle && app["status"]["operationState"]["phase"] == "Succeeded" {
            app["status"]["operationState"]["finishedAt"] = "2026-01-01T04:00:00Z".into();
            app["status"]["sync"]["status"] = "OutOfSync".into();
            looks = 0;
        }
        looks += 1;
        if looks == 4 && app["status"]["operationState"]["finishedAt"] != Value::Null {
            app["status"]["reconciledAt"] = "2026-01-01T04:00:01Z".into();
            app["status"]["sync"]["status"] = "Synced".into();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_comparison_that_follows_a_sync_is_waited_for() {
    let mut app = stuck(true);
    // It was green, and is judged by what comes after the sync all the same.
    app["status"]["sync"]["status"] = "Synced".into();
    app["status"]["health"]["status"] = "Healthy".into();
    let fake = Fake::with(&app);
    fake.controller(argocd_that_compares_late());
    let options = Options { sync: Some(SyncAfter { prune: false }), ..options() };
    let outcome = repair(&fake, options).await;
    assert!(matches!(outcome.ending, Ending::Repaired), "{outcome:?}");
}

/// Argo CD starts a sync by itself when the hard refresh shows it a commit.
#[tokio::test(start_paused = true)]
async fn a_sync_that_a_commit_starts_is_compared_before_it_is_judged() {
    let mut app = stuck(true);
    app["status"]["operationState"]["phase"] = "Failed".into();
    app.as_object_mut().unwrap().remove("operation");
    let fake = Fake::with(&app);
    let mut controller = argocd_that_compares_late();
    let mut began = false;
    fake.controller(move |app| {
        let refresh = app["metadata"]["annotations"].get(REFRESH_ANNOTATION).is_some();
        if refresh && !began {
            began = true;
            app["operation"] = json!({"sync": {}});
            app["status"]["operationState"] = Value::Null;
        }
        controller(app);
    });
    let outcome = repair(&fake, options()).await;
    assert!(matches!(outcome.ending, Ending::Repaired), "{outcome:?}");
    assert_eq!(outcome.to_string(), "argocd/order: OutOfSync:Missing → Synced:Healthy");
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_never_comes_is_waited_for_only_so_long() {
    let fake = Fake::with(&stuck(true));
    fake.controller(|app| {
        argocd(app);
        if app["status"]["operationState"]["phase"] == "Failed" {
            app["status"]["operationState"]["finishedAt"] = "2026-01-01T04:00:00Z".into();
        }
    });
    let outcome = repair(&fake, options()).await;
    assert!(matches!(outcome.ending, Ending::Left(_)), "{outcome:?}");
    let limit = Duration::from_secs(20);
    assert!(outcome.elapsed >= PATIENCE && outcome.elapsed < limit, "{:?}", outcome.elapsed);
}

#[tokio::test(start_paused = true)]
async fn a_sync_window_is_not_waited_for() {
    let fake = Fake::with(&stuck(true));
    fake.controller(|app| {
        if !app["operation"].is_null() && app["status"]["operationState"].is_null() {
            app["status"]["operationState"] = json!({"phase": "Running", "operation": app["operation"],
                "message": "Sync operation blocked by sync window", "startedAt": "2026-01-01T03:00:00Z"});
        } else {
            argocd(app);
        }
    });
    let options = Options { sync: Some(SyncAfter { prune: false }), ..options() };
    let outcome = repair(&fake, options).await;
    let Ending::Failed(problems) = &outcome.ending else { panic!("{outcome:?}") };
    assert!(problems.to_string().contains("a sync window of project"), "{problems}");
    assert!(outcome.elapsed < Duration::from_mins(1));
}
