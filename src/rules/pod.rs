//! The pod template of an object, as far as rules look at it.

use serde_json::Value;

use crate::{
    manifest::{Header, Step},
    plan::pod::workloads,
};

/// A pod template and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Template<'a> {
    /// The template: `metadata` and `spec`.
    pub(super) value: &'a Value,
    /// The way to it.
    path: Vec<Step>,
}

impl<'a> Template<'a> {
    /// The template of an object; none of a Pod, which is no template.
    pub(super) fn of(header: &Header, object: &'a Value) -> Option<Self> {
        let way = workloads::way(header).filter(|way| !way.is_empty())?;
        let value = way.iter().try_fold(object, |value, key| value.get(key))?;
        Some(Self { value, path: way.iter().map(|key| Step::from(*key)).collect() })
    }

    /// Returns the way to a field of the template.
    pub(super) fn path_to(&self, keys: &[&str]) -> Vec<Step> {
        self.path.iter().cloned().chain(keys.iter().map(|key| Step::from(*key))).collect()
    }

    /// The pod's spec.
    pub(super) fn spec(&self) -> &'a Value {
        &self.value["spec"]
    }

    /// The containers that must end.
    pub(super) fn containers(&self) -> &'a [Value] {
        list(&self.spec()["containers"])
    }

    /// Returns the init containers.
    pub(super) fn init_containers(&self) -> &'a [Value] {
        list(&self.spec()["initContainers"])
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
