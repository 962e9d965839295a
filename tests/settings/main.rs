//! Settings, from files, variables and flags to what is effective, and what is generated from their table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by them")]

mod announcements;
mod generated;
mod layers;
mod problems;
mod run;
