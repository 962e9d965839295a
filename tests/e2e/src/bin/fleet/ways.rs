//! The ways in which an Application of the fleet is broken.

use std::{fmt, time::Duration};

use anyhow::Result;
use e2e::{
    app::{SOON, presync},
    catalog::{LASTING, MIGRATION, Migration},
    lab::Lab,
    repository::Repository,
    wait,
};
use k8s_openapi::api::{batch::v1::Job, core::v1::Namespace};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams},
};
use serde_json::{Value, json};

const HOOK: &str = "argocd.argoproj.io/hook";
/// What Argo CD puts on a hook while it runs.
const FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// The project that allows no sync.
pub(crate) const CLOSED: &str = "closed";

/// A way in which an Application is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// A hook waits for a ConfigMap that comes after it.
    Needy,
    /// No node takes the hook's pod.
    Unschedulable,
    /// The hook's ServiceAccount does not exist, so that it gets no pod.
    NoAccount,
    /// Somebody deletes a hook that waits.
    HookDeleted,
    /// Somebody deletes the namespace in which a hook waits.
    NamespaceDeleted,
    /// Somebody removes `.operation` while a hook waits.
    Orphaned,
    /// TTL deletes a plain Job.
    Missing,
    /// The same, and the project allows no sync.
    Forbidden,
    /// The same with self-heal, which runs it again.
    Rerun,
    /// A hook fails.
    FailedHook,
    /// A plain Job fails.
    FailedJob,
    /// A plain Job changes.
    Immutable,
    /// Several Applications have one Job.
    Shared,
    /// A sync without hooks applies the plugin's trigger.
    NotRun,
    /// Argo CD's finalizer is left on a hook that is being deleted.
    Leaked,
}

/// All of them.
pub(crate) const WAYS: [Way; 15] = [
    Way::Needy,
    Way::Unschedulable,
    Way::NoAccount,
    Way::HookDeleted,
    Way::NamespaceDeleted,
    Way::Orphaned,
    Way::Missing,
    Way::Forbidden,
    Way::Rerun,
    Way::FailedHook,
    Way::FailedJob,
    Way::Immutable,
    Way::Shared,
    Way::NotRun,
    Way::Leaked,
];

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Way {
    /// What `doctor` calls it.
    pub(crate) fn finding(self) -> &'static str {
        match self {
            Self::Needy | Self::Unschedulable | Self::NoAccount | Self::HookDeleted => "stuck-operation",
            Self::Orphaned => "orphaned-operation",
            Self::Missing | Self::Forbidden => "missing-job",
            Self::Rerun => "self-heal-rerun",
            // Argo CD takes a hook whose namespace goes for failed.
            Self::FailedHook | Self::FailedJob | Self::NamespaceDeleted => "failed-migration",
            Self::Immutable => "immutable-job",
            Self::Shared => "shared-resource",
            Self::NotRun => "migration-not-run",
            Self::Leaked => "leaked-finalizer",
        }
    }

    /// Whether `repair` without further options ends it.
    pub(crate) fn is_ended_by_repair(self) -> bool {
        matches!(self.finding(), "stuck-operation" | "orphaned-operation")
    }

    /// The migration of the Application called `name`.
    pub(crate) fn migration(self, name: &str) -> String {
        let plain = Migration::new("1", LASTING);
        let hook = plain.clone().annotation(HOOK, "PreSync");
        let migration = match self {
            Self::Needy | Self::HookDeleted | Self::NamespaceDeleted | Self::Orphaned => {
                hook.container(&format!("envFrom: [{{configMapRef: {{name: {name}}}}}]"))
            }
            Self::Unschedulable => hook.pod("nodeSelector: {disk: none}"),
            Self::NoAccount => hook.pod("serviceAccountName: nobody"),
            Self::FailedHook => hook.fails(),
            Self::FailedJob => plain.fails(),
            Self::Leaked => hook,
            Self::Missing | Self::Forbidden | Self::Rerun | Self::Immutable | Self::Shared | Self::NotRun => {
                plain
            }
        };
        migration.yaml().replace(&format!("name: {MIGRATION}"), &format!("name: {}", self.job(name)))
    }

    /// The name of that migration.
    fn job(self, name: &str) -> String {
        let app = if self == Self::Shared { "shared" } else { name };
        format!("{app}-migration")
    }

    /// Changes the spec of an Application that is to be broken so.
    pub(crate) fn adjust(self, name: &str, spec: &mut Value) {
        match self {
            Self::NamespaceDeleted => spec["destination"]["namespace"] = json!(name),
            Self::Forbidden => spec["project"] = json!(CLOSED),
            Self::Rerun => spec["syncPolicy"]["automated"]["selfHeal"] = json!(true),
            Self::NotRun => {
                spec["source"]["plugin"] = presync(&[("environment", "production")]);
                spec["syncPolicy"] = json!({});
            }
            _ => {}
        }
    }
}

/// One Application on its way.
pub(crate) struct Broken<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) name: &'a str,
    pub(crate) way: Way,
    /// Where what it deploys is.
    pub(crate) namespace: &'a str,
    /// Its own, where it is to change.
    pub(crate) repository: &'a Repository,
}

