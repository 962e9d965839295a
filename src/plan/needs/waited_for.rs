//! The objects that a pod waits for by name or label.

use crate::{
    error::Result,
    manifest::Header,
    plan::{
        app::index::{Index, is_custom, runs_app},
        needs::{
            Relation,
            catalogue::{known_databases, operators},
            databases::Reached,
            wait_commands::Target,
        },
        pod::workloads::{self, Template},
    },
};

/// Returns what of the app a command waits for, in a namespace as a manifest gives it. ConfigMaps, Secrets and Services
/// are left to those who know how they come about.
pub(crate) fn objects<'v>(
    target: &Target<'_>,
    why: &str,
    namespace: Option<&str>,
    app: &'v Index<'_>,
) -> Result<Vec<Reached<'v>>> {
    let reached = |header, relation| Reached { header, relation, why: why.to_owned() };
    let mut found = Vec::new();
    match (target.kind, target.name) {
        ("Job", Some(name)) => {
            found.extend(
                app.find_all("Job", name, namespace).map(|header| reached(header, Some(Relation::Job))),
            );
        }
        ("Job" | "Pod", None) => {
            for header in app.of_kind("Job").filter(|header| app.reaches(header, namespace)) {
                let object = app.object(header.id)?;
                let labels = if target.kind == "Job" {
                    object["metadata"]["labels"].as_object()
                } else {
                    workloads::pod(header, object).and_then(|pod| pod.labels)
                };
                if !target.selector.is_empty() && workloads::takes(&target.selector, labels) {
                    found.push(reached(header, Some(Relation::Job)));
                }
            }
            for (header, pod) in workloads::selected(&target.selector, namespace, app)? {
                found.push(reached(header, server(header, &pod)));
            }
        }
        ("StatefulSet" | "Deployment" | "DaemonSet" | "Pod", Some(name)) => {
            // A StatefulSet's pods are named after it.
            let set = name.rsplit_once('-').map(|(set, _)| set).filter(|_| target.kind == "Pod");
            let sets = set.into_iter().flat_map(|set| app.find_all("StatefulSet", set, namespace));
            for header in app.find_all(target.kind, name, namespace).chain(sets) {
                if let Some(pod) = workloads::pod(header, app.object(header.id)?) {
                    found.push(reached(header, server(header, &pod)));
                }
            }
        }
        ("StatefulSet" | "Deployment" | "DaemonSet", None) => {
            for header in app.of_kind(target.kind).filter(|header| app.reaches(header, namespace)) {
                let object = app.object(header.id)?;
                if let Some(pod) = workloads::pod(header, object)
                    && workloads::takes(&target.selector, object["metadata"]["labels"].as_object())
                {
                    found.push(reached(header, server(header, &pod)));
                }
            }
        }
        ("ConfigMap" | "Secret" | "Service", _) => {}
        (kind, name) => {
            // A custom resource; the command may name its kind in the plural.
            let kind = kind.to_lowercase();
            let is_kind = |header: &&Header| {
                let own = header.kind.to_lowercase();
                is_custom(header)
                    && kind.strip_prefix(&own).is_some_and(|ending| matches!(ending, "" | "s" | "es"))
            };
            let named =
                app.headers().iter().filter(is_kind).filter(|header| Some(header.name.as_str()) == name);
            for header in named.filter(|header| app.reaches(header, namespace)) {
                let relation = match workloads::pod(header, app.object(header.id)?) {
                    Some(pod) => server(header, &pod),
                    None if runs_app(header) => None,
                    None => Some(operators::of(header).map_or(Relation::Producer, |_| Relation::Database)),
                };
                found.push(reached(header, relation));
            }
        }
    }
    Ok(found)
}

/// Whether a workload is a server that others need, or the app itself.
pub(crate) fn server(header: &Header, pod: &Template<'_>) -> Option<Relation> {
    let containers = pod.spec["containers"].as_array().into_iter().flatten();
    let mut images = containers.filter_map(|container| container["image"].as_str());
    let by_name = || (header.kind == "StatefulSet").then(|| known_databases::of_name(&header.name)).flatten();
    images.find_map(known_databases::of_image).or_else(by_name).map(|_| Relation::Database)
}
