//! Findings for programs.

use super::Report;

pub(super) fn show(report: &Report) -> String {
    // The report holds texts and numbers only: it always has a JSON form.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
