//! What the parts of a name can be that are not generated: the app's own name, or a name that other objects share.

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap, HashSet},
    ops::Range,
};

use super::{
    marks::key,
    tokens::{Token, tokens},
    workload_images::WorkloadImages,
};
use crate::{
    argocd::App,
    plan::app::{index::Index, job::Job},
    settings::Settings,
};

/// The label that holds the release's or instance's name.
const INSTANCE: &str = "app.kubernetes.io/instance";

/// What is known of the names of an app.
pub(super) struct Known<'a> {
    /// The tokens of the app's, the release's and the namespace's names, of prefixes and suffixes.
    fixed: BTreeSet<String>,
    index: &'a Index<'a>,
    /// The keys of the tokens of all Jobs' names: what has none of them need not be looked at.
    wanted: HashSet<String>,
    /// The names of all other objects, by each of their tokens with such a key.
    shared: OnceCell<HashMap<&'a str, Vec<&'a str>>>,
    workloads: OnceCell<WorkloadImages<'a>>,
}

impl<'a> Known<'a> {
    pub(super) fn new<'j>(
        jobs: impl Iterator<Item = &'j str>,
        settings: &Settings,
        affixes: &[String],
        app: &App,
        index: &'a Index<'a>,
    ) -> Self {
        let (helm, kustomize) = (&settings.helm, &settings.kustomize);
        let names = [
            &app.name,
            &app.namespace,
            &helm.release_name,
            &helm.namespace,
            &kustomize.namespace,
            &kustomize.name_prefix,
            &kustomize.name_suffix,
        ];
        let names = names.into_iter().flatten().chain(affixes);
        let fixed = names.flat_map(|name| lower(name)).collect();
        let wanted = jobs.flat_map(lower).map(|token| key(&token).to_owned()).collect();
        Self { fixed, wanted, index, shared: OnceCell::new(), workloads: OnceCell::new() }
    }

    /// Returns which tokens of the Job's name are part of a name that is no generated one.
    pub(super) fn fixed(&self, job: &Job<'_>, tokens: &[Token<'_>]) -> Vec<bool> {
        let labels = &job.object["metadata"]["labels"];
        let own = [job.namespace(), labels[INSTANCE].as_str()];
        let own: BTreeSet<String> =
            own.into_iter().flatten().filter(|name| *name != job.name()).flat_map(lower).collect();
        tokens
            .iter()
            .map(|token| token.text.to_lowercase())
            .map(|text| self.fixed.contains(&text) || own.contains(&text))
            .collect()
    }

    /// Whether another object than a Job has this part of the name in its own.
    pub(super) fn is_shared(&self, part: &[Token<'_>]) -> bool {
        let shared = self.shared.get_or_init(|| {
            let mut shared: HashMap<&str, Vec<&str>> = HashMap::new();
            for name in self.others() {
                for token in tokens(name) {
                    if self.wanted.contains(key(&token.text.to_lowercase())) {
                        shared.entry(token.text).or_default().push(name);
                    }
                }
            }
            shared
        });
        // The rarest token leaves the fewest names to look at.
        let names = part.iter().map(|token| shared.get(token.text).map_or(&[][..], Vec::as_slice));
        names.min_by_key(|names| names.len()).unwrap_or_default().iter().any(|name| {
            tokens(name).windows(part.len()).any(|run| run.iter().zip(part).all(|(a, b)| a.text == b.text))
        })
    }

    /// Returns the names of all objects but Jobs, and but those that presync adds itself.
    fn others(&self) -> impl Iterator<Item = &'a str> {
        let headers = self.index.headers().iter();
        headers
            .filter(|header| {
                !matches!(header.kind.as_str(), "Job" | "Workflow") && !header.name.contains("-presync-")
            })
            .map(|header| header.name.as_str())
    }

    /// Returns where a name has the version of one of the app's workloads, in or across a part of it.
    pub(super) fn version_of_workloads(
        &self,
        name: &str,
        tokens: &[Token<'_>],
        part: &Range<usize>,
    ) -> Option<Range<usize>> {
        self.workloads.get_or_init(|| WorkloadImages::read(self.index, &self.wanted)).find(name, tokens, part)
    }
}

fn lower(name: &str) -> impl Iterator<Item = String> {
    tokens(name).into_iter().map(|token| token.text.to_lowercase())
}

/// Whether all tokens of a range are marked.
pub(super) fn all(marked: &[bool], range: &Range<usize>) -> bool {
    marked.get(range.clone()).is_some_and(|part| part.iter().all(|marked| *marked))
}
