//! Stand-ins for the operators of the golden cases' custom resources: each makes, some seconds later, what the real one
//! makes after minutes, and says so in the status that Argo CD reads.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::StreamExt as _;
use futures::future::join_all;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

/// How long an operator takes.
const TAKES: Duration = Duration::from_secs(3);

/// An operator: of which kind, and what it makes of a resource.
struct Operator {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    /// The phase in the status of a resource that is ready.
    phase: &'static str,
    /// The Deployment in the resource's namespace that must run, where the operator is part of the app.
    deployment: Option<&'static str>,
    makes: fn(name: &str, namespace: &str, spec: &Value) -> Vec<Value>,
}

const OPERATORS: &[Operator] = &[
    Operator::of("flagger.app", "v1beta1", "Canary", |_, _, _| Vec::new()),
    Operator::of("rds.aws.upbound.io", "v1beta1", "Instance", |_, _, _| Vec::new()),
    Operator::of("example.org", "v1", "Thing", |_, _, _| Vec::new()),
    Operator::of("example.org", "v1", "Platform", |_, namespace, _| {
        vec![
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": format!("{namespace}-build") } }),
        ]
    }),
    Operator::of("external-secrets.io", "v1", "ExternalSecret", |_, namespace, spec| {
        vec![secret(spec["target"]["name"].as_str().unwrap_or_default(), namespace, "url")]
    }),
    Operator::of("postgres-operator.crunchydata.com", "v1beta1", "PostgresCluster", |name, namespace, _| {
        vec![secret(&format!("{name}-pguser-{name}"), namespace, "uri")]
    }),
    Operator::of("dbforpostgresql.azure.com", "v1", "FlexibleServer", |_, namespace, spec| {
        let secrets = spec["operatorSpec"]["secrets"].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        secrets.map(|(_, to)| secret(&text(&to["name"]), namespace, &text(&to["key"]))).collect()
    }),
    Operator::of("services.k8s.aws", "v1alpha1", "FieldExport", |_, namespace, spec| {
        let metadata = json!({ "name": spec["to"]["name"], "namespace": namespace });
        vec![
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "host": "pg" } }),
        ]
    }),
    Operator {
        phase: "Cluster in healthy state",
        deployment: Some("operator"),
        ..Operator::of("postgresql.cnpg.io", "v1", "Cluster", |name, namespace, _| {
            vec![secret(&format!("{name}-app"), namespace, "uri")]
        })
    },
];

fn secret(name: &str, namespace: &str, key: &str) -> Value {
    let metadata = json!({ "name": name, "namespace": namespace });
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": { key: "x" } })
}

/// Makes the definitions of all kinds.
pub(crate) async fn register(client: &Client) -> Result<()> {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    for operator in OPERATORS {
        let definition = serde_json::from_value(operator.definition())?;
        definitions.create(&PostParams::default(), &definition).await?;
    }
    Ok(())
}

/// Runs all operators, until it is dropped.
pub(crate) async fn run(client: Client) {
    join_all(OPERATORS.iter().map(|operator| operator.run(client.clone()))).await;
}

impl Operator {
    const fn of(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        makes: fn(&str, &str, &Value) -> Vec<Value>,
    ) -> Self {
        Self { group, version, kind, phase: "Initialized", deployment: None, makes }
    }

    fn resource(&self) -> ApiResource {
        ApiResource::from_gvk(&GroupVersionKind::gvk(self.group, self.version, self.kind))
    }

    /// A definition without a schema.
    fn definition(&self) -> Value {
        let ApiResource { plural, .. } = self.resource();
        let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        json!({
            "metadata": { "name": format!("{plural}.{}", self.group) },
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": { "kind": self.kind, "plural": plural },
                "versions": [{ "name": self.version, "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": schema } }],
            },
        })
    }

    async fn run(&'static self, client: Client) {
        let api = Api::<DynamicObject>::all_with(client.clone(), &self.resource());
        Controller::new_with(api, watcher::Config::default(), self.resource())
            .run(
                move |resource, client| self.step(resource, client),
                |_, _, _| Action::requeue(Duration::from_secs(1)),
                Arc::new(client),
            )
            .for_each(async |_| ())
            .await;
    }

    async fn step(&'static self, resource: Arc<DynamicObject>, client: Arc<Client>) -> kube::Result<Action> {
        let (name, namespace) = (resource.name_any(), resource.namespace().unwrap_or_default());
        let client = (*client).clone();
        if resource.data.get("status").is_some() {
            return Ok(Action::await_change());
        }
        let age =
            resource.creation_timestamp().map(|time| Timestamp::now().duration_since(time.0).unsigned_abs());
        let waits = age.is_none_or(|age| age < TAKES);
        if waits || !self.is_there(&client, &namespace).await? {
            return Ok(Action::requeue(Duration::from_secs(1)));
        }
        for object in (self.makes)(&name, &namespace, &resource.data["spec"]) {
            make(&client, &object).await?;
        }
        let condition = |kind: &str| json!({ "type": kind, "status": "True", "message": "made" });
        let status = json!({ "phase": self.phase, "canaryWeight": 0, "conditions": [condition("Ready"), condition("Synced")] });
        let api = Api::<DynamicObject>::namespaced_with(client, &namespace, &self.resource());
        api.patch(&name, &PatchParams::default(), &Patch::Merge(json!({ "status": status }))).await?;
        Ok(Action::await_change())
    }

    /// It runs.
    async fn is_there(&self, client: &Client, namespace: &str) -> kube::Result<bool> {
        let Some(name) = self.deployment else { return Ok(true) };
        let deployment = Api::<Deployment>::namespaced(client.clone(), namespace).get_opt(name).await?;
        let status = deployment.and_then(|deployment| deployment.status);
        Ok(status.is_some_and(|status| status.available_replicas.is_some_and(|pods| pods > 0)))
    }
}

async fn make(client: &Client, object: &Value) -> kube::Result<()> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", text("/kind")));
    let api = match text("/metadata/namespace") {
        "" => Api::<DynamicObject>::all_with(client.clone(), &resource),
        namespace => Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource),
    };
    let applied = PatchParams::apply("operator").force();
    api.patch(text("/metadata/name"), &applied, &Patch::Apply(object)).await?;
    Ok(())
}
