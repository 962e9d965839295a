//! The program as it ships: settings, documentation, examples, and the files for installing and for rescue.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test helpers")]

#[path = "../common/mod.rs"]
mod common;

mod arrows;
mod checking;
mod credentials;
mod docs;
mod examples;
mod hostile;
mod install;
mod integrations;
mod looking;
mod program;
#[cfg(feature = "cluster")]
mod rescue;
mod settings;
