//! Read access to the rendered app for decisions: objects by kind and name, parsed only when looked at.

use std::cell::OnceCell;

use memchr::memmem::Finder;
use serde_json::Value;

use crate::{
    error::{Location, Result},
    manifest::{Header, Manifests, ObjectId, Step},
    plan::app::mentions::Mentions,
    settings::KindRule,
};

/// Kinds that have no namespace and whose name does not say so.
const CLUSTER_SCOPED: [&str; 8] = [
    "Bundle",
    "CustomResourceDefinition",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "SecurityContextConstraints",
    "StorageClass",
];

/// The app as the decisions read it.
///
/// A kind is written as `kubectl` takes it: `Service` is Kubernetes' own, `Cluster.postgresql.cnpg.io` a custom
/// resource, `Cluster.*` one of any group. A namespace is given as a manifest gives it: `None` stands for the app's destination namespace.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    manifests: &'a Manifests,
    headers: Vec<Header>,
    /// Positions in `headers`, ordered by kind and name.
    order: Vec<usize>,
    /// Positions of the custom resources.
    custom: Vec<usize>,
    default_namespace: Option<String>,
    mentions: Mentions,
    /// The items of Lists as JSON, to be searched; none for what is a document of its own.
    items: OnceCell<Vec<Option<String>>>,
    /// What the platform says about its own kinds.
    kinds: &'a [KindRule],
}

impl<'a> Index<'a> {
    /// Indexes the app; fails where a document cannot be read.
    ///
    /// `default_namespace` is the app's destination namespace. Where it is not known, an object that names no
    /// namespace may be in any.
    pub(crate) fn new(manifests: &'a Manifests, default_namespace: Option<&str>) -> Result<Self> {
        let headers = manifests.index()?;
        let mut order: Vec<_> = (0..headers.len()).collect();
        order.sort_by(|&a, &b| key(&headers[a]).cmp(&key(&headers[b])));
        let default_namespace = default_namespace.map(str::to_owned);
        let custom = (0..headers.len()).filter(|&at| is_custom(&headers[at])).collect();
        Ok(Self {
            manifests,
            headers,
            order,
            custom,
            default_namespace,
            mentions: Mentions::default(),
            items: OnceCell::new(),
            kinds: &[],
        })
    }

    /// Returns the same app, with what the platform says about its own kinds.
    pub(crate) fn with_kinds(self, kinds: &'a [KindRule]) -> Self {
        Self { kinds, ..self }
    }

