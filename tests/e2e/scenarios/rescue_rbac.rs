//! Each cluster command works with exactly the permissions of its file in `examples/rescue/rbac`, and says which one
//! is missing when one is taken away.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use e2e::access::{Grant, Permissions, kubeconfig};
use e2e::catalog::Migration;
use e2e::command::Output;
use e2e::lab::Lab;
use e2e::scenario::Scenario;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::rescue::stuck;

fn file(command: &str) -> Result<Permissions> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/rescue/rbac");
    Permissions::read(&root.join(format!("{command}.yaml")))
}

/// What a refusal calls the resource.
fn qualified(resource: &str, command: &str) -> String {
    let group = match resource {
        "applications" => ".argoproj.io",
        "jobs" => ".batch",
        "statefulsets" | "deployments" => ".apps",
        "events" if command == "watch" => ".events.k8s.io",
        _ => "",
    };
    format!("{resource}{group}")
}

/// Permissions take a moment to be known to the API server: runs the command until it ends as wanted.
async fn until(
    lab: &Lab,
    account: &Path,
    arguments: &[&str],
    what: &str,
    wanted: impl Fn(&Output) -> bool,
) -> Result<()> {
    let mut last = String::new();
    for _ in 0..20 {
        // A watch that is allowed to do all does not end.
        match timeout(Duration::from_secs(15), lab.presync_as(account, arguments)).await {
            Ok(output) => {
                let output = output?;
                if wanted(&output) {
                    return Ok(());
                }
                last = output.to_string();
            }
            Err(_) => "it did not end".clone_into(&mut last),
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    bail!("{what}:\n{last}")
}

/// Takes each permission away, one at a time, and runs what needs it.
async fn without_each<'a>(
    lab: &Lab,
    command: &str,
    account: &Path,
    needs: impl Fn(&Grant) -> &'a [&'a str],
) -> Result<()> {
    let permissions = file(command)?;
    for grant in permissions.grants() {
        permissions.without(&grant)?.apply(lab).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let Grant { verb, resource, .. } = &grant;
        let refused = format!("cannot {verb} {}", qualified(resource, command));
        until(lab, account, needs(&grant), &format!("without `{verb} {resource}`"), |output| {
            output.code == Some(9) && output.stderr.contains(&refused) && output.stderr.contains("forbidden")
        })
        .await?;
        permissions.apply(lab).await?;
    }
    Ok(())
}

/// Only a run without names lists Applications.
fn lists(grant: &Grant) -> bool {
    grant.verb == "list" && grant.resource == "applications"
}

pub(crate) async fn doctor_needs_exactly_its_permissions(scenario: &Scenario) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    // It has a trigger.
    let rendered = scenario.app("rendered").catalog("1", &Migration::new("1", Duration::from_mins(5)));
    let rendered = scenario.create(rendered.presync(&[("environment", "dev")]).automated(false)).await?;
    rendered.at_rest().await?;
    let named = ["doctor", app.name(), rendered.name(), "--older-than", "0s"];
    let all = ["doctor", "--all", "--older-than", "0s"];
    file("doctor")?.apply(lab).await?;
    let account = kubeconfig(lab, "presync-doctor").await?;
    for arguments in [&named[..], &all[..]] {
        let whole = |output: &Output| output.code == Some(10) && output.stdout.contains("stuck-operation");
        until(lab, account.path(), arguments, "with all permissions", whole).await?;
    }
    let needs = |grant: &Grant| if lists(grant) { &all[..] } else { &named[..] };
    without_each(lab, "doctor", account.path(), needs).await?;
    let everywhere = ["doctor", "--all-namespaces", "--older-than", "0s"];
    let refused = lab.presync_as(account.path(), &everywhere).await?.expect(9)?;
    refused
        .says("cannot list applications.argoproj.io in all namespaces: forbidden")?
        .says("can-i list applications.argoproj.io -A")?;
    file("doctor-all-namespaces")?.apply(lab).await?;
    let whole = |output: &Output| output.code == Some(10) && output.stdout.contains("stuck-operation");
    until(lab, account.path(), &everywhere, "with its file", whole).await?;
    // Argo CD does not delete an Application whose sync runs.
    lab.repair(app.name(), &["--older-than", "0s"]).await?.expect(10)?;
    Ok(())
}

pub(crate) async fn repair_needs_exactly_its_permissions(scenario: &Scenario) -> Result<()> {
    let (app, lab) = (stuck(scenario, "").await?, scenario.lab());
    let none = ["repair", "--selector", "e2e=none", "--yes"];
    // It is too young to be ended, so that every run finds the same.
    let young = ["repair", app.name(), "--yes", "--older-than", "2h"];
    file("repair")?.apply(lab).await?;
    let account = kubeconfig(lab, "presync-repair").await?;
    until(lab, account.path(), &none, "with all permissions", |output| output.code == Some(0)).await?;
    let needs = |grant: &Grant| if lists(grant) { &none[..] } else { &young[..] };
    without_each(lab, "repair", account.path(), needs).await?;
    let old = ["repair", app.name(), "--yes", "--older-than", "0s"];
    let ended = |output: &Output| output.code == Some(10) && output.stdout.contains("--sync starts a sync");
    until(lab, account.path(), &old, "with all permissions", ended).await?;
    file("repair-all-namespaces")?.apply(lab).await?;
    let none = ["repair", "-A", "--selector", "e2e=none", "--yes"];
    until(lab, account.path(), &none, "with its file", |output| output.code == Some(0)).await
}

pub(crate) async fn watch_needs_exactly_its_permissions(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    file("watch")?.apply(lab).await?;
    let account = kubeconfig(lab, "presync-watch").await?;
    let arguments = ["watch", "--listen", "127.0.0.1:0"];
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut watch = lab.start_presync(account.path(), &arguments)?;
    let mut lines = BufReader::new(watch.stderr.take().context("no stderr")?).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await? {
            if line.contains("watching Jobs and Applications") {
                return Ok(());
            }
        }
        bail!("it ended")
    };
    timeout(Duration::from_secs(30), ready).await.context("it does not watch")??;
    watch.kill().await?;
    without_each(lab, "watch", account.path(), |_| &arguments).await
}
