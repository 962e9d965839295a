//! What Argo CD hands a plugin.
//!
//! The contract is `reposerver/repository/repository.go` (`newEnv`, `getPluginEnvs`, `getPluginParamEnvs`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{
    error::{Problem, Problems, Result},
    exit::Exit,
};

/// The Application that is rendered, as far as Argo CD's environment tells; empty strings count as unset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// `ARGOCD_APP_NAME`; `<namespace>_<name>` for an Application outside Argo CD's namespace.
    pub name: Option<String>,
    /// `ARGOCD_APP_NAMESPACE`: the destination namespace.
    pub namespace: Option<String>,
    /// `ARGOCD_APP_PROJECT_NAME`.
    pub project: Option<String>,
    /// `ARGOCD_APP_REVISION`: the resolved commit.
    pub revision: Option<String>,
    /// `ARGOCD_APP_SOURCE_REPO_URL`.
    pub repo_url: Option<String>,
    /// `ARGOCD_APP_SOURCE_PATH`: the app's directory in the repository.
    pub path: Option<String>,
    /// `ARGOCD_APP_SOURCE_TARGET_REVISION`.
    pub target_revision: Option<String>,
    /// `KUBE_VERSION`, such as `1.34.2`.
    pub kube_version: Option<String>,
    /// `KUBE_API_VERSIONS`, split at commas: `group/version` and `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// `ARGOCD_ENV_*`, by the name after the prefix.
    pub env: BTreeMap<String, String>,
}

impl App {
    /// What the process environment tells of the Application.
    pub fn from_env(env: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| env.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            name: get("ARGOCD_APP_NAME"),
            namespace: get("ARGOCD_APP_NAMESPACE"),
            project: get("ARGOCD_APP_PROJECT_NAME"),
            revision: get("ARGOCD_APP_REVISION"),
            repo_url: get("ARGOCD_APP_SOURCE_REPO_URL"),
            path: get("ARGOCD_APP_SOURCE_PATH"),
            target_revision: get("ARGOCD_APP_SOURCE_TARGET_REVISION"),
            kube_version: get("KUBE_VERSION"),
            api_versions: get("KUBE_API_VERSIONS")
                .map(|list| {
                    list.split(',').filter(|version| !version.is_empty()).map(str::to_owned).collect()
                })
                .unwrap_or_default(),
            env: env
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.strip_prefix("ARGOCD_ENV_")?.to_owned(), value.clone()))
                })
                .collect(),
        }
    }

    /// The Application's own name, without the namespace that stands before it outside Argo CD's namespace: what
    /// Argo CD takes as Helm's release name (`util/argo/argo.go`, `ParseInstanceName`).
    pub fn short_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        Some(name.split_once('_').map_or(name, |(_, name)| name))
    }
}

/// A parameter's value, in one of the three forms that Argo CD has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// A parameter with a name only.
    Unset,
    /// `string`.
    String(String),
    /// `array`; may be present and empty.
    Array(Vec<String>),
    /// `map`; may be present and empty.
    Map(BTreeMap<String, String>),
}

impl ParameterValue {
    /// The key that holds the value in an Application.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Unset => "nothing",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
        }
    }
}

/// The Application's parameters in their order, from `ARGOCD_APP_PARAMETERS`.
///
/// The variable is absent without a `plugin` block and `null` without parameters (`getPluginParamEnvs`,
/// `ApplicationSourcePluginParameters.Environ`). The problems name parameters and never repeat a value.
pub fn parameters(env: &BTreeMap<String, String>) -> Result<Vec<(String, ParameterValue)>> {
    const VARIABLE: &str = "ARGOCD_APP_PARAMETERS";
    let text = env.get(VARIABLE).map_or("", |text| text.trim());
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |message: String| Problem::new(Exit::SETTINGS, message);
    let list = match serde_json::from_str(text) {
        Ok(Value::Null) => return Ok(Vec::new()),
        Ok(Value::Array(list)) => list,
        Ok(_) => return Err(wrong(format!("`{VARIABLE}` must be a JSON array")).into()),
        Err(error) => {
            return Err(wrong(format!("`{VARIABLE}` cannot be read as JSON")).caused_by(error).into());
        }
    };
    let mut problems = Problems::default();
    let mut parameters: Vec<(String, ParameterValue)> = Vec::new();
    for (number, item) in (1..).zip(list) {
        let Some(name) = item.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
            problems.push(wrong(format!("parameter number {number} has no name")));
            continue;
        };
        if parameters.iter().any(|(other, _)| other == name) {
            problems.push(wrong(format!("parameter `{name}` is given twice")));
            continue;
        }
        match parameter_value(&item) {
            Ok(value) => parameters.push((name.to_owned(), value)),
            Err(message) => problems.push(wrong(format!("parameter `{name}` {message}"))),
        }
    }
    problems.or(parameters)
}

