//! Settings: one table, its layers, and what they mean for this app.
//!
//! Layers, the later wins: built-in, platform file, `presync.yaml`, `ARGOCD_ENV_PRESYNC_*`, parameters of the
//! Application, flags, annotations on one Job. Within a file, an entry under `environments` wins over what the file
//! says for all environments. Lists are replaced, maps are joined entry by entry.

mod annotations;
pub mod announce;
mod choice;
mod defaults;
pub mod duration;
mod environment;
mod file;
mod jobs;
mod kinds;
mod layers;
mod load;
mod location;
pub mod model;
mod origin;
mod reference;
mod schema;
mod sources;
pub(crate) mod suggest;
pub mod table;
mod value_kind;
mod value_type;

pub use annotations::{ANNOTATION_PREFIX, IGNORE, JobProblem, TRACES};
pub use choice::Choice;
pub use jobs::JobRule;
pub(crate) use load::is_manifest;
pub use load::{Inputs, Loaded, Row, load};
pub use model::*;
pub use origin::{Layer, Sourced};
pub use reference::reference;
pub use schema::schema;
pub use sources::Flags;
pub use value_kind::{Carrier, ValueKind};
pub use value_type::Shown;

/// Returns the environment of an app to which no setting gives one: by its names, else production.
#[cfg(feature = "cluster")]
pub(crate) fn environment_of(app: &crate::argocd::App) -> String {
    environment::detect(&[], app).name
}
