//! The application of the scenarios: the `catalog` service, as its team would write it.

use std::fmt::Write as _;

/// The name of the migration Job.
pub const MIGRATION: &str = "catalog-migration";

/// `ConfigMap`, `Service` and `Deployment` of one version, in wave 5.
pub fn workloads(version: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: catalog
data:
  version: "{version}"
---
apiVersion: v1
kind: Service
metadata:
  name: catalog
spec:
  selector: {{app: catalog}}
  ports: [{{port: 80}}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: catalog
  annotations:
    argocd.argoproj.io/sync-wave: "5"
spec:
  selector: {{matchLabels: {{app: catalog}}}}
  template:
    metadata:
      labels: {{app: catalog}}
    spec:
      containers:
        - name: catalog
          image: registry.k8s.io/pause:3.10
          env: [{{name: VERSION, value: "{version}"}}]
"#
    )
}

/// The migration Job.
#[derive(Debug, Clone)]
pub struct Migration {
    version: String,
    ttl: Option<u32>,
    seconds: u32,
    fails: bool,
    annotations: Vec<(String, String)>,
    pod: Vec<String>,
    container: Vec<String>,
}

impl Migration {
    /// Migrates to `version`, at once and with success, and is deleted `ttl` seconds later.
    pub fn new(version: &str, ttl: u32) -> Self {
        Self {
            version: version.to_owned(),
            ttl: Some(ttl),
            seconds: 0,
            fails: false,
            annotations: vec![("argocd.argoproj.io/sync-wave".to_owned(), "0".to_owned())],
            pod: Vec::new(),
            container: Vec::new(),
        }
    }

    /// Takes so many seconds.
    #[must_use]
    pub fn seconds(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Ends with exit status 1.
    #[must_use]
    pub fn fails(mut self) -> Self {
        self.fails = true;
        self
    }

    /// An annotation of the Job.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A line of YAML in the pod's `spec`.
    #[must_use]
    pub fn pod(mut self, line: &str) -> Self {
        self.pod.push(line.to_owned());
        self
    }

    /// A line of YAML in the container.
    #[must_use]
    pub fn container(mut self, line: &str) -> Self {
        self.container.push(line.to_owned());
        self
    }

    /// The manifest.
    pub fn yaml(&self) -> String {
        let Self { version, seconds, fails, .. } = self;
        let mut text = format!(
            "apiVersion: batch/v1
kind: Job
metadata:
  name: {MIGRATION}
  annotations:
"
        );
        let mut line = |depth: usize, line: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:depth$}{line}", "");
        };
        for (name, value) in &self.annotations {
            line(4, &format!("{name}: \"{value}\""));
        }
        line(0, "spec:");
        if let Some(ttl) = self.ttl {
            line(2, &format!("ttlSecondsAfterFinished: {ttl}"));
        }
        line(2, "backoffLimit: 0");
        line(2, "template:");
        // For the fake node, which runs no container; a real one runs the command.
        line(4, "metadata:");
        line(6, "annotations:");
        line(8, &format!("{}: \"{seconds}\"", crate::node::SECONDS));
        line(8, &format!("{}: {}", crate::node::OUTCOME, if *fails { "fail" } else { "succeed" }));
        line(4, "spec:");
        line(6, "restartPolicy: Never");
        for more in &self.pod {
            line(6, more);
        }
        line(6, "containers:");
        line(8, "- name: migrate");
        line(10, "image: busybox:1.37");
        line(10, &format!("command: [sh, -c, \"sleep {seconds}; exit {}\"]", u8::from(*fails)));
        line(10, &format!("args: [migrate, --to, \"{version}\"]"));
        for more in &self.container {
            line(10, more);
        }
        text
    }
}
