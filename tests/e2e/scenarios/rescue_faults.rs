//! `repair` while the cluster makes trouble: nothing is left half done, and each error says what it was.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::app::{HOOK_FINALIZER, SOON};
use e2e::catalog::{MIGRATION, Migration};
use e2e::proxy::{Before, Proxy, Trouble};
use e2e::scenario::Scenario;
use e2e::wait;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::json;

use crate::rescue::stuck;

/// Ends the sync of an app although it is young.
fn repair(app: &str) -> [&str; 5] {
    ["repair", app, "--yes", "--older-than", "0s"]
}

/// Somebody writes just before each of the first `writes` writes.
fn somebody_writes(applications: Api<DynamicObject>, name: String, writes: usize) -> Before {
    Arc::new(move |number, _, _| {
        let (applications, name) = (applications.clone(), name.clone());
        Box::pin(async move {
            if number < writes {
                let note =
                    json!({ "metadata": { "annotations": { "e2e.presync/write": number.to_string() } } });
                applications.patch(&name, &PatchParams::default(), &Patch::Merge(note)).await?;
            }
            Ok(Trouble::None)
        })
    })
}

pub(crate) async fn a_few_conflicts_are_outlived(scenario: &Scenario) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    let before = somebody_writes(lab.applications(), app.name().to_owned(), 3);
    let proxy = Proxy::start(lab.client.clone(), before).await?;
    lab.presync_as(proxy.kubeconfig(), &repair(app.name()))
        .await?
        .expect(10)?
        .says("--sync starts a sync")?;
    ensure!(proxy.patches() == 5, "3 lost, 1 ended the sync, 1 refreshed: {}", proxy.patches());
    Ok(())
}

pub(crate) async fn conflicts_on_every_write_are_given_up_and_change_nothing(
    scenario: &Scenario,
) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    let before = somebody_writes(lab.applications(), app.name().to_owned(), usize::MAX);
    let proxy = Proxy::start(lab.client.clone(), before).await?;
    let given_up = lab.presync_as(proxy.kubeconfig(), &repair(app.name())).await?.expect(9)?;
    given_up.says("it changed under each of 10 tries to write")?.says("requests, ")?;
    let state = app.history.now()?;
    ensure!(state.phase == "Running" && state.operating, "nothing is half done: {state}");
    lab.presync(&repair(app.name())).await?.expect(10)?;
    Ok(())
}

pub(crate) async fn an_api_server_that_goes_away_in_the_middle_is_waited_for(
    scenario: &Scenario,
) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    let before: Before = Arc::new(|number, _, _| {
        Box::pin(
            async move { Ok(if number < 2 { Trouble::Away(Duration::from_secs(5)) } else { Trouble::None }) },
        )
    });
    let proxy = Proxy::start(lab.client.clone(), before).await?;
    lab.presync_as(proxy.kubeconfig(), &repair(app.name()))
        .await?
        .expect(10)?
        .says("--sync starts a sync")?;
    let state = app.history.until("the end", SOON, |state| !state.operating).await?;
    ensure!(state.message.contains("Operation terminated"), "{state}");
    Ok(())
}

pub(crate) async fn an_api_server_that_stays_away_ends_the_wait(scenario: &Scenario) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    let before: Before = Arc::new(|_, _, _| Box::pin(async { Ok(Trouble::Away(Duration::from_mins(1))) }));
    let proxy = Proxy::start(lab.client.clone(), before).await?;
    let arguments = [&repair(app.name())[..], &["--timeout", "8s"]].concat();
    let late = lab.presync_as(proxy.kubeconfig(), &arguments).await?.expect(9)?;
    late.says("the API server was not available within 8s")?.says("safe to leave")?;
    // The write went through before it went away, and Argo CD carries it out.
    app.history.until("the end", SOON, |state| !state.operating).await?;
    Ok(())
}

pub(crate) async fn an_app_that_is_deleted_meanwhile_is_no_error_of_its_own(
    scenario: &Scenario,
) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    let (applications, name) = (lab.applications(), app.name().to_owned());
    let before: Before = Arc::new(move |number, _, _| {
        let (applications, name) = (applications.clone(), name.clone());
        Box::pin(async move {
            if number == 0 {
                applications.delete(&name, &DeleteParams::default()).await?;
            }
            Ok(Trouble::None)
        })
    });
    let proxy = Proxy::start(lab.client.clone(), before).await?;
    lab.presync_as(proxy.kubeconfig(), &repair(app.name())).await?.expect(10)?.says("deleted meanwhile")?;
    Ok(())
}

/// Argo CD has left its finalizer on a hook, and the Application is deleted.
pub(crate) async fn a_finalizer_that_a_deletion_waits_for_goes(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true);
    // In production the finished Job is still there then.
    let app = scenario.create(app.presync(&[("environment", "production")])).await?;
    app.at_rest().await?;
    let finalizer = Patch::Merge(json!({ "metadata": { "finalizers": [HOOK_FINALIZER] } }));
    app.api::<Job>().patch(MIGRATION, &PatchParams::default(), &finalizer).await?;
    lab.applications().delete(app.name(), &DeleteParams::default()).await?;
    wait::until("the finding", SOON, async || {
        let told = lab.presync(&["doctor", app.name()]).await?;
        Ok(told.stdout.contains("leaked-finalizer").then_some(()))
    })
    .await?;
    lab.repair(app.name(), &[]).await?.expect(10)?.says("it is being deleted")?;
    lab.repair(app.name(), &["--remove-finalizers"]).await?.expect(0)?;
    let applications = lab.applications();
    wait::until("the end of the deletion", SOON, async || {
        Ok(applications.get_opt(app.name()).await?.is_none().then_some(()))
    })
    .await
}
