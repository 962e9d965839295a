//! The app as rendered: its objects by kind, name and mention, their hook annotations, and its Jobs.

pub(crate) mod hooks;
pub(crate) mod index;
pub(crate) mod job;
pub(crate) mod jobs;
mod mentions;
pub(crate) mod workflow;
