//! Findings for people.

use std::fmt::Write as _;

use super::{Finding, Level, Report, counts};
use crate::report::Paint;

pub(super) fn show(report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    for app in &report.apps {
        if report.apps.len() > 1 && app.open().next().is_some() {
            let _ = writeln!(out, "{}\n", paint.bold(&format!("## {}", app.name)));
        }
        for finding in app.open() {
            out += &one(finding, paint);
        }
    }
    out += &summary(report);
    out
}

fn one(finding: &Finding, paint: Paint) -> String {
    let level = match finding.severity {
        Level::Error => paint.red("error"),
        Level::Warning => paint.yellow("warning"),
        Level::Note => paint.cyan("note"),
    };
    let repaired = if finding.repaired { "; presync repairs it" } else { "" };
    let mut out =
        format!("{level}: {}{repaired} {}\n", finding.message, paint.dim(&format!("[{}]", finding.rule)));
    let place = finding.place();
    if !place.is_empty() {
        let _ = writeln!(out, "  at: {}", paint.cyan(&place));
    }
    if let (Some(hint), false) = (&finding.hint, finding.repaired) {
        let _ = writeln!(out, "hint: {hint}");
    }
    out.push('\n');
    out
}

fn summary(report: &Report) -> String {
    let all = || report.apps.iter().flat_map(|app| &app.findings);
    let mut parts = match counts(report.open()) {
        none if none == "0" => vec!["no findings".to_owned()],
        some => vec![some],
    };
    let mut add = |count: usize, what: &str| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    add(all().filter(|finding| finding.suppressed.is_some()).count(), "suppressed");
    add(all().filter(|finding| finding.known).count(), "in the baseline");
    add(report.open().filter(|finding| finding.fixable).count(), "can be fixed with --fix");
    let plural = if report.apps.len() == 1 { "" } else { "s" };
    format!("{} app{plural}: {}\n", report.apps.len(), parts.join("; "))
}
