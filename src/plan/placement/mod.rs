//! Where a migration runs: the places to try, and the model of a sync that checks every one of them.

pub(crate) mod arrange;
pub(crate) mod ladder;
pub(crate) mod model;
pub(crate) mod phase;
pub(crate) mod sync_waves;
pub(crate) mod waves;

#[cfg(test)]
mod property;
