//! Reads from the cluster what the diagnosis needs, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, StatefulSet},
        batch::v1::Job,
        core::v1::{ConfigMap, Event, Pod, PodTemplateSpec},
    },
    jiff::Timestamp,
};
use kube::{Api, Client, ResourceExt, api::ListParams};

use crate::{
    cluster::{
        access::{Attempt, list, patient},
        application::Application,
        failure::{self, Failure},
        hook::{Hook, Sight},
        instance::Instance,
        job,
        key::{AppKey, ObjectKey},
        operation::{Operation, OperationState},
        trigger::{self, Trigger},
    },
    error::{Problem, Problems, Result},
};

/// Namespaces that are read at the same time.
const PARALLEL: usize = 8;

/// What one look at the cluster showed.
#[derive(Debug)]
pub struct Snapshot {
    /// When it was taken.
    pub now: Timestamp,
    /// The Argo CD.
    pub instance: Instance,
    /// The Applications.
    pub apps: Vec<Application>,
    /// The Jobs that each of them tracks.
    pub jobs: BTreeMap<AppKey, Vec<Job>>,
    /// All Jobs in the namespaces of the Applications' Jobs, whoever tracks them.
    pub live: BTreeSet<ObjectKey>,
    /// The hooks that the running operation of an Application waits for.
    pub hooks: BTreeMap<AppKey, Vec<Hook>>,
    /// Jobs and hooks of an Application that failed and were not made good.
    pub failures: BTreeMap<AppKey, Vec<Failure>>,
    /// The plugin's triggers.
    pub triggers: BTreeMap<ObjectKey, Trigger>,
}

/// How to look.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Read the last lines of failed migrations.
    pub logs: bool,
}

/// Looks at everything around `apps`; all problems are reported.
pub async fn take(
    client: &Client,
    namespace: &str,
    apps: Vec<Application>,
    options: Options,
) -> Result<Snapshot> {
    let mut problems = Problems::default();
    let instance = problems.collect(instance(client, namespace).await);
    let namespaces: BTreeSet<String> =
        apps.iter().filter(|app| app.is_local()).flat_map(job_namespaces).collect();
    let mut jobs: BTreeMap<AppKey, Vec<Job>> = BTreeMap::new();
    let mut live = BTreeSet::new();
    let mut reads =
        stream::iter(namespaces).map(|namespace| jobs_in(client, namespace)).buffer_unordered(PARALLEL);
    while let Some(read) = reads.next().await {
        let found = problems.collect(read);
        let Some(instance) = &instance else { continue };
        for job in found.into_iter().flatten() {
            live.insert(job::key(&job));
            if let Some(app) = instance.tracking.owner(&job::key(&job), job.annotations(), job.labels()) {
                jobs.entry(app).or_default().push(job);
            }
        }
    }
    drop(reads);
    let (mut hooks, mut failures) = (BTreeMap::new(), BTreeMap::new());
    let jobs_of = |app: &Application| jobs.get(&app.key()).map_or(&[][..], Vec::as_slice);
    let mut reads = stream::iter(&apps)
        .map(|app| async move {
            (app.key(), awaited(client, app, true).await, failed(client, app, jobs_of(app), options).await)
        })
        .buffer_unordered(PARALLEL);
    while let Some((key, waiting, failed)) = reads.next().await {
        hooks.extend(problems.collect(waiting).map(|read| (key.clone(), read)));
        failures.extend(problems.collect(failed).map(|read| (key, read)));
    }
    drop(reads);
    let triggers = problems.collect(trigger::read(client, &apps).await).unwrap_or_default();
    let now = Timestamp::now();
    match instance {
        Some(instance) => {
            problems.or(Snapshot { now, instance, apps, jobs, live, hooks, failures, triggers })
        }
        None => Err(problems),
    }
}

/// Returns what failed in the last sync of an Application, and its migration Jobs that are there and failed.
async fn failed(client: &Client, app: &Application, jobs: &[Job], options: Options) -> Result<Vec<Failure>> {
    let mut problems = Problems::default();
    let reported = app.status.operation_state.iter().flat_map(OperationState::failed_runs);
    let mut failures: Vec<Failure> = reported.map(|result| Failure::reported(result, Sight::None)).collect();
    for live in
        jobs.iter().filter(|live| failure::is_open(live, app) && job::nature(live).migration.is_some())
    {
        if !failures.iter().any(|failure| failure.key == job::key(live)) {
            failures.push(Failure::live(live));
        }
    }
    for failure in failures.iter_mut().filter(|failure| failure.key.is_job() && app.is_local()) {
        if let Some(seen) = problems.collect(sight(client, &failure.key, true).await) {
            failure.sight = seen;
        }
        if options.logs {
            problems.collect(failure.read_log(client).await);
        }
    }
    // A test or a notification that failed is no migration.
    failures.retain(|failure| match &failure.sight {
        Sight::Job { job, .. } => job::nature(job).migration.is_some(),
        _ => true,
    });
    problems.or(failures)
}

/// Returns the hooks and Jobs that the operation of an Application waits for; with `events` also the warnings about
/// them.
pub async fn awaited(client: &Client, app: &Application, events: bool) -> Result<Vec<Hook>> {
    let (Operation::Active(state) | Operation::Orphaned(state)) = app.operation() else {
        return Ok(Vec::new());
    };
    let mut problems = Problems::default();
    let mut hooks = Vec::new();
    for result in state.awaited() {
        let key = result.key();
        let sight =
            if key.is_job() && app.is_local() { sight(client, &key, events).await } else { Ok(Sight::None) };
        hooks.extend(problems.collect(sight).map(|sight| Hook { key, sight }));
    }
    problems.or(hooks)
}

