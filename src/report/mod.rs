//! How a plan, its effect and findings look: text, Markdown, JSON, SARIF, JUnit.

mod build;
pub mod changes;
pub mod explain;
pub mod findings;
mod masks;
pub mod model;
pub mod paint;
pub mod summary;

pub use build::Parts;
pub use model::{App, Report, Skipped};
pub use paint::{Color, Paint, harmless};
