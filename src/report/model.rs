//! A plan as data: what every format shows, and the JSON of `explain`.
//!
//! [`VERSION`] is raised when a field goes or changes its meaning; new fields may come at any time.

use serde::Serialize;

/// The version of the JSON.
pub const VERSION: u32 = 1;

/// What `explain --format json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this format.
    pub version: u32,
    /// The apps, in the order in which they were named.
    pub apps: Vec<App>,
    /// Applications that cannot be looked at here.
    pub skipped: Vec<Skipped>,
}

/// An Application that cannot be looked at here.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The Application.
    pub name: String,
    /// Why.
    pub why: String,
}

/// One app.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// The Application's name, or the directory.
    pub name: String,
    /// The file that holds the Application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The app's directory in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The destination namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The environment, and why it is this one.
    pub environment: Option<Decision>,
    /// The renderer, and why it is this one; absent for manifests from stdin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renderer: Option<Decision>,
    /// Every setting with its value and the layer that gave it.
    pub settings: Vec<Setting>,
    /// How many objects were rendered, by kind.
    pub objects: Vec<Count>,
    /// Every Job.
    pub jobs: Vec<Job>,
    /// Objects that get another sync wave.
    pub moved: Vec<Moved>,
    /// What the user should know, though nothing is wrong.
    pub warnings: Vec<Note>,
    /// Why the app could not be rendered or planned; the app then has nothing else.
    pub problems: Vec<String>,
}

/// Objects of one kind.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: usize,
}

/// A decided value.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The value.
    pub value: String,
    /// Why.
    pub why: String,
    /// The setting that decided or would decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<Origin>,
}

/// Where a setting's value came from.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The setting.
    pub name: String,
    /// The layer: `default`, `platform file`, `presync.yaml`, an environment variable, `parameter`, `flag`, `jobs`
    /// entry or `annotation`.
    pub layer: String,
    /// The file that holds it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The entry under `environments` that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// A setting.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// The name.
    pub name: String,
    /// The value; absent when it is not set. What may be a secret is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it came from, in words.
    pub source: String,
    /// The file that holds it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether it is the built-in value.
    pub default: bool,
}

/// Where an object stands.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// The whole location in words.
    pub text: String,
    /// The file, as the renderer names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// What is decided for one Job.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// `Job`, or `Workflow`.
    pub kind: String,
    /// The name as rendered; a `generateName` ends with `*`.
    pub name: String,
    /// Where it stands.
    pub location: Location,
    /// Whether it is a migration.
    pub migration: bool,
    /// What decided that.
    pub why: String,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// Why the Job is treated so, in its author's words (`reason`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it is left as it is; absent for a Job that is rewritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// The decisions; absent for a Job that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Decisions>,
}

/// A piece of evidence.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// How much it counts; negative against a migration.
    pub points: i32,
    /// What was found.
    pub text: String,
}

/// The decisions for a rewritten Job.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Decisions {
    /// The strategy.
    pub strategy: Decision,
    /// The sync phases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Decision>,
    /// The sync wave, where one is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<Decision>,
    /// Seconds, or `keep`.
    pub ttl: Decision,
    /// The name in the output.
    pub name: Decision,
    /// The trigger ConfigMap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Decision>,
    /// What the pod needs that the app renders.
    pub needs: Vec<Need>,
    /// Hook copies.
    pub copies: Vec<Copy>,
    /// Limits that were added.
    pub guards: Vec<String>,
    /// Whether the output differs from the input.
    pub changed: bool,
}

/// What a pod needs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Need {
    /// The object.
    pub object: String,
    /// Why it is needed.
    pub why: String,
}

/// A hook copy.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// What is copied.
    pub of: String,
    /// The copy's name.
    pub name: String,
}

/// An object whose sync wave changes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// `Kind name`.
    pub object: String,
    /// The wave as rendered.
    pub from: i32,
    /// The wave in the output.
    pub to: i32,
    /// Why.
    pub why: String,
}

/// A warning.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// What it is.
    pub text: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The JSON schema of [`Report`].
pub const SCHEMA: &str = include_str!("explain.schema.json");

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    /// `PRESYNC_BLESS=1` writes the schema anew.
    #[test]
    fn the_schema_is_that_of_the_type() {
        let mut schema = schemars::schema_for!(Report).to_value();
        schema["title"] = "presync explain --format json".into();
        let text = format!("{schema:#}\n");
        if env::var_os("PRESYNC_BLESS").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/explain.schema.json");
            fs::write(file, text).unwrap();
        } else {
            assert_eq!(text, SCHEMA, "run `PRESYNC_BLESS=1 cargo test --lib schema`");
        }
    }
}
