//! `watch` counts what happens, once, also when the API server goes away in between.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::catalog::MIGRATION;
use e2e::proxy::{Proxy, no_trouble};
use e2e::scenario::Scenario;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rescue::{eventually, without_its_job};

/// One request of a scraper or a probe: the status line, headers and body.
pub(crate) async fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: watch\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

pub(crate) async fn a_deletion_by_ttl_is_counted_once_and_told(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let proxy = Proxy::start(lab.client.clone(), no_trouble()).await?;
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let _watch = lab.start_presync(proxy.kubeconfig(), &["watch", "--listen", &address])?;
    eventually("the watch is ready", || async {
        Ok(get(&address, "/readyz").await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")))
    })
    .await?;

    let app = without_its_job(scenario, scenario.app("")).await?;
    let labels = format!(r#"{{app_namespace="{}",app="{}""#, lab.argocd, app.name());
    let expected = [
        format!(r#"presync_tracked_jobs_deleted_by_ttl_total{labels},hook="false"}} 1"#),
        format!(r#"presync_migrations_finished_total{labels},outcome="succeeded"}} 1"#),
        format!(r#"presync_migrations_finished_total{labels},outcome="failed"}} 0"#),
        format!("presync_app_out_of_sync_missing_job_seconds{labels}}}"),
    ];
    let counted = |answer: &str| expected.iter().all(|line| answer.contains(line.as_str()));
    eventually("the metrics tell it", || async { Ok(counted(&get(&address, "/metrics").await?)) }).await?;

    // The connections break. Nothing is counted again, and what comes after is counted too.
    proxy.leave(Duration::from_secs(3));
    let errors = |answer: &str| number(answer, "presync_watch_errors_total");
    eventually("the watch tells that it broke", || async {
        Ok(errors(&get(&address, "/metrics").await?)? > 0)
    })
    .await?;
    ensure!(counted(&get(&address, "/metrics").await?), "counted again");
    app.sync().await?;
    app.at_rest().await?;
    app.ttl_passes().await?;
    let twice = [
        format!(r#"presync_tracked_jobs_deleted_by_ttl_total{labels},hook="false"}} 2"#),
        format!(r#"presync_migrations_finished_total{labels},outcome="succeeded"}} 2"#),
    ];
    eventually("the metrics tell the second time", || async {
        let answer = get(&address, "/metrics").await?;
        Ok(twice.iter().all(|line| answer.contains(line.as_str())))
    })
    .await?;

    let events = Api::<Event>::namespaced(lab.client.clone(), &lab.argocd);
    // The second time makes a series of the first Event.
    for reason in ["MigrationSucceeded", "TrackedJobDeletedByTTL"] {
        let selected =
            ListParams::default().fields(&format!("regarding.name={},reason={reason}", app.name()));
        let found = events.list(&selected).await?.items;
        ensure!(found.len() == 1, "one Event {reason}: {found:#?}");
        ensure!(found[0].note.as_deref().is_some_and(|note| note.contains(MIGRATION)), "{found:#?}");
    }
    Ok(())
}

fn number(answer: &str, metric: &str) -> Result<u64> {
    let line = answer.lines().find(|line| line.starts_with(metric)).context("no such metric")?;
    Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
}
