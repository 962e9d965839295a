//! `presync doctor`.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use presync::{
    cluster::{
        diagnose::{Finding, Severity, diagnose},
        instance::Instance,
        job::human,
        selection::Selection,
        settling::settled,
        snapshot::{self, Options, Snapshot},
    },
    error::Result,
    exit::Exit,
};
use serde_json::{Value, json};

use super::connect::{Connect, block_on, duration, print};

/// Find what is wrong with Applications because of their Jobs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It changes nothing. Exit code 10 when something is wrong; advice alone is no failure."
)]
pub(crate) struct Args {
    /// Names of Applications; NAMESPACE/NAME for one outside Argo CD's namespace
    #[arg(value_name = "APP")]
    apps: Vec<String>,
    /// All Applications in the namespace
    #[arg(long)]
    all: bool,
    /// Applications that this label selector matches
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// A sync that waits for a hook for less is not stuck
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "DURATION")]
    older_than: Duration,
    /// Show the last lines of failed migrations, without what looks like a secret; needs permission to read logs
    #[arg(long)]
    logs: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What a run saw, found and cost.
struct Report {
    snapshot: Snapshot,
    findings: Vec<Finding>,
    requests: usize,
    elapsed: Duration,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    let report = block_on(examine(args))?;
    let text = match args.format {
        Format::Text => text(&report),
        Format::Json => format!("{:#}\n", json(&report)),
    };
    print(&text)?;
    let sick = report.findings.iter().any(|finding| finding.kind.severity() > Severity::Advice);
    Ok(if sick { Exit::FINDINGS } else { Exit::OK })
}

async fn examine(args: &Args) -> Result<Report> {
    let started = Instant::now();
    let namespace = &args.connect.namespace;
    let selection = Selection::new(&args.apps, args.all, args.selector.as_deref(), namespace)?;
    let access = args.connect.access().await?;
    let apps = settled(&access.client, selection.read(&access.client).await?).await?;
    let snapshot = snapshot::take(&access.client, namespace, apps, Options { logs: args.logs }).await?;
    let findings = diagnose(&snapshot, args.older_than);
    Ok(Report { snapshot, findings, requests: access.requests(), elapsed: started.elapsed() })
}

fn text(report: &Report) -> String {
    let Report { snapshot, findings, requests, elapsed } = report;
    let mut text = format!("{}\n", about(&snapshot.instance));
    for finding in findings.iter().filter(|finding| finding.app.is_none()) {
        show(&mut text, finding);
    }
    for app in &snapshot.apps {
        let key = app.key();
        let mut own = findings.iter().filter(|finding| finding.app.as_ref() == Some(&key)).peekable();
        // With --all the healthy ones would hide the others.
        if own.peek().is_some() || snapshot.apps.len() == 1 {
            let _ = writeln!(text, "\n{key}  {}", app.state());
        }
        own.for_each(|finding| show(&mut text, finding));
    }
    let count = |severity| findings.iter().filter(|finding| finding.kind.severity() == severity).count();
    let (errors, warnings, advice) =
        (count(Severity::Error), count(Severity::Warning), count(Severity::Advice));
    let (apps, seconds) = (snapshot.apps.len(), elapsed.as_secs_f64());
    let _ = writeln!(
        text,
        "\n{apps} applications: {errors} errors, {warnings} warnings, {advice} advice ({requests} requests, {seconds:.1} s)"
    );
    text
}

fn about(instance: &Instance) -> String {
    let version =
        instance.version.map_or_else(|| "of unknown version".to_owned(), |version| version.to_string());
    let refresh = instance.refresh.map_or_else(
        || "does not compare by itself".to_owned(),
        |refresh| format!("compares every app at least every {}", human(refresh)),
    );
    format!("Argo CD {version}, {refresh}")
}

fn show(text: &mut String, finding: &Finding) {
    let Finding { kind, summary, details, remedy, .. } = finding;
    let _ = writeln!(text, "  {} {}: {summary}", kind.severity(), kind.name());
    for detail in details {
        let _ = writeln!(text, "    {detail}");
    }
    for command in remedy {
        let _ = writeln!(text, "    fix: {}", command.replace('\n', "\n      "));
    }
}

fn json(report: &Report) -> Value {
    let Report { snapshot, findings, requests, elapsed } = report;
    let apps = snapshot.apps.iter().map(|app| {
        let key = app.key();
        json!({"namespace": key.namespace, "name": key.name,
            "sync": app.status.sync.status, "health": app.status.health.status})
    });
    let findings = findings.iter().map(|finding| {
        let Finding { kind, app, object, summary, details, remedy } = finding;
        json!({
            "kind": kind.name(),
            "severity": kind.severity(),
            "application": app.as_ref().map(ToString::to_string),
            "object": object.as_ref().map(|key| {
                json!({"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name})
            }),
            "summary": summary,
            "details": details,
            "remedy": remedy,
        })
    });
    json!({
        "argocd": {
            "version": snapshot.instance.version.map(|version| version.to_string()),
            "refreshSeconds": snapshot.instance.refresh.map(|refresh| refresh.as_secs()),
        },
        "applications": apps.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "requests": requests,
        "seconds": elapsed.as_secs_f64(),
    })
}
