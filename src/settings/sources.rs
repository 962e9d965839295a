//! The layers that hold one text, or a parameter, for each setting: environment, parameters, flags.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    layers::{self, Assignment},
    origin::{Layer, Origin},
    table::{self, Place, Setting},
    value_kind::Carrier,
};
use crate::{
    argocd::{self, ParameterValue},
    error::{Problem, Problems},
    exit::Exit,
};

/// The settings on the command line: the texts after each flag, by the setting's name.
pub type Flags = BTreeMap<String, Vec<String>>;

const ENV: &str = "ARGOCD_ENV_";

/// Returns `ARGOCD_ENV_PRESYNC_*`, and `ARGOCD_ENV_ENVIRONMENT`, which many apps already have.
pub(super) fn env(env: &BTreeMap<String, String>, problems: &mut Problems) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    for (variable, text) in env {
        let Some(name) = variable.strip_prefix(ENV) else { continue };
        let subject = format!("environment variable `{variable}`");
        let setting = match name.strip_prefix("PRESYNC_") {
            None if name == "ENVIRONMENT" => "environment",
            None => continue,
            Some(rest) => {
                let found = table::table().iter().find(|setting| setting.env_name() == name);
                found.map_or(rest, |setting| setting.name)
            }
        };
        match layers::find(setting, Place::Env, |setting| format!("{ENV}{}", setting.env_name())) {
            Ok(setting) => {
                let origin = Origin::new(Layer::Env(variable.clone()));
                assignments.extend(text_value(setting, text, origin, subject, problems));
            }
            Err((message, hint)) => {
                problems.push(Problem::new(Exit::SETTINGS, format!("{subject} {message}")).hint(hint));
            }
        }
    }
    assignments
}

/// Returns the Application's parameters.
pub(super) fn parameters(env: &BTreeMap<String, String>, problems: &mut Problems) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    for (name, value) in problems.collect(argocd::parameters(env)).unwrap_or_default() {
        let subject = format!("parameter `{name}`");
        let setting = match layers::find(&name, Place::Parameter, |setting| setting.name.to_owned()) {
            Ok(setting) => setting,
            Err((message, hint)) => {
                problems.push(Problem::new(Exit::SETTINGS, format!("{subject} {message}")).hint(hint));
                continue;
            }
        };
        let carrier = setting.kind.carrier();
        let origin = Origin::new(Layer::Parameter);
        let value = match value {
            ParameterValue::Unset => continue,
            ParameterValue::String(text) if text.is_empty() => continue,
            ParameterValue::String(text) if carrier == Carrier::String => {
                assignments.extend(text_value(setting, &text, origin, subject, problems));
                continue;
            }
            ParameterValue::Array(items) if carrier == Carrier::Array => Value::from(items),
            ParameterValue::Map(map) if carrier == Carrier::Map => map.into_iter().collect(),
            other => {
                let message = format!("{subject} is given as `{}`, not as `{}`", other.key(), carrier.key());
                problems.push(Problem::new(Exit::SETTINGS, message).hint(right_kind(setting)));
                continue;
            }
        };
        assignments.push(Assignment { setting, value, origin, subject, location: None });
    }
    assignments
}

/// Returns the command line.
pub(super) fn flags(flags: &Flags, problems: &mut Problems) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    for (name, texts) in flags {
        // The flags are made from the table: clap has already refused an unknown one, and a second one of a single text.
        let Some(setting) = table::find(name) else { continue };
        let subject = format!("flag `--{}`", setting.flag_name());
        assignments.extend(text_value(
            setting,
            &texts.join("\n"),
            Origin::new(Layer::Flag),
            subject,
            problems,
        ));
    }
    assignments
}

/// Returns the value that a text stands for; none when it is empty or wrong.
pub(super) fn text_value(
    setting: &'static Setting,
    text: &str,
    origin: Origin,
    subject: String,
    problems: &mut Problems,
) -> Option<Assignment> {
    match setting.kind.from_text(text) {
        Ok(Value::Null) => None,
        Ok(value) => Some(Assignment { setting, value, origin, subject, location: None }),
        Err(message) => {
            problems.push(Problem::new(Exit::SETTINGS, format!("{subject} {message}")));
            None
        }
    }
}

/// Returns how the parameter is written in an Application.
fn right_kind(setting: &Setting) -> String {
    let value = match setting.kind.carrier() {
        Carrier::String => "string: …",
        Carrier::Array => "array: […, …]",
        Carrier::Map => "map: {name: …}",
    };
    format!("use:\n- name: {}\n  {value}", setting.name)
}
