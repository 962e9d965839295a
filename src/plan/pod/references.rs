//! What a pod names: every field of its spec that must find an object before the pod can run.
//!
//! Source: Kubernetes' `core/v1` `PodSpec`, and the kubelet's rules on what may be missing.

use serde_json::Value;

use crate::{manifest::Step, plan::pod::node::Node};

/// What a needed object is to the Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// A ConfigMap or Secret.
    Config,
    /// A ServiceAccount, and what gives it rights.
    Identity,
    /// A PersistentVolumeClaim or PersistentVolume.
    Volume,
    /// Makes a ConfigMap or Secret in the cluster, or is what such an object itself needs.
    Producer,
    /// A database, and the Services that lead to it.
    Database,
    /// Another Job that the pod waits for.
    Job,
    /// The namespace of the Job or of a need.
    Namespace,
    /// A class that the cluster looks up: PriorityClass, RuntimeClass, StorageClass.
    Class,
    /// The CustomResourceDefinition of a need.
    Definition,
    /// A network policy that lets the pod's traffic through.
    Policy,
}

/// A field that names an object.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// As `Index::find` takes it.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The namespace that the field itself gives.
    pub(crate) namespace: Option<String>,
    pub(crate) relation: Relation,
    /// The field in words, never its value.
    pub(crate) why: String,
    /// The way to the name.
    pub(crate) path: Vec<Step>,
    pub(crate) reads: Reads,
    /// The pod starts without it: it is needed only if the app renders it.
    pub(crate) optional: bool,
}

/// What of a ConfigMap's or Secret's data a field lets the pod read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Nothing: the object only has to be there.
    Nothing,
    /// One key as an environment variable of the container at this position.
    Variable { container: usize, key: String, name: String },
    /// All keys as environment variables of the container at this position.
    Variables { container: usize, prefix: String },
    /// Files of a volume: these keys, each with its path below the mount, or all where none is given.
    Files { volume: String, items: Vec<(String, String)> },
}

impl Reference {
    /// A reference to an object of the same namespace that only has to be there.
    pub(crate) fn new(kind: &str, relation: Relation, name: &str, why: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: None,
            relation,
            why: why.to_owned(),
            path: Vec::new(),
            reads: Reads::Nothing,
            optional: false,
        }
    }
}

impl Reads {
    /// Returns the container whose environment it is part of.
    pub(crate) fn container(&self) -> Option<usize> {
        match self {
            Self::Variable { container, .. } | Self::Variables { container, .. } => Some(*container),
            Self::Nothing | Self::Files { .. } => None,
        }
    }
}

/// Returns a reference by a field of another object than the Job.
pub(crate) fn reference(why: &str, kind: &str, relation: Relation, name: &Value) -> Option<Reference> {
    let name = name.as_str().filter(|name| !name.is_empty())?;
    Some(Reference::new(kind, relation, name, why))
}

/// The annotations of pods by which injectors mount an object, one a line.
#[rustfmt::skip]
const ANNOTATIONS: &[(&str, &str)] = &[
    ("vault.hashicorp.com/agent-configmap", "ConfigMap"),
    ("vault.hashicorp.com/tls-secret", "Secret"),
    ("vault.hashicorp.com/agent-extra-secret", "Secret"),
    ("vault.security.banzaicloud.io/vault-agent-configmap", "ConfigMap"),
    ("vault.security.banzaicloud.io/vault-ct-configmap", "ConfigMap"),
    ("vault.security.banzaicloud.io/vault-tls-secret", "Secret"),
    ("vault.security.banzaicloud.io/vault-serviceaccount", "ServiceAccount"),
    ("openbao.org/agent-configmap", "ConfigMap"),
    ("openbao.org/tls-secret", "Secret"),
    ("openbao.org/agent-extra-secret", "Secret"),
    ("secrets-webhook.security.bank-vaults.io/vault-agent-configmap", "ConfigMap"),
    ("secrets-webhook.security.bank-vaults.io/vault-ct-configmap", "ConfigMap"),
    ("secrets-webhook.security.bank-vaults.io/vault-tls-secret", "Secret"),
    ("secrets-webhook.security.bank-vaults.io/vault-serviceaccount", "ServiceAccount"),
    ("secrets-webhook.security.bank-vaults.io/bao-agent-configmap", "ConfigMap"),
    ("secrets-webhook.security.bank-vaults.io/bao-ct-configmap", "ConfigMap"),
    ("secrets-webhook.security.bank-vaults.io/bao-tls-secret", "Secret"),
    ("secrets-webhook.security.bank-vaults.io/bao-serviceaccount", "ServiceAccount"),
];

