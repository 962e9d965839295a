//! Reads which parts of a Job's name are generated.

use std::{collections::BTreeSet, ops::Range};

use super::{
    known::{self, Known},
    looks, marks,
    tokens::{Token, common_ends, tokens, without},
};
use crate::{
    argocd::App,
    plan::{
        app::job::Job,
        rewrite::{again::Again, edits::TRACE},
    },
};

/// What a name was read as.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The name without what is certainly generated; none where nothing of it is.
    pub(super) base: Option<String>,
    /// What is taken off, for the user.
    pub(super) generated: String,
    /// A part that only looks generated.
    pub(super) doubt: Option<Doubt>,
}

/// A part of a name of which nobody can say whether it is generated.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) part: String,
    /// What it looks like, such as `a hash`.
    pub(super) noun: String,
    /// The name without it, and without what is certainly generated.
    pub(super) base: String,
}

/// A name while it is read.
struct Name<'n> {
    text: &'n str,
    tokens: Vec<Token<'n>>,
    /// Tokens of names that are not generated.
    fixed: Vec<bool>,
    /// Tokens that are certainly generated.
    generated: Vec<bool>,
    /// What they are.
    parts: Vec<String>,
    doubt: Option<(Range<usize>, String)>,
}

/// Reads the name of a Job, or its `generateName`. `own` are the digests that presync may have put there itself.
pub(super) fn read(
    job: &Job<'_>,
    app: &App,
    known: &Known<'_>,
    again: &Again<'_>,
    own: &BTreeSet<String>,
) -> Reading {
    let mut name = Name::new(text(job), job, known, own);
    name.compare(again.other_name(job));
    name.look_for_marks(job, app, known);
    name.look(known);
    name.reading(job.name().is_empty() && job.generate_name().is_some())
}

/// Returns what is read: the Job's name, or its `generateName`.
pub(super) fn text<'a>(job: &Job<'a>) -> &'a str {
    job.generate_name().filter(|_| job.name().is_empty()).unwrap_or(job.name())
}

impl<'n> Name<'n> {
    fn new(text: &'n str, job: &Job<'_>, known: &Known<'_>, own: &BTreeSet<String>) -> Self {
        let tokens = tokens(text);
        let mut fixed = known.fixed(job, &tokens);
        if job.annotation(TRACE).is_some() {
            for (token, fixed) in tokens.iter().zip(&mut fixed) {
                *fixed |= own.contains(token.text);
            }
        }
        let generated = vec![false; tokens.len()];
        Self { text, tokens, fixed, generated, parts: Vec::new(), doubt: None }
    }

    /// What is not the same in the second render is generated.
    fn compare(&mut self, other: Option<&str>) {
        let Some(other) = other else { return };
        let (before, after) = common_ends(&self.tokens, &tokens(other));
        self.take(before..self.tokens.len() - after, "new in each render");
    }

    /// What stands in an image's tag and the like is generated.
    fn look_for_marks(&mut self, job: &Job<'_>, app: &App, known: &Known<'_>) {
        for mark in marks::of_job(job, app) {
            if let Some(range) = mark.find(self.text, &self.tokens) {
                self.judge(range, &mark.source, known);
            }
        }
    }

    /// A mark counts unless the app or one of its objects is called so.
    fn judge(&mut self, range: Range<usize>, noun: &str, known: &Known<'_>) {
        if range.clone().any(|index| self.generated[index]) || known::all(&self.fixed, &range) {
            return;
        }
        if known.is_shared(&self.tokens[range.clone()]) {
            self.doubt.get_or_insert((range, noun.to_owned()));
        } else {
            self.take(range, noun);
        }
    }

    /// Looks for parts that look generated among the rest.
    fn look(&mut self, known: &Known<'_>) {
        let mut rest = self.tokens.clone();
        loop {
            for (index, token) in rest.iter_mut().enumerate() {
                if self.fixed[index] || self.generated[index] {
                    token.text = "";
                }
            }
            let Some((range, noun)) = looks::generated(&rest) else { return };
            if let Some(found) = known.version_of_workloads(self.text, &self.tokens, &range)
                && !known.is_shared(&self.tokens[found.clone()])
            {
                self.take(found, "the image of a workload");
            } else if known.is_shared(&self.tokens[range.clone()]) {
                self.fixed[range].fill(true);
            } else {
                self.doubt.get_or_insert((range, noun.to_owned()));
                return;
            }
        }
    }

    fn take(&mut self, range: Range<usize>, noun: &str) {
        if !range.is_empty() {
            self.parts.push(format!("`{}` ({noun})", self.part(&range)));
            self.generated[range].fill(true);
        }
    }

    fn part(&self, range: &Range<usize>) -> &'n str {
        &self.text[self.tokens[range.start].start..self.tokens[range.end - 1].end()]
    }

    fn reading(self, generate_name: bool) -> Reading {
        let base = |also: &Range<usize>| {
            let base =
                without(self.text, &self.tokens, |index| self.generated[index] || also.contains(&index));
            if base.is_empty() { "job".to_owned() } else { base }
        };
        let doubt = self.doubt.as_ref().map(|(range, noun)| Doubt {
            part: self.part(range).to_owned(),
            noun: noun.clone(),
            base: base(range),
        });
        let mut parts = self.parts.clone();
        if generate_name {
            parts.push("`generateName`".to_owned());
        }
        Reading { base: (!parts.is_empty()).then(|| base(&(0..0))), generated: parts.join(", "), doubt }
    }
}
