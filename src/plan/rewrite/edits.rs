//! From decisions to edits of one Job's manifest.

use serde_json::Value;

use crate::{
    manifest::{Edit, Step},
    plan::app::{
        hooks::{ARGO_DELETE_POLICY, ARGO_HOOK, HELM_ANNOTATIONS, HookType, SYNC_WAVE},
        job::Job,
    },
};

/// The annotation that a rewritten Job carries: what was decided, for whoever reads the live object.
pub(crate) const TRACE: &str = "argocd-presync-plugin/rewritten";

/// The annotation with the digest of what the Job runs, the same as in its trigger: it says which change a live Job ran.
pub(crate) const DIGEST: &str = "argocd-presync-plugin/digest";

/// Always: a hook of the same name is replaced, and with its predecessor's Job a hook would count as run.
pub(crate) const DELETE_POLICY: &str = "BeforeHookCreation";

/// What is to be written on a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// How the hook annotations change.
    pub hook: HookEdit<'a>,
    /// The sync wave, where it is to be written.
    pub wave: Option<i32>,
    /// `spec.ttlSecondsAfterFinished`.
    pub ttl: Option<u64>,
    /// `metadata.name`.
    pub name: &'a str,
    /// The text of the trace.
    pub trace: String,
}

/// What becomes of the hook annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookEdit<'a> {
    /// The Job is a hook in these phases.
    Hook(&'a [HookType]),
    /// The Job is no hook.
    Plain,
    /// They stay as they are.
    Unchanged,
}

/// Returns the edits that make `job` the target; empty when it is so already.
pub(crate) fn edits(job: &Job<'_>, target: &Target<'_>, more: Vec<Edit>) -> Vec<Edit> {
    let mut edits = Vec::new();
    if job.name() != target.name {
        edits.push(Edit::set(["metadata", "name"], target.name));
        edits.push(Edit::remove(["metadata", "generateName"]));
    }
    if target.hook != HookEdit::Unchanged {
        edits.extend(HELM_ANNOTATIONS.map(|key| Edit::remove(["metadata", "annotations", key])));
    }
    match target.hook {
        HookEdit::Hook(types) => {
            edits.push(annotate(ARGO_HOOK, &types_text(types)));
            edits.push(annotate(ARGO_DELETE_POLICY, DELETE_POLICY));
        }
        HookEdit::Plain => {
            edits.extend(
                [ARGO_HOOK, ARGO_DELETE_POLICY].map(|key| Edit::remove(["metadata", "annotations", key])),
            );
        }
        HookEdit::Unchanged => {}
    }
    if let Some(wave) = target.wave {
        edits.push(annotate(SYNC_WAVE, &wave.to_string()));
    }
    edits.push(match target.ttl {
        Some(ttl) => Edit::set(["spec", "ttlSecondsAfterFinished"], ttl),
        None => Edit::remove(["spec", "ttlSecondsAfterFinished"]),
    });
    edits.extend(more);
    edits.retain(|edit| has_effect(job.object, edit));
    if !edits.is_empty() {
        edits.push(annotate(TRACE, &target.trace));
    }
    edits
}

/// Returns `PreSync` or, where an author wrote several, `PreSync,PostSync`.
pub(crate) fn types_text(types: &[HookType]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Sets an annotation.
pub(crate) fn annotate(key: &str, value: &str) -> Edit {
    Edit::set(["metadata", "annotations", key], value)
}

fn has_effect(object: &Value, edit: &Edit) -> bool {
    let (path, wanted) = match edit {
        Edit::Set { path, value } => (path, Some(value)),
        Edit::Remove { path } => (path, None),
    };
    let found = path.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    });
    found != wanted
}
