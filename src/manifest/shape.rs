//! What Argo CD makes of a document's value: one object, or the items of a list.

use serde_json::Value;

use super::changes::{Header, ObjectId, Step};

/// Returns the objects in a document; none in a null document and in a list without items.
///
/// Argo CD flattens one level of whatever has a list in `items`, whatever its kind (`IsList` of Unstructured), and
/// skips what has null there and neither `spec` nor `status` (`isNullList` in `reposerver/repository/repository.go`).
pub(super) fn objects(document: usize, value: &Value) -> Vec<(ObjectId, &Value)> {
    if value.is_null() || is_null_list(value) {
        return Vec::new();
    }
    match items(value) {
        Some(items) => {
            (0..).zip(items).map(|(i, item)| (ObjectId { document, item: Some(i) }, item)).collect()
        }
        None => vec![(ObjectId { document, item: None }, value)],
    }
}

/// Returns the object with that id.
pub(super) fn object(id: ObjectId, value: &Value) -> Option<&Value> {
    match id.item {
        Some(item) => items(value)?.get(item),
        None => Some(value),
    }
}

/// Returns the path from a document's root to an object in it.
pub(super) fn path_of(id: ObjectId) -> Vec<Step> {
    id.item.map_or_else(Vec::new, |item| vec![Step::from("items"), Step::Index(item)])
}

fn is_null_list(value: &Value) -> bool {
    value.get("items").is_some_and(Value::is_null)
        && value.get("spec").is_none()
        && value.get("status").is_none()
}

fn items(value: &Value) -> Option<&Vec<Value>> {
    value.get("items")?.as_array()
}

pub(super) fn kind(object: &Value) -> &str {
    object.get("kind").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn header(id: ObjectId, object: &Value) -> Header {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let metadata = object.get("metadata");
    Header {
        id,
        api_version: text(object.get("apiVersion")).unwrap_or_default(),
        kind: kind(object).to_owned(),
        namespace: text(metadata.and_then(|metadata| metadata.get("namespace"))),
        name: text(metadata.and_then(|metadata| metadata.get("name"))).unwrap_or_default(),
    }
}

/// What makes Argo CD refuse the whole app because of one object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// Where in the object.
    pub path: Vec<Step>,
    /// A sentence fragment.
    pub message: String,
    pub hint: Option<&'static str>,
}

/// Returns the flaws of an object, all of them.
pub(super) fn flaws(id: ObjectId, object: &Value) -> Vec<Flaw> {
    let Value::Object(fields) = object else {
        let what = if id.item.is_some() { "item" } else { "document" };
        let message = format!("the {what} is {}, not a Kubernetes object", describe(object));
        return vec![Flaw { path: Vec::new(), message, hint: None }];
    };
    let mut flaws = Vec::new();
    if kind(object).is_empty() {
        flaws.push(Flaw { path: Vec::new(), message: "the object has no kind".to_owned(), hint: None });
    }
    let annotations = fields.get("metadata").and_then(|metadata| metadata.get("annotations"));
    match annotations {
        None | Some(Value::Null) => {}
        Some(Value::Object(annotations)) => {
            flaws.extend(annotations.iter().filter_map(|(key, value)| annotation_flaw(key, value)));
        }
        Some(other) => flaws.push(Flaw {
            path: vec!["metadata".into(), "annotations".into()],
            message: format!("metadata.annotations is {}, not a map", describe(other)),
            hint: None,
        }),
    }
    flaws
}

/// Argo CD reads annotations as a map of strings (`nestedNullableStringMap` in `util/kube/kube.go`).
fn annotation_flaw(key: &str, value: &Value) -> Option<Flaw> {
    (!value.is_string()).then(|| Flaw {
        path: vec!["metadata".into(), "annotations".into(), key.into()],
        message: format!("the annotation {key} is {}, not a string", describe(value)),
        hint: Some("put the value in quotes: annotations are strings"),
    })
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
