//! The walk from a Job over everything that it needs.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId, Step},
    plan::{
        app::{
            index::{Index, group, is_cluster_scoped, is_custom},
            job::Job,
        },
        needs::{
            Found, Missing, Need, Relation, Shared, Use, WaitedFor,
            catalogue::{kinds::may_be_a_database, operators, secret_controllers::SecretControllers},
            claims, custom_resources,
            databases::{Databases, Reached},
            dependents::waiters,
            policies,
            rbac::{self, Account},
            texts::{self, Text},
            waited_for,
        },
        pod::{
            Pod, Pods, data,
            references::{self, Reads, Reference},
            workloads,
        },
    },
};

/// Walks from the Job over everything that it needs.
pub(crate) fn from<'v, 'a>(job: &Job<'a>, shared: &Shared<'v>, pods: &Pods<'v, 'a>) -> Result<Found> {
    let app = pods.app();
    let mut kinds: Vec<_> = app.custom().map(|header| header.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let waiters = waiters(job, pods)?;
    let waiting = waiters.iter().map(|waiter| waiter.header.id).collect();
    let databases = Databases::new(app, waiting)?;
    let producers = SecretControllers::new(app)?;
    let mut walk = Walk {
        app,
        pods,
        kinds,
        databases,
        producers,
        shared,
        job: *job,
        needs: Vec::new(),
        places: HashMap::new(),
        workloads: Vec::new(),
        missing: Vec::new(),
    };
    let referrer = Referrer { id: job.id, label: None, namespace: job.namespace() };
    let annotations = &job.spec()["template"]["metadata"]["annotations"];
    walk.annotations(&referrer, annotations)?;
    walk.pod(&referrer, &pods.of_job(job))?;
    let labels = job.spec()["template"]["metadata"]["labels"].as_object();
    walk.policies(&referrer, &policies::Pod::new(labels, job.namespace(), Some(job.name())))?;
    walk.namespace(&referrer);
    let walked = walk.all(0)?;
    if !walk.needs.iter().any(|need| need.relation == Relation::Database) {
        for part in operators::outside(job.namespace(), app)? {
            let why = "made in a database that the app does not render".to_owned();
            walk.add(part, Relation::Database, job.id, why, None);
        }
        walk.all(walked)?;
        if *shared.database.get_or_init(|| app.custom().any(|header| may_be_a_database(header, app))) {
            walk.missing.push(Missing { by: job.id, why: "its database".to_owned() });
        }
    }
    Ok(Found { needs: walk.needs, awaits: walk.workloads, missing: walk.missing, waiters })
}

struct Walk<'v, 'a, 'm> {
    app: &'v Index<'a>,
    pods: &'m Pods<'v, 'a>,
    /// The kinds of the app's custom resources.
    kinds: Vec<&'v str>,
    databases: Databases<'v, 'a>,
    producers: SecretControllers<'v, 'a>,
    shared: &'m Shared<'v>,
    job: Job<'a>,
    needs: Vec<Need>,
    /// Where in `needs` an object stands.
    places: HashMap<ObjectId, usize>,
    workloads: Vec<WaitedFor>,
    missing: Vec<Missing>,
}

/// The object whose fields are followed.
struct Referrer<'r> {
    id: ObjectId,
    /// `Kind name`; none for the Job itself.
    label: Option<String>,
    namespace: Option<&'r str>,
}

impl Referrer<'_> {
    fn why(&self, field: &str) -> String {
        self.label.as_ref().map_or_else(|| field.to_owned(), |label| format!("{label}: {field}"))
    }
}

