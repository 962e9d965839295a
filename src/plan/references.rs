//! Who refers to a Job by its name: workloads that wait for it, Roles that let them.

use serde_json::Value;

use super::view::View;
use crate::{error::Result, manifest::ObjectId};

/// A place that holds a Job's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `Kind name` of the object.
    pub object: String,
    /// Path of the field.
    pub path: String,
}

/// Every object but `except` that holds `name` as a whole word in one of its strings, the first place of each.
pub fn references_to_name(name: &str, except: ObjectId, view: &View<'_>) -> Result<Vec<Reference>> {
    let mut found = Vec::new();
    if name.is_empty() {
        return Ok(found);
    }
    for header in view.mentioning(name) {
        if header.id == except {
            continue;
        }
        let object = view.object(header.id)?;
        let mut path = Vec::new();
        if holds(object, name, &mut path) {
            found.push(Reference { object: header.label(), path: path.join(".") });
        }
    }
    Ok(found)
}

/// Finds the first string that holds the name; `path` then leads to it.
fn holds(value: &Value, name: &str, path: &mut Vec<String>) -> bool {
    let mut below = |step: String, value: &Value| {
        path.push(step);
        holds(value, name, path) || {
            path.pop();
            false
        }
    };
    match value {
        Value::String(text) => holds_word(text, name),
        Value::Array(items) => items.iter().enumerate().any(|(index, item)| below(index.to_string(), item)),
        Value::Object(map) => map.iter().any(|(key, value)| below(key.clone(), value)),
        _ => false,
    }
}

/// `name` stands in `text` with nothing beside it that could belong to a longer name.
fn holds_word(text: &str, name: &str) -> bool {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(part_of_name) && !text[at + name.len()..].starts_with(part_of_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_whole_names_count() {
        for text in ["migrate", "job/migrate", "kubectl wait job migrate --for=complete", "\"migrate\""] {
            assert!(holds_word(text, "migrate"), "{text}");
        }
        for text in ["migrate-data", "db-migrate", "migrated", "migrate.example", ""] {
            assert!(!holds_word(text, "migrate"), "{text}");
        }
    }

    #[test]
    fn the_path_leads_to_the_name() {
        let role = json!({"rules": [{"resources": ["jobs"]}, {"resourceNames": ["other", "migrate"]}]});
        let mut path = Vec::new();
        assert!(holds(&role, "migrate", &mut path));
        assert_eq!(path.join("."), "rules.1.resourceNames.1");
    }
}
