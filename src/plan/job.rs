//! A Job of the app, read only: the parts that decisions look at.

use serde_json::{Map, Value};

use crate::manifest::ObjectId;

/// A `batch/v1` Job as rendered, or an Argo Workflow read as one.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Where it stands in the manifests.
    pub id: ObjectId,
    /// The whole object; that of a Workflow as [`super::workflow::as_job`] reads it.
    pub object: &'a Value,
}

/// A container of the Job's pod.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    /// Its object in the pod's spec.
    pub object: &'a Value,
    /// It stands under `initContainers`.
    pub init: bool,
    /// Its index in its list.
    pub index: usize,
}

impl<'a> Job<'a> {
    /// `metadata.name`, or empty where only `generateName` is given.
    pub fn name(&self) -> &'a str {
        text(&self.object["metadata"]["name"])
    }

    /// `metadata.generateName`.
    pub fn generate_name(&self) -> Option<&'a str> {
        self.object["metadata"]["generateName"].as_str()
    }

    /// `Job`, or `Workflow`.
    pub fn kind(&self) -> &'a str {
        text(&self.object["kind"])
    }

    /// It is an Argo Workflow.
    pub fn is_workflow(&self) -> bool {
        self.kind() == super::workflow::KIND
    }

    /// The name that messages use: `metadata.name`, else `metadata.generateName` with a `*`.
    pub fn label(&self) -> String {
        match (self.name(), self.generate_name()) {
            ("", Some(prefix)) => format!("{prefix}*"),
            (name, _) => name.to_owned(),
        }
    }

    /// `metadata.namespace`, if the manifest says one.
    pub fn namespace(&self) -> Option<&'a str> {
        self.object["metadata"]["namespace"].as_str()
    }

    /// An annotation of the Job itself.
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.object["metadata"]["annotations"][key].as_str()
    }

    /// The annotations of the Job itself.
    pub fn annotations(&self) -> Option<&'a Map<String, Value>> {
        self.object["metadata"]["annotations"].as_object()
    }

    /// The labels of the Job itself.
    pub fn labels(&self) -> Option<&'a Map<String, Value>> {
        self.object["metadata"]["labels"].as_object()
    }

    /// `spec`.
    pub fn spec(&self) -> &'a Value {
        &self.object["spec"]
    }

    /// `spec.template.spec`.
    pub fn pod(&self) -> &'a Value {
        &self.object["spec"]["template"]["spec"]
    }

    /// `spec.ttlSecondsAfterFinished`.
    pub fn ttl(&self) -> Option<u64> {
        self.spec()["ttlSecondsAfterFinished"].as_u64()
    }

    /// Init containers, then containers, in order.
    pub fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        let pod = self.pod();
        [("initContainers", true), ("containers", false)].into_iter().flat_map(move |(key, init)| {
            pod[key].as_array().into_iter().flatten().enumerate().map(move |(index, object)| Container {
                object,
                init,
                index,
            })
        })
    }
}

impl<'a> Container<'a> {
    /// `name`.
    pub fn name(&self) -> &'a str {
        text(&self.object["name"])
    }

    /// `image`.
    pub fn image(&self) -> &'a str {
        text(&self.object["image"])
    }

    /// `command` followed by `args`: the words that run.
    pub fn words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let object = self.object;
        ["command", "args"]
            .into_iter()
            .flat_map(move |key| object[key].as_array().into_iter().flatten().map(text))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
