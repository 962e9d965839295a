//! From a placement to edits and additions: names, TTL, trigger, guards, copies.

pub(crate) mod again;
pub(crate) mod copies;
pub(crate) mod digest;
pub(crate) mod edits;
pub(crate) mod guards;
pub(crate) mod name;
mod references;
pub(crate) mod trigger;
pub(crate) mod ttl;
pub(crate) mod writer;
