//! The manifest engine, from outside: bytes in, bytes out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test helpers"
)]

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod decode;
mod edit;
mod generate;
mod join;
mod oracle;
mod problems;
mod property;
