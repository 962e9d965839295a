//! Doctor, repair and watch: for apps that are already stuck.
//!
//! What is wrong ([`diagnose`]), what to send ([`repair::plan`]) and what to count ([`watch::state`]) are pure functions
//! of objects; reading and writing the cluster is [`access`], [`snapshot`], [`repair::execute`] and [`watch`].

pub mod access;
pub mod application;
pub mod diagnose;
pub mod failure;
pub mod hook;
pub mod instance;
pub mod job;
pub mod key;
pub mod operation;
pub mod repair;
pub mod report;
pub mod selection;
pub mod settling;
pub mod snapshot;
pub mod tracking;
pub mod trigger;
pub mod watch;

/// Argo CD's finalizer on every hook object, there until the hook's end was seen
/// (`gitops-engine/pkg/sync/hook/hook.go`, since v2.14.3 and v3.0.0).
pub const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// The annotation that asks Argo CD to compare an Application again; `hard` also drops the manifest cache.
pub const REFRESH_ANNOTATION: &str = "argocd.argoproj.io/refresh";
