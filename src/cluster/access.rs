//! Access to the cluster: the client, how many requests it made, and errors that say which permission is missing.

use std::{
    fmt::Debug,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::{
    Api, Client, Config,
    api::{ListParams, PostParams},
    client::ClientBuilder,
    config::KubeConfigOptions,
};
use serde::de::DeserializeOwned;
use tower::util::MapRequestLayer;

use crate::{
    error::{Problem, Problems, Result},
    exit::Exit,
};

/// No single answer of the API server takes longer; a watch has its own limit.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Objects a page of a list holds.
const PAGE: u32 = 500;

/// A client and the number of its requests.
#[derive(Clone)]
pub struct Access {
    /// The client.
    pub client: Client,
    requests: Arc<AtomicUsize>,
}

impl Access {
    /// Connects as `kubectl` does: `KUBECONFIG` or `~/.kube/config`, else the pod's service account; with `context`
    /// always that context of the kubeconfig.
    pub async fn connect(context: Option<&str>) -> Result<Self, Problem> {
        let config = match context {
            Some(context) => {
                let options =
                    KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
                Config::from_kubeconfig(&options).await.map_err(anyhow::Error::from)
            }
            None => Config::infer().await.map_err(anyhow::Error::from),
        };
        let mut config = config.map_err(|error| {
            Problem::new(Exit::CLUSTER, "cannot find out how to reach the cluster").caused_by(error).hint(
                "set KUBECONFIG or name a context with --context; `presync` takes the same file as `kubectl`",
            )
        })?;
        config.read_timeout = Some(READ_TIMEOUT);
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let counting = MapRequestLayer::new(move |request| {
            counter.fetch_add(1, Ordering::Relaxed);
            request
        });
        let builder = ClientBuilder::try_from(config).map_err(|error| {
            Problem::new(Exit::CLUSTER, "cannot set up the connection to the cluster").caused_by(error)
        })?;
        Ok(Self { client: builder.with_layer(&counting).build(), requests })
    }

    /// Finds out which of these the cluster would refuse, and reports all of them. A cluster that does not tell is
    /// taken to refuse none: the request itself will show.
    pub async fn check(&self, attempts: &[Attempt<'_>]) -> Result<()> {
        let reviews = Api::<SelfSubjectAccessReview>::all(self.client.clone());
        let mut problems = Problems::default();
        for attempt in attempts {
            let review = reviews.create(&PostParams::default(), &attempt.review()).await;
            let status = review.ok().and_then(|review| review.status);
            if status.is_some_and(|status| !status.allowed) {
                problems.push(attempt.refused(None));
            }
        }
        problems.or(())
    }

    /// Requests made so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Makes a request that only reads, and again while the API server is busy or restarting, for about ten seconds.
pub async fn patient<T, F>(request: impl Fn() -> F) -> Result<T, kube::Error>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut pause = Duration::from_millis(300);
    for _ in 0..5 {
        match request().await {
            Err(error) if retry(&error) == Retry::Transient => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause *= 2;
    }
    request().await
}

/// Reads a whole list, page by page.
pub async fn list<K>(api: &Api<K>, params: &ListParams) -> Result<Vec<K>, kube::Error>
where
    K: Clone + DeserializeOwned + Debug,
{
    let mut params = params.clone().limit(PAGE);
    let mut items = Vec::new();
    loop {
        let page = api.list(&params).await?;
        items.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(items),
        }
    }
}

/// What was tried, for an error's sentence.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The RBAC verb.
    pub verb: &'a str,
    /// The resource with its group, as RBAC and `kubectl auth can-i` write it: `jobs.batch`.
    pub resource: &'a str,
    /// The namespace; empty for all.
    pub namespace: &'a str,
    /// The object's name; empty for a list.
    pub name: &'a str,
}

impl<'a> Attempt<'a> {
    /// Returns a try at a resource in a namespace.
    pub fn new(verb: &'a str, resource: &'a str, namespace: &'a str) -> Self {
        Self { verb, resource, namespace, name: "" }
    }

    /// Names the object.
    #[must_use]
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// Returns the question to the cluster whether it would be allowed.
    fn review(&self) -> SelfSubjectAccessReview {
        let Self { verb, resource, namespace, name } = *self;
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let attributes = ResourceAttributes {
            group: Some(group.to_owned()),
            resource: Some(resource.to_owned()),
            verb: Some(verb.to_owned()),
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            ..ResourceAttributes::default()
        };
        let spec =
            SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        SelfSubjectAccessReview { spec, ..Default::default() }
    }

    /// Returns a refusal, with the permission that is missing.
    fn refused(&self, words: Option<&str>) -> Problem {
        let Self { verb, resource, namespace, .. } = *self;
        let scope = if namespace.is_empty() { "-A".to_owned() } else { format!("-n {namespace}") };
        let problem = Problem::new(Exit::CLUSTER, format!("{}: forbidden", self.sentence()))
            .hint(format!("check with `kubectl auth can-i {verb} {resource} {scope}`"))
            .hint("examples/rescue/rbac/ holds the permissions that each command needs");
        match words {
            Some(words) => problem.caused_by(anyhow::anyhow!("{words}")),
            None => problem,
        }
    }

    fn sentence(&self) -> String {
        let Self { verb, resource, namespace, name } = *self;
        let object = if name.is_empty() { resource.to_owned() } else { format!("{resource} {name}") };
        let place =
            if namespace.is_empty() { "all namespaces".to_owned() } else { format!("namespace {namespace}") };
        format!("cannot {verb} {object} in {place}")
    }

    /// Returns the problem that `error` is: for a refusal, with the permission that is missing.
    pub fn problem(&self, error: kube::Error) -> Problem {
        let Self { resource, name, .. } = *self;
        let sentence = self.sentence();
        match error {
            kube::Error::Api(status) if status.is_forbidden() => self.refused(Some(&status.message)),
            kube::Error::Api(status) if status.code == 401 => {
                Problem::new(Exit::CLUSTER, format!("{sentence}: the credentials are not accepted"))
                    .hint("log in again, or check the service account's token")
            }
            kube::Error::Api(status) if status.is_not_found() && name.is_empty() => {
                Problem::new(Exit::CLUSTER, format!("{sentence}: the cluster does not know {resource}"))
                    .hint("is this the cluster that Argo CD runs in? see `kubectl config current-context`")
            }
            kube::Error::Api(status) => Problem::new(Exit::CLUSTER, sentence).caused_by(anyhow::anyhow!(
                "{} ({} {})",
                status.message,
                status.code,
                status.reason
            )),
            error => Problem::new(Exit::CLUSTER, sentence).caused_by(error),
        }
    }
}

/// What an error of a request means for trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Someone else wrote meanwhile: read again, decide again.
    Conflict,
    /// The API server is busy, restarting or out of reach.
    Transient,
    /// The object is gone.
    Gone,
    /// The credentials or the permissions do not suffice, for this object and others like it.
    Refused,
    /// It will not get better.
    No,
}