/// Returns the Jobs of an Application that are wanted and gone. In another cluster only Argo CD's own word counts.
pub async fn missing_jobs(client: &Client, app: &Application) -> Result<Vec<ObjectKey>, Problem> {
    let mut missing = Vec::new();
    for resource in app.doubtful_jobs() {
        let key = resource.key();
        let gone = resource.is_missing()
            || app.is_local() && {
                let api = Api::<Job>::namespaced(client.clone(), &key.namespace);
                let attempt = Attempt::new("get", "jobs.batch", &key.namespace).name(&key.name);
                patient(|| api.get_metadata_opt(&key.name))
                    .await
                    .map_err(|error| attempt.problem(error))?
                    .is_none()
            };
        if gone {
            missing.push(key);
        }
    }
    Ok(missing)
}

async fn sight(client: &Client, key: &ObjectKey, events: bool) -> Result<Sight> {
    let namespace = key.namespace.as_str();
    let jobs = Api::<Job>::namespaced(client.clone(), namespace);
    let job = patient(|| jobs.get_opt(&key.name)).await;
    let job =
        job.map_err(|error| Attempt::new("get", "jobs.batch", namespace).name(&key.name).problem(error))?;
    let Some(job) = job else { return Ok(Sight::Gone) };
    let of_job = ListParams::default().labels(&format!("job-name={}", key.name));
    let api = Api::namespaced(client.clone(), namespace);
    let pods: Vec<Pod> = patient(|| list(&api, &of_job))
        .await
        .map_err(|error| Attempt::new("list", "pods", namespace).problem(error))?;
    let mut warnings = Vec::new();
    if events {
        let names = pods.iter().map(|pod| ("Pod", pod.name_any()));
        for (kind, name) in names.chain([("Job", key.name.clone())]) {
            warnings.extend(warnings_about(client, namespace, kind, &name).await?);
        }
    }
    Ok(Sight::Job { job: Box::new(job), pods, warnings })
}

/// Returns the latest warning of each reason about an object that says what could not be created or mounted.
async fn warnings_about(
    client: &Client,
    namespace: &str,
    kind: &str,
    name: &str,
) -> Result<Vec<String>, Problem> {
    let about = ListParams::default()
        .fields(&format!("involvedObject.kind={kind},involvedObject.name={name},type=Warning"));
    let events: Vec<Event> = list(&Api::namespaced(client.clone(), namespace), &about)
        .await
        .map_err(|error| Attempt::new("list", "events", namespace).problem(error))?;
    let mut latest: BTreeMap<String, String> = BTreeMap::new();
    for event in events {
        let reason = event.reason.unwrap_or_default();
        if matches!(
            reason.as_str(),
            "FailedCreate" | "FailedMount" | "FailedAttachVolume" | "FailedCreatePodSandBox"
        ) {
            latest.insert(reason, event.message.unwrap_or_default());
        }
    }
    Ok(latest.into_iter().map(|(reason, message)| format!("{kind} {name}: {reason}: {message}")).collect())
}

async fn jobs_in(client: &Client, namespace: String) -> Result<Vec<Job>, Problem> {
    let jobs = list(&Api::namespaced(client.clone(), &namespace), &ListParams::default()).await;
    jobs.map_err(|error| Attempt::new("list", "jobs.batch", &namespace).problem(error))
}

/// Returns where the Jobs of an app are: where its status names Jobs, and its destination.
fn job_namespaces(app: &Application) -> Vec<String> {
    let listed = app.status.resources.iter().filter(|resource| resource.key().is_job());
    let mut namespaces: Vec<String> = listed.map(|resource| resource.namespace.clone()).collect();
    namespaces.push(app.spec.destination.namespace.clone());
    namespaces.retain(|namespace| !namespace.is_empty());
    namespaces
}

/// Returns the Argo CD in `namespace`: ConfigMap `argocd-cm`, and the image of its application controller.
pub async fn instance(client: &Client, namespace: &str) -> Result<Instance> {
    let mut problems = Problems::default();
    let config = Api::<ConfigMap>::namespaced(client.clone(), namespace).get_opt("argocd-cm").await;
    let attempt = Attempt::new("get", "configmaps", namespace).name("argocd-cm");
    let config = problems.collect(config.map_err(|error| attempt.problem(error)));
    let controllers = ListParams::default().labels("app.kubernetes.io/component=application-controller");
    let sets = list(&Api::<StatefulSet>::namespaced(client.clone(), namespace), &controllers).await;
    let sets = problems
        .collect(sets.map_err(|error| Attempt::new("list", "statefulsets.apps", namespace).problem(error)));
    let deployments = list(&Api::<Deployment>::namespaced(client.clone(), namespace), &controllers).await;
    let deployments = problems.collect(
        deployments.map_err(|error| Attempt::new("list", "deployments.apps", namespace).problem(error)),
    );
    let mut templates =
        sets.into_iter().flatten().filter_map(|set| set.spec.map(|spec| spec.template)).chain(
            deployments
                .into_iter()
                .flatten()
                .filter_map(|deployment| deployment.spec.map(|spec| spec.template)),
        );
    let image = templates.find_map(image);
    let config = config.flatten().and_then(|config| config.data).unwrap_or_default();
    problems.or(Instance::new(&config, image.as_deref(), namespace))
}

fn image(template: PodTemplateSpec) -> Option<String> {
    template.spec?.containers.into_iter().find_map(|container| container.image)
}
