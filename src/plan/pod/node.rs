//! A value inside an object, with the way to it.

use serde_json::Value;

use crate::manifest::Step;

/// A value and its path; absent fields are nodes too, whose value is null.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: Vec<Step>,
}

impl<'a> Node<'a> {
    /// Returns the node at the start of all paths.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: Vec::new() }
    }

    /// Returns a field of a map.
    pub(crate) fn get(&self, key: &str) -> Self {
        self.child(&self.value[key], Step::Key(key.to_owned()))
    }

    /// Returns the items of a list; empty for any other value.
    pub(crate) fn items(&self) -> impl Iterator<Item = Self> + use<'a, '_> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().enumerate().map(|(index, item)| self.child(item, Step::Index(index)))
    }

    /// Returns the text of a scalar that is not empty.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.value.as_str().filter(|text| !text.is_empty())
    }

    fn child(&self, value: &'a Value, step: Step) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self { value, path }
    }
}
