//! The manifest engine: YAML bytes in, YAML bytes out; what is not edited is passed through byte for byte.

/// An object in the rendered manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Index of its document.
    pub document: usize,
    /// Its index in a `List`'s items.
    pub item: Option<usize>,
}
