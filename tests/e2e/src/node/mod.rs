//! A node without containers: it reports for every pod what a kubelet would, and nothing runs.
//!
//! Pods of Jobs end at once and with success, unless their annotations [`SECONDS`] and [`OUTCOME`] say otherwise; other
//! pods are ready at once and stay. As on a real node, a pod whose `ConfigMap` or `Secret` does not exist waits
//! for it: that is what hangs when a hook comes before what it reads. For what else a pod needs it waits elsewhere: with
//! no `ServiceAccount` the API server does not admit it, and with no volume the scheduler does not assign it.
//!
//! It is our own and not kwok, because a kwok stage sees only the pod and cannot wait for another object.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, Secret};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

mod logs;
mod references;
mod volumes;

/// The node's name.
const NAME: &str = "e2e";

/// Annotation on a Job's pod: how many seconds it runs; 0 by default.
pub const SECONDS: &str = "e2e.presync/seconds";

/// Annotation on a Job's pod: `succeed` (the default) or `fail`.
pub const OUTCOME: &str = "e2e.presync/outcome";

/// Annotation on a Job's pod: what its container printed.
pub const LOG: &str = "e2e.presync/log";

/// Annotation on a Job's pod: the Secret that it makes.
const MAKES: &str = "e2e.presync/makes";

/// Adds the node to the cluster, and runs it as a task of its own. It takes the API server's own certificate, from the
/// folder `certificates`, for the port where logs are read.
pub async fn start(client: &Client, certificates: &Path) -> Result<JoinHandle<()>> {
    let logs = logs::Server::bind(client.clone(), certificates).await?;
    register(client, logs.port()).await.context("cannot register the fake node")?;
    let client = client.clone();
    Ok(tokio::spawn(async move {
        tokio::join!(run(client), logs.serve());
    }))
}

/// Adds the node to the cluster, ready for pods.
async fn register(client: &Client, port: u16) -> Result<()> {
    let nodes = Api::<Node>::all(client.clone());
    let room = json!({ "cpu": "64", "memory": "256Gi", "pods": "1000" });
    let node = json!({ "metadata": { "name": NAME }, "status": { "allocatable": room, "capacity": room } });
    nodes.create(&PostParams::default(), &serde_json::from_value(node)?).await?;
    let ready = json!({ "status": {
        "conditions": [{ "type": "Ready", "status": "True", "reason": "Fake" }],
        "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
    } });
    nodes.patch_status(NAME, &PatchParams::default(), &Patch::Merge(ready)).await?;
    // Admission taints a new node. The controller that would remove the taint wants heartbeats, so it is switched off.
    nodes.patch(NAME, &PatchParams::default(), &Patch::Merge(json!({ "spec": { "taints": null } }))).await?;
    volumes::register(client).await
}

/// Runs the pods that the scheduler assigns to the node, and provides their volumes, until it is dropped.
async fn run(client: Client) {
    let pods = Api::<Pod>::all(client.clone());
    let mine = watcher::Config::default().fields(&format!("spec.nodeName={NAME}"));
    let pods = Controller::new(pods, mine)
        .run(step, |_, _, _| Action::requeue(Duration::from_secs(1)), Arc::new(client.clone()))
        .for_each(async |_| ());
    tokio::join!(pods, volumes::run(client));
}

/// The next step in a pod's life.
async fn step(pod: Arc<Pod>, client: Arc<Client>) -> kube::Result<Action> {
    let pods = Api::<Pod>::namespaced((*client).clone(), &pod.namespace().unwrap_or_default());
    let name = pod.name_any();
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending");

    if pod.metadata.deletion_timestamp.is_some() {
        // Stopped at once; what still holds it are finalizers.
        match pods.delete(&name, &DeleteParams::default().grace_period(0)).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
        return Ok(Action::await_change());
    }
    let (status, next) = match phase {
        "Pending" => match references::missing(&pod, &client).await? {
            Some(missing) => (waiting(&pod, &missing), Action::requeue(Duration::from_millis(500))),
            None => (Some(running(&pod)), Action::await_change()),
        },
        "Running" if !stays(&pod) => {
            if let Some(rest) = remaining(&pod) {
                return Ok(Action::requeue(rest));
            }
            make(&pod, &client).await?;
            (Some(ended(&pod)), Action::await_change())
        }
        _ => return Ok(Action::await_change()),
    };
    if let Some(status) = status {
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(json!({ "status": status }))).await?;
    }
    Ok(next)
}