impl Walk<'_, '_, '_> {
    fn add(
        &mut self,
        header: &Header,
        relation: Relation,
        by: ObjectId,
        why: String,
        path: Option<Vec<Step>>,
    ) {
        if header.id == self.job.id || header.id == by {
            return;
        }
        let place = *self.places.entry(header.id).or_insert_with(|| {
            self.needs.push(Need { header: header.clone(), relation, uses: Vec::new() });
            self.needs.len() - 1
        });
        let reason = Use { by, why, path };
        let uses = &mut self.needs[place].uses;
        if !uses.contains(&reason) {
            uses.push(reason);
        }
    }

    fn follow(&mut self, referrer: &Referrer<'_>, reference: Reference) -> Result<()> {
        let app = self.app;
        let namespace = reference.namespace.as_deref().or(referrer.namespace);
        let why = referrer.why(&reference.why);
        let mut there = false;
        if reference.relation == Relation::Config {
            for header in self.producers.of(&reference.kind, &reference.name, namespace) {
                let why = format!("{why}, for which it makes {} {}", reference.kind, reference.name);
                let relation = operators::of(header).map_or(Relation::Producer, |_| Relation::Database);
                self.add(header, relation, referrer.id, why.clone(), None);
                self.mounting(referrer, header, &why)?;
                there = true;
            }
        }
        let path = (referrer.id == self.job.id).then_some(reference.path).filter(|path| !path.is_empty());
        for header in app.find_all(&reference.kind, &reference.name, namespace) {
            let database = reference.relation == Relation::Producer && operators::of(header).is_some();
            let relation = if database { Relation::Database } else { reference.relation };
            self.add(header, relation, referrer.id, why.clone(), path.clone());
            there |= reads_are_there(&reference.reads, app.object(header.id)?);
        }
        if there || reference.optional {
            return Ok(());
        }
        if reference.relation == Relation::Config {
            for header in
                self.shared.makers.of(&reference.kind, &reference.name, namespace, self.job.id, self.pods)?
            {
                let why = format!("{why}, for which it seems to make {} {}", reference.kind, reference.name);
                self.add(header, Relation::Producer, referrer.id, why, None);
                there = true;
            }
            let seeming = operators::seeming(&reference.name, namespace, app);
            for header in seeming.filter(|header| header.id != referrer.id) {
                let why = format!("{why}, for which it seems to make {} {}", reference.kind, reference.name);
                self.add(header, Relation::Database, referrer.id, why, None);
                there = true;
            }
            for header in claims::naming(&reference.name, namespace, app)? {
                let why = format!("{why}, which it names: {} {}", reference.kind, reference.name);
                self.add(header, Relation::Producer, referrer.id, why, None);
                there = true;
            }
        }
        let waits = matches!(reference.relation, Relation::Config | Relation::Volume | Relation::Producer)
            || (reference.kind == "ServiceAccount" && reference.name != "default");
        if !there && waits && reference.why != "imagePullSecrets" {
            let why = format!("{} {}", reference.kind, reference.name);
            self.missing.push(Missing { by: referrer.id, why });
        }
        Ok(())
    }

    /// Adds the workloads that mount a `SecretProviderClass`, unless the Job does: its Secrets are there as long as a pod
    /// mounts it.
    fn mounting(&mut self, referrer: &Referrer<'_>, class: &Header, why: &str) -> Result<()> {
        if class.kind != "SecretProviderClass" || referrer.id != self.job.id {
            return Ok(());
        }
        let mounting = claims::mounting(class, self.app)?;
        if mounting.iter().any(|(header, _)| header.id == self.job.id) {
            return Ok(());
        }
        for (header, pod) in mounting.into_iter().filter(|(header, _)| workloads::serves(header)) {
            let relation = waited_for::server(header, &pod);
            self.reach(referrer, Reached { header, relation, why: format!("{why} once it is mounted") });
        }
        Ok(())
    }

    fn follow_all(&mut self, referrer: &Referrer<'_>, references: Vec<Reference>) -> Result<()> {
        references.into_iter().try_for_each(|reference| self.follow(referrer, reference))
    }

    /// Returns what the annotations of a pod name: an injector mounts it.
    fn annotations(&mut self, referrer: &Referrer<'_>, annotations: &Value) -> Result<()> {
        self.follow_all(referrer, references::of_annotations(annotations))
    }

    /// Returns what a pod names, and the ServiceAccount that it runs as.
    fn pod(&mut self, referrer: &Referrer<'_>, pod: &Pod<'_>) -> Result<()> {
        let mut texts = texts::of_pod(pod);
        for reference in &pod.references {
            for producer in self.producers.of(&reference.kind, &reference.name, referrer.namespace) {
                texts.extend(texts::of_template(self.app.object(producer.id)?, reference));
            }
        }
        let account = references::account(pod.spec);
        let (name, field) = (account.name.clone(), account.why.clone());
        for mut reference in pod.references.iter().cloned().chain([account]) {
            if !reference.path.is_empty() {
                let way = ["spec", "template", "spec"].map(|key| Step::Key(key.to_owned()));
                reference.path.splice(..0, way);
            }
            self.follow(referrer, reference)?;
        }
        for binding in rbac::bindings(&Account { name: &name, namespace: referrer.namespace }, self.app)? {
            let why = referrer.why(&format!("{field}, a subject of the binding"));
            self.add(binding, Relation::Identity, referrer.id, why, None);
        }
        self.servers(referrer, &texts)
    }

    /// Returns the servers that a pod's texts name or wait for.
    fn servers(&mut self, referrer: &Referrer<'_>, texts: &[Text<'_>]) -> Result<()> {
        let namespace = referrer.namespace;
        let mut reached = self.databases.reached(texts, namespace)?;
        for text in texts {
            for target in text.targets() {
                match (target.kind, target.name) {
                    ("ConfigMap" | "Secret", Some(name)) => {
                        let reference = Reference::new(target.kind, Relation::Config, name, &text.why);
                        self.follow(referrer, reference)?;
                    }
                    ("Service", Some(name)) => {
                        reached.extend(self.databases.awaited(name, &text.why, namespace)?);
                    }
                    _ => reached.extend(waited_for::objects(&target, &text.why, namespace, self.app)?),
                }
            }
        }
        for found in reached {
            self.reach(referrer, found);
        }
        Ok(())
    }

    /// Adds what a pod reaches: a need, or a workload of the app itself for which the Job waits.
    fn reach(&mut self, referrer: &Referrer<'_>, found: Reached<'_>) {
        let Reached { header, relation, why } = found;
        let why = referrer.why(&why);
        if let Some(relation) = relation {
            self.add(header, relation, referrer.id, why, None);
        } else if referrer.id == self.job.id
            && !self.workloads.iter().any(|awaited| awaited.header.id == header.id)
        {
            self.workloads.push(WaitedFor { header: header.clone(), why });
        }
    }

    /// Adds the network policies that let a pod's traffic through.
    fn policies(&mut self, referrer: &Referrer<'_>, pod: &policies::Pod<'_>) -> Result<()> {
        for policy in self.shared.policies.of(pod, self.app)? {
            let why = referrer.why("its pod, which the policy selects");
            self.add(policy, Relation::Policy, referrer.id, why, None);
        }
        Ok(())
    }

    /// Follows the needs from this one on, and all that they add; gives their number.
    fn all(&mut self, first: usize) -> Result<usize> {
        let mut next = first;
        while let Some(need) = self.needs.get(next) {
            let header = need.header.clone();
            self.object(&header)?;
            next += 1;
        }
        Ok(next)
    }

    /// Follows what a needed object itself needs.
    fn object(&mut self, header: &Header) -> Result<()> {
        let app = self.app;
        let object = app.object(header.id)?;
        let referrer = Referrer {
            id: header.id,
            label: Some(format!("{} {}", header.kind, header.name)),
            namespace: header.namespace.as_deref(),
        };
        match (header.kind.as_str(), is_custom(header)) {
            ("ServiceAccount", false) => {
                self.follow_all(&referrer, rbac::of_service_account(object))?;
            }
            ("RoleBinding" | "ClusterRoleBinding", false) => {
                self.follow_all(&referrer, rbac::of_binding(object))?;
            }
            ("PersistentVolumeClaim", false) => {
                self.follow_all(&referrer, references::of_claim("spec", &object["spec"]))?;
            }
            _ => {}
        }
        let runs = workloads::serves(header) || (header.kind == "Job" && !is_custom(header));
        if let Some(pod) = self.pods.of(header)?.filter(|_| runs) {
            self.annotations(&referrer, &object["spec"]["template"]["metadata"]["annotations"])?;
            self.pod(&referrer, &pod)?;
            let labels = workloads::pod(header, object).and_then(|template| template.labels);
            let job = (header.kind == "Job").then_some(header.name.as_str());
            self.policies(&referrer, &policies::Pod::new(labels, referrer.namespace, job))?;
            let service = references::reference(
                "serviceName",
                "Service",
                Relation::Database,
                &object["spec"]["serviceName"],
            );
            self.follow_all(&referrer, service.into_iter().collect())?;
            for claim in object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
                self.follow_all(&referrer, references::of_claim("volumeClaimTemplates", &claim["spec"]))?;
            }
        } else if is_custom(header) {
            self.follow_all(&referrer, custom_resources::references(object, &self.kinds))?;
            for database in operators::wholes(header, app)? {
                let why = referrer.why("the operator makes it in this database");
                self.add(database, Relation::Database, header.id, why, None);
            }
            for operator in rbac::controllers(header, app)? {
                let why = referrer.why("it may write the status of this kind");
                self.add(operator, Relation::Database, header.id, why, None);
            }
            for part in operators::parts(header, app)? {
                let why = referrer.why("the operator makes it in this database");
                self.add(part, Relation::Database, header.id, why, None);
            }
        }
        if is_custom(header) {
            self.definition(&referrer, header);
        }
        if !is_cluster_scoped(header) {
            self.namespace(&referrer);
        }
        Ok(())
    }

    fn namespace(&mut self, referrer: &Referrer<'_>) {
        let app = self.app;
        let Some(namespace) = app.namespace(referrer.namespace) else { return };
        for header in app.find_all("Namespace", namespace, None) {
            self.add(header, Relation::Namespace, referrer.id, referrer.why("its namespace"), None);
        }
    }

    /// The definition of a custom resource's kind, named `<plural>.<group>`.
    fn definition(&mut self, referrer: &Referrer<'_>, of: &Header) {
        let kind = of.kind.to_lowercase();
        let app = self.app;
        for header in app.of_kind("CustomResourceDefinition") {
            let Some((plural, defined)) = header.name.split_once('.') else { continue };
            // The plural is the kind in lower case with an ending: `policies`, `databases`, `redis`.
            let ending = plural.strip_prefix(kind.strip_suffix('y').unwrap_or(&kind));
            if defined == group(&of.api_version) && ending.is_some_and(|ending| ending.len() <= 3) {
                self.add(header, Relation::Definition, referrer.id, referrer.why("its kind"), None);
            }
        }
    }
}

/// Whether an object has what is read of it.
fn reads_are_there(reads: &Reads, object: &Value) -> bool {
    match reads {
        Reads::Nothing | Reads::Variables { .. } => true,
        Reads::Variable { key, .. } => data::has_key(object, key),
        Reads::Files { items, .. } => items.iter().all(|(key, _)| data::has_key(object, key)),
    }
}
