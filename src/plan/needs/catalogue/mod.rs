//! Tables of kinds: known databases, operators, and controllers that make Secrets and ConfigMaps.

pub(crate) mod kinds;
pub(crate) mod known_databases;
pub(crate) mod operators;
pub(crate) mod pattern;
pub(crate) mod secret_controllers;
