//! The settings files: the platform file and `presync.yaml`.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::{
    environment,
    layers::{self, Assignment},
    location::{KeyLocation, Text},
    origin::{Layer, Origin},
    table::{self, Place},
};
use crate::{
    error::{Location, Problem, Problems},
    exit::Exit,
    yaml,
};

/// A settings file: its name as the user knows it, and what it is.
pub(super) struct File {
    pub(super) text: Text,
    pub(super) layer: Layer,
    pub(super) place: Place,
}

impl File {
    /// Returns what the file says, and all its problems.
    pub(super) fn read(self, problems: &mut Problems) -> Vec<Assignment> {
        let Self { text, layer, place } = self;
        let text = Rc::new(text);
        let mut reader = Reader { layer, place, assignments: Vec::new(), problems };
        let top = Level { group: "", entry: None, location: KeyLocation::new(Rc::clone(&text)) };
        match yaml::parse(&text.bytes) {
            Ok(Value::Null) => {}
            Ok(Value::Object(map)) => reader.settings(&top, &map),
            Ok(_) => reader.problem(&top.location, "the settings file must hold a YAML object"),
            Err(error) => {
                let location =
                    Location { line: error.place.map(|(line, _)| line), ..Location::file(&text.name) };
                let problem = Problem::new(Exit::SETTINGS, "the settings file cannot be read as YAML");
                reader.problems.push(problem.at(location).caused_by(error));
            }
        }
        reader.assignments
    }
}

/// Where in the file some keys stand.
struct Level<'a> {
    /// The group with its dot, such as `helm.`.
    group: &'a str,
    /// The entry under `environments`.
    entry: Option<&'a str>,
    location: KeyLocation,
}

impl Level<'_> {
    /// Returns a setting as an error calls it.
    fn subject(&self, name: &str) -> String {
        match self.entry {
            Some(entry) => format!("`{name}` under `environments.{entry}`"),
            None => format!("`{name}`"),
        }
    }
}

struct Reader<'a> {
    layer: Layer,
    place: Place,
    assignments: Vec<Assignment>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn problem(&mut self, location: &KeyLocation, message: impl Into<String>) {
        self.problems.push(Problem::new(Exit::SETTINGS, message).at(location.resolve()));
    }

    fn problem_with_hint(&mut self, location: &KeyLocation, message: String, hint: String) {
        self.problems.push(Problem::new(Exit::SETTINGS, message).at(location.resolve()).hint(hint));
    }

    /// Keys that are settings or groups of them.
    fn settings(&mut self, level: &Level<'_>, map: &Map<String, Value>) {
        for (key, value) in map {
            let name = format!("{}{key}", level.group);
            let inner = format!("{name}.");
            let location = level.location.key(key);
            if !key.contains('.') && table::table().iter().any(|setting| setting.name.starts_with(&inner)) {
                match value {
                    Value::Null => {}
                    Value::Object(map) => {
                        self.settings(&Level { group: &inner, entry: level.entry, location }, map);
                    }
                    _ => self.problem(&location, format!("{} must hold settings", level.subject(&name))),
                }
            } else {
                self.setting(level, key, &name, value, location);
            }
        }
    }

    fn setting(&mut self, level: &Level<'_>, key: &str, name: &str, value: &Value, location: KeyLocation) {
        let subject = level.subject(name);
        let place = if level.entry.is_some() { Place::Environments } else { self.place };
        let setting = match layers::find(name, place, |setting| setting.name.to_owned()) {
            Ok(setting) => setting,
            Err((message, hint)) => {
                return self.problem_with_hint(&location, format!("{subject} {message}"), hint);
            }
        };
        if let Some((group, last)) = key.rsplit_once('.') {
            let hint = format!("write `{group}:` and, indented on the next line, `{last}:`");
            return self.problem_with_hint(&location, format!("{subject} is written in two levels"), hint);
        }
        if value.is_null() || value == "" {
            return;
        }
        if let ("environments", Value::Object(entries)) = (name, value) {
            self.environments(&location, entries);
        }
        self.assignments.push(Assignment {
            setting,
            value: value.clone(),
            origin: Origin { layer: self.layer.clone(), entry: level.entry.map(str::to_owned) },
            subject,
            location: Some(location),
        });
    }

    /// The entries under `environments`; their names are the setting's own value.
    fn environments(&mut self, location: &KeyLocation, entries: &Map<String, Value>) {
        for (written, value) in entries {
            let Ok(name) = environment::canonical(written) else { continue };
            let location = location.key(written);
            match value {
                Value::Null => {}
                Value::Object(map) => self.settings(&Level { group: "", entry: Some(&name), location }, map),
                _ => self.problem(&location, format!("`environments.{written}` must hold settings")),
            }
        }
    }
}
