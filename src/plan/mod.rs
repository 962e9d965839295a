//! The plan: for every Job a decision and its reasons. Pure: no IO, no clock, no randomness.

pub mod dependencies;
pub mod hooks;
pub mod job;
pub mod select;
pub mod view;
