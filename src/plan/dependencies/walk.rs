//! The walk from a Job over everything that it needs.

use std::collections::HashMap;

use serde_json::Value;

use super::identity::{self, Account};
use super::references::{self, Reads, Reference};
use super::{Need, Relation, Use, custom, producers};
use crate::error::Result;
use crate::manifest::{Header, ObjectId, Step};
use crate::plan::job::Job;
use crate::plan::view::{View, group, is_cluster_scoped, is_custom};

/// Everything that the Job's pod needs, each object once, in the order found.
pub(super) fn from(job: &Job<'_>, app: &View<'_>) -> Result<Vec<Need>> {
    let mut kinds: Vec<_> =
        app.headers().iter().filter(|header| is_custom(header)).map(|header| header.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut walk = Walk { app, kinds, job: job.id, needs: Vec::new(), places: HashMap::new() };
    let referrer = Referrer { id: job.id, label: None, namespace: job.namespace() };
    walk.pod(&referrer, job.pod())?;
    walk.namespace(&referrer);
    let mut next = 0;
    while let Some(need) = walk.needs.get(next) {
        let header = need.header.clone();
        walk.object(&header)?;
        next += 1;
    }
    Ok(walk.needs)
}

struct Walk<'v, 'a> {
    app: &'v View<'a>,
    /// The kinds of the app's custom resources.
    kinds: Vec<&'v str>,
    job: ObjectId,
    needs: Vec<Need>,
    /// Where in `needs` an object stands.
    places: HashMap<ObjectId, usize>,
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

impl Walk<'_, '_> {
    fn add(
        &mut self,
        header: &Header,
        relation: Relation,
        by: ObjectId,
        why: String,
        path: Option<Vec<Step>>,
    ) {
        if header.id == self.job || header.id == by {
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
        if matches!(reference.relation, Relation::Config) {
            for header in producers::of(&reference.kind, &reference.name, namespace, app)? {
                let why = format!("{why}, for which it makes {} {}", reference.kind, reference.name);
                self.add(header, Relation::Producer, referrer.id, why, None);
            }
        }
        let path = (referrer.id == self.job).then_some(reference.path).filter(|path| !path.is_empty());
        for header in app.find_all(&reference.kind, &reference.name, namespace) {
            self.add(header, reference.relation, referrer.id, why.clone(), path.clone());
        }
        Ok(())
    }

    fn follow_all(&mut self, referrer: &Referrer<'_>, references: Vec<Reference>) -> Result<()> {
        references.into_iter().try_for_each(|reference| self.follow(referrer, reference))
    }

    /// What a pod names, and the ServiceAccount that it runs as.
    fn pod(&mut self, referrer: &Referrer<'_>, pod: &Value) -> Result<()> {
        for mut reference in references::of_pod(pod) {
            reference.path.splice(..0, ["spec", "template", "spec"].map(|key| Step::Key(key.to_owned())));
            self.follow(referrer, reference)?;
        }
        let (field, name) = references::service_account(pod);
        let path = pod[field].is_string().then(|| {
            ["spec", "template", "spec", field].iter().map(|key| Step::Key((*key).to_owned())).collect()
        });
        let reference = Reference {
            kind: "ServiceAccount".to_owned(),
            name: name.to_owned(),
            namespace: None,
            relation: Relation::Identity,
            why: field.to_owned(),
            path: path.unwrap_or_default(),
            reads: Reads::Nothing,
        };
        self.follow(referrer, reference)?;
        for binding in identity::bindings(&Account { name, namespace: referrer.namespace }, self.app)? {
            let why = referrer.why(&format!("{field}, a subject of the binding"));
            self.add(binding, Relation::Identity, referrer.id, why, None);
        }
        Ok(())
    }

    /// What a needed object itself needs.
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
                self.follow_all(&referrer, identity::of_service_account(object))?;
            }
            ("RoleBinding" | "ClusterRoleBinding", false) => {
                self.follow_all(&referrer, identity::of_binding(object))?;
            }
            ("PersistentVolumeClaim", false) => {
                self.follow_all(&referrer, references::of_claim("spec", &object["spec"]))?;
            }
            (_, true) => {
                self.follow_all(&referrer, custom::references(object, &self.kinds))?;
                self.definition(&referrer, header);
            }
            _ => {}
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
