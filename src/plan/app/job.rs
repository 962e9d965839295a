//! A Job of the app, read only: the parts that decisions look at.

use serde_json::{Map, Value};

use crate::manifest::ObjectId;

/// A `batch/v1` Job as rendered, or an Argo Workflow read as one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    /// Where it stands in the manifests.
    pub id: ObjectId,
    /// The whole object; that of a Workflow as [`super::workflow::as_job`] reads it.
    pub object: &'a Value,
}

impl<'a> Job<'a> {
    /// Returns `metadata.name`, or empty where only `generateName` is given.
    pub(crate) fn name(&self) -> &'a str {
        text(&self.object["metadata"]["name"])
    }

    /// Returns `metadata.generateName`.
    pub(crate) fn generate_name(&self) -> Option<&'a str> {
        self.object["metadata"]["generateName"].as_str()
    }

    /// Returns `Job`, or `Workflow`.
    pub(crate) fn kind(&self) -> &'a str {
        text(&self.object["kind"])
    }

    /// Whether it is an Argo Workflow.
    pub(crate) fn is_workflow(&self) -> bool {
        self.kind() == super::workflow::KIND
    }

    /// Returns the name that messages use: `metadata.name`, else `metadata.generateName` with a `*`.
    pub(crate) fn label(&self) -> String {
        match (self.name(), self.generate_name()) {
            ("", Some(prefix)) => format!("{prefix}*"),
            (name, _) => name.to_owned(),
        }
    }

    /// Returns `metadata.namespace`, if the manifest says one.
    pub(crate) fn namespace(&self) -> Option<&'a str> {
        self.object["metadata"]["namespace"].as_str()
    }

    /// Returns an annotation of the Job itself.
    pub(crate) fn annotation(&self, key: &str) -> Option<&'a str> {
        self.object["metadata"]["annotations"][key].as_str()
    }

    /// Returns the annotations of the Job itself.
    pub(crate) fn annotations(&self) -> Option<&'a Map<String, Value>> {
        self.object["metadata"]["annotations"].as_object()
    }

    /// Returns the labels of the Job itself.
    pub(crate) fn labels(&self) -> Option<&'a Map<String, Value>> {
        self.object["metadata"]["labels"].as_object()
    }

    /// Returns `spec`.
    pub(crate) fn spec(&self) -> &'a Value {
        &self.object["spec"]
    }

    /// Returns `spec.template.spec`.
    pub(crate) fn pod(&self) -> &'a Value {
        &self.object["spec"]["template"]["spec"]
    }

    /// Returns `spec.ttlSecondsAfterFinished`.
    pub(crate) fn ttl(&self) -> Option<u64> {
        self.spec()["ttlSecondsAfterFinished"].as_u64()
    }

    /// Whether it waits until someone resumes it. Kueue resumes the Jobs of its queues: `pkg/controller/constants`,
    /// `QueueLabel`.
    pub(crate) fn is_suspended(&self) -> bool {
        let queued = [self.labels(), self.annotations()]
            .into_iter()
            .flatten()
            .any(|map| map.contains_key("kueue.x-k8s.io/queue-name"));
        self.spec()["suspend"] == true && !queued
    }
}

/// Returns the string in a value; empty for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
