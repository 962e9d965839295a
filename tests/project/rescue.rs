//! What `examples/rescue` and `scripts` ship works with the program as it is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use assert_cmd::cargo::cargo_bin;
use presync::cluster::{
    diagnose::Kind,
    watch::{
        metrics::{Metrics, Watched},
        state::State,
    },
};
use serde::Deserialize as _;
use serde_json::Value;

use crate::common;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rescue(file: &str) -> PathBuf {
    root().join("examples/rescue").join(file)
}

fn documents(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(rescue(file)).expect("the file");
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).expect("YAML"))
        .collect()
}

#[test]
fn the_alerts_hold_what_their_tests_say() {
    let Some(promtool) = common::tool("promtool") else { return };
    for arguments in [["check", "rules", "rules.yaml"], ["test", "rules", "rules_test.yaml"]] {
        let output =
            Command::new(&promtool).args(arguments).current_dir(rescue("")).output().expect("promtool");
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("SUCCESS"), "{text}");
    }
}

#[test]
fn the_operators_rules_are_the_plain_ones() {
    let plain = &documents("rules.yaml")[0]["groups"];
    assert!(plain.as_array().is_some_and(|groups| !groups.is_empty()));
    assert_eq!(plain, &documents("prometheus-rule.yaml")[0]["spec"]["groups"]);
}

/// The series that the watch exposes, by the names that its own text declares.
fn exposed() -> BTreeSet<String> {
    let text = Metrics::new(Arc::new(Watched::new(State::new(Duration::ZERO)))).text().expect("a text");
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .flat_map(|(name, kind)| {
            let suffixes: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            suffixes.iter().map(move |suffix| format!("{name}{suffix}"))
        })
        .collect()
}

#[test]
fn alerts_and_dashboard_ask_for_series_that_exist() {
    let exposed = exposed();
    for file in ["rules.yaml", "dashboard.json"] {
        let text = fs::read_to_string(rescue(file)).expect("the file");
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let asked: BTreeSet<&str> = words.filter(|word| word.starts_with("presync_")).collect();
        assert!(asked.len() > 3, "{file}: {asked:?}");
        for series in asked {
            assert!(exposed.contains(series), "{file} asks for {series}, which is none of {exposed:#?}");
        }
    }
}

#[test]
fn the_dashboard_is_json_with_panels() {
    let text = fs::read_to_string(rescue("dashboard.json")).expect("the file");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    assert!(
        panels.iter().all(|panel| panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()))
    );
}

/// The command line is right when all that is wrong is the cluster (exit code 9, not 2).
#[track_caller]
fn assert_command_line(arguments: &Value) {
    let arguments =
        arguments.as_array().expect("args").iter().map(|argument| argument.as_str().expect("a string"));
    let output = Command::new(cargo_bin("presync"))
        .args(arguments)
        .env_clear()
        .env("KUBECONFIG", "/nonexistent")
        .output()
        .expect("presync");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(9), "{stderr}");
    assert!(stderr.starts_with("error: cannot find out how to reach the cluster"), "{stderr}");
}

#[test]
fn the_containers_run_commands_that_exist() {
    let job = &documents("repair-cronjob.yaml")[0]["spec"]["jobTemplate"];
    assert_command_line(&job["spec"]["template"]["spec"]["containers"][0]["args"]);
    assert_command_line(&documents("watch.yaml")[0]["spec"]["template"]["spec"]["containers"][0]["args"]);
}

#[test]
fn the_kustomization_builds() {
    let Some(kustomize) = common::tool("kustomize") else { return };
    let output =
        Command::new(kustomize).args(["build", "."]).current_dir(rescue("")).output().expect("kustomize");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let objects =
        serde_yaml::Deserializer::from_str(&text).map(|object| Value::deserialize(object).expect("YAML"));
    let objects: Vec<Value> = objects.collect();
    let count = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).count();
    assert_eq!(
        ["ServiceAccount", "CronJob", "Deployment", "ServiceMonitor", "PrometheusRule"].map(count),
        [3, 1, 1, 1, 1]
    );
    let namespaced =
        objects.iter().filter(|object| !object["kind"].as_str().unwrap_or("").starts_with("Cluster"));
    for object in namespaced {
        assert_eq!(object["metadata"]["namespace"], "argocd", "{object}");
    }
}

#[test]
fn the_runbook_has_every_finding() {
    let runbook = fs::read_to_string(root().join("docs/runbook.md")).expect("the file");
    let rows = runbook.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows = rows.filter_map(|(kind, rest)| Some((kind, rest.split_once(" |")?.0)));
    let told: Vec<_> =
        rows.filter(|(_, severity)| ["error", "warning", "advice"].contains(severity)).collect();
    let severities: Vec<String> = Kind::ALL.iter().map(|kind| kind.severity().to_string()).collect();
    let known: Vec<_> =
        Kind::ALL.iter().map(|kind| kind.name()).zip(severities.iter().map(String::as_str)).collect();
    assert_eq!(told, known);
}

fn script(arguments: &[&str]) -> (Option<i32>, String) {
    let script = root().join("scripts/fix-argocd-job-tracking.sh");
    let output = Command::new(script).args(arguments).env("PRESYNC", "echo").output().expect("a shell");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn the_script_keeps_the_incidents_interface() {
    let said = script(&["argocd", "catalog-dev"]);
    assert_eq!(said, (Some(0), "repair catalog-dev --namespace argocd --yes\n".to_owned()));
    let (code, text) = script(&["argocd", "catalog-dev", "--sync"]);
    assert_eq!((code, text.as_str()), (Some(0), "repair catalog-dev --namespace argocd --yes --sync\n"));
    let (code, text) = script(&["argocd"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("NAMESPACE APP"), "{text}");
}
