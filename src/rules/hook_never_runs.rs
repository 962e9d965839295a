//! Finds hooks that Argo CD never runs, because no type in the annotation is one that it knows.
//!
//! ## Why
//!
//! `argocd.argoproj.io/hook` takes `PreSync`, `Sync`, `PostSync`, `SyncFail`, `PreDelete`, `PostDelete` and `Skip`, in
//! exactly this spelling. With anything else the object is neither a hook nor a resource: it is not applied, and no
//! message says so.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: Presync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/hook/hook.go` and `pkg/sync/common/types.go`.

use super::{Facts, Found, Severity};
use crate::{manifest::Edit, plan::app::hooks::ARGO_HOOK};

pub(super) const SEVERITY: Severity = Severity::Error;

const TYPES: [&str; 7] = ["PreSync", "Sync", "PostSync", "SyncFail", "PreDelete", "PostDelete", "Skip"];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in &facts.objects {
        let entries = object.entries(ARGO_HOOK);
        for entry in entries.iter().filter(|entry| !TYPES.contains(entry)) {
            let path = ["metadata", "annotations", ARGO_HOOK];
            let plain = entry.replace(['-', '_', ' '], "");
            let meant = TYPES.iter().find(|known| known.eq_ignore_ascii_case(&plain));
            let message = match meant {
                Some(meant) => format!("Argo CD does not know the hook `{entry}`; it is spelled `{meant}`"),
                None => format!("Argo CD does not know the hook `{entry}`"),
            };
            let finding = Found::new(object, &path, message);
            found.push(match meant {
                Some(meant) if entries.len() == 1 => finding.fix([Edit::set(path, *meant)]),
                _ => finding.hint("use PreSync, Sync, PostSync, SyncFail, PreDelete, PostDelete or Skip"),
            });
        }
    }
}
