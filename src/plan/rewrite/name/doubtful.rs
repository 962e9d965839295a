//! What is said of names with a part of which nobody can tell whether it is generated.

use super::reading::Doubt;
use crate::{
    manifest::ObjectId,
    plan::{
        Warning,
        app::{index::Index, job::Job},
    },
};

/// How many names a warning about several of them shows.
const SHOWN: usize = 3;

/// A name with a part that may be generated.
#[derive(Debug)]
pub(crate) struct Doubtful {
    job: ObjectId,
    /// `Kind name`.
    label: String,
    part: String,
    /// What the part looks like, such as `a hash`.
    noun: String,
}

impl Doubtful {
    /// Returns the name of a Job with a part in doubt.
    pub(super) fn new(job: &Job<'_>, doubt: &Doubt) -> Self {
        let label = format!("{} {}", job.kind(), job.label());
        Self { job: job.id, label, part: doubt.part.clone(), noun: doubt.noun.clone() }
    }
}

/// Returns one warning for all such names of an app.
pub(crate) fn warning(doubtful: &[Doubtful], index: &Index<'_>) -> Option<Warning> {
    let first = doubtful.first()?;
    let (text, hint) = if let [Doubtful { label, part, noun, .. }] = doubtful {
        let what = format!("`{part}` in the name of {label} looks like {noun}");
        let hint = "annotate the Job with argocd-presync-plugin/names: likely to take it off, or with rendered to keep it";
        (format!("{what}: if it changes with each release, so does the hook"), hint)
    } else {
        let shown = doubtful.iter().take(SHOWN);
        let shown =
            shown.map(|Doubtful { label, part, noun, .. }| format!("`{part}` in {label} looks like {noun}"));
        let rest = doubtful.len().saturating_sub(SHOWN);
        let rest = (rest > 0).then(|| format!("and so on in {rest} more"));
        let list = shown.chain(rest).collect::<Vec<_>>().join(", ");
        let what = format!("{} names have a part that may be new in each release: {list}", doubtful.len());
        let hint = "annotate the Jobs with argocd-presync-plugin/names: likely to take the parts off, or with rendered to keep them";
        (format!("{what}; if it is, so is the hook"), hint)
    };
    Some(Warning { text, location: index.location(first.job).to_string(), hint: Some(hint.to_owned()) })
}
