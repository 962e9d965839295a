//! `presync`: an Argo CD Config Management Plugin that renders an app and rewrites its migration Jobs into sync hooks,
//! so that the TTL of a finished Job can never become drift.
//!
//! One pure function, [`plan::plan`], decides for every Job; the commands only apply or show what it decided.
//! The arrows go one way: `cli` → [`render`], [`rules`], [`report`] and `cluster` → [`plan`] → [`settings`] →
//! [`argocd`] → [`manifest`]; inside the plan `decide` → `rewrite` → `placement` → `needs` and `migration` → `pod` →
//! `app`. A test checks them: `tests/project/arrows.rs`.

pub mod argocd;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod error;
pub mod exit;
pub mod labels;
pub mod limits;
pub mod manifest;
pub mod plan;
mod redact;
pub mod render;
pub mod repo_root;
pub mod report;
pub mod rules;
pub mod settings;
pub mod yaml;
