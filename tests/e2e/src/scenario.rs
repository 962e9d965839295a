//! One scenario: what it made in the cluster, and what is kept when it fails.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ListParams;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::app::{App, Builder};
use crate::lab::Lab;

/// What a scenario works with. Each has Applications and namespaces of its own, so that all can run at once.
pub struct Scenario {
    lab: Lab,
    name: String,
    apps: Mutex<Vec<Arc<App>>>,
}

impl Scenario {
    /// A scenario that has made nothing yet. `name` becomes part of the names in the cluster.
    pub fn new(lab: Lab, name: &str) -> Self {
        Self { lab, name: name.to_owned(), apps: Mutex::default() }
    }

    /// How the names of all that it makes begin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// An Application of this scenario, to be made with [`Scenario::create`]. `role` tells it from the scenario's
    /// others and may be empty.
    pub fn app(&self, role: &str) -> Builder {
        let name = if role.is_empty() { self.name.clone() } else { format!("{}-{role}", self.name) };
        Builder::new(self.lab.clone(), name)
    }

    /// Makes an Application.
    pub async fn create(&self, app: Builder) -> Result<Arc<App>> {
        let app = Arc::new(app.create().await?);
        self.apps.lock().await.push(Arc::clone(&app));
        Ok(app)
    }

    /// All Applications that it made.
    pub async fn apps(&self) -> Vec<Arc<App>> {
        self.apps.lock().await.clone()
    }

    /// Deletes all that the scenario made.
    pub async fn clean_up(&self) -> Result<()> {
        for app in self.apps.lock().await.drain(..) {
            app.clean_up().await?;
        }
        Ok(())
    }

    /// Writes down all that the scenario made, and returns the folder.
    pub async fn save(&self) -> Result<PathBuf> {
        let folder = self.lab.output.join(&self.name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for app in self.apps.lock().await.iter() {
            let write =
                |what: &str, text: String| fs::write(folder.join(format!("{}-{what}", app.name())), text);
            write("application.yaml", serde_yaml::to_string(&app.object().await?)?)?;
            write("history.txt", format!("{}\n{}", app.history, app.migrations))?;
            write("jobs.yaml", list::<Job>(app).await?)?;
            write("pods.yaml", list::<Pod>(app).await?)?;
            write("events.yaml", list::<Event>(app).await?)?;
        }
        Ok(folder)
    }
}

async fn list<K>(app: &App) -> Result<String>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + Serialize,
{
    Ok(serde_yaml::to_string(&app.api::<K>().list(&ListParams::default()).await?.items)?)
}
