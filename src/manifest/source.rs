//! Where manifests come from.

/// Rendered bytes of one file, or of one tool's stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What users know it by: `job.yaml`, `<stdin>`, `helm template`.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether people wrote it: then every document is parsed, so that mistakes are reported with their place. Of what
    /// a tool wrote, only the documents that matter are parsed.
    pub validate: bool,
}
