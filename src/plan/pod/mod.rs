//! What a pod runs and reads: its commands, environment, files and references.

pub(crate) mod node;
pub(crate) mod program;
pub(crate) mod reading;
pub(crate) mod references;
pub(crate) mod scripts;
pub(crate) mod shell;
pub(crate) mod wait_shell;
pub(crate) mod workloads;
