//! An Application to be made, with its repository and its namespace.

use std::time::Instant;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DynamicObject, PostParams};
use kube::core::ObjectMeta;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::App;
use crate::history::History;
use crate::lab::{Lab, Remote, argoproj};
use crate::migrations::Migrations;
use crate::repository::Repository;

/// The cluster that Argo CD itself runs in.
const LOCAL: &str = "https://kubernetes.default.svc";

/// The folder of an application in its repository, unless told otherwise.
const PATH: &str = "app";

/// An Application to be made: a native directory source, synced by hand, unless told otherwise.
pub struct Builder {
    lab: Lab,
    name: String,
    files: Vec<(String, String)>,
    secrets: Vec<Secret>,
    source: Value,
    sync_policy: Value,
    metadata: Value,
    remote: Option<Remote>,
    namespace: Option<String>,
    home: Option<String>,
    second: Option<String>,
}

impl Builder {
    pub(crate) fn new(lab: Lab, name: String) -> Self {
        let source = json!({ "path": PATH });
        Self {
            lab,
            name,
            files: Vec::new(),
            secrets: Vec::new(),
            source,
            sync_policy: json!({}),
            metadata: json!({}),
            remote: None,
            namespace: None,
            home: None,
            second: None,
        }
    }

    /// A file of the application's folder.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<String>) -> Self {
        self.files.push((path.to_owned(), content.into()));
        self
    }

    /// The folder of the application in its repository.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.source["path"] = json!(path);
        self
    }

    /// Rendered by presync with these parameters.
    #[must_use]
    pub fn presync(mut self, parameters: &[(&str, &str)]) -> Self {
        self.source["plugin"] = presync(parameters);
        self
    }

    /// Rendered by presync with the `plugin` block as it stands in an Application.
    #[must_use]
    pub fn plugin(mut self, plugin: Value) -> Self {
        self.source["plugin"] = plugin;
        self
    }

    /// A Secret that somebody else has put into the namespace before.
    #[must_use]
    pub fn secret(mut self, name: &str, key: &str, value: &str) -> Self {
        self.secrets.push(Secret {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            string_data: Some([(key.to_owned(), value.to_owned())].into()),
            ..Secret::default()
        });
        self
    }

    /// Synced by Argo CD itself, with pruning.
    #[must_use]
    pub fn automated(mut self, self_heal: bool) -> Self {
        self.sync_policy["automated"] = json!({ "prune": true, "selfHeal": self_heal });
        self
    }

    /// Deployed to another cluster than Argo CD's own.
    #[must_use]
    pub fn remote(mut self, cluster: Remote) -> Self {
        self.remote = Some(cluster);
        self
    }

    /// Of the Argo CD in another namespace.
    #[must_use]
    pub fn argocd(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.lab.argocd);
        self
    }

    /// Not in Argo CD's namespace, but in this one of a team, which is made with it.
    #[must_use]
    pub fn home(mut self, namespace: &str) -> Self {
        self.home = Some(namespace.to_owned());
        self
    }

    /// Deployed to a namespace that it shares with others.
    #[must_use]
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespace = Some(name.to_owned());
        self
    }

    /// With a second source: this folder of the same repository, rendered by Argo CD itself.
    #[must_use]
    pub fn second_source(mut self, path: &str) -> Self {
        self.second = Some(path.to_owned());
        self
    }

    /// A sync option such as `ServerSideApply=true`.
    #[must_use]
    pub fn sync_option(mut self, option: &str) -> Self {
        let mut options = self.sync_policy["syncOptions"].as_array().cloned().unwrap_or_default();
        options.push(json!(option));
        self.sync_policy["syncOptions"] = Value::from(options);
        self
    }

    /// An annotation of the Application.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.metadata["annotations"][name] = json!(value);
        self
    }

    /// The `retry` of the sync policy.
    #[must_use]
    pub fn retry(mut self, limit: u32, backoff: &str) -> Self {
        self.sync_policy["retry"] =
            json!({ "limit": limit, "backoff": { "duration": backoff, "factor": 1 } });
        self
    }

    /// A variable in the `plugin` block's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.source["plugin"]["env"] = json!([{ "name": name, "value": value }]);
        self
    }

    /// Makes the repository, the namespace and the Application, and starts to follow them.
    pub async fn create(self) -> Result<App> {
        let Self { lab, name, files, secrets, mut source, sync_policy, metadata, .. } = self;
        let space = self.namespace.unwrap_or_else(|| name.clone());
        let client = self.remote.as_ref().map_or(&lab.client, |remote| &remote.client).clone();
        let server = self.remote.map_or_else(|| LOCAL.to_owned(), |remote| remote.server);
        let home = self.home.unwrap_or_else(|| lab.argocd.clone());
        let repository = Repository::create(&lab.git, &name)?;
        let path = source["path"].as_str().unwrap_or_default().to_owned();
        repository.commit(
            "first",
            &path,
            files.iter().map(|(file, content)| (file.as_str(), Some(content.as_str()))),
        )?;

        make_namespace(&client, &space).await?;
        make_namespace(&lab.client, &home).await?;
        for secret in secrets {
            Api::namespaced(client.clone(), &space).create(&PostParams::default(), &secret).await?;
        }
        let applications = lab.applications_in(&home);
        let migrations = Migrations::follow(&client, &space);
        let history = History::follow(applications.clone(), &name);

        source["repoURL"] = json!(repository.url());
        source["targetRevision"] = json!("main");
        let source = match self.second {
            Some(second) => {
                let mut other = json!({ "path": second });
                other["repoURL"] = source["repoURL"].clone();
                other["targetRevision"] = source["targetRevision"].clone();
                json!({ "sources": [source, other] })
            }
            None => json!({ "source": source }),
        };
        let mut spec = json!({
            "project": "default",
            "destination": { "server": server, "namespace": space },
            "syncPolicy": sync_policy,
        });
        for (key, value) in source.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        let mut application =
            DynamicObject::new(&name, &argoproj("Application")).data(json!({ "spec": spec }));
        let annotations = metadata["annotations"].as_object().into_iter().flatten();
        application.metadata.annotations = Some(
            annotations
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
        );
        application.metadata.finalizers = Some(vec!["resources-finalizer.argocd.argoproj.io".to_owned()]);
        applications.create(&PostParams::default(), &application).await?;
        Ok(App {
            lab,
            client,
            name,
            home,
            space,
            path,
            repository,
            history,
            migrations,
            created: Instant::now(),
        })
    }
}

async fn make_namespace(client: &Client, name: &str) -> Result<()> {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let namespace = Namespace { metadata, ..Namespace::default() };
    match Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await {
        Ok(_) => Ok(()),
        // It is shared.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The `plugin` block of a source that presync renders with these parameters.
pub fn presync(parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> =
        parameters.iter().map(|(name, value)| json!({ "name": name, "string": value })).collect();
    json!({ "name": "presync", "parameters": parameters })
}
