//! How much an app may ask for: the table of `docs/security.md`, in code.
//!
//! An app owner's files and parameters can be made to grow without end when they are read or rendered, and a sidecar
//! serves every team. What has no limit of its own here ends with the run's time (`timeout`) or memory.

/// Bytes on the stack of the thread that works. Only what is used becomes memory.
pub const STACK: usize = 512 << 20;

/// Brackets in one template. Each may begin a level of its own, for which the parser needs stack.
pub const TEMPLATE_BRACKETS: usize = 50_000;

/// Levels of blocks and calls in one template.
pub const TEMPLATE_DEPTH: usize = 100;

/// Levels of partials that render each other.
pub const PARTIAL_DEPTH: usize = 50;

/// Partials that one partial renders, those that they render included and loops not counted.
pub const PARTIAL_RENDERS: usize = 100_000;

/// Bytes that one helper may return.
pub const HELPER_BYTES: usize = 16 << 20;

/// Bytes that all templates may render to. Argo CD takes no more than 100 MiB of manifests from a plugin.
pub const RENDERED_BYTES: usize = 100 << 20;

/// Files of the app's directory that may be manifests or templates.
pub const FILES: usize = 20_000;

/// Bytes of all of them.
pub const FILE_BYTES: u64 = 100 << 20;

/// Bytes of a settings file.
pub const SETTINGS_BYTES: u64 = 1 << 20;

/// Levels of nesting in settings and values.
pub const SETTINGS_DEPTH: usize = 64;

/// Levels of nesting in a manifest, those behind aliases included.
pub const DOCUMENT_DEPTH: usize = 500;

/// Values in a manifest that has to be parsed.
pub const DOCUMENT_NODES: usize = 500_000;

/// Bytes that the aliases of a manifest, or of settings and values, may repeat; each value counts 32 at least.
pub const ALIAS_BYTES: usize = 32 << 20;

/// Bytes of memory that a run may use, beside what it read from stdin. A run of `helm` has its own.
pub const MEMORY: usize = 512 << 20;
