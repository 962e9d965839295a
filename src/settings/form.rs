//! How each type of setting is read from a value and shown: the bridge from the table to the typed model.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::{
    choice::Choice,
    duration, environment,
    model::{Environment, EnvironmentRule, LabelSelector, Ttl},
    origin::{Origin, Sourced},
    shape::Shape,
    suggest,
};

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
pub(super) trait Form: Clone {
    /// Returns the shape, for help, schema and reference.
    fn shape() -> Shape;

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

pub(super) fn must_be<T: Form>() -> String {
    format!("must be {}", T::shape().expected())
}

impl Form for bool {
    fn shape() -> Shape {
        Shape::Boolean
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

impl Form for u32 {
    fn shape() -> Shape {
        Shape::Number
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

impl Form for i32 {
    fn shape() -> Shape {
        Shape::Integer
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        scalar(value).and_then(|text| text.parse().ok()).ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        Shown::Value((*self).into())
    }
}

impl Form for String {
    fn shape() -> Shape {
        Shape::Text
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        scalar(value).ok_or_else(|| unclear(value, must_be::<Self>()))
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Value(self.clone().into()) }
    }
}

impl Form for Duration {
    fn shape() -> Shape {
        Shape::Duration
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        scalar(value).and_then(|text| duration::parse(&text)).ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        Shown::Value(duration::show(*self).into())
    }
}

impl Form for Ttl {
    fn shape() -> Shape {
        Shape::Ttl
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

impl<T: Choice> Form for T {
    fn shape() -> Shape {
        Shape::Choice(T::ALL.iter().map(|(_, name, meaning)| (*name, *meaning)).collect())
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

impl Form for Environment {
    fn shape() -> Shape {
        Shape::Text
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        let name = scalar(value).ok_or_else(must_be::<Self>)?;
        Ok(Self { name: environment::canonical(&name)?, reason: format!("set by {origin}") })
    }

    fn show(&self) -> Shown {
        Shown::Value(self.name.clone().into())
    }
}

impl<T: Form> Form for Option<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        T::read(value, origin).map(Some)
    }

    fn show(&self) -> Shown {
        self.as_ref().map_or(Shown::Unset, Form::show)
    }
}

impl<T: Form> Form for Sourced<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        let value = T::read(value, origin)?;
        Ok(Self { value, layer: origin.layer.clone(), entry: origin.entry.clone() })
    }

    fn show(&self) -> Shown {
        self.value.show()
    }
}

impl Form for Vec<String> {
    fn shape() -> Shape {
        Shape::List("text")
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        texts(value, &Self::shape())
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Value(self.clone().into()) }
    }
}

impl Form for Vec<LabelSelector> {
    fn shape() -> Shape {
        Shape::List("label selector")
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        texts(value, &Self::shape())?.iter().map(|text| LabelSelector::parse(text)).collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

impl Form for GlobSet {
    fn shape() -> Shape {
        Shape::List("glob")
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for text in texts(value, &Self::shape())? {
            set.add(glob(&text)?);
        }
        set.build().map_err(|error| format!("has a glob that cannot be read: {}", error.kind()))
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

impl Form for BTreeMap<String, String> {
    fn shape() -> Shape {
        Shape::Map
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(must_be::<Self>)?;
        map.iter()
            .map(|(name, value)| match (scalar(value), value) {
                _ if name.is_empty() => Err("has an entry without a name".into()),
                (Some(text), _) => Ok((name.clone(), text)),
                (None, Value::Null) => Ok((name.clone(), String::new())),
                (None, _) => Err(unclear(value, format!("must hold a text under `{name}`"))),
            })
            .collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }

    fn merge(&mut self, later: Self) {
        self.extend(later);
    }
}

impl Form for BTreeMap<String, u32> {
    fn shape() -> Shape {
        Shape::Numbers
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(must_be::<Self>)?;
        map.iter()
            .map(|(name, value)| match u32::read(value, origin) {
                _ if name.is_empty() => Err("has an entry without a name".into()),
                Ok(count) => Ok((name.clone(), count)),
                Err(error) => Err(format!("has an entry `{name}` that {error}")),
            })
            .collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }

    fn merge(&mut self, later: Self) {
        self.extend(later);
    }
}

impl Form for Map<String, Value> {
    fn shape() -> Shape {
        Shape::Object
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        value.as_object().cloned().ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

impl Form for Vec<Value> {
    fn shape() -> Shape {
        Shape::Objects
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let list = value.as_array().filter(|list| list.iter().all(Value::is_object));
        list.cloned().ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

/// The names under `environments`; what they hold is read by the file's reader.
impl Form for BTreeSet<String> {
    fn shape() -> Shape {
        Shape::Environments
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(must_be::<Self>)?;
        let mut names = Self::new();
        for written in map.keys() {
            let name = environment::canonical(written).map_err(|error| format!("has a name that {error}"))?;
            if let Some(twice) = names.replace(name) {
                return Err(format!("has two entries for `{twice}`"));
            }
        }
        Ok(names)
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }

    fn merge(&mut self, later: Self) {
        self.extend(later);
    }
}

impl Form for Vec<EnvironmentRule> {
    fn shape() -> Shape {
        Shape::Objects
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let rules = value.as_array().ok_or_else(must_be::<Self>)?;
        rules.iter().map(environment::rule).collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
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

/// Returns `1.10` and `1.1` are the same number, so which text was meant is unclear.
fn unclear(value: &Value, message: String) -> String {
    if value.is_number() { format!("{message}; put the number in quotes") } else { message }
}

/// Returns the texts of a list; empty ones, which Argo CD's UI leaves behind, do not count.
fn texts(value: &Value, shape: &Shape) -> Result<Vec<String>, String> {
    let must_be = || format!("must be {}", shape.expected());
    let list = value.as_array().ok_or_else(must_be)?;
    list.iter()
        .map(|item| scalar(item).ok_or_else(|| unclear(item, must_be())))
        .filter(|item| !matches!(item, Ok(text) if text.is_empty()))
        .collect()
}

/// Returns a glob on a name or path: `*` stops at `/`, `**` does not.
pub(super) fn glob(text: &str) -> Result<globset::Glob, String> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .build()
        .map_err(|error| format!("has a glob that cannot be read: {}", error.kind()))
}
