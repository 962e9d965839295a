//! What Argo CD hands a plugin, and the Application and ApplicationSet files that it reads it from.
//!
//! The contract is `reposerver/repository/repository.go` (`newEnv`, `getPluginEnvs`, `getPluginParamEnvs`). A local run
//! of an Application makes the same environment from the file ([`Application::environment`]), so that everything behind
//! it decides as in the sidecar.

mod adopt;
mod announcement;
mod app;
mod application;
mod applicationset;
mod expand;
mod file;
mod native;
mod parameters;
mod repository;
mod source;

pub use adopt::{Adopted, Note, adopt};
pub use announcement::Announcement;
pub use app::App;
pub use application::{ARGOCD_NAMESPACE, Application, Surroundings};
pub(crate) use expand::{expand, variable_name};
pub use file::{may_hold_applications, merge_overrides, read};
pub use native::{BLOCKS, Lost, Native, native};
pub use parameters::{ParameterValue, parameters};
pub use repository::Repository;
pub use source::{Source, Sources};
