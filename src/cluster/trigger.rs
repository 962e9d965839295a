//! The trigger that the plugin renders beside a hook: a ConfigMap with the digest of what the Job runs.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use k8s_openapi::{
    api::{batch::v1::Job, core::v1::ConfigMap},
    jiff::Timestamp,
};
use kube::{Api, Client, ResourceExt, api::ListParams};

use crate::{
    cluster::{
        access::{Attempt, list, patient},
        application::{Application, ResourceStatus},
        key::ObjectKey,
    },
    error::{Problems, Result},
    settings::ANNOTATION_PREFIX,
};

/// How the plugin marks what it adds.
const OURS: &str = "app.kubernetes.io/managed-by=argocd-presync-plugin";
/// How its name ends.
const SUFFIX: &str = "presync-trigger";
/// Namespaces that are read at the same time.
const PARALLEL: usize = 8;

/// A trigger as it is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The ConfigMap.
    pub key: ObjectKey,
    /// The digest of what the Job is to run.
    pub digest: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When its content last changed.
    pub changed: Option<Timestamp>,
}

/// Whether an object of an Application is a trigger, by its name.
pub fn is_trigger(key: &ObjectKey) -> bool {
    key.group.is_empty() && key.kind == "ConfigMap" && key.name.ends_with(SUFFIX)
}

/// Returns the triggers that an Application lists.
pub fn of(app: &Application) -> impl Iterator<Item = ObjectKey> {
    app.status.resources.iter().map(ResourceStatus::key).filter(is_trigger)
}

/// Returns the digest of what a live Job runs, as the plugin wrote it.
pub fn digest(live: &Job) -> Option<&str> {
    live.annotations().get(&format!("{ANNOTATION_PREFIX}digest")).map(String::as_str)
}

impl Trigger {
    /// From a ConfigMap with a digest.
    fn new(live: &ConfigMap) -> Option<Self> {
        let managed = live.metadata.managed_fields.iter().flatten();
        Some(Self {
            key: ObjectKey {
                group: String::new(),
                kind: "ConfigMap".into(),
                namespace: live.namespace().unwrap_or_default(),
                name: live.name_any(),
            },
            digest: live.data.as_ref()?.get("digest")?.clone(),
            created: live.metadata.creation_timestamp.as_ref().map(|time| time.0),
            changed: managed.filter_map(|entry| entry.time.as_ref()).map(|time| time.0).max(),
        })
    }

    /// Whether it belongs to the Job of this name.
    pub fn is_of(&self, job: &ObjectKey) -> bool {
        let stem = self.key.name.strip_suffix(SUFFIX).and_then(|stem| stem.strip_suffix('-'));
        self.key.namespace == job.namespace && stem == Some(job.name.as_str())
    }
}

/// Reads the triggers of `apps`.
pub async fn read(client: &Client, apps: &[Application]) -> Result<BTreeMap<ObjectKey, Trigger>> {
    let local = apps.iter().filter(|app| app.is_local());
    let namespaces: BTreeSet<String> = local.flat_map(of).map(|key| key.namespace).collect();
    let mut reads = stream::iter(namespaces)
        .map(|namespace| async move {
            let api = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
            let ours = ListParams::default().labels(OURS);
            let read = patient(|| list(&api, &ours)).await;
            read.map_err(|error| Attempt::new("list", "configmaps", &namespace).problem(error))
        })
        .buffer_unordered(PARALLEL);
    let (mut problems, mut triggers) = (Problems::default(), BTreeMap::new());
    while let Some(read) = reads.next().await {
        let found = problems.collect(read).into_iter().flatten();
        triggers.extend(
            found.filter_map(|live| Trigger::new(&live)).map(|trigger| (trigger.key.clone(), trigger)),
        );
    }
    problems.or(triggers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trigger_is_read_with_the_time_of_its_last_change() {
        let live = json!({"metadata": {"name": "m-presync-trigger", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"time": "2026-01-01T00:00:00Z"}, {"time": "2026-01-02T00:00:00Z"}]}, "data": {"digest": "sha256:1"}});
        let trigger = Trigger::new(&serde_json::from_value(live).expect("a ConfigMap")).expect("a trigger");
        assert!(is_trigger(&trigger.key) && trigger.is_of(&ObjectKey::job("shop", "m")));
        assert!(
            !trigger.is_of(&ObjectKey::job("shop", "n")) && !trigger.is_of(&ObjectKey::job("other", "m"))
        );
        assert!(trigger.changed > trigger.created);
        assert_eq!(Trigger::new(&ConfigMap::default()), None);
    }
}