impl Broken<'_> {
    /// Waits until it is deployed, and breaks it.
    pub(crate) async fn break_it(&self) -> Result<()> {
        match self.way {
            Way::Needy | Way::Unschedulable | Way::NoAccount => self.until("a hook that waits", waits).await,
            Way::HookDeleted => {
                self.until("a hook that waits", waits).await?;
                self.jobs().delete(&self.way.job(self.name), &DeleteParams::background()).await?;
                Ok(())
            }
            Way::NamespaceDeleted => {
                self.until("a hook that waits", waits).await?;
                let namespaces = Api::<Namespace>::all(self.lab.client.clone());
                namespaces.delete(self.namespace, &DeleteParams::default()).await?;
                self.until("a failed sync", failed).await
            }
            Way::Orphaned => {
                self.until("a hook that waits", waits).await?;
                self.patch(&json!({ "operation": null })).await
            }
            Way::Missing | Way::Forbidden => {
                self.until("a first sync", rests).await?;
                self.expire().await?;
                self.until("a missing Job", |app| is(app, "/status/sync/status", "OutOfSync")).await
            }
            Way::Rerun => {
                self.until("a first sync", rests).await?;
                self.expire().await?;
                let attempts = "/status/operationState/operation/sync/autoHealAttemptsCount";
                self.until("a rerun", |app| app.data.pointer(attempts).is_some() && rests(app)).await
            }
            Way::FailedHook => self.until("a failed sync", failed).await,
            // In an app of one wave the sync has succeeded by then.
            Way::FailedJob => {
                self.until("a failed Job", |app| is(app, "/status/health/status", "Degraded")).await
            }
            Way::Immutable => {
                self.until("a first sync", rests).await?;
                self.change().await?;
                self.until("a failed sync", failed).await
            }
            Way::Shared => self.until("a first sync", |app| idle(app, "Succeeded")).await,
            Way::NotRun => self.skip_hooks().await,
            Way::Leaked => {
                self.until("a first sync", rests).await?;
                let finalizer = json!({ "metadata": { "finalizers": [FINALIZER] } });
                self.jobs()
                    .patch(&self.way.job(self.name), &PatchParams::default(), &Patch::Merge(finalizer))
                    .await?;
                self.jobs().delete(&self.way.job(self.name), &DeleteParams::background()).await?;
                Ok(())
            }
        }
    }

    /// Syncs it, changes the migration, and syncs it without hooks.
    async fn skip_hooks(&self) -> Result<()> {
        for strategy in ["hook", "apply"] {
            let compared = |app: &DynamicObject| is(app, "/status/sync/status", "OutOfSync");
            self.until("a comparison", compared).await?;
            let sync = json!({ "syncStrategy": { strategy: {} } });
            self.patch(&json!({ "operation": { "sync": sync } })).await?;
            self.until("a sync", rests).await?;
            if strategy == "hook" {
                self.change().await?;
            }
        }
        Ok(())
    }

    /// Commits another version of the migration, and tells Argo CD.
    async fn change(&self) -> Result<()> {
        let next = self.way.migration(self.name).replace("--to, \"1\"", "--to, \"2\"");
        let files = [("migration.yaml", Some(next.as_str()))];
        self.repository.commit("change the migration", self.name, files)?;
        self.patch(&json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } }))
            .await
    }

    /// Makes the TTL of its Job pass.
    async fn expire(&self) -> Result<()> {
        let over = json!({ "spec": { "ttlSecondsAfterFinished": 0 } });
        self.jobs().patch(&self.way.job(self.name), &PatchParams::default(), &Patch::Merge(over)).await?;
        Ok(())
    }

    fn jobs(&self) -> Api<Job> {
        Api::namespaced(self.lab.client.clone(), self.namespace)
    }

    async fn patch(&self, patch: &Value) -> Result<()> {
        self.lab.applications().patch(self.name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    async fn until(&self, what: &str, wanted: impl Fn(&DynamicObject) -> bool) -> Result<()> {
        wait::until(&format!("{} ({}): {what}", self.name, self.way), 4 * SOON, async || {
            // One of hundreds: not as often as `until` asks.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let app = self.lab.applications().get(self.name).await?;
            Ok(wanted(&app).then_some(()))
        })
        .await
    }
}

fn is(app: &DynamicObject, path: &str, value: &str) -> bool {
    app.data.pointer(path).and_then(Value::as_str) == Some(value)
}

fn waits(app: &DynamicObject) -> bool {
    let message = app.data.pointer("/status/operationState/message").and_then(Value::as_str);
    message.is_some_and(|message| message.contains("waiting for completion of hook"))
}

fn idle(app: &DynamicObject, phase: &str) -> bool {
    app.data.get("operation").is_none() && is(app, "/status/operationState/phase", phase)
}

fn rests(app: &DynamicObject) -> bool {
    idle(app, "Succeeded") && is(app, "/status/sync/status", "Synced")
}

fn failed(app: &DynamicObject) -> bool {
    idle(app, "Failed")
}
