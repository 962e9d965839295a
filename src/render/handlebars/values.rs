//! `values.*`: YAML files and the setting `values`, merged key by key.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::super::{
    Request,
    files::{self, File},
};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    yaml,
};

/// Merged values and the files they came from.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub merged: Map<String, Value>,
    files: Vec<PathBuf>,
}

/// Reads and merges `values.yaml`, `values-<environment>.yaml`, the files of `valueFiles` and the setting `values`;
/// later ones win.
///
/// Maps are merged, everything else is replaced, and a `null` takes a key away, as in Helm. The problems are those of
/// all files; what could be read is merged all the same, so that the caller can go on to find more.
pub(super) fn load(request: &Request<'_>) -> (Values, Problems) {
    let options = &request.settings.handlebars;
    let mut values = Values::default();
    let mut problems = Problems::default();
    for name in ["values".to_owned(), format!("values-{}", request.settings.environment.name)] {
        for extension in ["yaml", "yml"] {
            let found = request.root.resolve_if_exists(request.dir, &format!("{name}.{extension}"));
            if let Some(path) = problems.collect(found).flatten() {
                values.add(File { name: format!("{name}.{extension}"), path }, &mut problems);
            }
        }
    }
    for name in &options.value_files {
        match problems.collect(request.root.resolve_if_exists(request.dir, name)) {
            Some(Some(path)) => values.add(File { name: name.clone(), path }, &mut problems),
            Some(None) => problems.push(
                Problem::new(Exit::SETTINGS, format!("the values file `{name}` does not exist"))
                    .hint("the setting `valueFiles` names it; a path is relative to the app's directory, or to the repository with a leading `/`"),
            ),
            None => {}
        }
    }
    merge(&mut values.merged, options.values.clone());
    (values, problems)
}

impl Values {
    /// Whether `file` is one of the files that values were read from.
    pub(super) fn is_from(&self, file: &File) -> bool {
        self.files.contains(&file.path)
    }

    fn add(&mut self, file: File, problems: &mut Problems) {
        if let Some(layer) = problems.collect(read(&file)) {
            merge(&mut self.merged, layer);
        }
        self.files.push(file.path);
    }
}

/// Whether the name is `values.yaml`, `values-dev.yml` or the like, in the app's directory itself: values of this or of
/// another environment.
pub(super) fn is_values_name(name: &str) -> bool {
    [".yaml", ".yml"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension))
        .is_some_and(|stem| (stem == "values" || stem.starts_with("values-")) && !stem.contains('/'))
}

fn read(file: &File) -> Result<Map<String, Value>, Problem> {
    let text = files::read(file)?;
    let value = yaml::parse(text.as_bytes()).map_err(|error| {
        let (line, column) = error.place.unzip();
        invalid(Location { line, column, ..Location::file(&file.name) }).caused_by(error)
    })?;
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(invalid(Location::file(&file.name)).hint("a values file holds a map: `key: value` lines")),
    }
}

fn invalid(location: Location) -> Problem {
    Problem::new(Exit::RENDER, "the values file is not valid").at(location)
}

/// Merges `layer` over `base`.
fn merge(base: &mut Map<String, Value>, layer: Map<String, Value>) {
    for (key, value) in layer {
        match (base.get_mut(&key), value) {
            (Some(_), Value::Null) => {
                base.shift_remove(&key);
            }
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (Some(below), value) => *below = value,
            (None, value) => {
                base.insert(key, value);
            }
        }
    }
}
