//! Settings: one table, its layers, and what they mean for this app.

mod defaults;
pub mod model;

pub use model::*;
