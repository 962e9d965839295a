//! The helpers that make text and values.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use handlebars::JsonRender as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Function, too_large};
use crate::{
    limits,
    manifest::{must_be_escaped, to_json, to_yaml},
};

type Outcome = Result<Value, String>;

/// The pure functions.
pub(super) static FUNCTIONS: &[Function] = &[
    // YAML and JSON.
    Function { name: "toYaml", arity: 1..=1, run: |a| text_of(to_yaml(a[0])) },
    Function { name: "toJson", arity: 1..=1, run: |a| text_of(to_json(a[0])) },
    Function { name: "quote", arity: 1..=1, run: |a| text_of(to_json(&Value::String(text(a[0])?))) },
    Function { name: "squote", arity: 1..=1, run: |a| single_quoted(&text(a[0])?) },
    Function { name: "indent", arity: 2..=2, run: |a| text_of(indented(number(a[0])?, &text(a[1])?)?) },
    Function {
        name: "nindent",
        arity: 2..=2,
        run: |a| text_of(format!("\n{}", indented(number(a[0])?, &text(a[1])?)?)),
    },
    // Text.
    Function { name: "lower", arity: 1..=1, run: |a| text_of(text(a[0])?.to_lowercase()) },
    Function { name: "upper", arity: 1..=1, run: |a| text_of(text(a[0])?.to_uppercase()) },
    Function { name: "trim", arity: 1..=1, run: |a| text_of(text(a[0])?.trim()) },
    Function { name: "trimPrefix", arity: 2..=2, run: |a| without(a, |text, end| text.strip_prefix(end)) },
    Function { name: "trimSuffix", arity: 2..=2, run: |a| without(a, |text, end| text.strip_suffix(end)) },
    Function {
        name: "trunc",
        arity: 2..=2,
        run: |a| text_of(text(a[1])?.chars().take(number(a[0])?).collect::<String>()),
    },
    Function { name: "replace", arity: 3..=3, run: |a| replaced(&text(a[2])?, &text(a[0])?, &text(a[1])?) },
    Function { name: "concat", arity: 1..=usize::MAX, run: |a| text_of(texts(a)?.concat()) },
    Function {
        name: "join",
        arity: 2..=2,
        run: |a| text_of(texts(&list(a[1])?.iter().collect::<Vec<_>>())?.join(&text(a[0])?)),
    },
    Function { name: "b64enc", arity: 1..=1, run: |a| text_of(BASE64.encode(text(a[0])?)) },
    Function { name: "b64dec", arity: 1..=1, run: |a| decoded(&text(a[0])?) },
    Function { name: "sha256", arity: 1..=1, run: |a| text_of(format!("{:x}", Sha256::digest(text(a[0])?))) },
    // Maps and lists.
    Function { name: "contains", arity: 2..=2, run: |a| contains(a[0], a[1]) },
    Function { name: "lookup", arity: 2..=2, run: |a| lookup(a[0], a[1]) },
    Function { name: "len", arity: 1..=1, run: |a| len(a[0]) },
];

#[allow(clippy::unnecessary_wraps, reason = "every function's result is one")]
fn text_of(text: impl Into<String>) -> Outcome {
    Ok(Value::String(text.into()))
}

/// Returns a text, number or boolean as it is written.
fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Object(_) => Err("a map has no text: use `toYaml` or `toJson`".to_owned()),
        Value::Array(_) => Err("a list has no text: use `toYaml`, `toJson` or `join`".to_owned()),
        Value::Null => Err("null has no text: give a `default`".to_owned()),
        scalar => Ok(scalar.render()),
    }
}

fn texts(values: &[&Value]) -> Result<Vec<String>, String> {
    values.iter().map(|value| text(value)).collect()
}

fn number(value: &Value) -> Result<usize, String> {
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number <= 1 << 16).ok_or_else(|| "a count is a small whole number".to_owned())
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| "the last argument is a list".to_owned())
}

fn single_quoted(text: &str) -> Outcome {
    if text.chars().any(must_be_escaped) {
        return Err("the text has line breaks or control characters: use `quote`".to_owned());
    }
    text_of(format!("'{}'", text.replace('\'', "''")))
}

/// Returns `text` with `count` spaces before every line that is not empty.
fn indented(count: usize, text: &str) -> Result<String, String> {
    if text.split('\n').count().saturating_mul(count) > limits::HELPER_BYTES {
        return Err(too_large());
    }
    let pad = " ".repeat(count);
    let lines =
        text.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn replaced(text: &str, old: &str, new: &str) -> Outcome {
    if text.matches(old).count().saturating_mul(new.len()) > limits::HELPER_BYTES {
        return Err(too_large());
    }
    text_of(text.replace(old, new))
}

fn without(arguments: &[&Value], strip: for<'a> fn(&'a str, &str) -> Option<&'a str>) -> Outcome {
    let (end, text) = (text(arguments[0])?, text(arguments[1])?);
    text_of(strip(&text, &end).unwrap_or(&text))
}

fn decoded(text: &str) -> Outcome {
    let bytes = BASE64.decode(text.trim()).map_err(|_| "the text is not base64".to_owned())?;
    String::from_utf8(bytes).map(Value::String).map_err(|_| "what is encoded is not UTF-8 text".to_owned())
}

/// Whether a text holds another, a list an item, or a map a key.
fn contains(part: &Value, whole: &Value) -> Outcome {
    Ok(Value::Bool(match whole {
        Value::Array(items) => items.contains(part),
        Value::Object(map) => map.contains_key(&text(part)?),
        whole => text(whole)?.contains(&text(part)?),
    }))
}

fn lookup(collection: &Value, key: &Value) -> Outcome {
    let found = match collection {
        Value::Array(items) => items.get(number(key)?),
        Value::Object(map) => map.get(&text(key)?),
        _ => return Err("the first argument is a map or a list".to_owned()),
    };
    found.cloned().ok_or_else(|| "there is nothing under that key".to_owned())
}

fn len(value: &Value) -> Outcome {
    Ok(match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        value => text(value)?.chars().count(),
    }
    .into())
}
