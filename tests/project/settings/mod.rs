//! Settings, from files, variables and flags to what is effective, and what is generated from their table.

mod announcements;
mod generated;
mod layers;
mod problems;
mod run;
