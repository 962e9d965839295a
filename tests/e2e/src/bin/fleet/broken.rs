//! The Applications: most are well, and some are broken, each in one way.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use e2e::{
    lab::{Lab, argoproj},
    repository::Repository,
    wait,
};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, ResourceExt as _,
    api::{DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::ObjectMeta,
};
use serde_json::{Value, json};

use crate::ways::{Broken, CLOSED, WAYS, Way};

/// Where all of it is deployed, but for the namespaces that are deleted.
const NAMESPACE: &str = "fleet";

/// All Applications.
pub(crate) struct Fleet {
    broken: BTreeMap<String, Way>,
    /// Of those that change: a commit makes Argo CD render all of a repository anew.
    changing: Repository,
}

impl Fleet {
    /// Makes them.
    pub(crate) async fn create(lab: &Lab, all: usize, broken: usize) -> Result<Self> {
        let broken: BTreeMap<String, Way> =
            (0..broken).map(|number| (format!("broken-{number}"), WAYS[number % WAYS.len()])).collect();
        let well: Vec<String> = (broken.len()..all).map(|number| format!("well-{number}")).collect();
        let deleted = broken.iter().filter(|(_, way)| **way == Way::NamespaceDeleted);
        for name in deleted.map(|(name, _)| name.as_str()).chain([NAMESPACE]) {
            let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
            let namespace = Namespace { metadata, ..Namespace::default() };
            Api::<Namespace>::all(lab.client.clone()).create(&PostParams::default(), &namespace).await?;
        }
        make_project(lab).await?;

        let repository = Repository::create(&lab.git, "fleet")?;
        let changing = Repository::create(&lab.git, "fleet-that-changes")?;
        // Hooks alone start no sync: each has a ConfigMap, too.
        let mut files: Vec<_> = broken.keys().chain(&well).map(|name| config(name)).collect();
        files
            .extend(broken.iter().map(|(name, way)| (format!("{name}/migration.yaml"), way.migration(name))));
        let files = || files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str())));
        repository.commit("all", "", files())?;
        changing.commit("all", "", files().filter(|(path, _)| path.starts_with("broken")))?;

        for name in broken.keys().chain(&well) {
            let way = broken.get(name);
            let changes = matches!(way, Some(Way::Immutable | Way::NotRun));
            let url = if changes { changing.url() } else { repository.url() };
            let mut spec = json!({
                "project": "default",
                "source": { "repoURL": url, "path": name, "targetRevision": "main" },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": NAMESPACE },
                "syncPolicy": { "automated": {}, "retry": { "limit": 0 } },
            });
            if let Some(way) = way {
                way.adjust(name, &mut spec);
            }
            let app = DynamicObject::new(name, &argoproj("Application")).data(json!({ "spec": spec }));
            lab.applications().create(&PostParams::default(), &app).await?;
        }
        Ok(Self { broken, changing })
    }

    /// Waits until all are deployed, and breaks those that are to be broken.
    pub(crate) async fn settle(&self, lab: &Lab) -> Result<()> {
        let breaking = self.broken.iter().map(|(name, way)| async move {
            let namespace = if *way == Way::NamespaceDeleted { name } else { NAMESPACE };
            Broken { lab, name, way: *way, namespace, repository: &self.changing }.break_it().await
        });
        let well = wait::until("a fleet that is deployed", Duration::from_mins(30), async || {
            let apps = lab.applications().list(&ListParams::default()).await?;
            let synced = |app: &DynamicObject| text(app, "/status/sync/status") == Some("Synced");
            let well = apps.iter().filter(|app| !self.broken.contains_key(&app.name_any()));
            let open = well.filter(|app| !synced(app)).count();
            println!("{open} of {} Applications are still on their way", apps.items.len());
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok((open == 0).then_some(()))
        });
        tokio::try_join!(try_join_all(breaking), well)?;
        close_project(lab).await?;
        // A finalizer counts as leaked, and a stuck pod's events are there, only after some time.
        tokio::time::sleep(Duration::from_secs(65)).await;
        Ok(())
    }

    /// How many are broken.
    pub(crate) fn size(&self) -> usize {
        self.broken.len()
    }

    /// How many are broken in which way.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        self.broken.values().for_each(|way| *counts.entry(way.to_string()).or_default() += 1);
        counts
    }

    /// Each of those that `expected` holds for was found, and none that is well.
    pub(crate) fn check_found(&self, report: &Value, expected: impl Fn(Way) -> bool) -> Result<()> {
        let findings = || report["findings"].as_array().into_iter().flatten();
        let found = |name: &str, way: Way| {
            let mut own = findings().filter(|finding| finding["application"] == format!("argocd/{name}"));
            own.any(|finding| finding["kind"] == way.finding())
        };
        let expected = self.broken.iter().filter(|(_, way)| expected(**way));
        let missed: Vec<String> = expected
            .filter(|(name, way)| !found(name, **way))
            .map(|(name, way)| format!("{name} ({way})"))
            .collect();
        ensure!(missed.is_empty(), "not found: {missed:?}");
        let strangers: Vec<&Value> = findings()
            .filter(|finding| finding["application"].as_str().is_some_and(|app| app.contains("/well-")))
            .collect();
        ensure!(strangers.is_empty(), "found about one that is well: {strangers:?}");
        Ok(())
    }

    /// No Application is in a state between two writes of a repair: an operation that ends goes on to its end.
    pub(crate) async fn nothing_half_done(&self, lab: &Lab) -> Result<()> {
        wait::until("no operation that is being ended", Duration::from_mins(2), async || {
            let apps = lab.applications().list(&ListParams::default()).await?;
            let ending = apps.iter().filter(|app| phase(app) == Some("Terminating"));
            Ok((ending.count() == 0).then_some(()))
        })
        .await
    }

    /// No operation runs any longer.
    pub(crate) async fn nothing_stuck(&self, lab: &Lab) -> Result<()> {
        let apps = lab.applications().list(&ListParams::default()).await?;
        let running = apps.iter().filter(|app| phase(app) == Some("Running"));
        let running: Vec<String> = running.map(kube::ResourceExt::name_any).collect();
        ensure!(running.is_empty(), "still running: {running:?}");
        Ok(())
    }
}

fn projects(lab: &Lab) -> Api<DynamicObject> {
    Api::namespaced_with(lab.client.clone(), &lab.argocd, &argoproj("AppProject"))
}

/// Makes the project that is to be closed.
async fn make_project(lab: &Lab) -> Result<()> {
    let project = DynamicObject::new(CLOSED, &argoproj("AppProject")).data(json!({ "spec": {
        "sourceRepos": ["*"],
        "destinations": [{ "server": "*", "namespace": "*" }],
    }}));
    projects(lab).create(&PostParams::default(), &project).await?;
    Ok(())
}

/// Denies every sync of that project.
async fn close_project(lab: &Lab) -> Result<()> {
    let window = json!({ "kind": "deny", "schedule": "* * * * *", "duration": "24h", "applications": ["*"] });
    let patch = json!({ "spec": { "syncWindows": [window] } });
    projects(lab).patch(CLOSED, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}

fn text<'a>(app: &'a DynamicObject, path: &str) -> Option<&'a str> {
    app.data.pointer(path).and_then(Value::as_str)
}

fn phase(app: &DynamicObject) -> Option<&str> {
    text(app, "/status/operationState/phase")
}

fn config(name: &str) -> (String, String) {
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  app: {name}\n");
    (format!("{name}/config.yaml"), text)
}
