//! Jobs of the app that make ConfigMaps and Secrets when they run.

use std::cell::OnceCell;

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::hooks::{self, HookType, Role},
        needs::{hostnames, texts},
        pod::{Pod, Pods},
    },
};

/// The Jobs of an app that may make a ConfigMap or Secret, read once, when the first asks.
#[derive(Default)]
pub(crate) struct Makers<'v>(OnceCell<Vec<Maker<'v>>>);

/// A Job whose commands or files speak of a kind.
struct Maker<'v> {
    header: &'v Header,
    /// The objects that its pod takes itself, as kind and name.
    takes: Vec<(String, String)>,
    /// What speaks of `configmap` or `secret`, in lower case too.
    texts: Vec<(String, String)>,
}

impl<'v> Makers<'v> {
    /// Reads the Jobs that run in a sync; fails where a document cannot be read.
    fn read(pods: &Pods<'v, '_>) -> Result<Vec<Maker<'v>>> {
        let mut makers = Vec::new();
        for header in pods.app().of_kind("Job") {
            let Some(pod) = pods.of(header)? else { continue };
            if !runs_in_sync(pods.app().object(header.id)?) {
                continue;
            }
            let texts: Vec<_> = texts_of(&pod)
                .into_iter()
                .map(|text| (text.to_ascii_lowercase(), text))
                .filter(|(lower, _)| KINDS.iter().any(|kind| lower.contains(kind)) && makes(lower))
                .map(|(lower, text)| (text, lower))
                .collect();
            if !texts.is_empty() {
                let takes = pod.references.iter();
                let takes = takes.map(|reference| (reference.kind.clone(), reference.name.clone())).collect();
                makers.push(Maker { header, takes, texts });
            }
        }
        Ok(makers)
    }

    /// Returns the Jobs, `except` left out, that seem to make an object that nothing else provides: what they run
    /// speaks of its kind and names it (`kubectl create secret generic tls`, `--secret-name=tls`), and they do not take
    /// it themselves.
    pub(crate) fn of(
        &self,
        kind: &str,
        name: &str,
        namespace: Option<&str>,
        except: ObjectId,
        pods: &Pods<'v, '_>,
    ) -> Result<Vec<&'v Header>> {
        let jobs = if let Some(jobs) = self.0.get() {
            jobs
        } else {
            let read = Self::read(pods)?;
            self.0.get_or_init(|| read)
        };
        let word = kind.to_ascii_lowercase();
        let seems = |maker: &&Maker<'v>| {
            maker.header.id != except
                && pods.app().reaches(maker.header, namespace)
                && maker
                    .texts
                    .iter()
                    .any(|(text, lower)| lower.contains(&word) && hostnames::has_name(text, name))
                && !maker.takes.iter().any(|(taken, of)| taken == kind && of == name)
        };
        Ok(jobs.iter().filter(seems).map(|maker| maker.header).collect())
    }
}

/// Returns the texts of a pod; commands of one origin are one text: a script may say in one what it makes with another.
fn texts_of(pod: &Pod<'_>) -> Vec<String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for text in texts::of_pod(pod) {
        match found.last_mut().filter(|(origin, _)| *origin == text.why) {
            Some((_, script)) => script.extend(["\n", &text.content]),
            None => found.push((text.why.into_owned(), text.content.into_owned())),
        }
    }
    found.into_iter().map(|(_, text)| text).collect()
}

/// What a text says that makes one of the kinds.
const KINDS: [&str; 2] = ["configmap", "secret"];

/// Whether a text, in lower case, may make what it names.
fn makes(text: &str) -> bool {
    !text.contains(" delete ") || MAKES.iter().any(|verb| text.contains(verb))
}

/// Commands that make an object; one that only deletes does not.
const MAKES: [&str; 4] = [" apply ", " create ", " patch ", " replace "];

/// Whether Argo CD runs the Job in a sync.
fn runs_in_sync(job: &Value) -> bool {
    match hooks::role(job).0 {
        Role::Resource => true,
        Role::Hook(types) => {
            types.iter().any(|kind| matches!(kind, HookType::PreSync | HookType::Sync | HookType::PostSync))
        }
        Role::Ignored => false,
    }
}
