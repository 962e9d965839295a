//! The trigger must never become drift itself: charts that fill names, labels and annotations with times and random
//! values are rendered twice, and the trigger is the same.

use std::{fs, path::Path, thread::sleep, time::Duration};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::common;

const JOB: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: catalog-migrate-{{ .Release.Revision }}-{{ now | date "20060102150405" }}
  labels:
    rolled: {{ randAlphaNum 8 | lower | quote }}
  annotations:
    rendered-at: {{ now | unixEpoch | quote }}
spec:
  template:
    metadata:
      annotations:
        rolled-at: {{ now | unixEpoch | quote }}
      labels:
        roll: {{ randAlphaNum 5 | lower | quote }}
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: registry.example.com/catalog:1.4.2
          command: ["bundle", "exec", "rake", "db:migrate"]
          env:
            - name: RENDERED_AT
              value: {{ now | unixEpoch | quote }}
            - name: RUN
              value: {{ uuidv4 }}
"#;

fn render(helm: &Path, chart: &TempDir) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_presync"))
        .args(["generate", "--environment", "dev"])
        .arg(chart.path())
        .env("PRESYNC_HELM", helm)
        .env("ARGOCD_APP_NAME", "catalog-dev")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The document of the trigger, and all others.
fn trigger(rendered: &str) -> (String, String) {
    let (trigger, others): (Vec<&str>, Vec<&str>) =
        rendered.split("\n---\n").partition(|document| document.contains("presync-trigger"));
    (trigger.join("\n---\n"), others.join("\n---\n"))
}

#[test]
fn a_chart_with_times_and_random_values_has_one_trigger() {
    for tool in ["helm3", "helm4"] {
        let Some(helm) = common::tool(tool) else { continue };
        let chart = TempDir::new().unwrap();
        fs::create_dir(chart.path().join("templates")).unwrap();
        fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: catalog\nversion: 0.1.0\n")
            .unwrap();
        fs::write(chart.path().join("templates/job.yaml"), JOB).unwrap();

        let first = trigger(&render(&helm, &chart));
        // The chart's times are in seconds.
        sleep(Duration::from_millis(1100));
        let second = trigger(&render(&helm, &chart));
        assert!(first.0.contains("name: catalog-migrate-1-f4cdfd9c-presync-trigger"), "{tool}: {}", first.0);
        assert_eq!(first.0, second.0, "{tool}: the trigger");
        assert_ne!(first.1, second.1, "{tool}: the chart is not the same twice");
    }
}
