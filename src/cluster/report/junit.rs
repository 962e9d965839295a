//! The report as `JUnit` XML: one test case an Application, so that a CI shows which ones are ill.

use std::fmt::Write as _;

use super::{Application, Finding, Report};
use crate::cluster::diagnose::Severity;

/// Returns the whole report.
pub fn render(report: &Report) -> String {
    let cases: Vec<Option<&Application>> =
        std::iter::once(None).chain(report.applications.iter().map(Some)).collect();
    let failures = cases.iter().filter(|case| report.about(**case).any(is_failure)).count();
    let (tests, seconds) = (cases.len(), report.seconds);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"presync doctor\" tests=\"{tests}\" failures=\"{failures}\" time=\"{seconds:.3}\">\n"
    );
    for case in cases {
        let (class, name) = case.map_or(("", "Argo CD"), |app| (&app.namespace, &app.name));
        let (class, name) = (escaped(class), escaped(name));
        let _ = writeln!(xml, "    <testcase classname=\"{class}\" name=\"{name}\">");
        for finding in report.about(case).filter(|finding| is_failure(finding)) {
            let (kind, message) = (finding.kind, escaped(&finding.summary));
            let text = [finding.details.as_slice(), &finding.remedy].concat().join("\n");
            let _ = writeln!(
                xml,
                "      <failure type=\"{kind}\" message=\"{message}\">{}</failure>",
                escaped(&text)
            );
        }
        let advice: Vec<&str> = report
            .about(case)
            .filter(|finding| !is_failure(finding))
            .map(|finding| &*finding.summary)
            .collect();
        if !advice.is_empty() {
            let _ = writeln!(xml, "      <system-out>{}</system-out>", escaped(&advice.join("\n")));
        }
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn is_failure(finding: &Finding) -> bool {
    finding.severity > Severity::Advice
}

/// Text without what XML 1.0 cannot hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::example;

    #[test]
    fn each_application_is_a_test_case() {
        let xml = super::render(&example());
        assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
        assert!(xml.contains("<testcase classname=\"argocd\" name=\"calm\">\n    </testcase>"), "{xml}");
        assert!(
            xml.contains("message=\"PreSync hook Job shop/m failed: &lt;exit 1&gt; &amp; more\""),
            "{xml}"
        );
    }
}
