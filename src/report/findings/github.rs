//! Workflow commands of GitHub Actions: annotations on the files of a pull request.

use std::fmt::Write as _;

use super::{Level, Report};

pub(super) fn show(report: &Report) -> String {
    let mut out = String::new();
    for finding in report.open() {
        let level = match finding.severity {
            Level::Note => "notice",
            level => level.name(),
        };
        let mut properties = Vec::new();
        if let Some(file) = &finding.file {
            properties.push(format!("file={}", property(file)));
            properties.extend(finding.line.map(|line| format!("line={line}")));
        }
        properties.push(format!("title={}", property(&finding.rule)));
        let hint = finding.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        let message = data(&format!("{}: {}{hint}", finding.object, finding.message));
        let _ = writeln!(out, "::{level} {}::{message}", properties.join(","));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
