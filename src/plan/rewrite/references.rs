//! Who refers to a Job by its name: workloads that wait for it, Roles that let them.

use serde_json::Value;

use crate::{
    error::Result,
    manifest::ObjectId,
    plan::{app::index::Index, needs::has_name},
};

/// A place that holds a Job's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// `Kind name` of the object.
    pub object: String,
    /// Path of the field.
    pub path: String,
}

/// Returns every object but `except` that holds `name` as a whole word in one of its strings, the first place of each.
///
/// A ServiceAccount, ConfigMap or Role of a Job often has the Job's name: their own names, labels, and fields that name
/// an object of another kind do not count. Base64 is not looked into.
pub(crate) fn references_to_name(name: &str, except: ObjectId, index: &Index<'_>) -> Result<Vec<Reference>> {
    let mut found = Vec::new();
    if name.is_empty() {
        return Ok(found);
    }
    for header in index.mentioning(name) {
        if header.id == except {
            continue;
        }
        let object = index.object(header.id)?;
        let mut path = Vec::new();
        if holds(object, name, &mut path) {
            found.push(Reference { object: header.label(), path: path.join(".") });
        }
    }
    Ok(found)
}

/// Fields that name objects of other kinds.
const OTHER_KINDS: [&str; 6] =
    ["claimName", "configMapName", "secretName", "serviceAccount", "serviceAccountName", "serviceName"];

/// Fields whose `name` is that of an object of another kind, or of a part of the same object.
#[rustfmt::skip]
const OTHER_NAMES: [&str; 16] = [
    "configMap", "configMapKeyRef", "configMapRef", "containers", "env", "imagePullSecrets", "initContainers",
    "metadata", "ports", "secret", "secretKeyRef", "secretRef", "secrets", "service", "volumeMounts", "volumes",
];

/// Maps of labels: only those that Kubernetes gives a Job's pods can refer to its name.
const LABEL_MAPS: [&str; 4] = ["labels", "matchLabels", "podSelector", "selector"];
const NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// Finds the first string that refers to the name; `path` then leads to it.
fn holds(value: &Value, name: &str, path: &mut Vec<String>) -> bool {
    match value {
        Value::String(text) => has_name(text, name),
        Value::Array(items) => {
            items.iter().enumerate().any(|(index, item)| below(index.to_string(), item, name, path))
        }
        Value::Object(map) => {
            let other_kind = map.get("kind").is_some_and(|kind| kind != "Job");
            map.iter().any(|(key, value)| {
                can_refer(key, other_kind, parent(path)) && below(key.clone(), value, name, path)
            })
        }
        _ => false,
    }
}

fn below(step: String, value: &Value, name: &str, path: &mut Vec<String>) -> bool {
    path.push(step);
    holds(value, name, path) || {
        path.pop();
        false
    }
}

/// Returns the key of the map that is looked at, through lists.
fn parent(path: &[String]) -> &str {
    path.iter().rev().find(|step| step.parse::<usize>().is_err()).map_or("", String::as_str)
}

/// Whether the field of a map under `parent` can hold a Job's name that is meant.
fn can_refer(key: &str, other_kind: bool, parent: &str) -> bool {
    if LABEL_MAPS.contains(&parent) {
        return NAME_LABELS.contains(&key) || LABEL_MAPS.contains(&key) || key == "matchExpressions";
    }
    !(OTHER_KINDS.contains(&key) || (key == "name" && (other_kind || OTHER_NAMES.contains(&parent))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::app::index::testing::manifests;

    const NAME: &str = "shop-migrate-8f3a2b";

    /// Returns the places in an object that refer to the name.
    fn found(object: &str) -> Vec<String> {
        let job = format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {NAME}}}\n");
        let manifests = manifests(&format!("{job}---\n{object}\n"));
        let index = Index::new(&manifests, None).unwrap();
        let found = references_to_name(NAME, index.headers()[0].id, &index).unwrap();
        found.into_iter().map(|reference| reference.path).collect()
    }

    #[test]
    fn whole_names_refer_to_the_job() {
        for (object, path) in [
            (
                "kind: Deployment\nspec: {template: {spec: {initContainers: [{args: [job, NAME]}]}}}",
                "spec.template.spec.initContainers.0.args.1",
            ),
            (
                "kind: ConfigMap\nmetadata: {annotations: {note: 'after job/NAME.'}}",
                "metadata.annotations.note",
            ),
            ("kind: ConfigMap\ndata: {run.sh: \"kubectl wait job/NAME\\nexec api\"}", "data.run.sh"),
            (
                "kind: Role\nrules: [{resources: [jobs]}, {resourceNames: [other, NAME]}]",
                "rules.1.resourceNames.1",
            ),
            (
                "kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {job-name: NAME}}}",
                "spec.podSelector.matchLabels.job-name",
            ),
            ("kind: Watch\nspec: {jobRef: {kind: Job, name: NAME}}", "spec.jobRef.name"),
        ] {
            assert_eq!(found(&object.replace("NAME", NAME)), [path], "{object}");
        }
    }

    #[test]
    fn the_same_word_may_mean_something_else() {
        for object in [
            "kind: ServiceAccount\nmetadata: {name: NAME, labels: {app: NAME}}",
            "kind: RoleBinding\nroleRef: {kind: Role, name: NAME}\nsubjects: [{kind: ServiceAccount, name: NAME}]",
            "kind: Service\nspec: {selector: {app: NAME}}",
            "kind: Pod\nspec: {serviceAccountName: NAME, containers: [{name: NAME, envFrom: [{secretRef: {name: NAME}}]}]}",
            "kind: Pod\nspec: {volumes: [{name: NAME, configMap: {name: NAME}}, {secret: {secretName: NAME}}]}",
            "kind: ConfigMap\ndata: {a: NAME-2, b: xNAME, c: NAME_old, d: NAME.txt}",
        ] {
            assert_eq!(found(&object.replace("NAME", NAME)), [""; 0], "{object}");
        }
    }
}
