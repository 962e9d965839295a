//! Findings about hooks whose pod waits for an object that is not there.

use std::time::Duration;

use super::{Case, Finding, Kind};
use crate::cluster::{
    application::ResourceStatus,
    hook::Hook,
    job::{elapsed, human},
    operation::{Operation, OperationState, ResourceResult},
};

/// What another controller makes may come a little later.
const GRACE: Duration = Duration::from_mins(1);

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let (Operation::Active(state) | Operation::Orphaned(state)) = case.app.operation() else {
        return Vec::new();
    };
    case.hooks.iter().filter_map(|hook| pending(case, state, hook)).collect()
}

fn pending(case: &Case<'_>, state: &OperationState, hook: &Hook) -> Option<Finding> {
    let missing = hook.causes(case.now).iter().find_map(|cause| missing(cause))?;
    let age = elapsed(state.started()?, case.now);
    let rendered = case.app.status.resources.iter().map(ResourceStatus::key).find(|key| {
        key.kind.eq_ignore_ascii_case(&missing.0)
            && key.name == missing.1
            && key.namespace == hook.key.namespace
    });
    if rendered.is_none() && age < GRACE {
        return None;
    }
    let phase = state
        .hooks()
        .find(|result| result.key() == hook.key)
        .map(|result: &ResourceResult| &*result.hook_type);
    let phase = phase.unwrap_or("hook");
    let (kind, name) = missing;
    let finding = case.finding(
        Kind::PendingHook,
        Some(hook.key.clone()),
        format!(
            "{phase} hook {} waits for {kind} {name}, which is not there, since {}",
            hook.key,
            human(age)
        ),
    );
    Some(match rendered {
        Some(_) => finding
            .detail(format!("the app itself renders {kind} {name}, and Argo CD applies it only after the hook"))
            .fix(format!("in git: annotation argocd-presync-plugin/phase: Sync on {}, or argocd.argoproj.io/hook: Sync in a wave after that {kind}", hook.key))
            .fix(case.repair("--yes --older-than 0s")),
        None => finding
            .detail(format!("nothing that this app has applied is {kind} {name}"))
            .fix(format!("kubectl get {} {name} -n {}", kind.to_lowercase(), hook.key.namespace)),
    })
}

/// Kind and name of the object that a message of the kubelet, the scheduler or the Job controller misses: `configmap
/// "order" not found`, `couldn't find key url in Secret shop/order`.
fn missing(message: &str) -> Option<(String, String)> {
    const KINDS: [(&str, &str); 4] = [
        ("configmap", "ConfigMap"),
        ("secret", "Secret"),
        ("serviceaccount", "ServiceAccount"),
        ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ];
    let lower = message.to_lowercase();
    KINDS.iter().find_map(|(word, kind)| {
        let quoted = || {
            let (_, rest) = lower.split_once(&format!("{word} \""))?;
            let (name, rest) = rest.split_once('"')?;
            rest.starts_with(" not found").then(|| name.to_owned())
        };
        let keyed = || {
            let (_, rest) = lower.split_once("couldn't find key ")?;
            let (_, rest) = rest.split_once(&format!(" in {word} "))?;
            let path = rest.split([',', ' ', ')']).next()?;
            path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
        };
        quoted().or_else(keyed).map(|name| ((*kind).to_owned(), name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_what_is_missing() {
        let of = |message: &str| missing(message).map(|(kind, name)| format!("{kind}/{name}"));
        assert_eq!(
            of("CreateContainerConfigError: configmap \"order\" not found").as_deref(),
            Some("ConfigMap/order")
        );
        assert_eq!(of("FailedCreate: error looking up service account shop/order: serviceaccount \"order\" not found").as_deref(), Some("ServiceAccount/order"));
        assert_eq!(of("couldn't find key url in Secret shop/order").as_deref(), Some("Secret/order"));
        assert_eq!(
            of("0/3 nodes are available: persistentvolumeclaim \"data\" not found").as_deref(),
            Some("PersistentVolumeClaim/data")
        );
        assert_eq!(of("Back-off pulling image \"configmap\""), None);
    }
}
