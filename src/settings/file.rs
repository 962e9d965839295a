//! The settings files: the platform file and `presync.yaml`.

use serde_json::{Map, Value};

use super::{
    environment,
    layers::{self, Assignment},
    origin::{Layer, Origin},
    table::{self, Place},
    yaml,
};
use crate::{
    error::{Location, Problem, Problems},
    exit::Exit,
};

/// A settings file.
pub(super) struct File<'a> {
    /// As the user knows it.
    pub(super) name: &'a str,
    pub(super) layer: Layer,
    pub(super) place: Place,
}

/// What a settings file says.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) assignments: Vec<Assignment>,
    /// The entries under `environments`.
    pub(super) environments: Vec<String>,
}

impl File<'_> {
    /// Reads the file, with all its problems.
    pub(super) fn read(&self, bytes: &[u8], problems: &mut Problems) -> Contents {
        let mut contents = Contents::default();
        match yaml::parse(bytes) {
            Ok(Value::Null) => {}
            Ok(Value::Object(map)) => self.top(&map, &mut contents, problems),
            Ok(_) => problems.push(self.problem("the settings file must hold a YAML object")),
            Err(error) => {
                let location = Location { line: error.line, ..Location::file(self.name) };
                let problem = Problem::new(Exit::SETTINGS, "the settings file cannot be read as YAML");
                problems.push(problem.at(location).caused_by(error));
            }
        }
        contents
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(Exit::SETTINGS, message).at(Location::file(self.name))
    }

    fn top(&self, map: &Map<String, Value>, contents: &mut Contents, problems: &mut Problems) {
        let mut map = map.clone();
        let environments = map.shift_remove("environments").unwrap_or_default();
        self.level("", self.place, None, &map, &mut contents.assignments, problems);
        let entries = match environments {
            Value::Null => return,
            Value::Object(entries) => entries,
            _ => return problems.push(self.problem("`environments` must be a map of names to settings")),
        };
        for (written, value) in entries {
            let name = match environment::canonical(&written) {
                Ok(name) if contents.environments.contains(&name) => {
                    problems.push(self.problem(format!("`environments` has two entries for `{name}`")));
                    continue;
                }
                Ok(name) => name,
                Err(error) => {
                    problems.push(self.problem(format!("a name under `environments` {error}")));
                    continue;
                }
            };
            contents.environments.push(name.clone());
            match value {
                Value::Null => {}
                Value::Object(map) => {
                    self.level(
                        "",
                        Place::Environments,
                        Some(&name),
                        &map,
                        &mut contents.assignments,
                        problems,
                    );
                }
                _ => problems.push(self.problem(format!("`environments.{written}` must hold settings"))),
            }
        }
    }

    /// One level of keys: settings, and groups of them.
    fn level(
        &self,
        group: &str,
        place: Place,
        entry: Option<&str>,
        map: &Map<String, Value>,
        assignments: &mut Vec<Assignment>,
        problems: &mut Problems,
    ) {
        for (key, value) in map {
            let name = format!("{group}{key}");
            let subject = match entry {
                Some(entry) => format!("`{name}` under `environments.{entry}`"),
                None => format!("`{name}`"),
            };
            let inner = format!("{name}.");
            if !key.contains('.') && table::table().iter().any(|setting| setting.name.starts_with(&inner)) {
                match value {
                    Value::Null => {}
                    Value::Object(map) => self.level(&inner, place, entry, map, assignments, problems),
                    _ => problems.push(self.problem(format!("{subject} must hold settings"))),
                }
                continue;
            }
            match layers::find(&name, place, |setting| setting.name.to_owned()) {
                Ok(_) if key.contains('.') => {
                    let (group, last) = key.rsplit_once('.').unwrap_or((key, key));
                    let problem = self.problem(format!("{subject} is written in two levels"));
                    problems.push(
                        problem.hint(format!("write `{group}:` and, indented on the next line, `{last}:`")),
                    );
                }
                Ok(_) if value.is_null() || value == "" => {}
                Ok(setting) => assignments.push(Assignment {
                    setting,
                    value: value.clone(),
                    origin: Origin { layer: self.layer.clone(), entry: entry.map(str::to_owned) },
                    subject,
                    location: Some(Location::file(self.name)),
                }),
                Err((message, hint)) => {
                    problems.push(self.problem(format!("{subject} {message}")).hint(hint));
                }
            }
        }
    }
}
