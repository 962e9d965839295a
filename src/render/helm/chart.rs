//! What Helm would read of a chart without asking where it is: behind links, and by the references of its schemas.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use walkdir::{DirEntry, WalkDir};

use super::ignore::Rules;
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    render::{
        Request, Root,
        scratch::{Copy, Scratch},
    },
};

/// The name of a chart's schema for its values, in subcharts too.
const SCHEMA: &str = "values.schema.json";

/// Returns a copy of the charts in `dirs`, the app's own first, in which no link leads out of the repository.
pub(super) fn copy(request: &Request<'_>, scratch: &Scratch, dirs: &[PathBuf]) -> Result<Copy> {
    let charts = Charts::new(dirs, request.root)?;
    let dirs: Vec<&Path> = dirs.iter().map(PathBuf::as_path).collect();
    scratch.copy(request.root, &dirs, request.deadline, &|path| charts.ignore(path) == Some(true))
}

/// Charts and what each ignores.
#[derive(Debug)]
pub(in crate::render) struct Charts(Vec<(PathBuf, Rules)>);

impl Charts {
    /// Returns the charts in these directories.
    pub(in crate::render) fn new(dirs: &[PathBuf], root: &Root) -> Result<Self, Problem> {
        dirs.iter().map(|dir| Ok((dir.clone(), rules(dir, root)?))).collect::<Result<_, _>>().map(Self)
    }

    /// Whether all charts that hold `path` ignore it; none where no chart does.
    pub(in crate::render) fn ignore(&self, path: &Path) -> Option<bool> {
        let holding =
            self.0.iter().filter_map(|(dir, rules)| Some(rules.ignore(path.strip_prefix(dir).ok()?)));
        holding.reduce(|all, one| all && one)
    }
}

/// Whether there is anything but files and directories in a chart; and a problem for each schema that leaves the chart.
pub(in crate::render) fn needs_copy(dir: &Path, root: &Root) -> Result<bool> {
    let mut problems = Problems::default();
    let mut needed = false;
    // What cannot be read is Helm's problem.
    for entry in WalkDir::new(dir).min_depth(1).into_iter().flatten() {
        needed |= !entry.file_type().is_file() && !entry.file_type().is_dir();
        if entry.file_name() == SCHEMA {
            problems.collect(schema(&entry, root));
        }
    }
    problems.or(needed)
}

fn rules(dir: &Path, root: &Root) -> Result<Rules, Problem> {
    let path = dir.join(".helmignore");
    if path.symlink_metadata().is_err() {
        return Ok(Rules::new(""));
    }
    let bytes = fs::read(root.check(&path)?).unwrap_or_default();
    Ok(Rules::new(&String::from_utf8_lossy(&bytes)))
}

/// Refuses a schema that refers to a file: Helm reads it wherever it is.
fn schema(entry: &DirEntry, root: &Root) -> Result<(), Problem> {
    let path = entry.path();
    let Ok(real) = root.check(path) else { return Ok(()) };
    let Ok(schema) =
        fs::read(real).map_err(drop).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).map_err(drop))
    else {
        return Ok(());
    };
    match reference(&schema) {
        Some(reference) => {
            let name = path.strip_prefix(root.path()).unwrap_or(path).display().to_string();
            Err(Problem::new(Exit::RENDER, format!("`{reference}` refers to a file outside the chart"))
                .at(Location::file(name))
                .hint("refer to a definition in the schema itself, as in `#/definitions/name`, or to an https URL"))
        }
        None => Ok(()),
    }
}

/// Returns the first reference in a schema that leads to a file. The schema has a `file:` URL, so a relative one does.
fn reference(schema: &Value) -> Option<&str> {
    match schema {
        Value::Array(items) => items.iter().find_map(reference),
        Value::Object(fields) => {
            let own = ["$ref", "$dynamicRef", "$recursiveRef", "$id", "id", "$schema"];
            let own =
                own.into_iter().filter_map(|name| fields.get(name)?.as_str()).find(|value| is_file(value));
            own.or_else(|| fields.values().find_map(reference))
        }
        _ => None,
    }
}

fn is_file(reference: &str) -> bool {
    let reference = reference.trim();
    let scheme = reference.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https" | "urn") => false,
        _ if reference.is_empty() || reference.starts_with('#') => false,
        Some("file") => true,
        _ => reference.contains(['/', '.']),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_may_refer_to_itself_and_to_the_web() {
        let good = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": "https://example.com/values.schema.json",
            "properties": {"a": {"$ref": "#/definitions/a"}, "id": {"type": "string"}, "b": {"$ref": "https://example.com/b.json"}},
        });
        assert_eq!(reference(&good), None);
        for bad in ["file:///etc/x.json", "FILE:///x", "/etc/x.json", "../x.json", "x.json#/a"] {
            assert_eq!(reference(&json!({"properties": {"a": [{"$ref": bad}]}})), Some(bad));
        }
    }
}
