//! Findings about Argo CD itself.

use super::{Finding, Kind};
use crate::cluster::instance::Instance;

pub(super) fn findings(instance: &Instance) -> Vec<Finding> {
    let Some(version) = instance.version.filter(|version| version.loses_hooks()) else { return Vec::new() };
    let finding = Finding {
        kind: Kind::ArgocdVersion,
        app: None,
        object: None,
        summary: format!("Argo CD {version} can wait without end for a hook Job that its TTL deleted"),
        details: Vec::new(),
        remedy: Vec::new(),
    };
    vec![
        finding
            .detail("it puts no finalizer on hooks, so that a Job can be gone before its end was seen (argo-cd issues 6880, 21055)")
            .fix("upgrade Argo CD to v3.4 or later".to_owned())
            .fix("until then give hook Jobs spec.ttlSecondsAfterFinished: 600 or more".to_owned()),
    ]
}
