//! Lint rules: one a file, with its documentation in the file's own doc comment.
//!
//! A rule sees the app twice: as its author wrote it, and as presync hands it to Argo CD. What is wrong only before is
//! reported all the same, because the author should know, but as a note: presync repairs it.

mod doc;
mod facts;
mod finding;
mod judge;
mod page;
mod pod;

pub use doc::Doc;
pub use facts::{Facts, Object, Stage};
pub use finding::{Finding, Severity};
pub use judge::{Subject, judge};
pub use page::{page, table};

use crate::manifest::{Edit, ObjectId, Step};

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The stable name.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    source: &'static str,
    check: fn(&Facts<'_>, &mut Vec<Found>),
}

/// What a rule finds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    object: ObjectId,
    path: Vec<Step>,
    message: String,
    hint: Option<&'static str>,
    fix: Vec<Edit>,
}

impl Found {
    fn new(object: &Object<'_>, path: &[&str], message: impl Into<String>) -> Self {
        let path = path.iter().map(|key| Step::from(*key)).collect();
        Self { object: object.id(), path, message: message.into(), hint: None, fix: Vec::new() }
    }

    fn at(object: &Object<'_>, path: Vec<Step>, message: impl Into<String>) -> Self {
        Self { path, ..Self::new(object, &[], message) }
    }

    fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    fn fix(self, fix: impl IntoIterator<Item = Edit>) -> Self {
        Self { fix: fix.into_iter().collect(), ..self }
    }
}

macro_rules! rules {
    ($($module:ident $id:literal,)+) => {
        $(mod $module;)+

        /// All rules, by name.
        pub const RULES: &[Rule] = &[$(Rule {
            id: $id,
            severity: $module::SEVERITY,
            source: include_str!(concat!(stringify!($module), ".rs")),
            check: $module::check,
        }),+];
    };
}

rules! {
    awaited_after_sync "awaited-after-sync",
    both_hook_annotations "both-hook-annotations",
    dependency_as_hook "dependency-as-hook",
    extra_container "extra-container",
    forced_migration "forced-migration",
    hook_as_label "hook-as-label",
    hook_deleted_at_success "hook-deleted-at-success",
    hook_in_pod_template "hook-in-pod-template",
    hook_needs_its_app "hook-needs-its-app",
    hook_never_runs "hook-never-runs",
    injected_sidecar "injected-sidecar",
    migration_after_workloads "migration-after-workloads",
    migration_before_database "migration-before-database",
    misplaced_setting "misplaced-setting",
    misplaced_sidecar_opt_out "misplaced-sidecar-opt-out",
    misplaced_ttl "misplaced-ttl",
    name_and_generate_name "name-and-generate-name",
    no_deadline "no-deadline",
    only_hooks "only-hooks",
    replace_without_force "replace-without-force",
    server_side_apply "server-side-apply",
    short_ttl "short-ttl",
    suspended_hook "suspended-hook",
    ttl_drift "ttl-drift",
    ttl_never_applies "ttl-never-applies",
    unsafe_to_repeat "unsafe-to-repeat",
    unstable_name "unstable-name",
    unstable_render "unstable-render",
    unsupported_helm_hook "unsupported-helm-hook",
    untriggered_hook "untriggered-hook",
}

/// The finding about suppressions that suppress nothing or give no reason.
pub const UNUSED: &str = "unused-suppression";

/// Returns the rule of this name.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Returns the name that was meant.
pub fn nearest(id: &str) -> Option<&'static str> {
    crate::settings::suggest::nearest(id, RULES.iter().map(|rule| rule.id))
}

impl Rule {
    /// Returns its documentation.
    pub fn doc(&self) -> Doc {
        Doc::read(self.source)
    }
}

#[cfg(test)]
mod tests;
