//! SARIF 2.1.0, the format of code scanning.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Finding, Report};
use crate::rules::RULES;

const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/reference/rules.md");

pub(super) fn show(report: &Report) -> String {
    let findings = report.apps.iter().flat_map(|app| &app.findings);
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "presync",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": findings.map(result).collect::<Vec<_>>(),
        }],
    });
    format!("{document:#}\n")
}

fn rules() -> Vec<Value> {
    let rule = |rule: &crate::rules::Rule| {
        let doc = rule.doc();
        json!({
            "id": rule.id,
            "shortDescription": {"text": doc.what},
            "fullDescription": {"text": doc.what},
            "help": {"text": doc.text, "markdown": doc.text},
            "helpUri": format!("{PAGE}#{}", rule.id),
            "defaultConfiguration": {"level": rule.severity.to_string()},
        })
    };
    RULES.iter().map(rule).collect()
}

fn result(finding: &Finding) -> Value {
    let hint = finding.hint.as_ref().map(|hint| format!(" Hint: {hint}.")).unwrap_or_default();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": {"text": format!("{}: {}.{hint}", finding.object, finding.message)},
        "partialFingerprints": {"presync/v1": finding.fingerprint},
    });
    if let Some(index) = RULES.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    let mut location = json!({});
    if let Some(file) = &finding.file {
        location["physicalLocation"] =
            json!({"artifactLocation": {"uri": uri(file), "uriBaseId": "%SRCROOT%"}});
        if let Some(line) = finding.line {
            location["physicalLocation"]["region"] = json!({"startLine": line});
        }
    }
    if !finding.object.is_empty() {
        location["logicalLocations"] = json!([{"fullyQualifiedName": finding.object, "kind": "object"}]);
    }
    result["locations"] = json!([location]);
    if let Some(reason) = &finding.suppressed {
        result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
    }
    if finding.known {
        result["baselineState"] = "unchanged".into();
    }
    result
}

/// Returns a path as a relative URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
