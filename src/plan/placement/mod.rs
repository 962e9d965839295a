//! Where a migration runs: the places to try, and the model of a sync that checks every one of them.

pub(crate) mod ladder;
pub(crate) mod model;
pub(crate) mod waves;

#[cfg(test)]
mod property;
