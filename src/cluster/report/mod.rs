//! What `doctor` found, as data: the fleet first, then its Applications, the worst first.
//!
//! [`VERSION`] is raised when a field goes or changes its meaning; new fields may come at any time.

pub mod junit;
pub mod markdown;
pub mod text;

use std::cmp::Reverse;

use serde::Serialize;

use crate::cluster::{
    diagnose::{self, Group, Severity},
    instance::Instance,
    key::AppKey,
    snapshot::Snapshot,
};

/// The version of the JSON.
pub const VERSION: u32 = 1;

/// The JSON schema of [`Report`].
pub const SCHEMA: &str = include_str!("doctor.schema.json");

/// What `doctor --format json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this format.
    pub version: u32,
    /// The Argo CD.
    pub argocd: Argocd,
    /// The fleet in numbers.
    pub summary: Summary,
    /// The Applications, the worst first.
    pub applications: Vec<Application>,
    /// What is wrong: first with Argo CD as a whole, then with each Application in the order above.
    pub findings: Vec<Finding>,
    /// Requests to the API server.
    pub requests: usize,
    /// Time that it took.
    pub seconds: f64,
}

/// The Argo CD.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Argocd {
    /// Its version, such as `v3.2.11`; null when its image tells none.
    pub version: Option<String>,
    /// Longest time between two comparisons; null when it compares only when asked.
    pub refresh_seconds: Option<u64>,
}

/// The fleet in numbers of Applications. One can be stuck, drifting and failed at once.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// All that were looked at.
    pub applications: usize,
    /// A sync does not get on.
    pub stuck: usize,
    /// A Job is missing, or runs again and again.
    pub drifting: usize,
    /// A migration failed.
    pub failed: usize,
    /// A migration changed and did not run.
    pub not_run: usize,
    /// Something else is wrong or will be.
    pub warned: usize,
    /// No plugin renders it, and it has migrations that would drift.
    pub not_opted_in: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are advice.
    pub advice: usize,
}

/// One Application.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its own namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its `AppProject`.
    pub project: String,
    /// Its environment.
    pub environment: String,
    /// `Synced`, `OutOfSync`, `Unknown` or empty.
    pub sync: String,
    /// `Healthy`, `Degraded`, …
    pub health: String,
    /// Findings about it, by severity.
    pub errors: usize,
    /// Likewise.
    pub warnings: usize,
    /// Likewise.
    pub advice: usize,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is, such as `failed-migration`.
    pub kind: &'static str,
    /// `error`, `warning` or `advice`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub severity: Severity,
    /// `<namespace>/<name>` of the Application; null for Argo CD as a whole.
    pub application: Option<String>,
    /// The object.
    pub object: Option<Object>,
    /// A sentence.
    pub summary: String,
    /// Why, and what it does.
    pub details: Vec<String>,
    /// What to do: commands, each exact, and changes in git.
    pub remedy: Vec<String>,
}

/// An object.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Its API group, empty for core.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Report {
    /// Of a look at the cluster.
    pub fn new(snapshot: &Snapshot, findings: &[diagnose::Finding]) -> Self {
        let own = |app: &AppKey, severity| {
            let own = findings.iter().filter(|finding| finding.app.as_ref() == Some(app));
            own.filter(|finding| finding.kind.severity() == severity).count()
        };
        let mut applications: Vec<Application> = snapshot
            .apps
            .iter()
            .map(|app| Application {
                namespace: app.key().namespace,
                name: app.key().name,
                project: app.spec.project.clone(),
                environment: app.environment(),
                sync: app.status.sync.status.clone(),
                health: app.status.health.status.clone(),
                errors: own(&app.key(), Severity::Error),
                warnings: own(&app.key(), Severity::Warning),
                advice: own(&app.key(), Severity::Advice),
            })
            .collect();
        // A stable sort: apps of one badness stay in the order in which they were named or listed.
        applications.sort_by_key(|app| Reverse((app.errors, app.warnings, app.advice)));
        let all: Vec<Finding> = findings.iter().map(Finding::new).collect();
        let of =
            |name: Option<String>| all.iter().filter(move |finding| finding.application == name).cloned();
        let each = applications.iter().flat_map(|app| of(Some(app.key())));
        let sorted = of(None).chain(each).collect();
        let Instance { version, refresh, .. } = &snapshot.instance;
        Self {
            version: VERSION,
            argocd: Argocd {
                version: version.map(|version| version.to_string()),
                refresh_seconds: refresh.map(|refresh| refresh.as_secs()),
            },
            summary: summary(snapshot, findings),
            applications,
            findings: sorted,
            requests: 0,
            seconds: 0.0,
        }
    }

    /// Whether something is wrong; advice alone is no failure.
    pub fn is_bad(&self) -> bool {
        self.summary.errors + self.summary.warnings > 0
    }

    /// Returns the findings about one Application, or about Argo CD as a whole.
    fn about<'a>(&'a self, app: Option<&'a Application>) -> impl Iterator<Item = &'a Finding> {
        let name = app.map(Application::key);
        self.findings.iter().filter(move |finding| finding.application == name)
    }
}

