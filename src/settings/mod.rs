//! Settings: one table, its layers, and what they mean for this app.

pub mod model;

pub use model::*;
