//! Which Application an object belongs to, by Argo CD's marks on it (`util/argo/resource_tracking.go`).

use std::collections::BTreeMap;

use crate::cluster::key::{AppKey, ObjectKey};

/// Annotation that names the Application and the object itself.
const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";

/// How this Argo CD marks what it manages (`application.resourceTrackingMethod`, `application.instanceLabelKey`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    /// The label's key when the label is what counts; `None` when the annotation is, also by `annotation+label`.
    label: Option<String>,
    /// The namespace of Applications whose mark names none.
    namespace: String,
}

impl Tracking {
    /// Returns the tracking of an Argo CD, from `argocd-cm`; `annotation` is the default since v3.0.
    pub fn new(method: Option<&str>, label_key: Option<&str>, namespace: &str) -> Self {
        let label_key = label_key.filter(|key| !key.is_empty()).unwrap_or("app.kubernetes.io/instance");
        let label = (method == Some("label")).then(|| label_key.to_owned());
        Self { label, namespace: namespace.to_owned() }
    }

    /// Returns the Application that tracks the object. An annotation copied from another object does not count, as in
    /// Argo CD.
    pub fn owner(
        &self,
        object: &ObjectKey,
        annotations: &BTreeMap<String, String>,
        labels: &BTreeMap<String, String>,
    ) -> Option<AppKey> {
        if let Some(key) = &self.label {
            return labels.get(key).filter(|name| !name.is_empty()).map(|name| self.app(name));
        }
        let (app, rest) = annotations.get(TRACKING_ID)?.split_once(':')?;
        let own = format!("{}/{}:{}/{}", object.group, object.kind, object.namespace, object.name);
        (rest == own).then(|| self.app(app))
    }

    /// Returns an Application by its instance name: `<namespace>_<name>` outside Argo CD's namespace (`InstanceName`).
    fn app(&self, instance: &str) -> AppKey {
        let (namespace, name) = instance.split_once('_').unwrap_or((&self.namespace, instance));
        AppKey { namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(tracking: &Tracking, annotation: Option<&str>, label: Option<&str>) -> Option<String> {
        let map = |key: &str, value: Option<&str>| {
            value.map(|v| (key.to_owned(), v.to_owned())).into_iter().collect()
        };
        let labels = map("app.kubernetes.io/instance", label);
        tracking
            .owner(&ObjectKey::job("shop", "migrate"), &map(TRACKING_ID, annotation), &labels)
            .map(|a| a.to_string())
    }

    #[test]
    fn the_annotation_must_name_the_object_itself() {
        let tracking = Tracking::new(None, None, "argocd");
        let own = owner(&tracking, Some("order:batch/Job:shop/migrate"), None);
        assert_eq!(own.as_deref(), Some("argocd/order"));
        assert_eq!(owner(&tracking, Some("order:batch/Job:shop/other"), None), None);
        assert_eq!(owner(&tracking, Some("order:batch/CronJob:shop/migrate"), None), None);
        assert_eq!(owner(&tracking, None, Some("order")), None);
    }

    #[test]
    fn an_app_outside_argo_cds_namespace_carries_its_own() {
        let tracking = Tracking::new(Some("annotation"), None, "argocd");
        let own = owner(&tracking, Some("team-a_order:batch/Job:shop/migrate"), None);
        assert_eq!(own.as_deref(), Some("team-a/order"));
    }

    #[test]
    fn labels_count_only_when_argo_cd_reads_them() {
        let by = |method| owner(&Tracking::new(Some(method), None, "argocd"), None, Some("order"));
        assert_eq!(by("label").as_deref(), Some("argocd/order"));
        assert_eq!(by("annotation+label"), None);
        assert_eq!(by("annotation"), None);
    }
}
