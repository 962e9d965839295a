//! Permissions as a file of `examples/rescue/rbac` gives them, and kubeconfigs of the service accounts that hold them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::{Deserialize as _, DeserializeOwned};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::lab::Lab;

/// The objects of one RBAC file.
#[derive(Debug, Clone)]
pub struct Permissions(Vec<Value>);

/// One verb on one resource that a file gives.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The object, rule, resource and verb in the file.
    place: (usize, usize, usize, usize),
    /// The verb.
    pub verb: String,
    /// The resource.
    pub resource: String,
}

impl Permissions {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let objects = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
        Ok(Self(objects.collect::<Result<_, _>>()?))
    }

    /// Every verb on every resource.
    pub fn grants(&self) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (object, value) in self.0.iter().enumerate() {
            for (rule, entry) in array(&value["rules"]).enumerate() {
                for (resource, name) in array(&entry["resources"]).enumerate() {
                    for (verb, word) in array(&entry["verbs"]).enumerate() {
                        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                        let place = (object, rule, resource, verb);
                        grants.push(Grant { place, verb: text(word), resource: text(name) });
                    }
                }
            }
        }
        grants
    }

    /// All but one.
    pub fn without(&self, grant: &Grant) -> Result<Self> {
        let (object, rule, resource, verb) = grant.place;
        let mut objects = self.0.clone();
        let rules = objects[object]["rules"].as_array_mut().context("no rules")?;
        let mut rest: PolicyRule = serde_json::from_value(rules[rule].clone())?;
        let mut other = rest.clone();
        rest.resources.iter_mut().for_each(|names| *names = vec![names[resource].clone()]);
        rest.verbs.remove(verb);
        other.resources.iter_mut().for_each(|names| drop(names.remove(resource)));
        rules.remove(rule);
        for kept in [rest, other] {
            // The API server refuses a rule that gives nothing.
            if !kept.verbs.is_empty() && kept.resources.as_ref().is_some_and(|names| !names.is_empty()) {
                rules.push(serde_json::to_value(kept)?);
            }
        }
        Ok(Self(objects))
    }

    /// Makes the cluster's objects equal to these.
    pub async fn apply(&self, lab: &Lab) -> Result<()> {
        for object in &self.0 {
            match object["kind"].as_str().unwrap_or_default() {
                "ServiceAccount" => namespaced::<ServiceAccount>(lab, object).await?,
                "Role" => namespaced::<Role>(lab, object).await?,
                "RoleBinding" => namespaced::<RoleBinding>(lab, object).await?,
                "ClusterRole" => cluster::<ClusterRole>(lab, object).await?,
                "ClusterRoleBinding" => cluster::<ClusterRoleBinding>(lab, object).await?,
                kind => bail!("{kind} is no permission"),
            }
        }
        Ok(())
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

async fn namespaced<K>(lab: &Lab, object: &Value) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    let mut object = object.clone();
    // A binding in a file that a kustomization puts into Argo CD's namespace names no namespace.
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        subject["namespace"] = json!(lab.argocd);
    }
    apply(&Api::<K>::namespaced(lab.client.clone(), &lab.argocd), &object).await
}

async fn cluster<K>(lab: &Lab, object: &Value) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    apply(&Api::<K>::all(lab.client.clone()), object).await
}

async fn apply<K>(api: &Api<K>, object: &Value) -> Result<()>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    let name = object["metadata"]["name"].as_str().context("no name")?;
    api.patch(name, &PatchParams::apply("e2e").force(), &Patch::Apply(object)).await?;
    Ok(())
}

/// A kubeconfig of a service account in Argo CD's namespace.
pub async fn kubeconfig(lab: &Lab, account: &str) -> Result<NamedTempFile> {
    let accounts = Api::<ServiceAccount>::namespaced(lab.client.clone(), &lab.argocd);
    let request = TokenRequest { spec: TokenRequestSpec::default(), ..TokenRequest::default() };
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    let token = answer.status.context("no token")?.token;
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&lab.kubeconfig)?)?;
    config["users"][0]["user"] = json!({ "token": token });
    let mut file = NamedTempFile::new()?;
    file.write_all(config.to_string().as_bytes())?;
    Ok(file)
}
