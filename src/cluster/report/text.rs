//! The report for a terminal.

use std::{fmt::Write as _, time::Duration};

use super::{Argocd, Finding, Report, Summary};
use crate::cluster::job::human;

/// Returns the whole report.
pub fn render(report: &Report) -> String {
    let mut text = format!("{}\n{}\n", about(&report.argocd), fleet(&report.summary));
    report.about(None).for_each(|finding| show(&mut text, finding));
    let only = report.applications.len() == 1;
    for app in report.applications.iter().filter(|app| only || app.has_findings()) {
        let or_unknown = |status: &str| if status.is_empty() { "Unknown" } else { status }.to_owned();
        let (sync, health) = (or_unknown(&app.sync), or_unknown(&app.health));
        let _ = writeln!(text, "\n{}  {sync}:{health}", app.key());
        report.about(Some(app)).for_each(|finding| show(&mut text, finding));
    }
    let Summary { errors, warnings, advice, applications, .. } = report.summary;
    let (requests, seconds) = (report.requests, report.seconds);
    let _ = writeln!(
        text,
        "\n{}: {}, {}, {advice} advice ({}, {seconds:.1} s)",
        counted(applications, "application"),
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(requests, "request"),
    );
    text
}

pub(super) fn about(argocd: &Argocd) -> String {
    let version = argocd.version.as_deref().unwrap_or("of unknown version");
    let refresh = argocd.refresh_seconds.map_or_else(
        || "does not compare by itself".to_owned(),
        |seconds| format!("compares every app at least every {}", human(Duration::from_secs(seconds))),
    );
    format!("Argo CD {version}, {refresh}")
}

/// Returns the fleet in one line.
pub(super) fn fleet(summary: &Summary) -> String {
    let Summary { applications, stuck, drifting, failed, not_run, warned, not_opted_in, .. } = summary;
    let parts = [
        (stuck, "stuck"),
        (drifting, "drifting"),
        (failed, "with a failed migration"),
        (not_run, "with a migration that did not run"),
        (warned, "with warnings"),
        (not_opted_in, "not opted in"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| **count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let told = if told.is_empty() { "nothing is wrong".to_owned() } else { told.join(", ") };
    format!("{}: {told}", counted(*applications, "application"))
}

/// Returns a count with its noun, such as `1 request` and `2 requests`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn show(text: &mut String, finding: &Finding) {
    let _ = writeln!(text, "  {} {}: {}", finding.severity, finding.kind, finding.summary);
    for detail in &finding.details {
        let _ = writeln!(text, "    {detail}");
    }
    for command in &finding.remedy {
        let _ = writeln!(text, "    fix: {}", command.replace('\n', "\n      "));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::example;

    #[test]
    fn the_fleet_comes_first_and_the_well_are_counted_only() {
        assert_eq!(
            super::render(&example()),
            "Argo CD v3.5.1, compares every app at least every 3 min
2 applications: 1 with a failed migration

argocd/edge  OutOfSync:Healthy
  error failed-migration: PreSync hook Job shop/m failed: <exit 1> & more
    log: a | b
    fix: in git, in ApplicationSet fleet:
      spec:
        template: {}

2 applications: 1 error, 0 warnings, 0 advice (7 requests, 0.2 s)
"
        );
    }
}