fn parameter_value(item: &Value) -> std::result::Result<ParameterValue, &'static str> {
    let present = |key: &str| item.get(key).filter(|value| !value.is_null());
    match (present("string"), present("array"), present("map")) {
        (None, None, None) => Ok(ParameterValue::Unset),
        (Some(Value::String(text)), None, None) => Ok(ParameterValue::String(text.clone())),
        (Some(_), None, None) => Err("has a `string` that is none: put it in quotes"),
        (None, Some(value), None) => {
            let texts = value.as_array().and_then(|items| items.iter().map(text).collect());
            texts
                .map(ParameterValue::Array)
                .ok_or("has an `array` that is no list of texts: put each in quotes")
        }
        (None, None, Some(value)) => {
            let pairs = value
                .as_object()
                .and_then(|map| map.iter().map(|(k, v)| Some((k.clone(), text(v)?))).collect());
            pairs.map(ParameterValue::Map).ok_or("has a `map` that is no map of texts: put each in quotes")
        }
        _ => Err("has more than one of `string`, `array` and `map`"),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// An announcement of a parameter, which Argo CD's UI makes a form of (`reposerver/repository/repository.proto`,
/// `ParameterAnnouncement`). The defaults are shown only; Argo CD does not send them when it renders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// The parameter's name.
    pub name: String,
    /// A name to read.
    pub title: String,
    /// A description.
    pub tooltip: String,
    /// `boolean` or `number`; none for a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_type: Option<String>,
    /// `array` or `map`; none for a single value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection_type: Option<String>,
    /// The default of a single value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string: Option<String>,
    /// The default of an array.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub array: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_app_is_what_argo_cd_tells() {
        let app = App::from_env(&env(&[
            ("ARGOCD_APP_NAME", "team-a_catalog-dev"),
            ("ARGOCD_APP_NAMESPACE", ""),
            ("ARGOCD_APP_PROJECT_NAME", "default"),
            ("ARGOCD_APP_REVISION", "0123"),
            ("ARGOCD_APP_SOURCE_REPO_URL", "https://example.com/repo.git"),
            ("ARGOCD_APP_SOURCE_PATH", "apps/catalog"),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", "main"),
            ("KUBE_VERSION", "1.34.2"),
            ("KUBE_API_VERSIONS", "v1,apps/v1,,apps/v1/Deployment"),
            ("ARGOCD_ENV_REGION", "eu"),
            ("PATH", "/bin"),
        ]));
        let expected = App {
            name: Some("team-a_catalog-dev".into()),
            namespace: None,
            project: Some("default".into()),
            revision: Some("0123".into()),
            repo_url: Some("https://example.com/repo.git".into()),
            path: Some("apps/catalog".into()),
            target_revision: Some("main".into()),
            kube_version: Some("1.34.2".into()),
            api_versions: ["v1", "apps/v1", "apps/v1/Deployment"].map(Into::into).into(),
            env: env(&[("REGION", "eu")]),
        };
        assert_eq!(app, expected);
        assert_eq!(app.short_name(), Some("catalog-dev"));
        assert_eq!(App::from_env(&BTreeMap::new()), App::default());
        assert_eq!(App::default().short_name(), None);
    }

    #[test]
    fn parameters_keep_their_shape_and_order() {
        let json = r#"[{"name": "b", "string": "\u003c\u0026"}, {"name": "a", "array": []}, {"name": "d", "map": {"k": "v"}},
                       {"name": "c"}, {"name": "e", "string": "", "array": null}]"#;
        let parameters = parameters(&env(&[("ARGOCD_APP_PARAMETERS", json)])).unwrap();
        assert_eq!(
            parameters,
            [
                ("b".to_owned(), ParameterValue::String("<&".into())),
                ("a".to_owned(), ParameterValue::Array(Vec::new())),
                ("d".to_owned(), ParameterValue::Map(env(&[("k", "v")]))),
                ("c".to_owned(), ParameterValue::Unset),
                ("e".to_owned(), ParameterValue::String(String::new())),
            ]
        );
    }

    #[test]
    fn all_wrong_parameters_are_reported() {
        let json = r#"[{"name": "a", "string": 1}, {"name": "b", "map": []}, {}]"#;
        let problems = parameters(&env(&[("ARGOCD_APP_PARAMETERS", json)])).unwrap_err();
        assert_eq!(problems.iter().count(), 3);
    }

    #[test]
    fn an_announcement_has_only_what_it_needs() {
        let announcement =
            Announcement { name: "ttl".into(), title: "TTL".into(), ..Announcement::default() };
        assert_eq!(
            serde_json::to_string(&announcement).unwrap(),
            r#"{"name":"ttl","title":"TTL","tooltip":""}"#
        );
    }
}
