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

impl File<'_> {
    /// What the file says, and all its problems.
    pub(super) fn read(&self, bytes: &[u8], problems: &mut Problems) -> Vec<Assignment> {
        let mut reader = Reader { file: self, assignments: Vec::new(), problems };
        match yaml::parse(bytes) {
            Ok(Value::Null) => {}
            Ok(Value::Object(map)) => reader.settings(&Level { group: "", entry: None }, &map),
            Ok(_) => reader.problem("the settings file must hold a YAML object"),
            Err(error) => {
                let location = Location { line: error.line, ..Location::file(self.name) };
                let problem = Problem::new(Exit::SETTINGS, "the settings file cannot be read as YAML");
                reader.problems.push(problem.at(location).caused_by(error));
            }
        }
        reader.assignments
    }
}

/// Where in the file some keys stand.
#[derive(Clone, Copy)]
struct Level<'a> {
    /// The group with its dot, such as `helm.`.
    group: &'a str,
    /// The entry under `environments`.
    entry: Option<&'a str>,
}

impl Level<'_> {
    /// A setting as an error calls it.
    fn subject(&self, name: &str) -> String {
        match self.entry {
            Some(entry) => format!("`{name}` under `environments.{entry}`"),
            None => format!("`{name}`"),
        }
    }
}

struct Reader<'a> {
    file: &'a File<'a>,
    assignments: Vec<Assignment>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn problem(&mut self, message: impl Into<String>) {
        self.problems.push(Problem::new(Exit::SETTINGS, message).at(Location::file(self.file.name)));
    }

    fn problem_with_hint(&mut self, message: String, hint: String) {
        let location = Location::file(self.file.name);
        self.problems.push(Problem::new(Exit::SETTINGS, message).at(location).hint(hint));
    }

    /// Keys that are settings or groups of them.
    fn settings(&mut self, level: &Level<'_>, map: &Map<String, Value>) {
        for (key, value) in map {
            let name = format!("{}{key}", level.group);
            let inner = format!("{name}.");
            if !key.contains('.') && table::table().iter().any(|setting| setting.name.starts_with(&inner)) {
                match value {
                    Value::Null => {}
                    Value::Object(map) => self.settings(&Level { group: &inner, ..*level }, map),
                    _ => self.problem(format!("{} must hold settings", level.subject(&name))),
                }
            } else {
                self.setting(level, key, &name, value);
            }
        }
    }

    fn setting(&mut self, level: &Level<'_>, key: &str, name: &str, value: &Value) {
        let subject = level.subject(name);
        let place = if level.entry.is_some() { Place::Environments } else { self.file.place };
        let setting = match layers::find(name, place, |setting| setting.name.to_owned()) {
            Ok(setting) => setting,
            Err((message, hint)) => return self.problem_with_hint(format!("{subject} {message}"), hint),
        };
        if let Some((group, last)) = key.rsplit_once('.') {
            let hint = format!("write `{group}:` and, indented on the next line, `{last}:`");
            return self.problem_with_hint(format!("{subject} is written in two levels"), hint);
        }
        if value.is_null() || value == "" {
            return;
        }
        self.assignments.push(Assignment {
            setting,
            value: value.clone(),
            origin: Origin { layer: self.file.layer.clone(), entry: level.entry.map(str::to_owned) },
            subject,
            location: Some(Location::file(self.file.name)),
        });
        if let ("environments", Value::Object(entries)) = (name, value) {
            self.environments(entries);
        }
    }

    /// The entries under `environments`; their names are the setting's own value.
    fn environments(&mut self, entries: &Map<String, Value>) {
        for (written, value) in entries {
            let Ok(name) = environment::canonical(written) else { continue };
            match value {
                Value::Null => {}
                Value::Object(map) => self.settings(&Level { group: "", entry: Some(&name) }, map),
                _ => self.problem(format!("`environments.{written}` must hold settings")),
            }
        }
    }
}
