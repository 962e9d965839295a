//! The hook annotations of any object, read as Argo CD reads them.
//!
//! Sources: gitops-engine `pkg/sync/hook/hook.go`, `pkg/sync/hook/helm/type.go`, `pkg/sync/hook/delete_policy.go`,
//! `pkg/sync/syncwaves/waves.go`; argo-cd `controller/hook.go`.

use std::fmt;

use serde_json::Value;

/// `argocd.argoproj.io/hook`.
pub(crate) const ARGO_HOOK: &str = "argocd.argoproj.io/hook";
/// `argocd.argoproj.io/hook-delete-policy`.
pub(crate) const ARGO_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// `argocd.argoproj.io/sync-wave`.
pub(crate) const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// `helm.sh/hook`.
pub(crate) const HELM_HOOK: &str = "helm.sh/hook";
/// `helm.sh/hook-weight`.
pub(crate) const HELM_WEIGHT: &str = "helm.sh/hook-weight";
/// `helm.sh/hook-delete-policy`.
pub(crate) const HELM_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
/// The three annotations that make Helm's hook; Argo CD reads them too, so a rewritten Job has none.
pub(crate) const HELM_ANNOTATIONS: [&str; 3] = [HELM_HOOK, HELM_WEIGHT, HELM_DELETE_POLICY];

/// A phase in which Argo CD runs hooks, in the order of a sync; the last two run when the app is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "Argo CD's own names")]
pub enum HookType {
    PreSync,
    Sync,
    PostSync,
    SyncFail,
    PreDelete,
    PostDelete,
}

impl fmt::Display for HookType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
            Self::PreDelete => "PreDelete",
            Self::PostDelete => "PostDelete",
        })
    }
}

/// What an object's annotations make of it in a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// An ordinary resource of the Sync phase.
    Resource,
    /// A hook in these phases.
    Hook(Vec<HookType>),
    /// Argo CD never applies it: `Skip`, a Helm test, only types that Argo CD does not know.
    Ignored,
}

/// Who wrote the annotations that make the object a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// Argo CD's own annotation.
    ArgoCd,
    /// Helm's annotation.
    Helm,
    /// None of them.
    Nobody,
}

/// Returns an annotation's value.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

/// Returns the entries of a comma-separated annotation, trimmed, empty ones left out.
pub(crate) fn entries<'a>(object: &'a Value, key: &str) -> Vec<&'a str> {
    annotation(object, key)
        .map(|list| list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect())
        .unwrap_or_default()
}

/// Returns the sync wave in force: `sync-wave`, else Helm's weight, else 0; what is no number counts as absent.
pub(crate) fn wave(object: &Value) -> i32 {
    explicit_wave(object).unwrap_or(0)
}

/// Returns the sync wave that an annotation gives.
pub(crate) fn explicit_wave(object: &Value) -> Option<i32> {
    [SYNC_WAVE, HELM_WEIGHT].iter().find_map(|key| annotation(object, key)?.parse().ok())
}

/// Returns what the annotations make of the object, and which of the two annotations decides.
pub(crate) fn role(object: &Value) -> (Role, Author) {
    let argo = entries(object, ARGO_HOOK);
    let types = argo_types(&argo);
    if !types.is_empty() {
        return (Role::Hook(types), Author::ArgoCd);
    }
    if argo.contains(&"Skip") {
        return (Role::Ignored, Author::ArgoCd);
    }
    let helm = entries(object, HELM_HOOK);
    // `crd-install` counts only as the whole value: helm/type.go.
    if annotation(object, HELM_HOOK).is_some() && helm != ["crd-install"] {
        let types = helm_types(&helm);
        return (if types.is_empty() { Role::Ignored } else { Role::Hook(types) }, Author::Helm);
    }
    if annotation(object, ARGO_HOOK).is_some() {
        return (Role::Ignored, Author::ArgoCd);
    }
    (Role::Resource, Author::Nobody)
}

fn argo_types(entries: &[&str]) -> Vec<HookType> {
    sorted(entries.iter().filter_map(|entry| match *entry {
        "PreSync" => Some(HookType::PreSync),
        "Sync" => Some(HookType::Sync),
        "PostSync" => Some(HookType::PostSync),
        "SyncFail" => Some(HookType::SyncFail),
        "PreDelete" => Some(HookType::PreDelete),
        "PostDelete" => Some(HookType::PostDelete),
        _ => None,
    }))
}

fn helm_types(entries: &[&str]) -> Vec<HookType> {
    sorted(entries.iter().filter_map(|entry| match *entry {
        "pre-install" | "pre-upgrade" => Some(HookType::PreSync),
        "post-install" | "post-upgrade" => Some(HookType::PostSync),
        "pre-delete" => Some(HookType::PreDelete),
        "post-delete" => Some(HookType::PostDelete),
        _ => None,
    }))
}

fn sorted(types: impl Iterator<Item = HookType>) -> Vec<HookType> {
    let mut types: Vec<_> = types.collect();
    types.sort_unstable();
    types.dedup();
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(annotations: &[(&str, &str)]) -> Value {
        let annotations: serde_json::Map<_, _> =
            annotations.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        json!({"metadata": {"annotations": annotations}})
    }

    #[test]
    fn argo_cd_wins_over_helm() {
        let both = object(&[(ARGO_HOOK, "Sync"), (HELM_HOOK, "pre-install")]);
        assert_eq!(role(&both), (Role::Hook(vec![HookType::Sync]), Author::ArgoCd));
        let unknown = object(&[(ARGO_HOOK, "Presync"), (HELM_HOOK, "pre-install")]);
        assert_eq!(role(&unknown), (Role::Hook(vec![HookType::PreSync]), Author::Helm));
    }

    #[test]
    fn what_argo_cd_never_applies_is_ignored() {
        for annotations in [
            [(ARGO_HOOK, "Skip")],
            [(ARGO_HOOK, "")],
            [(ARGO_HOOK, "Presync")],
            [(HELM_HOOK, "test")],
            [(HELM_HOOK, "post-rollback")],
        ] {
            assert_eq!(role(&object(&annotations)).0, Role::Ignored, "{annotations:?}");
        }
    }

    #[test]
    fn lists_may_hold_spaces_and_several_phases() {
        let helm = object(&[(HELM_HOOK, "post-install, pre-upgrade , post-rollback")]);
        assert_eq!(role(&helm).0, Role::Hook(vec![HookType::PreSync, HookType::PostSync]));
        let skip = object(&[(ARGO_HOOK, "Skip,PreSync")]);
        assert_eq!(role(&skip).0, Role::Hook(vec![HookType::PreSync]));
    }

    #[test]
    fn a_resource_has_no_hook_annotation() {
        for annotations in [
            &[][..],
            &[(HELM_DELETE_POLICY, "before-hook-creation")],
            &[("helm.sh/resource-policy", "keep")],
            &[(HELM_HOOK, "crd-install")],
        ] {
            assert_eq!(role(&object(annotations)).0, Role::Resource, "{annotations:?}");
        }
    }

    #[test]
    fn the_weight_is_the_wave_where_none_is_given() {
        assert_eq!(wave(&object(&[(HELM_WEIGHT, "5")])), 5);
        assert_eq!(wave(&object(&[(HELM_WEIGHT, "5"), (SYNC_WAVE, "-1")])), -1);
        assert_eq!(wave(&object(&[(HELM_WEIGHT, "5"), (SYNC_WAVE, "first")])), 5);
        assert_eq!(explicit_wave(&object(&[])), None);
    }
}
