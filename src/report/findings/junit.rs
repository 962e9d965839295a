//! `JUnit` XML: a suite an app, a failed case a finding.

use std::fmt::Write as _;

use super::Report;

pub(super) fn show(report: &Report) -> String {
    let failures = report.open().count();
    let cases: usize = report.apps.iter().map(|app| app.findings.len().max(1)).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"presync check\" tests=\"{cases}\" failures=\"{failures}\">");
    for app in &report.apps {
        let (tests, failed) = (app.findings.len().max(1), app.open().count());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failed}\">",
            xml(&app.name)
        );
        if app.findings.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"{}\" name=\"no findings\"/>", xml(&app.name));
        }
        for finding in &app.findings {
            let file =
                finding.file.as_ref().map(|file| format!(" file=\"{}\"", xml(file))).unwrap_or_default();
            let line = finding.line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
            let name = xml(&format!("{}: {}", finding.rule, finding.object));
            let _ =
                write!(out, "    <testcase classname=\"{}\" name=\"{name}\"{file}{line}>", xml(&app.name));
            if finding.counts() {
                let text =
                    xml(&format!("{}\n{}", finding.place(), finding.hint.as_deref().unwrap_or_default()));
                let (message, level) = (xml(&finding.message), finding.severity.name());
                let _ = write!(out, "<failure message=\"{message}\" type=\"{level}\">{text}</failure>");
            } else {
                let why = finding.suppressed.as_deref().unwrap_or("in the baseline");
                let _ = write!(out, "<skipped message=\"{}\"/>", xml(why));
            }
            out += "</testcase>\n";
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out += "&#10;",
            // XML has no form for control characters.
            c if c.is_control() && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
