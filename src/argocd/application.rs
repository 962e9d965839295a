//! Applications, as a file holds them or an ApplicationSet makes them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::{Source, Sources};
use crate::{
    error::{Location, Problem},
    exit::Exit,
};

/// The namespace of Argo CD itself, unless a run says otherwise.
pub const ARGOCD_NAMESPACE: &str = "argocd";

/// An Application.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `spec`.
    pub spec: Value,
    /// Where it stands, or the ApplicationSet that makes it.
    pub location: Location,
}

/// What the Application does not say and the run does.
#[derive(Debug, Clone, Default)]
pub struct Surroundings<'a> {
    /// The namespace that Argo CD runs in.
    pub argocd_namespace: &'a str,
    /// The commit that is rendered.
    pub revision: Option<&'a str>,
}

impl Application {
    /// Reads an object of kind `Application`.
    pub(super) fn read(object: &Value, location: Location) -> Result<Self, Problem> {
        let wrong = |message: &str| Problem::new(Exit::SETTINGS, message).at(location.clone());
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let name = text(&object["metadata"]["name"]).ok_or_else(|| match &object["metadata"]["name"] {
            Value::Null | Value::String(_) => wrong("the Application has no name"),
            _ => wrong("the name of the Application is not a string; quote the value"),
        })?;
        if !object["spec"].is_object() {
            return Err(wrong("the Application has no `spec`"));
        }
        Ok(Self {
            name,
            namespace: text(&object["metadata"]["namespace"]),
            spec: object["spec"].clone(),
            location,
        })
    }

    /// Returns the sources that yield manifests, each with its number among all sources, counted from 1. With `merge`,
    /// the overrides that the app's directory holds are applied first.
    pub fn sources(&self, mut merge: impl FnMut(&str, &mut Value)) -> Vec<(usize, Source)> {
        let mut all: Vec<Value> = match self.spec["sources"].as_array() {
            Some(sources) if !sources.is_empty() => sources.clone(),
            _ => vec![self.spec["source"].clone()],
        };
        for source in &mut all {
            if let Some(path) = source["path"].as_str().map(str::to_owned) {
                merge(&path, source);
            }
        }
        let sources = Sources(&all);
        (1..)
            .zip(&all)
            .filter_map(|(number, source)| Some((number, Source::read(source, &sources)?)))
            .collect()
    }

    /// Returns the name as the plugin gets it: `<namespace>_<name>` outside Argo CD's namespace (`InstanceName`).
    pub fn instance_name(&self, argocd_namespace: &str) -> String {
        match &self.namespace {
            Some(namespace) if namespace != argocd_namespace => format!("{namespace}_{}", self.name),
            _ => self.name.clone(),
        }
    }

    /// Returns the destination namespace.
    pub fn destination_namespace(&self) -> Option<&str> {
        self.spec["destination"]["namespace"].as_str().filter(|namespace| !namespace.is_empty())
    }

    /// Returns the environment that Argo CD would run the plugin in: `newEnv` and `getPluginEnvs`.
    pub fn environment(&self, source: &Source, around: &Surroundings<'_>) -> BTreeMap<String, String> {
        let revision = around.revision.unwrap_or_default();
        let project = self.spec["project"].as_str().filter(|project| !project.is_empty());
        let short = |length: usize| revision.get(..length).unwrap_or(revision).to_owned();
        let mut env: BTreeMap<String, String> = [
            ("ARGOCD_APP_NAME", self.instance_name(around.argocd_namespace)),
            ("ARGOCD_APP_NAMESPACE", self.destination_namespace().unwrap_or_default().to_owned()),
            ("ARGOCD_APP_PROJECT_NAME", project.unwrap_or("default").to_owned()),
            ("ARGOCD_APP_REVISION", revision.to_owned()),
            ("ARGOCD_APP_REVISION_SHORT", short(7)),
            ("ARGOCD_APP_REVISION_SHORT_8", short(8)),
            ("ARGOCD_APP_SOURCE_REPO_URL", source.repo_url.clone()),
            ("ARGOCD_APP_SOURCE_PATH", source.path.clone().unwrap_or_default()),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", source.target_revision.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let plugin = source.plugin_environment(&env);
        env.extend(plugin);
        env
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::argocd::{App, ParameterValue, parameters};

    fn application(object: &Value) -> Application {
        Application::read(object, Location::default()).unwrap()
    }

    #[test]
    fn the_environment_is_what_argo_cd_hands_over() {
        let application = application(&json!({
            "metadata": {"name": "shop-dev", "namespace": "team-a"},
            "spec": {
                "project": "retail",
                "destination": {"namespace": "shop"},
                "source": {
                    "repoURL": "https://example.com/r.git", "path": "apps/shop", "targetRevision": "main",
                    "plugin": {
                        "name": "presync",
                        "env": [{"name": "TAG", "value": "v-$ARGOCD_APP_REVISION_SHORT-${NONE}"}],
                        "parameters": [{"name": "ttl", "string": "5m"}],
                    },
                },
            },
        }));
        let sources = application.sources(|_, _| {});
        let around = Surroundings { argocd_namespace: "argocd", revision: Some("0123456789abcdef") };
        let env = application.environment(&sources[0].1, &around);
        let app = App::from_env(&env);
        assert_eq!(app.name.as_deref(), Some("team-a_shop-dev"));
        assert_eq!(app.namespace.as_deref(), Some("shop"));
        assert_eq!(app.project.as_deref(), Some("retail"));
        assert_eq!(app.path.as_deref(), Some("apps/shop"));
        assert_eq!(app.env["TAG"], "v-0123456-");
        assert_eq!(parameters(&env).unwrap(), [("ttl".to_owned(), ParameterValue::String("5m".into()))]);
        assert_eq!(application.instance_name("team-a"), "shop-dev");
    }

    #[test]
    fn a_source_without_a_path_yields_nothing() {
        let application = application(&json!({
            "metadata": {"name": "a"},
            "spec": {"sources": [
                {"repoURL": "https://a", "ref": "values"},
                {"repoURL": "https://b", "path": "x", "plugin": {"name": "presync"}},
                {"repoURL": "https://charts", "chart": "redis"},
            ]},
        }));
        let sources = application.sources(|_, _| {});
        let numbers: Vec<_> = sources.iter().map(|(number, source)| (*number, source.native)).collect();
        assert_eq!(numbers, [(2, false), (3, true)]);
        assert_eq!(application.spec["project"], Value::Null);
    }
}
