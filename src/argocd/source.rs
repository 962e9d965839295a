//! One source of an Application.

use std::collections::BTreeMap;

use serde_json::Value;

use super::native::{Lost, native};

/// All sources of an Application, for what one names in another.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a>(pub &'a [Value]);

impl<'a> Sources<'a> {
    /// Returns the source with this `ref`.
    pub fn named(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|source| source["ref"] == name)
    }
}

/// Returns a path into another source, `$ref/path`, as the name and the path.
pub(super) fn reference(path: &str) -> Option<(&str, &str)> {
    let (name, path) = path.strip_prefix('$')?.split_once('/')?;
    (!name.is_empty() && !name.starts_with("ARGOCD_") && !name.starts_with('{')).then_some((name, path))
}

/// A source as the plugin gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// `repoURL`.
    pub repo_url: String,
    /// `path`; none for a chart of a repository of charts.
    pub path: Option<String>,
    /// `chart`.
    pub chart: Option<String>,
    /// `targetRevision`.
    pub target_revision: Option<String>,
    /// The plugin that the source names, if it names one.
    pub plugin: Option<String>,
    /// The parameters, as `ARGOCD_APP_PARAMETERS` carries them.
    pub parameters: Vec<Value>,
    /// `plugin.env`, not yet expanded.
    pub env: Vec<(String, String)>,
    /// What the native blocks hold that the plugin has no equivalent for.
    pub lost: Vec<Lost>,
    /// The source has a native block, or none at all: it is not the plugin's yet.
    pub native: bool,
    /// The source has both a plugin and a native block, which Argo CD refuses.
    pub contested: bool,
}

impl Source {
    /// Reads a source; none for one that yields no manifests: without a path and a chart.
    pub(super) fn read(source: &Value, sources: &Sources<'_>) -> Option<Self> {
        let text = |key: &str| source[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (path, chart) = (text("path"), text("chart"));
        if path.is_none() && chart.is_none() {
            return None;
        }
        let plugin = source.get("plugin").filter(|plugin| plugin.is_object());
        let blocks = native(source, sources);
        let has_block = super::native::BLOCKS
            .iter()
            .any(|block| source[*block].as_object().is_some_and(|map| !map.is_empty()));
        let parameters = match plugin {
            Some(plugin) => plugin["parameters"].as_array().cloned().unwrap_or_default(),
            None => blocks.parameters,
        };
        let entry = |entry: &Value| {
            Some((entry["name"].as_str()?.to_owned(), entry["value"].as_str().unwrap_or_default().to_owned()))
        };
        Some(Self {
            repo_url: text("repoURL").unwrap_or_default(),
            path,
            chart,
            target_revision: text("targetRevision"),
            plugin: plugin.and_then(|plugin| plugin["name"].as_str()).map(str::to_owned),
            parameters,
            env: plugin
                .and_then(|plugin| plugin["env"].as_array())
                .map(|env| env.iter().filter_map(entry).collect())
                .unwrap_or_default(),
            lost: if plugin.is_some() { Vec::new() } else { blocks.lost },
            native: plugin.is_none(),
            contested: plugin.is_some() && has_block,
        })
    }

    /// Returns `ARGOCD_APP_PARAMETERS`, `PARAM_*` and `ARGOCD_ENV_*`, as `getPluginEnvs` makes them.
    pub(super) fn plugin_environment(&self, build: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let parameters = match self.parameters.as_slice() {
            [] => "null".to_owned(),
            some => Value::from(some.to_vec()).to_string(),
        };
        let mut env: BTreeMap<_, _> = [("ARGOCD_APP_PARAMETERS".to_owned(), parameters)].into();
        for (name, value) in &self.env {
            env.insert(
                format!("ARGOCD_ENV_{name}"),
                super::expand(value, |name| build.get(name).map(String::as_str)),
            );
        }
        env
    }
}