/// Returns what the annotations of a pod name.
pub(crate) fn of_annotations(annotations: &Value) -> Vec<Reference> {
    let relation = |kind: &str| if kind == "ServiceAccount" { Relation::Identity } else { Relation::Config };
    let named = |(key, kind): &(&str, &str)| {
        reference(&format!("annotation {key}"), kind, relation(kind), &annotations[*key])
    };
    ANNOTATIONS.iter().filter_map(named).collect()
}

/// A ConfigMap that Kubernetes itself puts into every namespace.
const ROOT_CA: &str = "kube-root-ca.crt";

/// Returns every field of a pod's spec that names an object; paths start at the spec.
pub(crate) fn of_pod(pod: &Value) -> Vec<Reference> {
    let pod = Node::root(pod);
    let mut found = Found(Vec::new());
    for (at, container) in containers(&pod).iter().enumerate() {
        found.environment(at, container);
    }
    for volume in pod.get("volumes").items() {
        found.volume(&volume, mounted(&pod, volume.value["name"].as_str()));
    }
    for secret in pod.get("imagePullSecrets").items() {
        found.object("Secret", Relation::Config, "imagePullSecrets", &secret.get("name"), Reads::Nothing);
    }
    for (kind, field) in [("PriorityClass", "priorityClassName"), ("RuntimeClass", "runtimeClassName")] {
        found.object(kind, Relation::Class, field, &pod.get(field), Reads::Nothing);
    }
    found.0.retain(|reference| !(reference.kind == "ConfigMap" && reference.name == ROOT_CA));
    found.0
}

/// The ServiceAccount that a pod runs as; a path is given where the pod names it.
pub(crate) fn account(pod: &Value) -> Reference {
    let (field, name) = service_account(pod);
    let path = if pod[field].is_string() { vec![Step::Key(field.to_owned())] } else { Vec::new() };
    Reference { path, ..Reference::new("ServiceAccount", Relation::Identity, name, field) }
}

/// The field that names the pod's ServiceAccount, and the name; pods that name none run as `default`.
pub(crate) fn service_account(pod: &Value) -> (&'static str, &str) {
    let named =
        |field: &'static str| pod[field].as_str().filter(|name| !name.is_empty()).map(|name| (field, name));
    named("serviceAccountName")
        .or_else(|| named("serviceAccount"))
        .unwrap_or(("serviceAccountName", "default"))
}

/// Init containers, then containers; the position in this list identifies one.
pub(crate) fn containers<'a>(pod: &Node<'a>) -> Vec<Node<'a>> {
    let (init, main) = (pod.get("initContainers"), pod.get("containers"));
    init.items().chain(main.items()).collect()
}

/// Returns `container migrate` or `init container wait`.
pub(crate) fn container_label(container: &Node<'_>) -> String {
    let init = container.path.first().is_some_and(|step| *step == Step::Key("initContainers".into()));
    let name = container.value["name"].as_str().unwrap_or_default();
    format!("{} {name}", if init { "init container" } else { "container" })
}

/// Whether a container uses the volume: the kubelet mounts only those that a container uses
/// (`pkg/kubelet/volumemanager/populator`: "Volume is not used in the pod, ignore it").
fn mounted(pod: &Node<'_>, volume: Option<&str>) -> bool {
    containers(pod).iter().any(|container| {
        ["volumeMounts", "volumeDevices"].iter().any(|list| {
            let uses = container.value[list].as_array();
            uses.into_iter().flatten().any(|mount| mount["name"].as_str() == volume)
        })
    })
}

/// Secrets that volume types other than `secret` take: the field of the volume, and where the name stands in it.
const VOLUME_SECRETS: [(&str, &[&str]); 8] = [
    ("azureFile", &["secretName"]),
    ("cephfs", &["secretRef", "name"]),
    ("csi", &["nodePublishSecretRef", "name"]),
    ("flexVolume", &["secretRef", "name"]),
    ("iscsi", &["secretRef", "name"]),
    ("rbd", &["secretRef", "name"]),
    ("scaleIO", &["secretRef", "name"]),
    ("storageos", &["secretRef", "name"]),
];

struct Found(Vec<Reference>);

