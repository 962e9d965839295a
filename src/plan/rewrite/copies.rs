//! `dependencies: copy`: hook copies of the ConfigMaps and Secrets that a forced `PreSync` hook reads, so that it sees
//! the new values before anything of the app changes.

use serde_json::{Value, json};

use crate::{
    error::{Problem, Problems},
    exit::Exit,
    manifest::{Edit, ObjectId},
    plan::{
        app::{
            hooks::{ARGO_DELETE_POLICY, ARGO_HOOK, SYNC_WAVE},
            index::Index,
        },
        needs::{Need, Relation},
        rewrite::{
            digest, name,
            trigger::{MANAGED_BY, MANAGER},
        },
    },
};

/// Longest name of a ConfigMap or Secret.
const MAX_NAME: usize = 253;
/// Characters of the digest in a copy's name.
const DIGEST: usize = 10;

/// The copies for one Job.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// The objects to add.
    pub objects: Vec<Value>,
    /// The Job's references, turned to the copies.
    pub edits: Vec<Edit>,
    /// Old name to new name, for `explain`.
    pub names: Vec<(String, String)>,
}

/// Copies everything in `unmet` for the Job `job`, which runs in `wave` of the PreSync phase.
///
/// # Errors
/// One problem for each need that cannot be copied: an identity, a volume, a custom resource, a database.
pub(crate) fn make(job: ObjectId, wave: i32, unmet: &[&Need], index: &Index<'_>) -> Result<Copies, Problems> {
    let mut copies = Copies::default();
    let mut problems = Problems::default();
    for need in unmet {
        let paths: Vec<_> =
            need.uses.iter().filter(|used| used.by == job).filter_map(|used| used.path.clone()).collect();
        if need.relation != Relation::Config || paths.is_empty() {
            problems.push(cannot_copy(job, need, index));
            continue;
        }
        let original = index.object(need.header.id)?;
        let copy = copy(original, wave - 1);
        let name = copy["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        for path in paths {
            copies.edits.push(Edit::set(path, name.clone()));
        }
        copies.names.push((need.header.label(), name));
        copies.objects.push(copy);
    }
    problems.or(copies)
}

fn cannot_copy(job: ObjectId, need: &Need, index: &Index<'_>) -> Problem {
    let why = match need.relation {
        Relation::Identity => "permissions given to an identity do not follow a copy",
        Relation::Volume => "the data is in the volume",
        Relation::Producer => "a controller makes it from a custom resource",
        Relation::Database => "it runs the database",
        Relation::Job => "it is a Job that must run once",
        Relation::Namespace | Relation::Class | Relation::Definition => "it is in no namespace",
        Relation::Policy => "a NetworkPolicy is no ConfigMap or Secret",
        Relation::Config => "the Job does not name it literally",
    };
    Problem::new(Exit::PLAN, format!("`dependencies: copy` cannot copy {}: {why}", need.header.label()))
        .at(index.location(job))
        .hint("leave `phase` on `auto`: then the migration is a Sync hook after what it needs")
}

fn copy(original: &Value, wave: i32) -> Value {
    let mut copy = json!({"apiVersion": original["apiVersion"], "kind": original["kind"]});
    let content: Vec<_> = ["type", "immutable", "data", "stringData", "binaryData"]
        .into_iter()
        .filter(|key| !original[*key].is_null())
        .map(|key| (key.to_owned(), original[key].clone()))
        .collect();
    let digest = digest::sha256(&Value::Object(content.iter().cloned().collect()));
    let original_name = original["metadata"]["name"].as_str().unwrap_or_default();
    let suffix = format!("presync-{}", digest.get(..DIGEST).unwrap_or(&digest));
    let mut metadata = json!({"name": name::with_suffix(original_name, &suffix, MAX_NAME)});
    if !original["metadata"]["namespace"].is_null() {
        metadata["namespace"] = original["metadata"]["namespace"].clone();
    }
    metadata["labels"] = json!({MANAGED_BY: MANAGER});
    metadata["annotations"] =
        json!({ARGO_HOOK: "PreSync", ARGO_DELETE_POLICY: "HookSucceeded", SYNC_WAVE: wave.to_string()});
    copy["metadata"] = metadata;
    for (key, value) in content {
        copy[key] = value;
    }
    copy
}
