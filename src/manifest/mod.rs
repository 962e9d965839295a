//! The manifest engine: YAML bytes in, YAML bytes out; what is not edited is passed through byte for byte.

/// An object in the rendered manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Index of its document.
    pub document: usize,
    /// Its index in a `List`'s items.
    pub item: Option<usize>,
}

/// Rendered bytes: one file, or one tool's stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file relative to the app's directory, or a name such as `<stdin>` or `helm template`.
    pub name: String,
    /// The bytes as they were read.
    pub bytes: Vec<u8>,
    /// Whether every document is parsed, not only those that may hold a Job: for what people wrote.
    pub validate: bool,
}
