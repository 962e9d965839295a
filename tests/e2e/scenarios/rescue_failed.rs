//! A migration that failed or did not run: found while Argo CD shows the app as healthy, in another cluster too.

use anyhow::{Result, ensure};
use e2e::app::{App, SOON};
use e2e::catalog::{JOB, MIGRATION, Migration};
use e2e::lab::{Remote, argoproj};
use e2e::proxy::{Proxy, no_trouble};
use e2e::scenario::Scenario;
use kube::Api;
use kube::api::{DynamicObject, PostParams};
use serde_json::{Value, json};

use crate::rescue::{eventually, without_its_job};
use crate::rescue_watch::get;

pub(crate) async fn a_failed_migration_is_told_until_it_is_fixed(scenario: &Scenario) -> Result<()> {
    told_until_fixed(scenario, None).await
}

pub(crate) async fn a_failed_migration_in_another_cluster_is_told(scenario: &Scenario) -> Result<()> {
    // Somebody else's Argo CD may know no other cluster.
    let Some(remote) = scenario.lab().remote.clone() else { return Ok(()) };
    told_until_fixed(scenario, Some(remote)).await
}

async fn told_until_fixed(scenario: &Scenario, remote: Option<Remote>) -> Result<()> {
    let lab = scenario.lab();
    let proxy = Proxy::start(lab.client.clone(), no_trouble()).await?;
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    // The other scenario with a watch counts the Events.
    let watch = ["watch", scenario.name(), "--no-events", "--listen", &address];
    let _watch = lab.start_presync(proxy.kubeconfig(), &watch)?;

    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true).retry(0, "1s");
    let app = app.presync(&[("environment", "production")]);
    let app = scenario.create(match &remote {
        Some(cluster) => app.remote(cluster.clone()),
        None => app,
    });
    let app = app.await?;
    app.at_rest().await?;
    lab.presync(&["doctor", app.name()]).await?.expect(0)?;

    let log = ["step one", &"\n".repeat(30), LAST_LINE].concat();
    app.deploy("2", &Migration::new("2", lab.ttl).fails().prints(&log)).await?;
    app.history.until("the failure", SOON, |state| state.phase == "Failed" && !state.operating).await?;
    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    let found =
        found.says(&format!("error failed-migration: PreSync hook Job {}/{MIGRATION} failed", app.name()))?;
    let found = found.says("backoff limit")?.says("nothing of it was deployed: the cluster runs ")?;
    match &remote {
        Some(cluster) => found.says(&format!("its pod and log are in cluster {}", cluster.server))?,
        None => {
            found.says("container migrate exited with 1")?.says(&format!("kubectl logs -n {}", app.name()))?
        }
    };
    if remote.is_none() && lab.sidecar.is_some() {
        let logged = lab.presync(&["doctor", app.name(), "--logs"]).await?.expect(10)?;
        let logged = logged.says("log: cannot log in to postgres://[redacted]@db/catalog")?;
        ensure!(!logged.stdout.contains("step one"), "the last 20 lines only: {logged}");
    }
    failed_is(&address, &app, "1.0").await?;
    // Nobody does anything, and it stays.
    tokio::time::sleep(lab.ttl).await;
    lab.presync(&["doctor", app.name()]).await?.expect(10)?.says("failed-migration")?;
    failed_is(&address, &app, "1.0").await?;

    app.deploy("3", &Migration::new("3", lab.ttl)).await?;
    app.at_rest().await?;
    failed_is(&address, &app, "0.0").await?;
    lab.presync(&["doctor", app.name()]).await?.expect(0)?;
    Ok(())
}

/// What the migration that fails prints last.
const LAST_LINE: &str = "cannot log in to postgres://catalog:hunter22@db/catalog";

async fn failed_is(address: &str, app: &App, value: &str) -> Result<()> {
    let labels = format!("app=\"{}\",project=\"default\",environment=\"production\"", app.name());
    let line = |answer: &str| {
        let mut lines = answer.lines().filter(|line| line.starts_with("presync_migration_failed{"));
        lines.any(|line| line.contains(&labels) && line.ends_with(value))
    };
    eventually(&format!("presync_migration_failed is {value}"), || async {
        Ok(get(address, "/metrics").await.is_ok_and(|answer| line(&answer)))
    })
    .await
}

/// A sync without hooks applies the trigger: Argo CD is content, and the migration never ran.
pub(crate) async fn a_sync_without_hooks_is_found_and_made_good(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario
        .app("")
        .catalog("1", &Migration::new("1", lab.ttl))
        .presync(&[("environment", "production")]);
    let app = scenario.create(app).await?;
    app.sync().await?;
    app.at_rest().await?;

    change_and_sync(&app, "2", &json!({ "syncStrategy": { "apply": {} } })).await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "it did not run:\n{}", app.migrations);
    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    found.says("error migration-not-run:")?.says("strategy `apply`")?;
    // A later sync of something else hides how it came. The digest of the last run still tells.
    app.start(&json!({ "resources": [{ "kind": "Service", "name": "catalog" }] })).await?;
    app.started_well().await?;
    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    found.says("error migration-not-run:")?.says("had another digest")?;
    lab.repair(app.name(), &["--sync"]).await?.expect(0)?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "it ran:\n{}", app.migrations);
    lab.presync(&["doctor", app.name()]).await?.expect(0)?;

    let trigger = json!({ "kind": "ConfigMap", "name": format!("{MIGRATION}-presync-trigger") });
    change_and_sync(&app, "3", &json!({ "resources": [trigger] })).await?;
    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    found.says("error migration-not-run:")?.says("selected resources")?;
    lab.repair(app.name(), &["--sync"]).await?.expect(0)?;
    ensure!(app.migrations.runs(MIGRATION) == 3, "it ran:\n{}", app.migrations);
    lab.presync(&["doctor", app.name()]).await?.expect(0)?;
    Ok(())
}

/// Changes what the migration runs, and syncs without hooks.
async fn change_and_sync(app: &App, version: &str, sync: &Value) -> Result<()> {
    let changed = Migration::new(version, app.lab().ttl).yaml();
    app.commit("change what runs", &[(JOB, Some(&changed))]).await?;
    app.history.until("the change is seen", SOON, |state| state.sync == "OutOfSync").await?;
    app.start(sync).await?;
    app.started_well().await
}

/// What an ApplicationSet generated is changed there: a patch of the Application would be reverted.
pub(crate) async fn the_fix_of_an_owned_app_is_its_owners(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = without_its_job(scenario, scenario.app("")).await?;
    let kind = argoproj("ApplicationSet");
    let sets = Api::<DynamicObject>::namespaced_with(lab.client.clone(), &lab.argocd, &kind);
    let set = DynamicObject::new(app.name(), &kind).data(json!({ "spec": {
        "generators": [],
        "template": { "metadata": { "name": "x" }, "spec": { "project": "default", "destination": {} } },
    }}));
    let set = sets.create(&PostParams::default(), &set).await?;
    let owner = json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": app.name(),
        "uid": set.metadata.uid, "controller": true });
    app.patch(&json!({ "metadata": { "ownerReferences": [owner] } })).await?;
    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    let found = found.says(&format!("fix: in git, in ApplicationSet {}", app.name()))?;
    ensure!(!found.stdout.contains("kubectl patch"), "{found}");
    app.patch(&json!({ "metadata": { "ownerReferences": null } })).await?;
    sets.delete(app.name(), &kube::api::DeleteParams::default()).await?;
    Ok(())
}
