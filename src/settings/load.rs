//! Reading all layers of one run.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    file::File,
    layers::{self, Assignment, Resolved},
    location::Text,
    model::Settings,
    origin::{Layer, Origin},
    sources::{self, Flags},
    table::{self, Place, Setting},
    value_type::Shown,
};
use crate::{
    argocd::App,
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    limits,
    manifest::{Manifests, Source},
    repo_root::Root,
};

/// The app's settings file, in its directory.
pub(super) const APP_FILE: &str = "presync.yaml";

/// The environment variable that names the platform file.
const PLATFORM_FILE: &str = "PRESYNC_CONFIG";

/// What holds for all environments, and what for one, before any layer says otherwise.
const BUILT_IN: [(Option<&str>, &str, &str); 2] = [(None, "ttl", "300"), (Some("production"), "ttl", "keep")];

/// What the layers are read from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The process environment.
    pub env: BTreeMap<String, String>,
    /// The app's directory, for `presync.yaml`; none when the manifests come from stdin.
    pub app_dir: Option<PathBuf>,
    /// The settings on the command line.
    pub flags: Flags,
}

/// The settings of one run.
#[derive(Debug)]
pub struct Loaded {
    /// What Argo CD told of the Application.
    pub app: App,
    /// The effective settings.
    pub settings: Settings,
    /// Each setting with its value and where it came from, in the table's order.
    pub rows: Vec<Row>,
}

/// A setting as `explain` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The setting's name.
    pub name: &'static str,
    /// Its value as text; `(3 entries)` for what may be a secret; none when it is not set.
    pub value: Option<String>,
    /// The layer that it came from, such as `presync.yaml for dev`.
    pub source: String,
    /// The layer itself.
    pub layer: Layer,
    /// It is the built-in one.
    pub is_default: bool,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value}  ({})", self.name, self.source),
            None => write!(f, "{}: not set", self.name),
        }
    }
}

/// Reads all layers. The error holds the problems of all of them, and no value, which may be a secret.
pub fn load(inputs: &Inputs) -> Result<Loaded> {
    let mut problems = Problems::default();
    let app = App::from_env(&inputs.env);
    let assignments = assignments(inputs, &app, &mut problems);
    let resolved = layers::resolve(assignments, &app, &mut problems);
    let rows = rows(&resolved);
    problems.or(Loaded { app, settings: resolved.settings, rows })
}

/// Returns what all layers say.
pub(super) fn assignments(inputs: &Inputs, app: &App, problems: &mut Problems) -> Vec<Assignment> {
    let mut assignments = built_in();
    assignments.extend(platform_file(inputs, problems));
    assignments.extend(app_file(inputs, app, problems));
    assignments.extend(sources::env(&inputs.env, problems));
    assignments.extend(sources::parameters(&inputs.env, problems));
    assignments.extend(sources::flags(&inputs.flags, problems));
    assignments
}

fn built_in() -> Vec<Assignment> {
    let assignment = |(entry, name, value): (Option<&str>, &str, &str)| {
        Some(Assignment {
            setting: table::find(name)?,
            value: Value::from(value),
            origin: Origin { layer: Layer::BuiltIn, entry: entry.map(str::to_owned) },
            subject: String::new(),
            location: None,
        })
    };
    BUILT_IN.into_iter().filter_map(assignment).collect()
}

fn platform_file(inputs: &Inputs, problems: &mut Problems) -> Vec<Assignment> {
    let Some(path) = inputs.env.get(PLATFORM_FILE).filter(|path| !path.is_empty()) else { return Vec::new() };
    match read_small(Path::new(path)) {
        Ok(bytes) => {
            let text = Text { name: path.clone(), bytes };
            File { text, layer: Layer::Platform, place: Place::Platform }.read(problems)
        }
        Err(error) => {
            problems.push(unreadable(path, error).hint(format!("`{PLATFORM_FILE}` names the platform file")));
            Vec::new()
        }
    }
}

fn app_file(inputs: &Inputs, app: &App, problems: &mut Problems) -> Vec<Assignment> {
    let Some(dir) = &inputs.app_dir else { return Vec::new() };
    let Some(Some(bytes)) = problems.collect(read_in_app(dir, app)) else { return Vec::new() };
    if is_manifest(&bytes) {
        return Vec::new();
    }
    let text = Text { name: APP_FILE.to_owned(), bytes };
    File { text, layer: Layer::AppFile, place: Place::AppFile }.read(problems)
}

/// Whether a file under the name of our settings is a Kubernetes object instead: it is rendered, then.
pub(crate) fn is_manifest(bytes: &[u8]) -> bool {
    let source = Source { name: APP_FILE.to_owned(), bytes: bytes.to_owned(), validate: false };
    let headers = Manifests::read(vec![source]).and_then(|manifests| manifests.index()).unwrap_or_default();
    headers.first().is_some_and(|header| !header.api_version.is_empty() && !header.kind.is_empty())
}

fn read_in_app(dir: &Path, app: &App) -> Result<Option<Vec<u8>>> {
    let root = Root::find(dir, app.path.as_deref())?;
    let path = dir.join(APP_FILE);
    if path.symlink_metadata().is_err() {
        return if dir.join("presync.yml").exists() { Err(misnamed().into()) } else { Ok(None) };
    }
    let path = root.check(&path)?;
    read_small(&path).map(Some).map_err(|error| unreadable(APP_FILE, error).into())
}

/// Returns the bytes of a settings file, which are not many.
fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limits::SETTINGS_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::SETTINGS_BYTES {
        let message = format!("it is larger than {} MiB", limits::SETTINGS_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn misnamed() -> Problem {
    Problem::new(Exit::SETTINGS, "the settings file has the wrong name")
        .at(Location::file("presync.yml"))
        .hint(format!("name it `{APP_FILE}`"))
}

fn unreadable(name: &str, error: io::Error) -> Problem {
    Problem::new(Exit::SETTINGS, "the settings file cannot be read").at(Location::file(name)).caused_by(error)
}

fn rows(resolved: &Resolved) -> Vec<Row> {
    let mut scratch = resolved.settings.clone();
    let row = |setting: &Setting| {
        let value = match setting.show(&mut scratch) {
            Shown::Unset => None,
            Shown::Secret => Some("(not shown)".to_owned()),
            Shown::Entries(1) => Some("(1 entry)".to_owned()),
            Shown::Entries(count) => Some(format!("({count} entries)")),
            Shown::Value(Value::String(text)) => Some(text),
            Shown::Value(Value::Array(items)) => {
                Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
            }
            Shown::Value(value) => Some(value.to_string()),
        };
        let origin = resolved.origins.get(setting.name).cloned().unwrap_or(Origin::new(Layer::BuiltIn));
        let source = match setting.name {
            "environment" => resolved.settings.environment.reason.clone(),
            _ => origin.to_string(),
        };
        let is_default = origin.layer == Layer::BuiltIn;
        Row { name: setting.name, value, source, layer: origin.layer, is_default }
    };
    table::table().iter().filter(|setting| !setting.places.starts_with(&[Place::Jobs])).map(row).collect()
}