/// Judges an error.
pub fn retry(error: &kube::Error) -> Retry {
    match error {
        kube::Error::Api(status) if status.is_conflict() => Retry::Conflict,
        kube::Error::Api(status) if status.is_not_found() => Retry::Gone,
        kube::Error::Api(status) if status.is_forbidden() || status.code == 401 => Retry::Refused,
        kube::Error::Api(status) if status.code == 429 || status.code >= 500 => Retry::Transient,
        kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => Retry::Transient,
        _ => Retry::No,
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16, reason: &str) -> kube::Error {
        kube::Error::Api(Status::failure("words of the server", reason).with_code(code).boxed())
    }

    #[test]
    fn a_refusal_names_the_missing_permission() {
        let problem =
            Attempt::new("list", "jobs.batch", "shop").problem(refused(403, "Forbidden")).to_string();
        assert!(
            problem.starts_with("error: cannot list jobs.batch in namespace shop: forbidden"),
            "{problem}"
        );
        assert!(problem.contains("kubectl auth can-i list jobs.batch -n shop"), "{problem}");
        assert!(problem.contains("words of the server"), "{problem}");
    }

    #[test]
    fn an_unknown_resource_is_not_a_missing_object() {
        let of = |attempt: Attempt<'_>| attempt.problem(refused(404, "NotFound")).to_string();
        let kind = Attempt::new("list", "applications.argoproj.io", "");
        assert!(of(kind).contains("does not know applications.argoproj.io"));
        assert!(
            of(kind.name("order"))
                .starts_with("error: cannot list applications.argoproj.io order in all namespaces")
        );
    }

    #[test]
    fn errors_sort_by_what_to_do_next() {
        assert_eq!(retry(&refused(409, "Conflict")), Retry::Conflict);
        assert_eq!(retry(&refused(404, "NotFound")), Retry::Gone);
        assert_eq!(retry(&refused(503, "ServiceUnavailable")), Retry::Transient);
        assert_eq!(retry(&refused(403, "Forbidden")), Retry::Refused);
        assert_eq!(retry(&refused(422, "Invalid")), Retry::No);
        assert_eq!(retry(&kube::Error::Service("connection refused".into())), Retry::Transient);
    }
}
