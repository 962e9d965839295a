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
