//! The Application's parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    error::{Problem, Problems, Result},
    exit::Exit,
};

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
    /// Returns the key that holds the value in an Application.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Unset => "nothing",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
        }
    }
}

/// Returns the Application's parameters in their order, from `ARGOCD_APP_PARAMETERS`.
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
        (Some(_), None, None) => Err("has a `string` that is not a string; quote the value"),
        (None, Some(value), None) => {
            let texts = value.as_array().and_then(|items| items.iter().map(text).collect());
            texts
                .map(ParameterValue::Array)
                .ok_or("has an `array` that is not a list of strings; quote each item")
        }
        (None, None, Some(value)) => {
            let pairs = value
                .as_object()
                .and_then(|map| map.iter().map(|(k, v)| Some((k.clone(), text(v)?))).collect());
            pairs.map(ParameterValue::Map).ok_or("has a `map` that is not a map of strings; quote each value")
        }
        _ => Err("has more than one of `string`, `array` and `map`"),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
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
}
