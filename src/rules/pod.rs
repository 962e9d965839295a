//! The pod template of an object, as far as rules look at it.

use serde_json::Value;

use crate::manifest::Step;

/// A pod template and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Pod<'a> {
    /// The template: `metadata` and `spec`.
    pub(super) template: &'a Value,
    /// The way to it.
    pub(super) path: Vec<Step>,
}

impl<'a> Pod<'a> {
    pub(super) fn of(kind: &str, object: &'a Value) -> Option<Self> {
        let path: &[&str] = match kind {
            "Job" | "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Rollout" => {
                &["spec", "template"]
            }
            "CronJob" => &["spec", "jobTemplate", "spec", "template"],
            _ => return None,
        };
        let template = path.iter().try_fold(object, |value, key| value.get(key))?;
        Some(Self { template, path: path.iter().map(|key| Step::from(*key)).collect() })
    }

    /// The way to a field of the template.
    pub(super) fn path_to(&self, keys: &[&str]) -> Vec<Step> {
        self.path.iter().cloned().chain(keys.iter().map(|key| Step::from(*key))).collect()
    }

    /// The containers that must end.
    pub(super) fn containers(&self) -> &'a [Value] {
        self.template["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The init containers.
    pub(super) fn init_containers(&self) -> &'a [Value] {
        self.template["spec"]["initContainers"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Every text in the containers: images, commands, environment.
    pub(super) fn texts(&self) -> Vec<&'a str> {
        let mut found = Vec::new();
        for container in self.containers().iter().chain(self.init_containers()) {
            texts(container, &mut found);
        }
        found
    }

    /// The objects of the app that the pod cannot start without: kind and name.
    pub(super) fn needs(&self) -> Vec<(&'static str, &'a str)> {
        let spec = &self.template["spec"];
        let mut needs = Vec::new();
        let mut push = |kind, holder: &'a Value, field: &str| {
            if let (Some(name), false) = (holder[field].as_str(), holder["optional"] == true) {
                needs.push((kind, name));
            }
        };
        push("ServiceAccount", spec, "serviceAccountName");
        for container in self.containers().iter().chain(self.init_containers()) {
            for from in items(&container["envFrom"]) {
                push("ConfigMap", &from["configMapRef"], "name");
                push("Secret", &from["secretRef"], "name");
            }
            for variable in items(&container["env"]) {
                push("ConfigMap", &variable["valueFrom"]["configMapKeyRef"], "name");
                push("Secret", &variable["valueFrom"]["secretKeyRef"], "name");
            }
        }
        for volume in items(&spec["volumes"]) {
            push("ConfigMap", &volume["configMap"], "name");
            push("Secret", &volume["secret"], "secretName");
            push("PersistentVolumeClaim", &volume["persistentVolumeClaim"], "claimName");
            push("SecretProviderClass", &volume["csi"]["volumeAttributes"], "secretProviderClass");
            for source in items(&volume["projected"]["sources"]) {
                push("ConfigMap", &source["configMap"], "name");
                push("Secret", &source["secret"], "name");
            }
        }
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}
