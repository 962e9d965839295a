//! Objects that run pods.

use serde_json::{Map, Value};

use crate::{
    error::Result,
    manifest::Header,
    plan::app::index::{Index, is},
};

/// Kinds whose pods keep running: those that a Service can lead to, and that can wait for a Job.
const SERVING: [&str; 10] = [
    "StatefulSet",
    "Deployment",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "CloneSet.apps.kruise.io",
    "StatefulSet.apps.kruise.io",
    "DeploymentConfig.apps.openshift.io",
    "Rollout.argoproj.io",
];

/// The template of a pod, or the pod itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template<'a> {
    pub(crate) spec: &'a Value,
    pub(crate) labels: Option<&'a Map<String, Value>>,
}

/// Whether the object's pods keep running.
pub(crate) fn serves(header: &Header) -> bool {
    SERVING.iter().any(|kind| is(header, kind))
}

/// The way to the template of the pod that an object runs, if its kind is known to run one.
pub(crate) fn way(header: &Header) -> Option<&'static [&'static str]> {
    match header.kind.as_str() {
        "Pod" if is(header, "Pod") => Some(&[]),
        "CronJob" if is(header, "CronJob") => Some(&["spec", "jobTemplate", "spec", "template"]),
        "ScaledJob" if is(header, "ScaledJob.keda.sh") => Some(&["spec", "jobTargetRef", "template"]),
        _ if serves(header) || is(header, "Job") => Some(&["spec", "template"]),
        _ => None,
    }
}

/// The pod that an object runs, if its kind is known to run one.
pub(crate) fn pod<'a>(header: &Header, object: &'a Value) -> Option<Template<'a>> {
    let template = way(header)?.iter().fold(object, |value, key| &value[*key]);
    Some(Template { spec: &template["spec"], labels: template["metadata"]["labels"].as_object() })
}

/// Returns the app's workloads whose pods a selector takes; an empty selector takes none.
pub(crate) fn selected<'v, 'a>(
    selector: &[(&str, &str)],
    namespace: Option<&str>,
    app: &'v Index<'a>,
) -> Result<Vec<(&'v Header, Template<'a>)>> {
    let mut found = Vec::new();
    if selector.is_empty() {
        return Ok(found);
    }
    for header in app.headers().iter().filter(|header| serves(header) && app.reaches(header, namespace)) {
        if let Some(pod) = pod(header, app.object(header.id)?).filter(|pod| takes(selector, pod.labels)) {
            found.push((header, pod));
        }
    }
    Ok(found)
}

/// Whether labels have everything that a selector asks for.
pub(crate) fn takes(selector: &[(&str, &str)], labels: Option<&Map<String, Value>>) -> bool {
    selector
        .iter()
        .all(|(key, value)| labels.is_some_and(|labels| labels.get(*key).is_some_and(|label| label == value)))
}
