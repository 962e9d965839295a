//! Names within Kubernetes' limits.

use serde_json::Value;

use crate::plan::rewrite::digest;

/// Longest name of a Job: its pods carry it as a label.
pub(crate) const MAX_JOB_NAME: usize = 63;
/// Characters of a digest in a name.
const DIGEST: usize = 8;

/// Returns the first characters of a text's digest.
pub(crate) fn short_digest(text: &str) -> String {
    let mut digest = digest::sha256(&Value::from(text));
    digest.truncate(DIGEST);
    digest
}

/// Returns `base-suffix` in at most `max` characters. Where the base must be cut, a digest of it keeps the name apart
/// from that of another base.
pub(crate) fn with_suffix(base: &str, suffix: &str, max: usize) -> String {
    let whole = format!("{base}-{suffix}");
    if whole.len() <= max {
        return whole;
    }
    let digest = short_digest(base);
    let room = max.saturating_sub(suffix.len() + digest.len() + 2);
    let end = (0..=room.min(base.len())).rev().find(|end| base.is_char_boundary(*end)).unwrap_or_default();
    let cut = base[..end].trim_end_matches(['-', '.']);
    if cut.is_empty() { format!("{digest}-{suffix}") } else { format!("{cut}-{digest}-{suffix}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_fits_into_the_limit() {
        assert_eq!(with_suffix("catalog", "0123456789", MAX_JOB_NAME), "catalog-0123456789");
        let (one, other) = ("a".repeat(80), "a".repeat(81));
        let names = [&one, &other].map(|base| with_suffix(base, "0123456789", MAX_JOB_NAME));
        assert_eq!(names[0].len(), MAX_JOB_NAME);
        assert_ne!(names[0], names[1], "two names stay two");
        assert!(names[0].starts_with("aaaa") && names[0].ends_with("-0123456789"));
        let dashes = with_suffix(&"-".repeat(99), "0123456789", MAX_JOB_NAME);
        assert!(!dashes.starts_with('-'), "{dashes}");
    }
}
