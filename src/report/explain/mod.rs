//! How `explain` shows apps.

mod columns;
mod markdown;
mod text;

pub use columns::{columns, markdown_columns};
pub use markdown::markdown;
pub use text::text;
