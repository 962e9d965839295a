//! Findings for a pull request.

use std::fmt::Write as _;

use super::{App, Report, counts};
use crate::report::paint::markdown_table;

pub(super) fn show(report: &Report) -> String {
    let mut out = format!("**presync check**: {}\n", counts(report.open()));
    for app in report.apps.iter().filter(|app| app.open().next().is_some()) {
        let _ = write!(out, "\n### {}\n\n{}", app.name, rows(app));
    }
    out
}

fn rows(app: &App) -> String {
    let mut rows = vec![["", "rule", "where", "finding"].map(str::to_owned).to_vec()];
    for finding in app.open() {
        let hint = finding.hint.as_ref().filter(|_| !finding.repaired);
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        let repaired = if finding.repaired { " (presync repairs it)" } else { "" };
        rows.push(vec![
            finding.severity.name().to_owned(),
            format!("`{}`", finding.rule),
            finding.place(),
            format!("{}{repaired}{hint}", finding.message),
        ]);
    }
    markdown_table(&rows)
}
