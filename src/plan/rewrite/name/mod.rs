//! The name of a rewritten Job.
//!
//! A hook replaces its predecessor only under one name, so a part of the name that is new in each render or release must
//! go. It goes only where that is certain: it differs between two renders of the app ([`Again`]), or it is the image's
//! tag, a version label, a checksum or the app's revision ([`marks`]). What makes way for it is a digest of the
//! Application's name: another app in the namespace may have a Job that is called the same without its generated part.

mod doubtful;
mod fit;
mod known;
mod looks;
mod marks;
mod reading;
mod tokens;
mod workload_images;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(crate) use doubtful::{Doubtful, warning};
pub(crate) use fit::{MAX_JOB_NAME, short_digest, with_suffix};
pub(crate) use tokens::common_tokens;

use self::{
    known::Known,
    reading::{Doubt, Reading, read},
};
use super::{again::Again, digest, edits::TRACE, references::references_to_name};
use crate::{
    argocd::App,
    error::Result,
    manifest::ObjectId,
    plan::{
        Decided,
        app::{index::Index, job::Job},
    },
    settings::{JobSettings, Layer, Names, Settings, Strategy},
};

/// Characters of the digest in a content-addressed name.
const DIGEST: usize = 10;

/// What is decided about a Job's name.
#[derive(Debug)]
pub(crate) struct Name {
    /// The name in the output.
    pub(crate) value: Decided<String>,
    /// The part by which it is still another name in each render or release, so that finished Jobs would pile up.
    pub(crate) changing: Option<String>,
    /// A part of it of which somebody must say whether it is generated.
    pub(crate) doubtful: Option<Doubtful>,
}

/// The names of an app's Jobs.
#[derive(Debug)]
pub(crate) struct JobNames<'a> {
    app: &'a App,
    index: &'a Index<'a>,
    again: &'a Again<'a>,
    readings: BTreeMap<ObjectId, Reading>,
    /// The place of each Job among those with the same base, by what they run.
    ranks: BTreeMap<ObjectId, usize>,
}

