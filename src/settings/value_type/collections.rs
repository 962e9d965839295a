//! Lists and maps as values of settings.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::{Shown, ValueType, must_be, scalar, unclear};
use crate::{
    labels::LabelSelector,
    settings::{environment, model::EnvironmentRule, origin::Origin, value_kind::ValueKind},
};

impl ValueType for Vec<String> {
    fn kind() -> ValueKind {
        ValueKind::List("text")
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        texts(value, &Self::kind())
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Value(self.clone().into()) }
    }
}

impl ValueType for Vec<LabelSelector> {
    fn kind() -> ValueKind {
        ValueKind::List("label selector")
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        texts(value, &Self::kind())?.iter().map(|text| LabelSelector::parse(text)).collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

impl ValueType for GlobSet {
    fn kind() -> ValueKind {
        ValueKind::List("glob")
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for text in texts(value, &Self::kind())? {
            set.add(glob(&text)?);
        }
        set.build().map_err(|error| format!("has a glob that cannot be read: {}", error.kind()))
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

impl ValueType for BTreeMap<String, String> {
    fn kind() -> ValueKind {
        ValueKind::Map
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

impl ValueType for BTreeMap<String, u32> {
    fn kind() -> ValueKind {
        ValueKind::Numbers
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

impl ValueType for Map<String, Value> {
    fn kind() -> ValueKind {
        ValueKind::Object
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        value.as_object().cloned().ok_or_else(must_be::<Self>)
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

impl ValueType for Vec<Value> {
    fn kind() -> ValueKind {
        ValueKind::Objects
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
impl ValueType for BTreeSet<String> {
    fn kind() -> ValueKind {
        ValueKind::Environments
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

impl ValueType for Vec<EnvironmentRule> {
    fn kind() -> ValueKind {
        ValueKind::Objects
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let rules = value.as_array().ok_or_else(must_be::<Self>)?;
        rules.iter().map(environment::rule).collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

/// Returns the texts of a list; empty ones, which Argo CD's UI leaves behind, do not count.
fn texts(value: &Value, kind: &ValueKind) -> Result<Vec<String>, String> {
    let must_be = || format!("must be {}", kind.expected());
    let list = value.as_array().ok_or_else(must_be)?;
    list.iter()
        .map(|item| scalar(item).ok_or_else(|| unclear(item, must_be())))
        .filter(|item| !matches!(item, Ok(text) if text.is_empty()))
        .collect()
}

/// Returns a glob on a name or path: `*` stops at `/`, `**` does not.
pub(in crate::settings) fn glob(text: &str) -> Result<globset::Glob, String> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .build()
        .map_err(|error| format!("has a glob that cannot be read: {}", error.kind()))
}
