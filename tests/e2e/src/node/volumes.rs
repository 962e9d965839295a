//! Volumes for the claims of the node's pods, made when the scheduler has chosen the node for the first pod that uses
//! one: as with most clouds' storage classes, a claim that no pod uses is never bound.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::PostParams;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

/// The name of the storage class, and of its provisioner.
const NAME: &str = "e2e.presync";

/// How the scheduler tells the provisioner that a claim is needed.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// Makes the default storage class.
pub(super) async fn register(client: &Client) -> anyhow::Result<()> {
    let class = json!({
        "metadata": {
            "name": NAME,
            "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        "provisioner": NAME,
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    let classes = Api::<StorageClass>::all(client.clone());
    classes.create(&PostParams::default(), &serde_json::from_value(class)?).await?;
    Ok(())
}

/// Provisions volumes, until it is dropped.
pub(super) async fn run(client: Client) {
    let claims = Api::<PersistentVolumeClaim>::all(client.clone());
    Controller::new(claims, watcher::Config::default())
        .run(provision, |_, _, _| Action::requeue(Duration::from_secs(1)), Arc::new(client))
        .for_each(async |_| ())
        .await;
}

/// Makes the volume of one claim. Kubernetes' own controller then binds the two.
async fn provision(claim: Arc<PersistentVolumeClaim>, client: Arc<Client>) -> kube::Result<Action> {
    let bound = claim.spec.as_ref().is_some_and(|spec| spec.volume_name.is_some());
    let (Some(uid), Some(spec)) = (claim.uid(), &claim.spec) else { return Ok(Action::await_change()) };
    if bound || !claim.annotations().contains_key(SELECTED_NODE) {
        return Ok(Action::await_change());
    }
    let volume = json!({
        "metadata": { "name": format!("pvc-{uid}") },
        "spec": {
            "storageClassName": spec.storage_class_name,
            "accessModes": spec.access_modes,
            "capacity": spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()),
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": claim.namespace(),
                "name": claim.name_any(),
                "uid": uid,
            },
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": { "path": "/nonexistent" },
        },
    });
    let volume = serde_json::from_value(volume).map_err(kube::Error::SerdeError)?;
    match Api::<PersistentVolume>::all((*client).clone()).create(&PostParams::default(), &volume).await {
        Ok(_) => Ok(Action::await_change()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(Action::await_change()),
        Err(error) => Err(error),
    }
}
