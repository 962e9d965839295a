//! YAML 1.2 of settings and values as JSON values.

mod measure;

use std::fmt;

use serde_json::{Map, Number, Value};
use serde_yaml::Value as Yaml;

/// Why YAML cannot be read; names keys and lines, never values.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    /// The line and column, counted from 1, when they are known.
    pub place: Option<(usize, usize)>,
}

impl From<serde_yaml::Error> for Error {
    fn from(error: serde_yaml::Error) -> Self {
        let place = error.location().map(|location| (location.line(), location.column()));
        Self { message: error.to_string(), place }
    }
}

/// Reads one document; an empty one is null. Merge keys are applied, duplicate keys are errors.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    measure::check(bytes)?;
    let mut yaml: Yaml = serde_yaml::from_slice(bytes)?;
    yaml.apply_merge()?;
    to_json(yaml).map_err(|fault| Error { message: fault.to_string(), place: None })
}

/// What is no JSON, and the way to it, innermost first.
struct Fault {
    what: String,
    path: Vec<String>,
}

impl Fault {
    fn under(mut self, step: String) -> Self {
        self.path.push(step);
        self
    }
}

impl<T: Into<String>> From<T> for Fault {
    fn from(what: T) -> Self {
        Self { what: what.into(), path: Vec::new() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join("."))?;
        }
        f.write_str(&self.what)
    }
}

fn to_json(yaml: Yaml) -> Result<Value, Fault> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::String(value) => Value::String(value),
        Yaml::Number(value) => Value::Number(number(&value).ok_or("a number is too large, or none")?),
        Yaml::Sequence(items) => {
            let item = |(at, item)| to_json(item).map_err(|fault: Fault| fault.under(usize::to_string(&at)));
            Value::Array(items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = key_text(key)?;
                if map.contains_key(&key) {
                    return Err(format!("the key `{key}` occurs twice").into());
                }
                let value = to_json(value).map_err(|fault| fault.under(key.clone()))?;
                map.insert(key, value);
            }
            Value::Object(map)
        }
        // Not named: a text such as a password may begin with `!`.
        Yaml::Tagged(_) => return Err("a value has a tag; a text that begins with `!` needs quotes".into()),
    })
}

fn number(value: &serde_yaml::Number) -> Option<Number> {
    value
        .as_u64()
        .map(Number::from)
        .or_else(|| value.as_i64().map(Number::from))
        .or_else(|| value.as_f64().and_then(Number::from_f64))
}

/// JSON has text keys only, so numbers and booleans become their text.
fn key_text(key: Yaml) -> Result<String, Fault> {
    match to_json(key)? {
        Value::String(text) => Ok(text),
        key @ (Value::Number(_) | Value::Bool(_)) => Ok(key.to_string()),
        Value::Null => Err("a key is empty".into()),
        Value::Array(_) | Value::Object(_) => Err("a key is a list or an object".into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_yaml_1_2_as_json() {
        for (text, value) in [
            ("", json!(null)),
            ("# nothing\n", json!(null)),
            ("a: off\nb: yes\nc: 012\nd: 1_000", json!({"a": "off", "b": "yes", "c": "012", "d": "1_000"})),
            ("8080: http\ntrue: x", json!({"8080": "http", "true": "x"})),
            ("a: &x {b: 1}\nc: {<<: *x, d: 1.5}", json!({"a": {"b": 1}, "c": {"d": 1.5, "b": 1}})),
            ("big: 18446744073709551615", json!({"big": 18_446_744_073_709_551_615_u64})),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap(), value, "{text}");
        }
    }

    /// Nine lists, each of nine aliases of the one before.
    fn billion_laughs() -> String {
        let list = |i: usize| format!("l{}: &l{} [{}]\n", i + 1, i + 1, format!("*l{i},").repeat(9));
        format!("l0: &l0 [x]\n{}", (0..9).map(list).collect::<String>())
    }

    #[test]
    fn says_what_it_cannot_read() {
        for (text, error) in [
            ("a: 1\na: 2", "duplicate entry with key \"a\""),
            ("1: a\n'1': b", "the key `1` occurs twice"),
            ("a: {b: [!s3cret x]}", "`a.b.0`: a value has a tag"),
            ("a: .nan", "`a`: a number is too large, or none"),
            ("? [a]\n: s3cret", "a key is a list or an object"),
            ("a: [s3cret", "line 1"),
            ("a: *s3cret", "unknown anchor"),
            ("a: 1\n---\nb: 1", "more than one document"),
            (&format!("a: {}", "[".repeat(100_000)), "nested more than 64 deep"),
            (
                &format!("a: &a \"{}\"\nb: [{}]", "x".repeat(1_000_000), "*a,".repeat(40)),
                "repeat more than 32 MiB",
            ),
            (&billion_laughs(), "repeat more than 32 MiB"),
            ("\"\\xff", "line 1"),
        ] {
            let message = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(error) && !message.contains("s3cret"), "{text}: {message}");
        }
    }
}
