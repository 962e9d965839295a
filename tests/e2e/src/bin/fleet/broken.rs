//! The Applications: most are well, and some are broken, each in one way.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use e2e::{
    catalog::{MIGRATION, Migration},
    lab::{Lab, argoproj},
    repository::Repository,
    wait,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, ResourceExt as _,
    api::{DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::ObjectMeta,
};
use serde_json::{Value, json};

/// Where all of it is deployed.
const NAMESPACE: &str = "fleet";

/// A way in which an Application is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// A hook waits for a ConfigMap that comes after it.
    Stuck,
    /// The same, and somebody removed `.operation`.
    Orphaned,
    /// TTL deleted a plain Job.
    Missing,
    /// The migration failed.
    Failed,
}

const WAYS: [Way; 4] = [Way::Stuck, Way::Orphaned, Way::Missing, Way::Failed];

impl Way {
    fn finding(self) -> &'static str {
        match self {
            Self::Stuck => "stuck-operation",
            Self::Orphaned => "orphaned-operation",
            Self::Missing => "missing-job",
            Self::Failed => "failed-migration",
        }
    }

    fn migration(self) -> String {
        let (hook, long) = ("argocd.argoproj.io/hook", Duration::from_hours(1));
        match self {
            Self::Missing => Migration::new("1", Duration::from_secs(5)).yaml(),
            Self::Failed => Migration::new("1", long).annotation(hook, "PreSync").fails().yaml(),
            Self::Stuck | Self::Orphaned => {
                let needy = Migration::new("1", long).annotation(hook, "PreSync");
                needy.container("envFrom: [{configMapRef: {name: config}}]").yaml()
            }
        }
    }

    fn is_reached(self, app: &DynamicObject) -> bool {
        let text = |path: &str| app.data.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let phase = text("/status/operationState/phase");
        let idle = app.data.get("operation").is_none();
        match self {
            Self::Stuck | Self::Orphaned => {
                phase == "Running"
                    && text("/status/operationState/message").contains("waiting for completion of hook")
            }
            Self::Missing => idle && phase == "Succeeded" && text("/status/sync/status") == "OutOfSync",
            Self::Failed => idle && phase == "Failed",
        }
    }
}

/// All Applications.
pub(crate) struct Fleet {
    broken: BTreeMap<String, Way>,
}

impl Fleet {
    /// Makes them.
    pub(crate) async fn create(lab: &Lab, all: usize, broken: usize) -> Result<Self> {
        let metadata = ObjectMeta { name: Some(NAMESPACE.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::<Namespace>::all(lab.client.clone()).create(&PostParams::default(), &namespace).await?;
        let repository = Repository::create(&lab.git, "fleet")?;
        let ways: BTreeMap<String, Way> =
            (0..broken).map(|number| (format!("broken-{number}"), WAYS[number % WAYS.len()])).collect();
        let mut files = Vec::new();
        for (name, way) in &ways {
            let migration = way.migration().replace(&format!("name: {MIGRATION}"), &format!("name: {name}"));
            files.push((
                format!("{name}/migration.yaml"),
                migration.replace("name: config}", &format!("name: {name}}}")),
            ));
            files.push((format!("{name}/config.yaml"), config(name)));
        }
        let well: Vec<String> = (broken..all).map(|number| format!("well-{number}")).collect();
        files.extend(well.iter().map(|name| (format!("{name}/config.yaml"), config(name))));
        repository.commit(
            "all",
            "",
            files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))),
        )?;
        for name in ways.keys().chain(&well) {
            // Hooks alone start no sync: each has a ConfigMap, too.
            let app = DynamicObject::new(name, &argoproj("Application")).data(json!({ "spec": {
                "project": "default",
                "source": { "repoURL": repository.url(), "path": name, "targetRevision": "main" },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": NAMESPACE },
                "syncPolicy": { "automated": {}, "retry": { "limit": 0 } },
            }}));
            lab.applications().create(&PostParams::default(), &app).await?;
        }
        Ok(Self { broken: ways })
    }

    /// Waits until each is as it should be, and removes `.operation` from those that are to be orphaned.
    pub(crate) async fn settle(&self, lab: &Lab) -> Result<()> {
        wait::until("a fleet in the state in which it is to be", Duration::from_mins(30), async || {
            let apps = lab.applications().list(&ListParams::default()).await?;
            let open = apps.iter().filter(|app| !self.is_settled(app)).count();
            println!("{open} of {} Applications are still on their way", apps.items.len());
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok((open == 0).then_some(()))
        })
        .await?;
        for (name, _) in self.broken.iter().filter(|(_, way)| **way == Way::Orphaned) {
            let half: Value = json!({ "operation": null });
            lab.applications().patch(name, &PatchParams::default(), &Patch::Merge(half)).await?;
        }
        Ok(())
    }

    fn is_settled(&self, app: &DynamicObject) -> bool {
        let synced = app.data.pointer("/status/sync/status").and_then(Value::as_str) == Some("Synced");
        self.broken.get(&app.name_any()).map_or(synced, |way| way.is_reached(app))
    }

    /// How many are broken.
    pub(crate) fn size(&self) -> usize {
        self.broken.len()
    }

    /// How many are broken in which way.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.broken.values().for_each(|way| *counts.entry(way.finding()).or_default() += 1);
        counts
    }

    /// Each broken one was found, and no other.
    pub(crate) fn check_found(&self, report: &Value) -> Result<()> {
        for (name, way) in &self.broken {
            let findings = report["findings"].as_array().into_iter().flatten();
            let mut own = findings.filter(|finding| finding["application"] == format!("argocd/{name}"));
            ensure!(own.any(|finding| finding["kind"] == way.finding()), "{name} is not found as {way:?}");
        }
        let told = report["findings"].as_array().into_iter().flatten();
        let strangers =
            told.filter(|finding| finding["application"].as_str().is_some_and(|app| app.contains("/well-")));
        ensure!(strangers.count() == 0, "something is found about one that is well");
        Ok(())
    }

    /// No Application is in a state between two writes of a repair: an operation that ends goes on to its end.
    pub(crate) async fn nothing_half_done(&self, lab: &Lab) -> Result<()> {
        wait::until("no operation that is being ended", Duration::from_mins(2), async || {
            let apps = lab.applications().list(&ListParams::default()).await?;
            let ending = apps.iter().filter(|app| {
                app.data.pointer("/status/operationState/phase").and_then(Value::as_str)
                    == Some("Terminating")
            });
            Ok((ending.count() == 0).then_some(()))
        })
        .await
    }

    /// No operation runs any longer.
    pub(crate) async fn nothing_stuck(&self, lab: &Lab) -> Result<()> {
        let apps = lab.applications().list(&ListParams::default()).await?;
        let running = apps.iter().filter(|app| {
            app.data.pointer("/status/operationState/phase").and_then(Value::as_str) == Some("Running")
        });
        let running: Vec<String> = running.map(kube::ResourceExt::name_any).collect();
        ensure!(running.is_empty(), "still running: {running:?}");
        Ok(())
    }
}

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  app: {name}\n")
}
