//! `presync check` says where the author wrote what it finds: the chart's template, the kustomization's file.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::common;

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: report\nspec:\n  ttlSecondsAfterFinished: 300\n  template:\n    spec:\n      \
                   restartPolicy: Never\n      containers: [{name: a, image: b}]\n";

/// What is found in `app` of a clone with these files: rule, file and line.
fn found(files: &[(&str, &str)], variable: &str, tool: &Path) -> Vec<(String, String, Value)> {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join(".git")).unwrap();
    for (name, text) in files {
        let path = temp.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_presync"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env(variable, tool)
        .current_dir(temp.path())
        .args(["check", "app", "--format", "json", "--fail-on", "none"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["apps"][0]["findings"].as_array().unwrap();
    let mut found: Vec<_> = findings
        .iter()
        .map(|finding| (text(finding, "rule"), text(finding, "file"), finding["line"].clone()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn a_charts_template_is_named_and_what_varies_is_found() {
    let Some(helm) = common::tool("helm3") else { return };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: session\nstringData:\n  key: {{ randAlphaNum 32 | quote }}\n";
    let files = [
        ("app/Chart.yaml", "apiVersion: v2\nname: other-name\nversion: 1.0.0\n"),
        ("app/templates/job.yaml", JOB),
        ("app/templates/secret.yaml", secret),
    ];
    let expected = [
        ("ttl-drift", "app/templates/job.yaml", Value::from(6)),
        ("unstable-render", "app/templates/secret.yaml", Value::Null),
    ];
    let found = found(&files, "PRESYNC_HELM", &helm);
    assert_eq!(found, expected.map(|(rule, file, line)| (rule.to_owned(), file.to_owned(), line)));
}

#[test]
fn a_kustomizations_file_is_named_whatever_the_name_became() {
    let Some(kustomize) = common::tool("kustomize") else { return };
    let files = [
        ("app/kustomization.yaml", "resources: [../base]\nnamePrefix: dev-\nnameSuffix: -x\n"),
        ("base/kustomization.yaml", "resources: [job.yaml, other.yaml]\n"),
        ("base/job.yaml", JOB),
        ("base/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: report}\n"),
    ];
    let found = found(&files, "PRESYNC_KUSTOMIZE", &kustomize);
    assert_eq!(found, [("ttl-drift".to_owned(), "base/job.yaml".to_owned(), Value::from(6))]);
}
