//! The ways in which a team may have told Argo CD to sync: presync's promises hold with each.

use anyhow::{Result, ensure};
use e2e::app::{Builder, SOON};
use e2e::catalog::{JOB, MIGRATION, Migration};
use e2e::history::State;
use e2e::scenario::Scenario;

use crate::HOOK;
use crate::rescue::eventually;

pub(crate) async fn server_side_apply(scenario: &Scenario) -> Result<()> {
    holds(scenario, "", |app| app.sync_option("ServerSideApply=true")).await
}

pub(crate) async fn server_side_diff(scenario: &Scenario) -> Result<()> {
    let diff = "ServerSideDiff=true,IncludeMutationWebhook=true";
    holds(scenario, "", |app| {
        app.annotation("argocd.argoproj.io/compare-options", diff).sync_option("ServerSideApply=true")
    })
    .await
}

pub(crate) async fn apply_out_of_sync_only(scenario: &Scenario) -> Result<()> {
    holds(scenario, "", |app| app.sync_option("ApplyOutOfSyncOnly=true").sync_option("PruneLast=true")).await
}

/// One run, no drift after the TTL, and a change of the migration alone runs it once more.
pub(crate) async fn holds(
    scenario: &Scenario,
    role: &str,
    options: impl FnOnce(Builder) -> Builder,
) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app(role).catalog("1", &Migration::new("1", lab.ttl)).automated(true);
    let app = options(app.presync(&[("environment", "dev"), ("ttl", &lab.ttl_setting())]));
    let app = scenario.create(app).await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "one run:\n{}", app.migrations);
    app.commit("change what runs", &[(JOB, Some(&Migration::new("2", lab.ttl).yaml()))]).await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "one more run:\n{}", app.migrations);
    Ok(())
}

/// Two sources of one app: presync renders its own, and Argo CD the other.
pub(crate) async fn two_sources(scenario: &Scenario) -> Result<()> {
    holds(scenario, "", |app| {
        let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
        app.file("../other/config.yaml", other).second_source("other")
    })
    .await
}

/// What the other source renders cannot be seen, so that the hook comes before it, and waits. `doctor` knows the way out.
pub(crate) async fn a_migration_that_reads_the_other_source(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {URL: x}\n";
    let reads = || Migration::new("1", lab.ttl).container("envFrom: [{configMapRef: {name: other}}]");
    let app = scenario.app("").catalog("1", &reads()).file("../other/config.yaml", other);
    let app = app.second_source("other").automated(true).presync(&[("environment", "dev")]);
    let app = scenario.create(app).await?;
    let waits = |state: &State| state.message.contains("waiting for completion of hook");
    app.history.until("a sync that waits for the hook", SOON, waits).await?;
    let way_out = "argocd-presync-plugin/phase";
    eventually("doctor names the way out", || async {
        let found = lab.presync(&["doctor", app.name(), "--older-than", "0s"]).await?;
        Ok(found.stdout.contains("warning pending-hook:")
            && found.stdout.contains(&format!("{way_out}: Sync")))
    })
    .await?;
    let fixed = reads().annotation(way_out, "Sync").yaml();
    app.repository.commit("the way out", "app", [(JOB, Some(fixed.as_str()))])?;
    lab.repair(app.name(), &["--older-than", "0s"]).await?.expect(0)?.says("→ Synced:Healthy")?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "one run:\n{}", app.migrations);
    Ok(())
}

/// Two apps whose hooks have one name in one namespace take them from each other: `doctor` says so.
pub(crate) async fn two_apps_with_one_job(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let hook = Migration::new("1", lab.ttl).annotation(HOOK, "PreSync");
    let mut names = Vec::new();
    for role in ["a", "b"] {
        let config = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {role}}}\n");
        let app =
            scenario.app(role).namespace(scenario.name()).file("config.yaml", config).file(JOB, hook.yaml());
        let app = scenario.create(app.automated(false)).await?;
        app.at_rest().await?;
        names.push(app.name().to_owned());
    }
    let found = lab.presync(&["doctor", &names[0], &names[1]]).await?.expect(10)?;
    let shared =
        format!("error shared-resource: Job {}/{MIGRATION} is part of the applications", scenario.name());
    found.says(&shared)?;
    Ok(())
}