    /// Returns what the platform says about the object's kind.
    pub(crate) fn rules_of(&self, header: &Header) -> impl Iterator<Item = &'a KindRule> {
        self.kinds.iter().filter(|rule| is(header, &rule.kind))
    }

    /// Returns every object of the app, in the order of the manifests.
    pub(crate) fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Returns the objects of a kind, in the order of the manifests.
    pub(crate) fn of_kind<'v>(&'v self, kind: &str) -> impl Iterator<Item = &'v Header> + use<'v, 'a> {
        let (kind, group) = split_kind(kind);
        let group = group.map(str::to_owned);
        let mut positions = self.positions(kind).to_vec();
        positions.sort_unstable();
        positions
            .into_iter()
            .map(|at| &self.headers[at])
            .filter(move |header| in_group(header, group.as_deref()))
    }

    /// Whether there is an object of this kind, written without a group.
    pub(crate) fn has_kind(&self, kind: &str) -> bool {
        self.positions(kind).iter().any(|&at| in_group(&self.headers[at], None))
    }

    /// Whether an object of this kind, written without a group, has this name in any namespace.
    pub(crate) fn has_name(&self, kind: &str, name: &str) -> bool {
        let start = self.order.partition_point(|&at| key(&self.headers[at]) < (kind, name));
        let named = self.order[start..].iter().map(|&at| &self.headers[at]);
        named.take_while(|header| key(header) == (kind, name)).any(|header| in_group(header, None))
    }

    /// Returns the objects whose kind is not Kubernetes' own, in the order of the manifests.
    pub(crate) fn custom<'v>(&'v self) -> impl Iterator<Item = &'v Header> + use<'v, 'a> {
        self.custom.iter().map(|&at| &self.headers[at])
    }

    /// Returns what identifies an object.
    pub(crate) fn header(&self, id: ObjectId) -> Option<&Header> {
        self.headers.binary_search_by_key(&id, |header| header.id).ok().map(|at| &self.headers[at])
    }

    /// Returns the positions of a kind's objects, ordered by name.
    fn positions(&self, kind: &str) -> &[usize] {
        let start = self.order.partition_point(|&at| self.headers[at].kind.as_str() < kind);
        let end = self.order.partition_point(|&at| self.headers[at].kind.as_str() <= kind);
        &self.order[start..end]
    }

    /// Returns the first object of this kind and name in a namespace; a kind without namespace is found from every one.
    pub(crate) fn find(&self, kind: &str, name: &str, namespace: Option<&str>) -> Option<&Header> {
        self.find_all(kind, name, namespace).next()
    }

    /// Returns all objects of this kind and name: an app may render one both as a hook and as an ordinary object.
    pub(crate) fn find_all<'v>(
        &'v self,
        kind: &str,
        name: &str,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'v Header> + use<'v, 'a> {
        let (kind, group) = split_kind(kind);
        let start = self.order.partition_point(|&at| key(&self.headers[at]) < (kind, name));
        let end = self.order.partition_point(|&at| key(&self.headers[at]) <= (kind, name));
        let (group, namespace) = (group.map(str::to_owned), namespace.map(str::to_owned));
        self.order[start..end].iter().map(|&at| &self.headers[at]).filter(move |header| {
            in_group(header, group.as_deref()) && self.reaches(header, namespace.as_deref())
        })
    }

    /// Looks for many texts in one pass, so that [`Self::mentioning`] each of them is quick.
    pub(crate) fn look_for(&self, texts: &[&str]) {
        self.mentions.look_for(texts, self.texts());
    }

    /// Returns the objects that contain this text, in the order of the manifests.
    pub(crate) fn mentioning(&self, text: &str) -> Vec<&Header> {
        self.mentions.of(text, self.texts()).iter().map(|at| &self.headers[*at]).collect()
    }

    /// Whether the object contains this text.
    pub(crate) fn mentions(&self, header: &Header, text: &str) -> bool {
        self.headers
            .binary_search_by_key(&header.id, |header| header.id)
            .is_ok_and(|at| self.mentions.of(text, self.texts()).binary_search(&at).is_ok())
    }

    /// Returns the custom resources that contain this text, in the order of the manifests.
    pub(crate) fn custom_mentioning(&self, text: &str) -> impl Iterator<Item = &Header> {
        let finder = Finder::new(text).into_owned();
        let found = self.custom.iter().filter(move |at| finder.find(self.text(**at)).is_some());
        found.map(|at| &self.headers[*at])
    }

    /// Returns what each object consists of, to be searched: its document, or the item of a List as JSON.
    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.headers.len()).map(|at| self.text(at))
    }

    fn text(&self, at: usize) -> &[u8] {
        let json =
            |header: &Header| header.id.item.and_then(|_| Some(self.object(header.id).ok()?.to_string()));
        let items = self.items.get_or_init(|| self.headers.iter().map(json).collect());
        let document = || self.manifests.bytes(self.headers[at].id.document);
        items[at].as_ref().map_or_else(document, String::as_bytes)
    }

    /// Returns every text that the object gives this key, and perhaps others that look so, without a parse; `None` where
    /// only a parse can tell.
    pub(crate) fn values_of_key(&self, id: ObjectId, key: &str) -> Option<Vec<&'a str>> {
        match id.item {
            Some(_) => None,
            None => self.manifests.values_of_key(id.document, key),
        }
    }

    /// Returns the object itself; fails where its document cannot be read.
    pub(crate) fn object(&self, id: ObjectId) -> Result<&'a Value> {
        self.manifests.object(id)
    }

    /// Returns where the object stands, for a message.
    pub(crate) fn location(&self, id: ObjectId) -> Location {
        self.manifests.location(id)
    }

    /// Returns where a node of the object stands, for a message.
    pub(crate) fn location_of(&self, id: ObjectId, path: &[Step]) -> Location {
        self.manifests.location_of(id, path)
    }

    /// Returns `Kind name` of the object.
    pub(crate) fn label(&self, id: ObjectId) -> String {
        self.header(id).map(Header::label).unwrap_or_default()
    }

    /// Returns the namespace that an object with this `metadata.namespace` lands in, as far as known.
    pub(crate) fn namespace<'n>(&'n self, written: Option<&'n str>) -> Option<&'n str> {
        written.filter(|namespace| !namespace.is_empty()).or(self.default_namespace.as_deref())
    }

    /// Whether the object is in a namespace, or in every one because its kind has none.
    pub(crate) fn reaches(&self, header: &Header, namespace: Option<&str>) -> bool {
        is_cluster_scoped(header) || self.same_namespace(header.namespace.as_deref(), namespace)
    }

    /// Whether two objects land in the same namespace; one that is not known may be any.
    pub(crate) fn same_namespace(&self, a: Option<&str>, b: Option<&str>) -> bool {
        match (self.namespace(a), self.namespace(b)) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }
}

