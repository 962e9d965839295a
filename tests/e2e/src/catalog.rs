//! The application of the scenarios: the `catalog` service with its migration, as its team would write it.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::apps::v1::Deployment;

use crate::app::{App, Builder};
use crate::node;

/// A TTL that does not pass while a scenario runs: of plain Jobs, which [`App::ttl_passes`] makes expire.
pub const LASTING: Duration = Duration::from_mins(30);

/// The name of the migration Job.
pub const MIGRATION: &str = "catalog-migration";

/// The files of the application: its workloads, and its migration.
pub const WORKLOADS: &str = "workloads.yaml";
/// See [`WORKLOADS`].
pub const JOB: &str = "migration.yaml";

impl Builder {
    /// The catalog service at one version, with its migration.
    #[must_use]
    pub fn catalog(self, version: &str, migration: &Migration) -> Self {
        self.file(WORKLOADS, workloads(version)).file(JOB, migration.yaml())
    }
}

impl App {
    /// Commits the catalog service at another version.
    pub async fn deploy(&self, version: &str, migration: &Migration) -> Result<String> {
        let files = [(WORKLOADS, workloads(version)), (JOB, migration.yaml())];
        self.commit(version, &files.each_ref().map(|(file, content)| (*file, Some(content.as_str())))).await
    }

    /// The version that the Deployment in the cluster runs.
    pub async fn deployed(&self) -> Result<String> {
        let deployment = self.api::<Deployment>().get("catalog").await?;
        let pod =
            deployment.spec.and_then(|spec| spec.template.spec).context("a Deployment without a pod")?;
        let variables = pod.containers.into_iter().flat_map(|container| container.env.unwrap_or_default());
        let version = variables.into_iter().find(|variable| variable.name == "VERSION");
        version.and_then(|variable| variable.value).context("a Deployment without a VERSION")
    }
}

/// `ConfigMap`, `Service` and, in the incident's wave 5, `Deployment` of one version.
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
          image: busybox:1.37
          command: [sleep, infinity]
          env: [{{name: VERSION, value: "{version}"}}]
"#
    )
}

/// The migration Job, in the incident's wave 0.
#[derive(Debug, Clone)]
pub struct Migration {
    version: String,
    ttl: Duration,
    seconds: u32,
    fails: bool,
    log: String,
    annotations: Vec<String>,
    pod: Vec<String>,
    container: Vec<String>,
}

impl Migration {
    /// Migrates to `version`, at once and with success, and is deleted `ttl` later.
    pub fn new(version: &str, ttl: Duration) -> Self {
        Self {
            version: version.to_owned(),
            ttl,
            seconds: 0,
            fails: false,
            log: String::new(),
            annotations: vec![r#"argocd.argoproj.io/sync-wave: "0""#.to_owned()],
            pod: Vec::new(),
            container: Vec::new(),
        }
    }

    /// Takes so many seconds.
    #[must_use]
    pub fn takes(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Ends with exit status 1.
    #[must_use]
    pub fn fails(mut self) -> Self {
        self.fails = true;
        self
    }

    /// Prints this, on the fake node.
    #[must_use]
    pub fn prints(mut self, log: &str) -> Self {
        log.clone_into(&mut self.log);
        self
    }

    /// An annotation of the Job.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.push(format!("{name}: \"{value}\""));
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

    /// The manifest. A real node runs the command; the fake one, which runs nothing, goes by the pod's annotations.
    pub fn yaml(&self) -> String {
        let Self { version, seconds, log, .. } = self;
        let (outcome, status) = if self.fails { ("fail", 1) } else { ("succeed", 0) };
        let lines = |depth: usize, lines: &[String]| {
            lines.iter().fold(String::new(), |mut text, line| {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{:depth$}{line}", "");
                text
            })
        };
        format!(
            r#"apiVersion: batch/v1
kind: Job
metadata:
  name: {MIGRATION}
  annotations:
{annotations}spec:
  ttlSecondsAfterFinished: {ttl}
  backoffLimit: 0
  template:
    metadata:
      annotations:
        {NODE_SECONDS}: "{seconds}"
        {NODE_OUTCOME}: {outcome}
        {NODE_LOG}: {log:?}
    spec:
      restartPolicy: Never
{pod}      containers:
        - name: migrate
          image: busybox:1.37
          command: [sh, -c, "sleep {seconds}; exit {status}", migrate, --to, "{version}"]
{container}"#,
            annotations = lines(4, &self.annotations),
            ttl = self.ttl.as_secs(),
            pod = lines(6, &self.pod),
            container = lines(10, &self.container),
            NODE_SECONDS = node::SECONDS,
            NODE_OUTCOME = node::OUTCOME,
            NODE_LOG = node::LOG,
        )
    }
}
