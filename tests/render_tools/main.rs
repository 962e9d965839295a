//! Rendering with the real `helm` and `kustomize`, and with doubles that fail as those can.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test's helpers fail as a test does"
)]

#[path = "../common/mod.rs"]
mod common;

mod adopt;
mod check;
mod double;
mod fixture;
mod helm;
mod honest;
mod hostile;
mod kustomize;
mod packed;
mod trigger;
mod watchdog;
