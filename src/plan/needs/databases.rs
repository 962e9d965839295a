//! The databases of the app that a pod reaches by host name.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::index::Index,
        needs::{
            Relation,
            catalogue::{
                known_databases::{self, Counts, KnownDatabase},
                operators, pattern,
            },
            hostnames::{self, Mention},
            texts::Text,
        },
        pod::workloads::{self, Template},
    },
};

/// Everything in the app that a host name can lead to.
pub(crate) struct Databases<'v, 'a> {
    app: &'v Index<'a>,
    /// The names of Services that operators make, as patterns, each with its database.
    conventions: Vec<(String, &'v Header, Counts)>,
    /// Workloads that wait for the Job: no need of it, whatever they run.
    waiting: HashSet<ObjectId>,
}

/// An object that a host name leads to.
#[derive(Debug)]
pub(crate) struct Reached<'v> {
    pub(crate) header: &'v Header,
    /// What it is to the pod; none for a workload of the app itself.
    pub(crate) relation: Option<Relation>,
    pub(crate) why: String,
}

/// What a Service leads to.
struct Lead<'v> {
    /// None for what is no known server.
    counts: Option<Counts>,
    headers: Vec<&'v Header>,
}

impl<'v, 'a> Databases<'v, 'a> {
    pub(crate) fn new(app: &'v Index<'a>, waiting: HashSet<ObjectId>) -> Result<Self> {
        let mut conventions = Vec::new();
        for header in app.custom() {
            let of_platform = app.rules_of(header).flat_map(|rule| &rule.services);
            let mut services: Vec<_> = of_platform.map(|names| (names.as_str(), Counts::Named)).collect();
            if let Some(operator) = operators::of(header) {
                services.extend(operator.services.iter().map(|names| (*names, operator.counts)));
            }
            for (names, counts) in services {
                let names = pattern::expand(names, app.object(header.id)?);
                conventions.extend(names.into_iter().map(|name| (name, header, counts)));
            }
        }
        Ok(Self { app, conventions, waiting })
    }

