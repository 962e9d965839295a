//! Argo Workflows as Jobs: they end, they may have a TTL, and they drift alike.
//!
//! Decisions are made for Jobs. A Workflow is read as the Job that would run the containers of all its templates, and the
//! edits of that Job are turned into edits of the Workflow.

use serde_json::{Map, Value, json};

use crate::manifest::{Edit, Step};

/// The API group.
pub(crate) const GROUP: &str = "argoproj.io";
/// The kind.
pub(crate) const KIND: &str = "Workflow";

/// The key under which the reading keeps what no Job has, so that digests cover it.
pub(crate) const REST: &str = "workflow";

/// Parts of a Workflow's spec that say how long it stays, not what it runs.
const LIFETIME: [&str; 2] = ["ttlStrategy", "podMetadata"];

/// Lists of a pod's spec that a Workflow has at its top.
const SHARED: [&str; 4] = ["volumes", "imagePullSecrets", "serviceAccountName", "priorityClassName"];

/// Reads a Workflow as a Job.
pub(crate) fn as_job(workflow: &Value) -> Value {
    let spec = &workflow["spec"];
    let mut pod = Map::new();
    for key in SHARED {
        if !spec[key].is_null() {
            pod.insert(key.to_owned(), spec[key].clone());
        }
    }
    let templates = || spec["templates"].as_array().into_iter().flatten();
    let own = |keys: &[&str]| -> Vec<Value> {
        let parts = templates().flat_map(|template| keys.iter().map(move |key| &template[*key]));
        parts
            .flat_map(|part| match part {
                Value::Array(items) => items.clone(),
                Value::Object(_) => vec![part.clone()],
                _ => Vec::new(),
            })
            .collect()
    };
    pod.insert("initContainers".to_owned(), own(&["initContainers"]).into());
    pod.insert("containers".to_owned(), own(&["container", "script", "containerSet", "sidecars"]).into());

    let mut rest = spec.as_object().cloned().unwrap_or_default();
    rest.retain(|key, _| !LIFETIME.contains(&key.as_str()));
    json!({
        "apiVersion": workflow["apiVersion"],
        "kind": workflow["kind"],
        "metadata": workflow["metadata"],
        "spec": {
            "activeDeadlineSeconds": spec["activeDeadlineSeconds"],
            "ttlSecondsAfterFinished": spec["ttlStrategy"]["secondsAfterCompletion"],
            "suspend": spec["suspend"],
            // A Workflow retries by template; the guard has nothing to add.
            "backoffLimit": 0,
            "template": {"metadata": spec["podMetadata"], "spec": pod},
            REST: rest,
        },
    })
}

/// Turns the edits of the Job that a Workflow was read as into edits of the Workflow.
///
/// The TTL by outcome (`secondsAfterSuccess`, `secondsAfterFailure`) goes with the TTL: it would win over it.
pub(crate) fn edits(edits: Vec<Edit>) -> Vec<Edit> {
    edits.into_iter().flat_map(edit).collect()
}

fn edit(edit: Edit) -> Vec<Edit> {
    let path = match &edit {
        Edit::Set { path, .. } | Edit::Remove { path } => path,
    };
    let keys: Vec<&str> =
        path.iter().map(|step| if let Step::Key(key) = step { key.as_str() } else { "" }).collect();
    match (keys.as_slice(), &edit) {
        (["spec", "ttlSecondsAfterFinished"], Edit::Remove { .. }) => {
            vec![Edit::remove(["spec", "ttlStrategy"])]
        }
        (["spec", "ttlSecondsAfterFinished"], Edit::Set { value, .. }) => {
            vec![Edit::set(["spec", "ttlStrategy"], json!({"secondsAfterCompletion": value}))]
        }
        (["spec", "template", "metadata", section, key], Edit::Set { value, .. }) => {
            vec![Edit::set(["spec", "podMetadata", section, key], value.clone())]
        }
        _ => vec![edit],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow() -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"generateName": "catalog-migrate-"},
            "spec": {
                "entrypoint": "migrate",
                "serviceAccountName": "catalog",
                "ttlStrategy": {"secondsAfterCompletion": 300, "secondsAfterSuccess": 60},
                "templates": [
                    {"name": "migrate", "container": {"name": "main", "command": ["rake", "db:migrate"]}},
                    {"name": "check", "script": {"source": "true"}, "initContainers": [{"name": "wait"}]},
                ],
            },
        })
    }

    #[test]
    fn its_pods_are_those_of_all_templates() {
        let job = as_job(&workflow());
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(pod["containers"].as_array().map(Vec::len), Some(2));
        assert_eq!(pod["initContainers"][0]["name"], "wait");
        assert_eq!(pod["serviceAccountName"], "catalog");
        assert_eq!(job["spec"]["ttlSecondsAfterFinished"], 300);
    }

    #[test]
    fn what_it_runs_has_no_lifetime() {
        let mut other = workflow();
        other["spec"]["ttlStrategy"] = Value::Null;
        assert_eq!(as_job(&workflow())["spec"][REST], as_job(&other)["spec"][REST]);
        other["spec"]["entrypoint"] = "check".into();
        assert_ne!(as_job(&workflow())["spec"][REST], as_job(&other)["spec"][REST]);
    }

    #[test]
    fn edits_reach_the_fields_of_a_workflow() {
        let mut changed = workflow();
        let wanted = vec![
            Edit::set(["spec", "ttlSecondsAfterFinished"], 600),
            Edit::set(["spec", "template", "metadata", "labels", "sidecar.istio.io/inject"], "false"),
            Edit::set(["metadata", "name"], "catalog-migrate"),
        ];
        for edit in edits(wanted) {
            edit.apply_to(&mut changed).unwrap();
        }
        assert_eq!(changed["spec"]["ttlStrategy"], json!({"secondsAfterCompletion": 600}));
        assert_eq!(changed["spec"]["podMetadata"]["labels"]["sidecar.istio.io/inject"], "false");
        assert_eq!(changed["metadata"]["name"], "catalog-migrate");
        assert_eq!(
            edits(vec![Edit::remove(["spec", "ttlSecondsAfterFinished"])]),
            [Edit::remove(["spec", "ttlStrategy"])]
        );
    }
}