impl Application {
    /// Returns `<namespace>/<name>`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn has_findings(&self) -> bool {
        self.errors + self.warnings + self.advice > 0
    }
}

impl Finding {
    fn new(finding: &diagnose::Finding) -> Self {
        let diagnose::Finding { kind, app, object, summary, details, remedy } = finding;
        Self {
            kind: kind.name(),
            severity: kind.severity(),
            application: app.as_ref().map(ToString::to_string),
            object: object.as_ref().map(|key| Object {
                group: key.group.clone(),
                kind: key.kind.clone(),
                namespace: key.namespace.clone(),
                name: key.name.clone(),
            }),
            summary: summary.clone(),
            details: details.clone(),
            remedy: remedy.clone(),
        }
    }
}

fn summary(snapshot: &Snapshot, findings: &[diagnose::Finding]) -> Summary {
    let mut summary = Summary { applications: snapshot.apps.len(), ..Summary::default() };
    for finding in findings {
        *match finding.kind.severity() {
            Severity::Error => &mut summary.errors,
            Severity::Warning => &mut summary.warnings,
            Severity::Advice => &mut summary.advice,
        } += 1;
    }
    for app in &snapshot.apps {
        let key = app.key();
        let own = || findings.iter().filter(|finding| finding.app.as_ref() == Some(&key));
        let is = |group| own().any(|finding| finding.kind.group() == Some(group));
        let groups = [Group::Stuck, Group::Drifting, Group::Failed, Group::NotRun].map(is);
        let wrong = own().any(|finding| finding.kind.severity() > Severity::Advice);
        let opted_out = own().any(|finding| finding.kind.concerns_plain_jobs()) && !app.has_plugin();
        summary.stuck += usize::from(groups[0]);
        summary.drifting += usize::from(groups[1]);
        summary.failed += usize::from(groups[2]);
        summary.not_run += usize::from(groups[3]);
        summary.warned += usize::from(wrong && !groups.contains(&true));
        summary.not_opted_in += usize::from(opted_out);
    }
    summary
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{env, fs};

    use super::*;

    /// `PRESYNC_BLESS=1` writes the schema anew.
    #[test]
    fn the_schema_is_that_of_the_type() {
        let mut schema = schemars::schema_for!(Report).to_value();
        schema["title"] = "presync doctor --format json".into();
        let text = format!("{schema:#}\n");
        if env::var_os("PRESYNC_BLESS").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cluster/report/doctor.schema.json");
            fs::write(file, text).unwrap();
        } else {
            assert_eq!(text, SCHEMA, "run `PRESYNC_BLESS=1 cargo test --lib schema`");
        }
    }

    /// Two Applications, one of them with a failed migration.
    pub(crate) fn example() -> Report {
        let finding = Finding {
            kind: "failed-migration",
            severity: Severity::Error,
            application: Some("argocd/edge".into()),
            object: None,
            summary: "PreSync hook Job shop/m failed: <exit 1> & more".into(),
            details: vec!["log: a | b".into()],
            remedy: vec!["in git, in ApplicationSet fleet:\nspec:\n  template: {}".into()],
        };
        let app = |name: &str, errors| Application {
            namespace: "argocd".into(),
            name: name.into(),
            project: "default".into(),
            environment: "production".into(),
            sync: "OutOfSync".into(),
            health: "Healthy".into(),
            errors,
            warnings: 0,
            advice: 0,
        };
        Report {
            version: VERSION,
            argocd: Argocd { version: Some("v3.5.1".into()), refresh_seconds: Some(180) },
            summary: Summary { applications: 2, failed: 1, errors: 1, ..Summary::default() },
            applications: vec![app("edge", 1), app("calm", 0)],
            findings: vec![finding],
            requests: 7,
            seconds: 0.25,
        }
    }
}