    /// Returns what the hosts in the texts lead to, in the order found.
    pub(crate) fn reached(&self, texts: &[Text<'_>], namespace: Option<&str>) -> Result<Vec<Reached<'v>>> {
        let mut reached = Vec::new();
        if !self.app.has_kind("Service") && self.conventions.is_empty() {
            return Ok(reached);
        }
        for text in texts {
            let mut seen = HashSet::new();
            for mention in hostnames::mentions(text, |label| self.knows(label)) {
                if seen.insert(mention) {
                    self.follow(mention, &text.why, namespace, &mut reached)?;
                }
            }
        }
        Ok(reached)
    }

    /// Returns what a Service leads to that the pod waits for by its name.
    pub(crate) fn awaited(
        &self,
        service: &str,
        why: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Reached<'v>>> {
        let mut reached = Vec::new();
        let mention = Mention { host: service, expected: true, awaited: true };
        self.follow(mention, why, namespace, &mut reached)?;
        Ok(reached)
    }

    fn knows(&self, label: &str) -> bool {
        self.app.has_name("Service", label)
            || self.conventions.iter().any(|(names, ..)| pattern::matches(names, label))
    }

    fn follow(
        &self,
        mention: Mention<'_>,
        why: &str,
        namespace: Option<&str>,
        reached: &mut Vec<Reached<'v>>,
    ) -> Result<()> {
        for form in forms(mention.host, namespace) {
            if !(mention.expected || form.qualified) {
                continue;
            }
            let why = format!("{why}, host {}", form.service);
            for (header, lead) in self.leads(form)? {
                let relation = lead.counts.map(|_| Relation::Database);
                if mention.awaited || lead.counts == Some(Counts::Named) {
                    let headers = header.into_iter().chain(lead.headers);
                    reached.extend(headers.map(|header| Reached { header, relation, why: why.clone() }));
                }
            }
        }
        Ok(())
    }

    /// Returns the rendered Services of a host's form, and the databases whose operators make one of that name.
    fn leads(&self, form: Form<'_>) -> Result<Vec<(Option<&'v Header>, Lead<'v>)>> {
        let mut found = Vec::new();
        for header in self.app.find_all("Service", form.service, form.namespace) {
            if let Some(lead) = self.lead(header)? {
                found.push((Some(header), lead));
            }
        }
        for (names, header, counts) in &self.conventions {
            if pattern::matches(names, form.service) && self.app.reaches(header, form.namespace) {
                found.push((None, Lead { counts: Some(*counts), headers: vec![*header] }));
            }
        }
        Ok(found)
    }

    /// Returns what a Service of the app leads to; none where that is nothing of this app, or waits for the Job.
    fn lead(&self, header: &'v Header) -> Result<Option<Lead<'v>>> {
        let service = self.app.object(header.id)?;
        let selector: Vec<_> = service["spec"]["selector"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
            .collect();
        if selector.is_empty() {
            return self.outside(header, service).map(Some);
        }
        let workloads = workloads::selected(&selector, header.namespace.as_deref(), self.app)?;
        if workloads.iter().any(|(header, _)| self.waiting.contains(&header.id)) {
            return Ok(None);
        }
        if !workloads.is_empty() {
            let engines = workloads
                .iter()
                .filter_map(|(workload, pod)| Some((engine(service, workload, pod)?, *workload)));
            let (engines, servers): (Vec<_>, Vec<_>) = engines.unzip();
            return Ok(Some(match engines.first() {
                Some(engine) => Lead { counts: Some(engine.counts), headers: servers },
                None => Lead { counts: None, headers: workloads.iter().map(|(header, _)| *header).collect() },
            }));
        }
        // The pods of an operator: their labels name the custom resource.
        let custom = self.conventions.iter().find(|(_, custom, _)| {
            self.app.reaches(custom, header.namespace.as_deref())
                && selector.iter().any(|(_, value)| *value == custom.name)
        });
        Ok(custom.map(|(_, custom, counts)| Lead { counts: Some(*counts), headers: vec![*custom] }))
    }

    /// Returns a Service without selector: an alias of another, or a host outside the cluster, whose name only resolves
    /// once the Service is there.
    fn outside(&self, header: &'v Header, service: &Value) -> Result<Lead<'v>> {
        let external = service["spec"]["externalName"].as_str().unwrap_or_default();
        for form in forms(external, header.namespace.as_deref()).filter(|form| form.qualified) {
            if let Some((alias, mut lead)) = self.leads(form)?.into_iter().next() {
                lead.headers.splice(0..0, alias);
                return Ok(lead);
            }
        }
        let endpoints = self.app.find_all("Endpoints", &header.name, header.namespace.as_deref());
        Ok(Lead { counts: Some(Counts::Named), headers: endpoints.collect() })
    }
}

/// A way to read a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form<'h> {
    service: &'h str,
    namespace: Option<&'h str>,
    /// It says `svc`: it is a host wherever it stands.
    qualified: bool,
}

/// Returns `service`, `service.namespace`, `service.namespace.svc…`, each after the name of a StatefulSet's pod or
/// without.
fn forms<'h>(host: &'h str, own: Option<&'h str>) -> impl Iterator<Item = Form<'h>> {
    let labels: Vec<_> = host.split('.').collect();
    let is_pod = labels[0].rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    (0..if is_pod { 2 } else { 1 }).filter_map(move |at| {
        let service = *labels.get(at)?;
        let (namespace, qualified) = match labels[at + 1..] {
            [] => (own, false),
            [namespace] => (Some(namespace), false),
            [namespace, "svc", ..] => (Some(namespace), true),
            _ => return None,
        };
        Some(Form { service, namespace, qualified })
    })
}

struct Port<'s> {
    number: Option<u64>,
    name: &'s str,
    /// The container's port, by number or name.
    target: &'s Value,
}

fn ports(service: &Value) -> impl Iterator<Item = Port<'_>> {
    service["spec"]["ports"].as_array().into_iter().flatten().map(|port| Port {
        number: port["port"].as_u64(),
        name: port["name"].as_str().unwrap_or_default(),
        target: &port["targetPort"],
    })
}

/// Returns the engine that a Service of this workload leads to: by the image of the container behind its ports, else by
/// its ports, else by the names of a StatefulSet.
fn engine(service: &Value, workload: &Header, pod: &Template<'_>) -> Option<&'static KnownDatabase> {
    let containers = pod.spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let by_image = containers.iter().find_map(|container| {
        let engine = known_databases::of_image(container["image"].as_str()?)?;
        let mut ports = ports(service).peekable();
        // A database may also be a sidecar, such as a connection pooler: the Service of the app does not lead to it.
        let behind = containers.len() == 1
            || ports.peek().is_none()
            || ports.any(|port| port.leads_to(engine) || port.leads_into(container));
        behind.then_some(engine)
    });
    let by_port = || {
        let known = |port: Port<'_>| {
            known_databases::of_port(port.number?).or_else(|| known_databases::of_name(port.name))
        };
        ports(service).find_map(known)
    };
    let by_name =
        || (workload.kind == "StatefulSet").then(|| known_databases::of_name(&workload.name)).flatten();
    by_image.or_else(by_port).or_else(by_name)
}

impl Port<'_> {
    fn leads_to(&self, engine: &KnownDatabase) -> bool {
        [self.number, self.target.as_u64()].iter().flatten().any(|port| engine.ports.contains(port))
    }

    fn leads_into(&self, container: &Value) -> bool {
        let declared = container["ports"].as_array().into_iter().flatten();
        let target = self.target.as_u64().or(self.number.filter(|_| self.target.is_null()));
        declared.into_iter().any(|port| {
            self.target.as_str().is_some_and(|name| port["name"] == name)
                || target.is_some_and(|target| port["containerPort"] == target)
        })
    }
}
