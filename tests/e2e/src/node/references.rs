//! The `ConfigMap`s and `Secret`s that must exist before a kubelet starts a pod.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, PodSpec, Secret, Volume};
use kube::{Api, Client, ResourceExt as _};

/// Annotation on a pod: what its commands wait for, such as `deployment/name`, separated by commas: a Deployment or
/// StatefulSet that is available, a Job that is complete, a ConfigMap that is there.
const WAITS: &str = "e2e.presync/waits";

/// Why a pod cannot start, in the kubelet's own words.
pub(super) struct Missing {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    ConfigMap,
    Secret,
}

/// One thing that a pod needs.
struct Reference {
    kind: Kind,
    name: String,
    /// An entry that must be there too.
    key: Option<String>,
    /// Mounted: the kubelet then waits before it makes the containers, else after.
    mounted: bool,
}

/// The first thing that `pod` needs and that does not exist.
pub(super) async fn missing(pod: &Pod, client: &Client) -> kube::Result<Option<Missing>> {
    let Some(spec) = &pod.spec else { return Ok(None) };
    let namespace = pod.namespace().unwrap_or_default();
    let config_maps = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
    let secrets = Api::<Secret>::namespaced(client.clone(), &namespace);
    for Reference { kind, name, key, mounted } in references(spec) {
        // The keys of what is found; nothing when it is not.
        let (kind, keys) = match kind {
            Kind::ConfigMap => {
                let found = config_maps.get_opt(&name).await?;
                let keys = found.map(|map| keys(map.data).chain(keys(map.binary_data)).collect::<Vec<_>>());
                ("configmap", keys)
            }
            Kind::Secret => {
                ("secret", secrets.get_opt(&name).await?.map(|secret| keys(secret.data).collect()))
            }
        };
        let message = match (keys, key) {
            (None, _) => format!("{kind} \"{name}\" not found"),
            (Some(keys), Some(key)) if !keys.contains(&key) => {
                format!("couldn't find key {key} in {kind} {namespace}/{name}")
            }
            _ => continue,
        };
        let reason = if mounted { "ContainerCreating" } else { "CreateContainerConfigError" };
        return Ok(Some(Missing { reason, message }));
    }
    waiting(pod, client, &namespace).await
}

/// The first object that the pod's commands wait for and that does not run, or has not completed.
async fn waiting(pod: &Pod, client: &Client, namespace: &str) -> kube::Result<Option<Missing>> {
    let waits = pod.annotations().get(WAITS).map(String::as_str).unwrap_or_default();
    for (kind, name) in waits.split(',').filter_map(|object| object.split_once('/')) {
        let done = match kind {
            "job" => {
                let job = Api::<Job>::namespaced(client.clone(), namespace).get_opt(name).await?;
                job.and_then(|job| job.status?.succeeded).is_some_and(|pods| pods > 0)
            }
            "statefulset" => {
                let set = Api::<StatefulSet>::namespaced(client.clone(), namespace).get_opt(name).await?;
                set.and_then(|set| set.status?.available_replicas).is_some_and(|pods| pods > 0)
            }
            "configmap" => {
                Api::<ConfigMap>::namespaced(client.clone(), namespace).get_opt(name).await?.is_some()
            }
            _ => {
                let deployment =
                    Api::<Deployment>::namespaced(client.clone(), namespace).get_opt(name).await?;
                let status = deployment.and_then(|deployment| deployment.status);
                status.and_then(|status| status.available_replicas).is_some_and(|pods| pods > 0)
            }
        };
        if !done {
            return Ok(Some(Missing {
                reason: "PodInitializing",
                message: format!("waits for {kind} {name}"),
            }));
        }
    }
    Ok(None)
}

fn keys<V>(data: Option<std::collections::BTreeMap<String, V>>) -> impl Iterator<Item = String> {
    data.into_iter().flatten().map(|(key, _)| key)
}

/// Everything that is not optional: mounts first, as a kubelet does.
fn references(spec: &PodSpec) -> Vec<Reference> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let mounted = spec.volumes.iter().flatten().flat_map(of_volume);
    mounted.chain(containers.flat_map(of_container)).collect()
}

/// A reference, unless it is optional.
fn reference(
    kind: Kind,
    name: &str,
    key: Option<&str>,
    optional: Option<bool>,
    mounted: bool,
) -> Option<Reference> {
    let required = optional != Some(true);
    required.then(|| Reference { kind, name: name.to_owned(), key: key.map(str::to_owned), mounted })
}

fn of_container(container: &Container) -> Vec<Reference> {
    let whole = container.env_from.iter().flatten().flat_map(|source| {
        let config_map = source.config_map_ref.as_ref();
        let secret = source.secret_ref.as_ref();
        [
            config_map.and_then(|map| reference(Kind::ConfigMap, &map.name, None, map.optional, false)),
            secret.and_then(|secret| reference(Kind::Secret, &secret.name, None, secret.optional, false)),
        ]
    });
    let single = container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref());
    let single = single.flat_map(|source| {
        let config_map = source.config_map_key_ref.as_ref();
        let secret = source.secret_key_ref.as_ref();
        [
            config_map.and_then(|of| reference(Kind::ConfigMap, &of.name, Some(&of.key), of.optional, false)),
            secret.and_then(|of| reference(Kind::Secret, &of.name, Some(&of.key), of.optional, false)),
        ]
    });
    whole.chain(single).flatten().collect()
}

fn of_volume(volume: &Volume) -> Vec<Reference> {
    let config_map = volume.config_map.iter();
    let secret = volume.secret.iter();
    let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    let config_map =
        config_map.filter_map(|map| reference(Kind::ConfigMap, &map.name, None, map.optional, true));
    let secret = secret.filter_map(|secret| {
        reference(Kind::Secret, secret.secret_name.as_deref()?, None, secret.optional, true)
    });
    let projected = projected.flat_map(|source| {
        let config_map = source.config_map.as_ref();
        let secret = source.secret.as_ref();
        [
            config_map.and_then(|map| reference(Kind::ConfigMap, &map.name, None, map.optional, true)),
            secret.and_then(|secret| reference(Kind::Secret, &secret.name, None, secret.optional, true)),
        ]
    });
    config_map.chain(secret).chain(projected.flatten()).collect()
}
