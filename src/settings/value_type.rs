//! How each type of setting is read from a value and shown: the bridge from the table to the typed model.

mod collections;

use std::time::Duration;

use serde_json::Value;

use super::{
    choice::Choice,
    duration, environment,
    model::{Environment, Ttl},
    origin::{Origin, Sourced},
    suggest,
    value_kind::ValueKind,
};

pub(super) use self::collections::glob;

/// A setting's value as `explain` and Argo CD's UI may show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Not set, and no default.
    Unset,
    /// A text, or a list of texts.
    Value(Value),
    /// This many entries, which may be secrets.
    Entries(usize),
    /// A text that may be a secret.
    Secret,
}

/// A type of setting.
pub(super) trait ValueType: Clone {
    /// Returns the kind, for help, schema and reference.
    fn kind() -> ValueKind;

    /// Reads a value that is not null. The error is a sentence fragment to stand after the setting's name, such as
    /// "must be `true` or `false`"; it never repeats the value, which may be a secret.
    fn read(value: &Value, origin: &Origin) -> Result<Self, String>;

    /// Returns the value as it may be shown.
    fn show(&self) -> Shown;

    /// Takes a later layer's value: in its place, unless the type is a map, whose entries are joined.
    fn merge(&mut self, later: Self) {
        *self = later;
    }
}

pub(super) fn must_be<T: ValueType>() -> String {
    format!("must be {}", T::kind().expected())
}

impl ValueType for bool {
    fn kind() -> ValueKind {
        ValueKind::Boolean
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        match value {
            Value::Bool(value) => Ok(*value),
            Value::String(text) => text.parse().map_err(|_| must_be::<Self>()),
            _ => Err(must_be::<Self>()),
        }
    }

    fn show(&self) -> Shown {
        Shown::Value((*self).into())
    }
}

impl ValueType for u32 {
    fn kind() -> ValueKind {
        ValueKind::Number
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        // Kubernetes counts in signed 32 bits.
        scalar(value)
            .and_then(|text| text.parse::<i32>().ok())
            .and_then(|count| Self::try_from(count).ok())
            .ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        Shown::Value((*self).into())
    }
}

impl ValueType for i32 {
    fn kind() -> ValueKind {
        ValueKind::Integer
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        scalar(value).and_then(|text| text.parse().ok()).ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        Shown::Value((*self).into())
    }
}

impl ValueType for String {
    fn kind() -> ValueKind {
        ValueKind::Text
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        scalar(value).ok_or_else(|| unclear(value, must_be::<Self>()))
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Value(self.clone().into()) }
    }
}

impl ValueType for Duration {
    fn kind() -> ValueKind {
        ValueKind::Duration
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        scalar(value).and_then(|text| duration::parse(&text)).ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        Shown::Value(duration::show(*self).into())
    }
}

impl ValueType for Ttl {
    fn kind() -> ValueKind {
        ValueKind::Ttl
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        if value == "keep" {
            return Ok(Self::Keep);
        }
        Duration::read(value, origin).map(Self::After).map_err(|_| must_be::<Self>())
    }

    fn show(&self) -> Shown {
        match self {
            Self::Keep => Shown::Value("keep".into()),
            Self::After(time) => time.show(),
        }
    }
}

impl<T: Choice> ValueType for T {
    fn kind() -> ValueKind {
        ValueKind::Choice(T::ALL.iter().map(|(_, name, meaning)| (*name, *meaning)).collect())
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        if let Some((choice, ..)) = T::ALL.iter().find(|(_, name, _)| value == name) {
            return Ok(*choice);
        }
        let near =
            value.as_str().and_then(|text| suggest::nearest(text, T::ALL.iter().map(|(_, name, _)| *name)));
        Err(match (near, value) {
            (Some(near), _) => format!("{}; did you mean `{near}`?", must_be::<Self>()),
            // YAML 1.1 reads `off` so; written by a program, it can arrive here.
            (None, Value::Bool(false)) if T::ALL.iter().any(|(_, name, _)| *name == "off") => {
                format!("{}; write `\"off\"` in quotes", must_be::<Self>())
            }
            _ => must_be::<Self>(),
        })
    }

    fn show(&self) -> Shown {
        Shown::Value(self.to_string().into())
    }
}

impl ValueType for Environment {
    fn kind() -> ValueKind {
        ValueKind::Text
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        let name = scalar(value).ok_or_else(must_be::<Self>)?;
        Ok(Self { name: environment::canonical(&name)?, reason: format!("set by {origin}") })
    }

    fn show(&self) -> Shown {
        Shown::Value(self.name.clone().into())
    }
}

impl<T: ValueType> ValueType for Option<T> {
    fn kind() -> ValueKind {
        T::kind()
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        T::read(value, origin).map(Some)
    }

    fn show(&self) -> Shown {
        self.as_ref().map_or(Shown::Unset, ValueType::show)
    }
}

impl<T: ValueType> ValueType for Sourced<T> {
    fn kind() -> ValueKind {
        T::kind()
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        let value = T::read(value, origin)?;
        Ok(Self { value, layer: origin.layer.clone(), entry: origin.entry.clone() })
    }

    fn show(&self) -> Shown {
        self.value.show()
    }
}

/// Returns a text, or what has only one text: a whole number or a boolean.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Adds to a message about a number that it should be in quotes: `1.10` and `1.1` are the same number, so which text was
/// meant is unclear.
fn unclear(value: &Value, message: String) -> String {
    if value.is_number() { format!("{message}; put the number in quotes") } else { message }
}
