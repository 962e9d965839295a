//! Objects, and what is to be changed in them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::model;

/// Which object: a document, or an item of the list that the document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The document, counted from 0 over all sources; documents without content do not count.
    pub document: usize,
    /// The item, counted from 0, when the document is a list: Argo CD flattens whatever has a list in `items`.
    pub item: Option<usize>,
}

/// What identifies an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Which object it is.
    pub id: ObjectId,
    /// `apiVersion`; empty when it is missing.
    pub api_version: String,
    /// `kind`; empty when it is missing.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.name`; empty when there is none, as in an object with `generateName`.
    pub name: String,
}

impl Header {
    /// Returns `Kind name`, as messages call the object.
    pub fn label(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

/// One step of a path into an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of a key in a map.
    Key(String),
    /// An item of a list, counted from 0.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Step {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A change of one object. Paths are relative to the object, for an item of a list to the item.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Gives the node this value. Maps that are missing on the way are made, null counts as missing; a list's item
    /// must exist.
    Set {
        /// Where; not empty.
        path: Vec<Step>,
        /// What.
        value: Value,
    },
    /// Removes the node; nothing happens when there is none. The map or list that held it stays, even if empty.
    Remove {
        /// Where; not empty.
        path: Vec<Step>,
    },
}

impl Edit {
    /// [`Edit::Set`] of a path of keys.
    pub fn set(path: impl IntoIterator<Item = impl Into<Step>>, value: impl Into<Value>) -> Self {
        Self::Set { path: path.into_iter().map(Into::into).collect(), value: value.into() }
    }

    /// [`Edit::Remove`] of a path of keys.
    pub fn remove(path: impl IntoIterator<Item = impl Into<Step>>) -> Self {
        Self::Remove { path: path.into_iter().map(Into::into).collect() }
    }

    /// Applies the edit to a value; the error is a sentence fragment that names the path.
    pub fn apply_to(&self, value: &mut Value) -> Result<(), String> {
        model::apply(value, self)
    }
}

/// An object that is added.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition {
    /// The new document stands after the document of this object. Several after one stand in their order.
    pub after: ObjectId,
    /// The object.
    pub object: Value,
}

/// All changes of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// The edits of each object, in the order in which they apply.
    pub edits: BTreeMap<ObjectId, Vec<Edit>>,
    /// New objects.
    pub additions: Vec<Addition>,
}

/// A path as people write it: `spec.template.spec.containers[0].image`.
pub(super) struct DisplayPath<'a>(pub &'a [Step]);

impl fmt::Display for DisplayPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '/']) => write!(f, "[\"{key}\"]")?,
                Step::Key(key) if i > 0 => write!(f, ".{key}")?,
                Step::Key(key) => f.write_str(key)?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
