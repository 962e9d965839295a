//! The JSON schema of the settings files, for editors.

use serde_json::{Map, Value, json};

use super::{
    table::{Place, Setting, table},
    value_kind::ValueKind,
};

/// Returns the schema of `presync.yaml` or of the platform file, in the draft that YAML editors know best.
pub fn schema(place: Place) -> Value {
    let (title, description) = match place {
        Place::Platform => ("presync platform file", "Settings of presync for all apps of an Argo CD"),
        _ => ("presync.yaml", "Settings of presync for the app in this directory"),
    };
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "description": description,
        "type": "object",
        "additionalProperties": false,
        "properties": level(place),
        "definitions": {
            "environment": {
                "type": "object",
                "additionalProperties": false,
                "properties": level(Place::Environments),
            },
            "job": {
                "type": "object",
                "additionalProperties": false,
                "properties": level(Place::Jobs),
            },
        },
    })
}

/// Returns the settings that may stand there, those of a group under its name.
fn level(place: Place) -> Map<String, Value> {
    let mut properties = Map::new();
    for setting in table().iter().filter(|setting| setting.allows(place)) {
        match setting.name.split_once('.') {
            None => drop(properties.insert(setting.name.into(), property(setting))),
            Some((group, name)) => {
                let group = properties.entry(group).or_insert_with(
                    || json!({"type": "object", "additionalProperties": false, "properties": {}}),
                );
                group["properties"][name] = property(setting);
            }
        }
    }
    properties
}

fn property(setting: &Setting) -> Value {
    let mut property = match &setting.kind {
        ValueKind::Boolean => json!({"type": "boolean"}),
        ValueKind::Number => json!({"type": "integer", "minimum": 0, "maximum": i32::MAX}),
        ValueKind::Integer => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        ValueKind::Text => json!({"type": "string"}),
        ValueKind::Duration => duration(""),
        ValueKind::Ttl => duration("keep|"),
        ValueKind::Choice(names) => {
            let one = |(name, meaning): &(&str, &str)| json!({"const": name, "description": meaning});
            json!({"oneOf": names.iter().map(one).collect::<Vec<_>>()})
        }
        ValueKind::List(_) => json!({"type": "array", "items": {"type": "string"}}),
        ValueKind::Map => {
            json!({"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}})
        }
        ValueKind::Numbers => {
            json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}})
        }
        ValueKind::Object => json!({"type": "object"}),
        ValueKind::Objects => json!({"type": "array", "items": {"type": "object"}}),
        ValueKind::Jobs => json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/job"}}),
        ValueKind::Environments => {
            json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/environment"}})
        }
    };
    property["title"] = setting.title.into();
    property["description"] = setting.tooltip.replace('`', "").into();
    if let Some(default) = setting.default_value() {
        property["default"] = default;
    }
    property
}

fn duration(or: &str) -> Value {
    json!({
        "type": ["string", "integer"],
        "minimum": 0,
        "maximum": i32::MAX,
        "pattern": format!("^({or}[0-9]+|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?)$"),
    })
}
