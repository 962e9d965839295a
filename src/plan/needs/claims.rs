//! Who mounts a claim or a `SecretProviderClass`, and which custom resources name a ConfigMap or Secret that nothing renders.

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::index::{self, Index},
        needs::{Knowledge, knowledge},
        pod::workloads::{self, Template},
    },
};

/// Returns the app's objects whose pods mount a PersistentVolumeClaim.
pub(crate) fn mounts<'v>(claim: ObjectId, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let Some(claim) = app.header(claim) else { return Ok(Vec::new()) };
    let is = |volume: &Value| volume["persistentVolumeClaim"]["claimName"] == claim.name.as_str();
    Ok(with_volume(claim, is, app)?.into_iter().map(|(header, _)| header).collect())
}

/// Returns the app's objects whose pods mount a `SecretProviderClass`.
pub(crate) fn mounting<'v, 'a>(
    class: &Header,
    app: &'v Index<'a>,
) -> Result<Vec<(&'v Header, Template<'a>)>> {
    let is = |volume: &Value| volume["csi"]["volumeAttributes"]["secretProviderClass"] == class.name.as_str();
    with_volume(class, is, app)
}

/// Returns the app's objects whose pods have a volume that names the object.
fn with_volume<'v, 'a>(
    named: &Header,
    is: impl Fn(&Value) -> bool,
    app: &'v Index<'a>,
) -> Result<Vec<(&'v Header, Template<'a>)>> {
    let mut found = Vec::new();
    for header in app.mentioning(&named.name) {
        let runs = workloads::serves(header) || index::is(header, "Job");
        if !runs || !app.same_namespace(header.namespace.as_deref(), named.namespace.as_deref()) {
            continue;
        }
        let Some(pod) = workloads::pod(header, app.object(header.id)?) else { continue };
        if pod.spec["volumes"].as_array().into_iter().flatten().any(&is) {
            found.push((header, pod));
        }
    }
    Ok(found)
}

/// Returns the custom resources that name an object as a whole value: they make it, or fill it.
pub(crate) fn naming<'v>(name: &str, namespace: Option<&str>, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let mut found = Vec::new();
    for header in app.custom_mentioning(name) {
        if !app.reaches(header, namespace) || knowledge(header, app) == Knowledge::Harmless {
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
