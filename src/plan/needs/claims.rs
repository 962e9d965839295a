//! Who mounts a claim, and which custom resources name a ConfigMap or Secret that nothing renders.

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::index::{Index, is},
        pod::workloads,
    },
};

/// Returns the app's objects whose pods mount a PersistentVolumeClaim.
pub(crate) fn mounts<'v>(claim: ObjectId, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let Some(claim) = app.header(claim) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for header in app.mentioning(&claim.name) {
        let runs = workloads::serves(header) || is(header, "Job");
        if !runs || !app.same_namespace(header.namespace.as_deref(), claim.namespace.as_deref()) {
            continue;
        }
        let Some(pod) = workloads::pod(header, app.object(header.id)?) else { continue };
        let mut volumes = pod.spec["volumes"].as_array().into_iter().flatten();
        if volumes.any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim.name.as_str()) {
            found.push(header);
        }
    }
    Ok(found)
}

/// Returns the custom resources that name an object as a whole value: they make it, or fill it.
pub(crate) fn naming<'v>(name: &str, namespace: Option<&str>, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let mut found = Vec::new();
    for header in app.custom_mentioning(name) {
        if !app.reaches(header, namespace) {
            continue;
        }
        let elsewhere = |written: &str| !app.same_namespace(Some(written), namespace);
        if names(&app.object(header.id)?["spec"], name, &elsewhere) {
            found.push(header);
        }
    }
    Ok(found)
}

/// Whether a value, or one inside it, is the name; beside a namespace that is `elsewhere` it means another object.
fn names(value: &Value, name: &str, elsewhere: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| names(item, name, elsewhere)),
        Value::Object(map) => {
            let other = map.get("namespace").and_then(Value::as_str).is_some_and(elsewhere);
            map.values().any(|value| !(other && value.is_string()) && names(value, name, elsewhere))
        }
        _ => false,
    }
}
