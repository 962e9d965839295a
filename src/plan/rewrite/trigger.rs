//! The trigger: a tracked ConfigMap with a digest of what the Job runs.
//!
//! Argo CD never syncs for a change in a hook alone (`controller/state.go`: hooks are no part of the diff). The trigger
//! differs when the Job's work differs, so the app turns `OutOfSync`, auto-sync runs a full sync, and the hook runs.

use serde_json::{Value, json};

use crate::{
    error::{Problem, Problems},
    exit::Exit,
    manifest::{Edit, ObjectId},
    plan::{
        Decided,
        app::{hooks::SYNC_WAVE, index::Index, job::Job, workflow},
        needs::{Need, Relation},
        rewrite::{again::Again, digest, name},
    },
    settings::Trigger,
};

/// Longest name of a ConfigMap.
const MAX_NAME: usize = 253;
/// The label that says who made an object.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label's value on what presync adds.
pub(crate) const MANAGER: &str = "argocd-presync-plugin";

/// What must be done so that the app holds the trigger.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// A new ConfigMap behind the Job.
    Add(Value),
    /// The one that is there gets the digest.
    Update(ObjectId, Edit),
    /// It is there and right.
    Nothing,
}

/// The trigger of one Job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TriggerPlan {
    /// Its name and what its digest covers.
    pub name: Decided<String>,
    /// What is to be done.
    pub action: Action,
}

/// Returns the digest of what a Job runs: its pod's spec, and what it reads when that is asked for.
///
/// Names, labels and annotations do not count: charts fill them with times, random values and release numbers, which
/// would make the trigger itself a source of drift. Nor does what differs between two renders of the app.
pub(crate) fn digest(
    job: &Job<'_>,
    needs: &[Need],
    covers: Trigger,
    index: &Index<'_>,
    again: &Again<'_>,
) -> Result<String, Problems> {
    let spec = again.stable_spec(job);
    let mut parts = vec![spec["template"]["spec"].clone()];
    if job.is_workflow() {
        parts.push(spec[workflow::REST].clone());
    }
    if covers == Trigger::Inputs {
        for need in needs.iter().filter(|need| need.relation == Relation::Config) {
            let object = again.stable_object(&need.header, index.object(need.header.id)?)?;
            let content: Vec<&Value> =
                ["data", "stringData", "binaryData"].iter().map(|key| &object[*key]).collect();
            // Without its name: a copy of it is the same to the Job.
            parts.push(json!([need.header.kind, content]));
        }
    }
    Ok(format!("sha256:{}", digest::sha256(&Value::Array(parts))))
}

/// Plans the trigger of a Job that will be called `job_name`; it is applied in `wave` of the Sync phase.
///
/// # Errors
/// When a ConfigMap of that name is there that presync did not make.
pub(crate) fn plan(
    job: &Job<'_>,
    job_name: &str,
    digest: &str,
    wave: i32,
    covers: Trigger,
    index: &Index<'_>,
) -> Result<TriggerPlan, Problems> {
    let trigger = name::with_suffix(job_name, "presync-trigger", MAX_NAME);
    let why = match covers {
        Trigger::Inputs => "a change of what the Job runs or reads makes Argo CD sync",
        Trigger::Job | Trigger::None => "a change of what the Job runs makes Argo CD sync",
    };
    let action = match index.find("ConfigMap", &trigger, job.namespace()) {
        None => Action::Add(config_map(&trigger, job.namespace(), digest, wave)),
        Some(header) => {
            let object = index.object(header.id)?;
            if object["metadata"]["labels"][MANAGED_BY] != MANAGER {
                return Err(Problem::new(Exit::PLAN, format!("the app has a ConfigMap `{trigger}` already"))
                    .at(index.location(header.id))
                    .hint(format!(
                        "rename it, or set `trigger: none` on Job {job_name}: presync would add its trigger under this name"
                    ))
                    .into());
            }
            if object["data"]["digest"] == digest {
                Action::Nothing
            } else {
                Action::Update(header.id, Edit::set(["data", "digest"], digest))
            }
        }
    };
    Ok(TriggerPlan { name: Decided::new(trigger, why), action })
}

fn config_map(name: &str, namespace: Option<&str>, digest: &str, wave: i32) -> Value {
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    metadata["labels"] = json!({MANAGED_BY: MANAGER});
    if wave != 0 {
        metadata["annotations"] = json!({SYNC_WAVE: wave.to_string()});
    }
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"digest": digest}})
}