impl<'a> JobNames<'a> {
    /// Reads the names of all Jobs of the app, migrations or not. `affixes` are what kustomizations put around names.
    pub(crate) fn of(
        jobs: &[(Job<'_>, &JobSettings)],
        settings: &Settings,
        affixes: &[String],
        app: &'a App,
        index: &'a Index<'a>,
        again: &'a Again<'a>,
    ) -> Self {
        let texts = jobs.iter().map(|(job, _)| reading::text(job));
        let known = Known::new(texts, settings, affixes, app, index);
        let decided = jobs.iter().any(|(job, _)| job.annotation(TRACE).is_some());
        let ranks = if decided { 0..jobs.len() } else { 0..0 };
        let own: BTreeSet<String> = ranks.filter_map(|rank| mark(app, rank)).collect();
        let readings = jobs.iter().map(|(job, settings)| {
            (job.id, settle(read(job, app, &known, again, &own), job, settings.names.value))
        });
        let mut names = Self { app, index, again, readings: readings.collect(), ranks: BTreeMap::new() };
        names.ranks = names.ranks(jobs);
        names
    }

    /// Numbers the Jobs that have one name without their generated parts.
    fn ranks(&self, jobs: &[(Job<'_>, &JobSettings)]) -> BTreeMap<ObjectId, usize> {
        let base = |job: &Job<'_>| self.readings.get(&job.id).and_then(|reading| reading.base.as_deref());
        let mut groups: BTreeMap<(Option<&str>, &str), Vec<&Job<'_>>> = BTreeMap::new();
        for (job, _) in jobs {
            groups.entry((job.namespace(), base(job).unwrap_or(job.name()))).or_default().push(job);
        }
        let mut ranks = BTreeMap::new();
        for mut group in groups.into_values().filter(|group| group.len() > 1) {
            // A Job that is called so already keeps its name; Helm sorts by name, so the order of the others says nothing.
            group.sort_by_cached_key(|job| (base(job).is_some(), digest::sha256(&self.content(job))));
            ranks.extend(group.into_iter().enumerate().map(|(rank, job)| (job.id, rank)));
        }
        ranks
    }

    /// Decides the name of a migration.
    pub(crate) fn decide(&self, job: &Job<'_>, settings: &JobSettings) -> Result<Name> {
        let reading = self.readings.get(&job.id);
        let base = reading.and_then(|reading| Some((reading.base.as_deref()?, reading.generated.as_str())));
        let doubt = reading.and_then(|reading| reading.doubt.as_ref());
        let (value, changing) = match base {
            None if settings.names.value == Names::Rendered => {
                (as_rendered(job, format!("`names: rendered`, from the {}", settings.names.source())), None)
            }
            None => (as_rendered(job, "has no generated part"), None),
            Some((base, generated)) => self.stable(job, base, generated)?,
        };
        let mut name = Name {
            value,
            changing: changing.or_else(|| doubt.map(|doubt| format!("`{}`", doubt.part))),
            doubtful: None,
        };
        if let Some(doubt) = doubt
            && settings.names.layer == Layer::BuiltIn
            && self.reference(job)?.is_none()
        {
            name.doubtful = Some(Doubtful::new(job, doubt));
        }
        if settings.strategy.value == Strategy::Once { self.content_addressed(job, name) } else { Ok(name) }
    }

    /// Returns the name without its generated part, and the part that stays in it.
    fn stable(
        &self,
        job: &Job<'_>,
        base: &str,
        generated: &str,
    ) -> Result<(Decided<String>, Option<String>)> {
        let changing = Some(generated.to_owned());
        if !job.name().is_empty() {
            if job.annotation(TRACE).is_some() {
                return Ok((as_rendered(job, "was decided before"), changing));
            }
            if let Some(reference) = self.reference(job)? {
                return Ok((as_rendered(job, format!("{reference} refers to it by name")), changing));
            }
        }
        let rank = self.ranks.get(&job.id).copied().unwrap_or_default();
        let (name, why) = match mark(self.app, rank) {
            Some(mark) => (
                with_suffix(base, &mark, MAX_JOB_NAME),
                format!(
                    "without {generated}, so that the hook replaces its predecessor, and with a digest of the app's name"
                ),
            ),
            None => (
                base.to_owned(),
                format!(
                    "without {generated}; Argo CD adds a digest of the app's name, which is not known here"
                ),
            ),
        };
        Ok((Decided::new(name, why), None))
    }

    /// For strategy `once`: a name that is another one when the Job's content is.
    fn content_addressed(&self, job: &Job<'_>, name: Name) -> Result<Name> {
        let mut digest = digest::sha256(&self.content(job));
        digest.truncate(DIGEST);
        let value = if job.name().ends_with(&format!("-{digest}")) {
            as_rendered(job, "ends with the digest of the Job's content")
        } else if let Some(reference) = self.reference(job)? {
            as_rendered(job, format!("{reference} refers to it by name"))
        } else {
            let name = with_suffix(&name.value.value, &digest, MAX_JOB_NAME);
            Decided::new(name, "carries a digest of the Job's content: a changed Job is a new Job")
        };
        let doubtful = name.doubtful.filter(|_| job.annotation(TRACE).is_none());
        Ok(Name { value, changing: None, doubtful })
    }

    /// Returns what makes a Job another Job: all of its spec but what Kubernetes lets one change on a running Job.
    fn content(&self, job: &Job<'_>) -> Value {
        let mut spec = self.again.stable_spec(job).into_owned();
        if let Some(spec) = spec.as_object_mut() {
            for mutable in
                ["ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit", "parallelism", "suspend"]
            {
                spec.shift_remove(mutable);
            }
        }
        spec
    }

    /// Returns the first place elsewhere in the app that holds the Job's exact name.
    fn reference(&self, job: &Job<'_>) -> Result<Option<String>> {
        let found = references_to_name(job.name(), job.id, self.index)?;
        Ok(found.first().map(|reference| format!("{} ({})", reference.object, reference.path)))
    }
}

/// Returns what the setting makes of a reading.
fn settle(reading: Reading, job: &Job<'_>, names: Names) -> Reading {
    match (names, reading) {
        (Names::Likely, Reading { generated, doubt: Some(Doubt { part, noun, base }), .. }) => {
            let found = format!("`{part}` ({noun})");
            let generated = if generated.is_empty() { found } else { format!("{generated}, {found}") };
            Reading { base: Some(base), generated, doubt: None }
        }
        (Names::Certain | Names::Likely, reading) => reading,
        // The API server makes the rest of such a name, so no hook would ever be found again.
        (Names::Rendered, reading) if job.name().is_empty() => Reading { doubt: None, ..reading },
        (Names::Rendered, _) => Reading::default(),
    }
}

/// Returns what makes way for a generated part: a digest of the Application's name. Jobs with the same base are told
/// apart by their rank; without either there is nothing to tell apart.
fn mark(app: &App, rank: usize) -> Option<String> {
    match (app.name.as_deref(), rank) {
        (None, 0) => None,
        (name, 0) => Some(short_digest(name.unwrap_or_default())),
        (name, rank) => Some(short_digest(&format!("{} {rank}", name.unwrap_or_default()))),
    }
}

fn as_rendered(job: &Job<'_>, why: impl Into<String>) -> Decided<String> {
    Decided::new(job.name().to_owned(), why)
}

#[cfg(test)]
mod tests;
