//! A migration that failed or did not run: found while Argo CD shows the app as healthy, in another cluster too.

use anyhow::{Context as _, Result, ensure};
use e2e::app::{App, SOON};
use e2e::catalog::{JOB, MIGRATION, Migration};
use e2e::lab::{Lab, argoproj};
use e2e::proxy::{Proxy, no_trouble};
use e2e::scenario::Scenario;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use serde_json::json;

use crate::rescue::{eventually, without_its_job};
use crate::rescue_watch::get;

pub(crate) async fn a_failed_migration_is_told_until_it_is_fixed(scenario: &Scenario) -> Result<()> {
    told_until_fixed(scenario, None).await
}

/// The cluster is the same one, under another URL: to Argo CD, and to presync, it is another cluster.
pub(crate) async fn a_failed_migration_in_another_cluster_is_told(scenario: &Scenario) -> Result<()> {
    let server = other_cluster(scenario.lab()).await?;
    told_until_fixed(scenario, Some(&server)).await
}

async fn told_until_fixed(scenario: &Scenario, remote: Option<&str>) -> Result<()> {
    let lab = scenario.lab();
    let proxy = Proxy::start(lab.client.clone(), no_trouble()).await?;
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    // The other scenario with a watch counts the Events.
    let watch = ["watch", scenario.name(), "--no-events", "--listen", &address];
    let _watch = lab.start_presync(proxy.kubeconfig(), &watch)?;

    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true).retry(0, "1s");
    let app = app.presync(&[("environment", "production")]);
    let app = scenario.create(match remote {
        Some(server) => app.cluster(server),
        None => app,
    });
    let app = app.await?;
    app.at_rest().await?;
    lab.presync(&["doctor", app.name()]).await?.expect(0)?;

    app.deploy("2", &Migration::new("2", lab.ttl).fails()).await?;
    app.history.until("the failure", SOON, |state| state.phase == "Failed" && !state.operating).await?;
    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    let found =
        found.says(&format!("error failed-migration: PreSync hook Job {}/{MIGRATION} failed", app.name()))?;
    let found = found.says("backoff limit")?.says("nothing of it was deployed: the cluster runs ")?;
    match remote {
        Some(server) => found.says(&format!("its pod and log are in cluster {server}"))?,
        None => {
            found.says("container migrate exited with 1")?.says(&format!("kubectl logs -n {}", app.name()))?
        }
    };
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

/// Makes the cluster known to Argo CD under its own URL, and returns that.
async fn other_cluster(lab: &Lab) -> Result<String> {
    let config = Kubeconfig::read_from(&lab.kubeconfig)?;
    let config = serde_json::to_value(config)?;
    let text = |path: &str| config.pointer(path).and_then(|value| value.as_str()).context(path.to_owned());
    let server = text("/clusters/0/cluster/server")?.to_owned();
    // The kubeconfig's own type hides the token.
    let raw = std::fs::read_to_string(&lab.kubeconfig)?;
    let raw: serde_json::Value = serde_yaml::from_str(&raw)?;
    let token = raw.pointer("/users/0/user/token").and_then(|value| value.as_str()).context("no token")?;
    let access = json!({ "bearerToken": token, "tlsClientConfig": { "insecure": true } });
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "other-cluster", "labels": { "argocd.argoproj.io/secret-type": "cluster" } },
        "stringData": { "name": "other", "server": server, "config": access.to_string() },
    });
    let secrets = Api::<Secret>::namespaced(lab.client.clone(), &lab.argocd);
    secrets.patch("other-cluster", &PatchParams::apply("e2e"), &Patch::Apply(secret)).await?;
    Ok(server)
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

    let changed = Migration::new("2", lab.ttl).yaml();
    app.commit("change what runs", &[(JOB, Some(&changed))]).await?;
    app.history.until("the change is seen", SOON, |state| state.sync == "OutOfSync").await?;
    app.patch(&json!({ "operation": null, "status": { "operationState": null } })).await?;
    app.patch(&json!({ "operation": { "sync": { "syncStrategy": { "apply": {} } } } })).await?;
    app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "it did not run:\n{}", app.migrations);

    let found = lab.presync(&["doctor", app.name()]).await?.expect(10)?;
    found.says("error migration-not-run:")?.says("strategy `apply`")?;
    lab.presync(&["repair", app.name(), "--yes", "--sync"]).await?.expect(0)?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "it ran:\n{}", app.migrations);
    lab.presync(&["doctor", app.name()]).await?.expect(0)?;
    Ok(())
}

/// What an ApplicationSet generated is changed there: a patch of the Application would be reverted.
pub(crate) async fn the_fix_of_an_owned_app_is_its_owners(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = without_its_job(scenario, "").await?;
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
