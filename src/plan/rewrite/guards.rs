//! Limits for Jobs whose author set none, where they are asked for.

use serde_json::{Value, json};

use crate::{
    manifest::Edit,
    plan::app::job::Job,
    settings::{Guards, Sidecars},
};

/// The opt-outs of sidecar injection on a pod: (section of the template's metadata, key, value).
///
/// Istio reads the label (and, deprecated, an annotation of the same name); Linkerd an annotation.
const NO_SIDECAR: [(&str, &str, &str); 2] =
    [("labels", "sidecar.istio.io/inject", "false"), ("annotations", "linkerd.io/inject", "disabled")];

/// Returns the edits that the guards ask for; each with what it does.
pub(crate) fn edits(job: &Job<'_>, guards: &Guards) -> Vec<(Edit, String)> {
    let mut edits = Vec::new();
    let mut limit = |key: &str, value: Option<Value>, source: String| {
        if let Some(value) = value
            && job.spec()[key].is_null()
        {
            let what = format!("{key}: {value} ({source})");
            edits.push((Edit::set(["spec", key], value), what));
        }
    };
    let deadline = guards.active_deadline.value.map(|deadline| json!(deadline.as_secs()));
    limit("activeDeadlineSeconds", deadline, guards.active_deadline.source());
    limit("backoffLimit", guards.backoff_limit.value.map(Value::from), guards.backoff_limit.source());
    if guards.sidecars.value == Sidecars::Off {
        for (section, key, value) in NO_SIDECAR {
            if job.spec()["template"]["metadata"][section][key].is_null() {
                let what = format!("{key}: {value} on the pod ({})", guards.sidecars.source());
                edits.push((Edit::set(["spec", "template", "metadata", section, key], value), what));
            }
        }
    }
    edits
}
