//! Finds PreSync hooks whose pod needs something that the same app creates only later.
//!
//! ## Why
//!
//! A PreSync hook runs before anything of the app is applied. On the first install the ConfigMap, Secret,
//! ServiceAccount or claim is not there, the pod cannot start, and the sync hangs; on every later one it reads the old
//! values. With kustomize's name hashes each change is a first install.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: ConfigMap
//! metadata:
//!   name: shop
//! data:
//!   DATABASE_HOST: db.example.com
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!         - name: migrate
//!           image: shop:1.0.0
//!           command: [rails, "db:migrate"]
//!           envFrom: [{configMapRef: {name: shop}}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: ConfigMap
//! metadata:
//!   name: shop
//! data:
//!   DATABASE_HOST: db.example.com
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: Sync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!         - name: migrate
//!           image: shop:1.0.0
//!           command: [rails, "db:migrate"]
//!           envFrom: [{configMapRef: {name: shop}}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/sync_context.go`: the phases of a sync; many issues, such as argoproj/argo-cd#4979.

use std::collections::{BTreeSet, HashMap};

use super::{Facts, Found, Object, Severity};
use crate::plan::{
    app::{hooks::HookType, index::is},
    pod::references,
};

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let mut by_name: HashMap<&str, Vec<&Object<'_>>> = HashMap::new();
    for object in &facts.objects {
        for name in names(object) {
            by_name.entry(name).or_default().push(object);
        }
    }
    for job in facts.hook_jobs().filter(|job| job.runs_in(HookType::PreSync)) {
        let Some(pod) = job.pod() else { continue };
        let mut needed = BTreeSet::new();
        let account = Some(references::account(pod.spec())).filter(|account| !account.path.is_empty());
        let references = references::of_pod(pod.spec()).into_iter().chain(account);
        needed.extend(references.filter(|it| !it.optional).map(|reference| (reference.kind, reference.name)));
        for (kind, name) in &needed {
            let named = by_name.get(name.as_str()).into_iter().flatten();
            let makers: Vec<_> = named.filter(|object| makes(object, kind, name)).collect();
            let early = |object: &&&Object<'_>| object.runs_in(HookType::PreSync) && object.wave() <= job.wave();
            if let (Some(maker), false) = (makers.first(), makers.iter().any(early)) {
                let message =
                    format!("runs before {} is applied, which its pod cannot start without", maker.header.label());
                found.push(Found::at(job, pod.path_to(&["spec"]), message).hint(
                    "let presync place it: remove the hook annotation, or annotate it with \
                     `argocd-presync-plugin/phase: Sync`",
                ));
            }
        }
    }
}

/// Returns the names of an object and of what it may make.
fn names<'o>(object: &'o Object<'_>) -> impl Iterator<Item = &'o str> {
    let spec = &object.value["spec"];
    [Some(object.name()), spec["target"]["name"].as_str(), spec["secretName"].as_str()].into_iter().flatten()
}

/// Whether the object is what the pod needs, or makes it.
fn makes(object: &Object<'_>, kind: &str, name: &str) -> bool {
    let target = object.value["spec"]["target"]["name"].as_str().unwrap_or(object.name());
    match object.kind() {
        _ if is(&object.header, kind) => object.name() == name,
        "ExternalSecret" => kind == "Secret" && target == name,
        "SealedSecret" => kind == "Secret" && object.name() == name,
        "Certificate" => kind == "Secret" && object.value["spec"]["secretName"] == name,
        _ => false,
    }
}