/// Returns the API group of an `apiVersion`; empty for the core group.
pub(crate) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn key(header: &Header) -> (&str, &str) {
    (&header.kind, &header.name)
}

/// Returns `Kind` or `Kind.group`.
fn split_kind(kind: &str) -> (&str, Option<&str>) {
    kind.split_once('.').map_or((kind, None), |(kind, group)| (kind, Some(group)))
}

fn in_group(header: &Header, wanted: Option<&str>) -> bool {
    match wanted {
        None => !is_custom(header),
        Some("*") => is_custom(header),
        Some(wanted) => group(&header.api_version) == wanted,
    }
}

/// Whether the object is of a kind, written as [`Index::find`] takes it.
pub(crate) fn is(header: &Header, kind: &str) -> bool {
    let (kind, group) = split_kind(kind);
    header.kind == kind && in_group(header, group)
}

/// Whether the object's kind is not Kubernetes' own: Knative has a `Service` too.
///
/// Kubernetes' own groups have no dot or end in `.k8s.io`.
pub(crate) fn is_custom(header: &Header) -> bool {
    let group = group(&header.api_version);
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// Whether the object is of a kind that runs the app, and so must wait for its migrations.
pub(crate) fn runs_app(header: &Header) -> bool {
    matches!(
        (group(&header.api_version), header.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("", "Pod" | "ReplicationController")
            | ("batch", "CronJob" | "Job")
            | ("argoproj.io", "Rollout" | "Workflow" | "CronWorkflow")
            | ("serving.knative.dev", "Service")
            | ("flagger.app", "Canary")
            | ("apps.kruise.io", "CloneSet" | "StatefulSet" | "DaemonSet")
            | ("apps.openshift.io", "DeploymentConfig")
            | ("keda.sh", "ScaledJob")
    )
}

/// Whether the object's kind has no namespace; by convention that of `ClusterRole` or `ClusterSecretStore` has none.
pub(crate) fn is_cluster_scoped(header: &Header) -> bool {
    let of_cluster = |rest: &str| rest.starts_with(|first: char| first.is_ascii_uppercase());
    CLUSTER_SCOPED.contains(&header.kind.as_str())
        || header.kind.strip_prefix("Cluster").is_some_and(of_cluster)
}

#[cfg(test)]
pub(crate) mod testing {
    //! What the plan's tests share: an app from text.

    use crate::manifest::{Manifests, Source};

    /// Returns an app from YAML text.
    pub(crate) fn manifests(text: &str) -> Manifests {
        let source = Source { name: "app.yaml".into(), bytes: text.into(), validate: true };
        Manifests::read(vec![source]).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::manifests;
    use super::*;

    const APP: &str = "\
apiVersion: v1
kind: Service
metadata: {name: db}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: web}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: db, namespace: shop}
";

    #[test]
    fn an_object_without_namespace_is_in_the_destination_namespace() {
        let manifests = manifests(APP);
        let app = Index::new(&manifests, Some("shop")).unwrap();
        let document = |namespace| app.find("Service", "db", namespace).map(|header| header.id.document);
        assert_eq!(document(None), Some(0));
        assert_eq!(document(Some("shop")), Some(0));
        assert_eq!(document(Some("data")), Some(2));
        assert_eq!(document(Some("other")), None);
        assert!(app.find("Secret", "db", None).is_some());
    }

    #[test]
    fn an_unknown_destination_may_be_any_namespace() {
        let manifests = manifests(APP);
        let app = Index::new(&manifests, None).unwrap();
        let found: Vec<_> = app.find_all("Service", "db", Some("data")).map(|h| h.id.document).collect();
        assert_eq!(found, [0, 2]);
        assert_eq!(app.find_all("Service", "db", Some("other")).count(), 1);
    }

    #[test]
    fn a_bare_kind_is_kubernetes_own() {
        let manifests = manifests(APP);
        let app = Index::new(&manifests, None).unwrap();
        assert_eq!(app.of_kind("Service").count(), 2);
        assert!(app.find("Service", "web", None).is_none());
        assert!(app.find("Service.serving.knative.dev", "web", None).is_some());
    }

    #[test]
    fn kinds_of_the_cluster_are_found_from_every_namespace() {
        let manifests = manifests(APP);
        let app = Index::new(&manifests, Some("shop")).unwrap();
        assert!(app.find("ClusterRole", "reader", Some("data")).is_some());
    }

    #[test]
    fn objects_are_read_by_their_id() {
        let manifests = manifests(APP);
        let app = Index::new(&manifests, None).unwrap();
        for header in app.headers() {
            assert_eq!(app.object(header.id).unwrap()["metadata"]["name"], header.name);
        }
    }
}
