//! Applications that are not where they usually are: in a team's namespace, and in an Argo CD that tracks by label. What
//! presync promises holds there, and the cluster commands find them.

use std::sync::Arc;

use anyhow::Result;
use e2e::app::App;
use e2e::catalog::{JOB, LASTING, MIGRATION, Migration};
use e2e::proxy::{Proxy, no_trouble};
use e2e::scenario::Scenario;

use crate::HOOK;
use crate::options::holds;
use crate::rescue::{eventually, without_its_job};
use crate::rescue_watch::get;

pub(crate) async fn in_a_namespace_of_a_team(scenario: &Scenario) -> Result<()> {
    if scenario.lab().sidecar.is_none() {
        // Somebody else's Argo CD may allow no other namespace.
        return Ok(());
    }
    let team = format!("{}-team", scenario.name());
    holds(scenario, "", |app| app.home(&team)).await?;
    let app = without_its_job(scenario, scenario.app("native").home(&team)).await?;
    let found = scenario.lab().presync(&["doctor", "-A", "--project", "default"]).await?.expect(10)?;
    found.says(&format!("\n{}  OutOfSync", app.key()))?;
    found_and_cured(&app).await
}

pub(crate) async fn tracked_by_label(scenario: &Scenario) -> Result<()> {
    // As above.
    let Some(by_label) = scenario.lab().by_label.clone() else { return Ok(()) };
    holds(scenario, "", |app| app.argocd(&by_label)).await?;

    let lab = scenario.lab().clone();
    let lab = e2e::lab::Lab { argocd: by_label.clone(), ..lab };
    let proxy = Proxy::start(lab.client.clone(), no_trouble()).await?;
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let _watch = lab.start_presync(proxy.kubeconfig(), &["watch", "--no-events", "--listen", &address])?;
    eventually("the watch is ready", || async {
        Ok(get(&address, "/readyz").await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")))
    })
    .await?;
    let app = without_its_job(scenario, scenario.app("native").argocd(&by_label)).await?;
    let labels = format!(r#"{{app_namespace="{by_label}",app="{}",hook="false"}}"#, app.name());
    let line = format!("presync_tracked_jobs_deleted_by_ttl_total{labels} 1");
    eventually("the deletion is counted", || async { Ok(get(&address, "/metrics").await?.contains(&line)) })
        .await?;
    found_and_cured(&app).await
}

/// `doctor` names the missing Job, and after the fix in git `repair` shows its end.
async fn found_and_cured(app: &Arc<App>) -> Result<()> {
    let (lab, key) = (app.lab(), app.key());
    let found = lab.presync(&["doctor", &key]).await?.expect(10)?;
    found.says(&format!("error missing-job: Job {}/{MIGRATION}", app.name()))?;
    let hook = Migration::new("1", LASTING).annotation(HOOK, "PreSync").yaml();
    app.repository.commit("make it a hook", "app", [(JOB, Some(hook.as_str()))])?;
    lab.repair(&key, &[]).await?.expect(0)?.says("→ Synced:Healthy")?;
    Ok(())
}
