//! What `presync --version` prints.

/// The commands that a build with the feature `cluster` has.
const FEATURES: &str = if cfg!(feature = "cluster") { "cluster" } else { "none" };

/// Returns the version, the commit and date of the source, and the features of this build.
///
/// `build.rs` finds out the commit and the date.
pub(super) fn long() -> String {
    format!(
        "{}\ncommit: {}\ndate: {}\nfeatures: {FEATURES}",
        env!("CARGO_PKG_VERSION"),
        env!("PRESYNC_COMMIT"),
        env!("PRESYNC_DATE"),
    )
}