/// Makes the Secret that the pod's commands make.
async fn make(pod: &Pod, client: &Client) -> kube::Result<()> {
    let Some(name) = annotation(pod, MAKES) else { return Ok(()) };
    let secrets = Api::<Secret>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let secret = json!({ "metadata": { "name": name }, "stringData": { "url": "x" } });
    let secret = serde_json::from_value(secret).map_err(kube::Error::SerdeError)?;
    match secrets.create(&PostParams::default(), &secret).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error),
    }
}

/// It runs until somebody deletes it.
fn stays(pod: &Pod) -> bool {
    pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()).unwrap_or("Always") == "Always"
}

fn annotation<'a>(pod: &'a Pod, name: &str) -> Option<&'a str> {
    pod.annotations().get(name).map(String::as_str)
}

/// How long a pod that ends by itself still runs; nothing when it is time to end.
fn remaining(pod: &Pod) -> Option<Duration> {
    let seconds = annotation(pod, SECONDS).and_then(|text| text.parse().ok()).unwrap_or(0);
    let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref())?.0;
    let runs = Timestamp::now().duration_since(started).unsigned_abs();
    Duration::from_secs(seconds).checked_sub(runs).filter(|rest| !rest.is_zero())
}

/// What a kubelet says of a pod that it cannot start yet; nothing when it has said so.
fn waiting(pod: &Pod, missing: &references::Missing) -> Option<Value> {
    let reason = json!({ "waiting": { "reason": missing.reason, "message": missing.message } });
    let known = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref()?.first());
    let told = known.and_then(|container| container.state.as_ref()?.waiting.as_ref()?.message.as_deref());
    (told != Some(&missing.message))
        .then(|| json!({ "phase": "Pending", "containerStatuses": containers(pod, false, &reason) }))
}

fn running(pod: &Pod) -> Value {
    let now = Timestamp::now().to_string();
    let condition = |name: &str| json!({ "type": name, "status": "True", "lastTransitionTime": now });
    let conditions = ["Initialized", "PodScheduled", "ContainersReady", "Ready"].map(condition);
    json!({
        "phase": "Running",
        "startTime": now,
        "podIP": "10.0.1.1",
        "podIPs": [{ "ip": "10.0.1.1" }],
        "conditions": conditions,
        "containerStatuses": containers(pod, true, &json!({ "running": { "startedAt": now } })),
    })
}

fn ended(pod: &Pod) -> Value {
    let now = Timestamp::now().to_string();
    let failed = annotation(pod, OUTCOME) == Some("fail");
    let (phase, reason) = if failed { ("Failed", "Error") } else { ("Succeeded", "Completed") };
    let state =
        json!({ "exitCode": i32::from(failed), "reason": reason, "startedAt": now, "finishedAt": now });
    json!({
        "phase": phase,
        "conditions": [{ "type": "Ready", "status": "False", "reason": "PodCompleted", "lastTransitionTime": now }],
        "containerStatuses": containers(pod, false, &json!({ "terminated": state })),
    })
}

/// The same state for every container.
fn containers(pod: &Pod, ready: bool, state: &Value) -> Vec<Value> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers
        .map(|container| {
            json!({
                "name": container.name,
                "image": container.image,
                "imageID": "",
                "ready": ready,
                "restartCount": 0,
                "state": state,
            })
        })
        .collect()
}
