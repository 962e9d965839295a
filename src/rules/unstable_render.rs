//! Finds objects that come out differently when the app is rendered again.
//!
//! ## Why
//!
//! `now`, `randAlphaNum`, `genCA`, `uuidv4` and their like give another result in each render. Argo CD renders an app
//! many times a day, finds a difference each time, and with auto-sync applies it: pods restart, hooks run.
//! `presync check` renders charts twice to see it.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Secret
//! metadata:
//!   name: session
//! stringData:
//!   key: "{{ randAlphaNum 32 }}"
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Secret
//! metadata:
//!   name: session
//! stringData:
//!   key: "{{ required \"sessionKey\" .Values.sessionKey }}"
//! ```
//!
//! ## Source
//!
//! Sprig's functions; the shape of many public charts.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in facts.objects.iter().filter(|object| facts.unstable.contains(&object.id())) {
        let finding = Found::new(object, &[], "comes out differently in each render, so that Argo CD finds drift each time");
        found.push(finding.hint("give the value from outside, or read the live one with `lookup`, which a plugin cannot"));
    }
}
