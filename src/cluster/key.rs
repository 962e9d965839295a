//! Names of objects.

use std::fmt;

/// Namespace and name of an Application.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey {
    /// The Application's own namespace, not its destination.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Group, kind, namespace and name of an object of an app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// API group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectKey {
    /// Returns a `batch/Job`.
    pub fn job(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { group: "batch".into(), kind: "Job".into(), namespace: namespace.into(), name: name.into() }
    }

    /// Whether it is a `batch/Job`, the only kind of hook whose pods are looked at.
    pub fn is_job(&self) -> bool {
        self.group == "batch" && self.kind == "Job"
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}
