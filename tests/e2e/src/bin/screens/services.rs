//! The incident's services.

use std::time::Duration;

use anyhow::Result;
use e2e::{
    app::{SOON, presync},
    catalog::{MIGRATION, Migration, workloads},
    lab::{Lab, argoproj},
    repository::Repository,
    wait,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::ObjectMeta,
};
use serde_json::{Value, json};

const HOOK: &str = "argocd.argoproj.io/hook";
/// Short, so that a page shows it.
const TTL: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_mins(5);

/// All of them.
pub(crate) struct Services {
    catalog: Service,
    promotion: Service,
    order: Service,
    common: Service,
    billing: Service,
}

/// One service: an Application `<name>-dev` that deploys to the namespace `<name>`.
struct Service {
    lab: Lab,
    name: &'static str,
    app: String,
    repository: Repository,
}

impl Services {
    /// Deploys them.
    pub(crate) async fn create(lab: &Lab) -> Result<Self> {
        let plain = |name: &str| {
            Migration::new("1", TTL).yaml().replace(MIGRATION, &format!("{name}-migration-7f3a91c"))
        };
        let hook = |name: &str, ttl| {
            let migration = Migration::new("1", ttl).annotation(HOOK, "PreSync");
            migration.container(&format!("envFrom: [{{configMapRef: {{name: {name}}}}}]")).yaml()
        };
        let heals = |self_heal: bool| json!({ "prune": true, "selfHeal": self_heal });
        Ok(Self {
            catalog: Service::create(lab, "catalog", "dev", &plain("catalog"), heals(false), None).await?,
            promotion: Service::create(lab, "promotion", "dev", &plain("promotion"), heals(true), None)
                .await?,
            order: Service::create(lab, "order", "dev", &hook("order", LONG), heals(false), None).await?,
            common: Service::create(
                lab,
                "common-operations",
                "dev",
                &hook("common-operations", LONG),
                heals(false),
                None,
            )
            .await?,
            billing: Service::create(
                lab,
                "billing",
                "production",
                &Migration::new("1", LONG).yaml(),
                heals(true),
                Some(presync(&[])),
            )
            .await?,
        })
    }

    /// Waits until each is ill.
    pub(crate) async fn are_ill(&self) -> Result<()> {
        let waits = |app: &Value| {
            text(app, "/status/operationState/message").contains("waiting for completion of hook")
        };
        self.order.until("a sync that waits", waits).await?;
        self.common.until("a sync that waits", waits).await?;
        self.common.patch(&json!({ "operation": null })).await?;
        self.catalog
            .until("a Job that is gone", |app| {
                text(app, "/status/sync/status") == "OutOfSync"
                    && text(app, "/status/operationState/phase") == "Succeeded"
            })
            .await?;
        let reruns = |app: &Value| {
            app.pointer("/status/operationState/operation/sync/autoHealAttemptsCount").and_then(Value::as_u64)
        };
        self.promotion
            .until("a second rerun", |app| {
                reruns(app) >= Some(2)
                    && app.get("operation").is_none()
                    && text(app, "/status/sync/status") == "Synced"
            })
            .await?;
        self.billing
            .until("its first version", |app| text(app, "/status/health/status") == "Healthy")
            .await?;
        self.billing.commit(&Migration::new("2", LONG).fails().yaml())?;
        self.billing.refresh().await?;
        self.billing
            .until("a failed migration", |app| text(app, "/status/operationState/phase") == "Failed")
            .await?;
        // What was ill first must be older than the runbook's `--older-than 30s`.
        tokio::time::sleep(Duration::from_secs(20)).await;
        Ok(())
    }

    /// Commits the fixes. Nobody tells Argo CD.
    pub(crate) fn are_fixed_in_git(&self) -> Result<()> {
        let hook = Migration::new("1", LONG).annotation(HOOK, "PreSync").yaml();
        self.catalog.commit(&hook.replace(MIGRATION, "catalog-migration"))?;
        for service in [&self.order, &self.common] {
            service.commit(&Migration::new("1", LONG).annotation(HOOK, "Sync").yaml())?;
        }
        Ok(())
    }

    /// Commits a migration that succeeds, and waits for it.
    pub(crate) async fn billing_is_fixed(&self) -> Result<()> {
        self.billing.commit(&Migration::new("3", LONG).yaml())?;
        self.billing.refresh().await?;
        self.billing
            .until("the fixed version", |app| {
                text(app, "/status/operationState/phase") == "Succeeded"
                    && text(app, "/status/sync/status") == "Synced"
            })
            .await
    }
}

impl Service {
    async fn create(
        lab: &Lab,
        name: &'static str,
        environment: &str,
        migration: &str,
        automated: Value,
        plugin: Option<Value>,
    ) -> Result<Self> {
        let app = format!("{name}-{environment}");
        let repository = Repository::create(&lab.git, &app)?;
        let service = Self { lab: lab.clone(), name, app, repository };
        let workloads = workloads("1").replace("catalog", name);
        service.repository.commit("first", "app", [("workloads.yaml", Some(workloads.as_str()))])?;
        service.commit(migration)?;
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::<Namespace>::all(lab.client.clone()).create(&PostParams::default(), &namespace).await?;
        let mut source =
            json!({ "path": "app", "repoURL": service.repository.url(), "targetRevision": "main" });
        if let Some(plugin) = plugin {
            source["plugin"] = plugin;
        }
        let object = DynamicObject::new(&service.app, &argoproj("Application")).data(json!({ "spec": {
            "project": "default",
            "source": source,
            "destination": { "server": "https://kubernetes.default.svc", "namespace": name },
            "syncPolicy": { "automated": automated, "retry": { "limit": 0 } },
        }}));
        lab.applications().create(&PostParams::default(), &object).await?;
        Ok(service)
    }

    fn commit(&self, migration: &str) -> Result<()> {
        let migration = migration.replace(MIGRATION, &format!("{}-migration", self.name));
        self.repository.commit(
            "change the migration",
            "app",
            [("migration.yaml", Some(migration.as_str()))],
        )?;
        Ok(())
    }

    async fn patch(&self, patch: &Value) -> Result<()> {
        self.lab.applications().patch(&self.app, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    async fn refresh(&self) -> Result<()> {
        self.patch(&json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } }))
            .await
    }

    async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let what = format!("{}: {what}", self.app);
        wait::until(&what, SOON, async || {
            let app = self.lab.applications().get(&self.app).await?;
            Ok(wanted(&app.data).then_some(()))
        })
        .await
    }
}

fn text<'a>(app: &'a Value, path: &str) -> &'a str {
    app.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
