//! Runs presync on a real Argo CD and tells what Argo CD reports.
//!
//! Two halves that meet only in a kubeconfig:
//! * [`stack`] starts an API server, its controllers, a fake [`node`] and Argo CD with presync as its plugin, all as
//!   processes of this machine;
//! * [`scenario`] gives each scenario git repositories, Applications and what was seen of them. It needs a cluster
//!   with Argo CD, and does not care who started it.

pub mod access;
pub mod app;
pub mod catalog;
pub mod command;
pub mod history;
pub mod lab;
pub mod migrations;
pub mod node;
mod operators;
pub mod process;
pub mod proxy;
pub mod repository;
pub mod scenario;
pub mod stack;
pub mod wait;