impl Found {
    fn object(&mut self, kind: &str, relation: Relation, why: &str, name: &Node<'_>, reads: Reads) {
        let Some(text) = name.text() else { return };
        self.0.push(Reference {
            path: name.path.clone(),
            reads,
            ..Reference::new(kind, relation, text, why)
        });
    }

    /// A ConfigMap or Secret.
    fn config(&mut self, kind: &str, why: &str, source: &Node<'_>, name: &str, reads: Reads) {
        let before = self.0.len();
        self.object(kind, Relation::Config, why, &source.get(name), reads);
        for reference in &mut self.0[before..] {
            reference.optional = source.value["optional"] == true;
        }
    }

    fn environment(&mut self, at: usize, container: &Node<'_>) {
        let label = container_label(container);
        for source in container.get("envFrom").items() {
            let prefix = source.value["prefix"].as_str().unwrap_or_default();
            let reads = Reads::Variables { container: at, prefix: prefix.to_owned() };
            let why = format!("envFrom of {label}");
            self.config("ConfigMap", &why, &source.get("configMapRef"), "name", reads.clone());
            self.config("Secret", &why, &source.get("secretRef"), "name", reads);
        }
        for variable in container.get("env").items() {
            let name = variable.value["name"].as_str().unwrap_or_default();
            let why = format!("env {name} of {label}");
            let from = variable.get("valueFrom");
            for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
                let source = from.get(field);
                let key = source.value["key"].as_str().unwrap_or_default().to_owned();
                let reads = Reads::Variable { container: at, key, name: name.to_owned() };
                self.config(kind, &why, &source, "name", reads);
            }
        }
    }

    fn volume(&mut self, volume: &Node<'_>, mounted: bool) {
        let name = volume.value["name"].as_str().unwrap_or_default();
        let why = format!("volume {name}");
        let files = |source: &Node<'_>| files(name, source);
        let claim = volume.get("persistentVolumeClaim").get("claimName");
        // The scheduler looks at every claim of the pod, mounted or not.
        self.object("PersistentVolumeClaim", Relation::Volume, &why, &claim, Reads::Nothing);
        let template = volume.get("ephemeral").get("volumeClaimTemplate").get("spec");
        self.claim(&why, &template);
        if !mounted {
            return;
        }
        let (config, secret) = (volume.get("configMap"), volume.get("secret"));
        self.config("ConfigMap", &why, &config, "name", files(&config));
        self.config("Secret", &why, &secret, "secretName", files(&secret));
        for source in volume.get("projected").get("sources").items() {
            let (config, secret) = (source.get("configMap"), source.get("secret"));
            self.config("ConfigMap", &why, &config, "name", files(&config));
            self.config("Secret", &why, &secret, "name", files(&secret));
        }
        let class = volume.get("csi").get("volumeAttributes").get("secretProviderClass");
        let kind = "SecretProviderClass.secrets-store.csi.x-k8s.io";
        self.object(kind, Relation::Producer, &why, &class, Reads::Nothing);
        for (field, way) in VOLUME_SECRETS {
            let name = way.iter().fold(volume.get(field), |node, key| node.get(key));
            self.object("Secret", Relation::Config, &why, &name, Reads::Nothing);
        }
    }

    fn claim(&mut self, why: &str, spec: &Node<'_>) {
        let (class, volume) = (spec.get("storageClassName"), spec.get("volumeName"));
        self.object("StorageClass", Relation::Class, why, &class, Reads::Nothing);
        self.object("PersistentVolume", Relation::Volume, why, &volume, Reads::Nothing);
        for source in [spec.get("dataSource"), spec.get("dataSourceRef")] {
            if source.value["kind"] == "PersistentVolumeClaim" {
                let name = source.get("name");
                self.object("PersistentVolumeClaim", Relation::Volume, why, &name, Reads::Nothing);
            }
        }
    }
}

/// Returns what a claim's spec names: class, volume, the claim that it copies.
pub(crate) fn of_claim(why: &str, spec: &Value) -> Vec<Reference> {
    let mut found = Found(Vec::new());
    found.claim(why, &Node::root(spec));
    found.0
}

fn files(volume: &str, source: &Node<'_>) -> Reads {
    let items = source.value["items"].as_array().into_iter().flatten();
    let item = |item: &Value| Some((item["key"].as_str()?.to_owned(), item["path"].as_str()?.to_owned()));
    Reads::Files { volume: volume.to_owned(), items: items.filter_map(item).collect() }
}
