//! Who waits for a Job, and who names it.

use std::collections::BTreeSet;

use memchr::memmem;
use serde_json::Value;

use crate::{
    error::Result,
    manifest::Header,
    plan::{
        app::{index::Index, job::Job},
        needs::{
            hostnames,
            texts::{self, Text},
            wait_commands::Target,
        },
        pod::{Pod, Pods, workloads},
    },
};

/// An object that waits for a Job until it has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiter {
    /// The workload, or the role that lets one look at this Job alone.
    pub header: Header,
    /// How it shows, in words; never a value of the manifests.
    pub why: String,
}

/// Everything in the app that waits for the Job, or may look at it alone; fails where a document cannot be read.
pub(crate) fn waiters(job: &Job<'_>, pods: &Pods<'_, '_>) -> Result<Vec<Waiter>> {
    let app = pods.app();
    let mut found = Vec::new();
    for header in candidates(job, app) {
        let why = match pods.of(header)? {
            Some(pod) => pod_waits(&pod, job),
            None => rules_name(app.object(header.id)?, job.name()),
        };
        found.extend(why.map(|why| Waiter { header: header.clone(), why }));
    }
    Ok(found)
}

/// Workloads and roles whose documents, or whose scripts, can tell of waiting.
fn candidates<'v>(job: &Job<'_>, app: &'v Index<'_>) -> Vec<&'v Header> {
    let mut documents = BTreeSet::new();
    let mut texts: Vec<_> = ["kubectl", "k8s-wait-for", "wait_for"].map(str::to_owned).into();
    texts.extend(Some(job.name().to_owned()).filter(|name| !name.is_empty()));
    let mut scripts = Vec::new();
    for text in &texts {
        for header in app.mentioning(text) {
            documents.insert(header.id);
            if header.kind == "ConfigMap" {
                scripts.push(&header.name);
            }
        }
    }
    for name in scripts {
        documents.extend(app.mentioning(name).iter().map(|header| header.id));
    }
    let looks = |header: &&Header| {
        let role = matches!(header.kind.as_str(), "Role" | "ClusterRole");
        role || workloads::serves(header) || matches!(header.kind.as_str(), "Job" | "CronJob")
    };
    let others = documents.into_iter().filter(|id| *id != job.id);
    others.filter_map(|id| app.header(id)).filter(looks).collect()
}

fn pod_waits(pod: &Pod<'_>, job: &Job<'_>) -> Option<String> {
    let texts = texts::of_pod(pod);
    texts.into_iter().find(|text| waits_for(text, job)).map(|text| text.why.into_owned())
}

fn waits_for(text: &Text<'_>, job: &Job<'_>) -> bool {
    text.targets().iter().any(|target| is_target(target, job))
        || (!job.name().is_empty() && names_job(text, job.name()))
}

fn is_target(target: &Target<'_>, job: &Job<'_>) -> bool {
    match (target.kind, target.name) {
        ("Job", Some(name)) => name == job.name(),
        ("Job", None) => workloads::takes(&target.selector, job.labels()),
        ("Pod", None) => {
            let labels = job.spec()["template"]["metadata"]["labels"].as_object();
            workloads::takes(&target.selector, labels)
        }
        _ => false,
    }
}

/// Whether the text is the API's path to the Job, or of an init container that has no other use for the name.
fn names_job(text: &Text<'_>, name: &str) -> bool {
    if memmem::find(text.content.as_bytes(), format!("/jobs/{name}").as_bytes()).is_some() {
        return true;
    }
    // A name of one word may be anything: a subcommand, a directory.
    text.init && name.contains('-') && hostnames::has_name(&text.content, name)
}

/// Returns a role's rule that names this Job.
fn rules_name(role: &Value, name: &str) -> Option<String> {
    let has = |rule: &Value, field: &str, wanted: &[&str]| {
        let entries = rule[field].as_array().into_iter().flatten();
        entries.filter_map(Value::as_str).any(|entry| wanted.contains(&entry))
    };
    let rules = role["rules"].as_array().into_iter().flatten();
    let mut named = rules.filter(|rule| {
        has(rule, "resources", &["jobs", "jobs/status", "*"]) && has(rule, "resourceNames", &[name])
    });
    named.next().map(|_| "resourceNames of a rule".to_owned())
}
