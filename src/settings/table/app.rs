//! The settings of the app, of its Jobs, and of the platform.

use super::{APP, Group, Place, Setting};

const ENVIRONMENT: &[Place] = &[Place::Platform, Place::AppFile, Place::Env, Place::Parameter, Place::Flag];
const JOB: &[Place] = &[
    Place::Platform,
    Place::AppFile,
    Place::Environments,
    Place::Env,
    Place::Parameter,
    Place::Flag,
    Place::Annotation,
];

pub(super) fn settings() -> Vec<Setting> {
    let app = app().into_iter().map(|setting| setting.group(Group::App, APP));
    let job = job().into_iter().map(|setting| setting.group(Group::Job, JOB));
    let annotation = annotation().into_iter().map(|setting| setting.group(Group::Job, &[Place::Annotation]));
    [environment(), environments()]
        .into_iter()
        .chain(app)
        .chain([ignored_rules()])
        .chain(job)
        .chain(annotation)
        .collect()
}

fn environment() -> Setting {
    Setting::new(
            "environment",
            "Environment",
            "The environment of the app, such as dev, staging or production. It chooses the entry under `environments`, \
             the TTL and the values files.",
            |s| &mut s.environment,
        )
        .default_is("by the platform's rules, then by the app's name, destination namespace and path")
        .group(Group::App, ENVIRONMENT)
}

fn environments() -> Setting {
    Setting::new(
        "environments",
        "Settings by environment",
        "Settings that hold in one environment; they win over the rest of the same file.",
        |s| &mut s.environments,
    )
    .group(Group::App, &[Place::Platform, Place::AppFile])
}

fn ignored_rules() -> Setting {
    Setting::new(
        super::super::IGNORE,
        "Ignored rules",
        "Rules of `presync check` that are not reported, each with the reason. As an annotation it may stand on any object.",
        |s| &mut s.ignored_rules,
    )
    .group(Group::App, &[Place::Platform, Place::AppFile, Place::Annotation])
}

fn app() -> Vec<Setting> {
    vec![
        Setting::new("renderer", "Renderer", "The tool that renders the app's manifests.", |s| {
            &mut s.renderer
        })
        .default_is("by the files in the app's directory"),
        Setting::new(
            "allowEmpty",
            "Allow an empty render",
            "Rendering nothing is a success. Argo CD then prunes the whole app.",
            |s| &mut s.allow_empty,
        ),
        Setting::new(
            "timeout",
            "Timeout",
            "The time for the whole run. Argo CD's own limit is 60 s with everything around it.",
            |s| &mut s.timeout,
        )
        .not_zero(),
        Setting::new(
            "migrations.names",
            "Names of migrations",
            "Globs on a Job's name that make it a migration, whatever it runs.",
            |s| &mut s.selectors.names,
        ),
        Setting::new(
            "migrations.exclude",
            "Names of other Jobs",
            "Globs on a Job's name that make it no migration; they win over `migrations.names` and \
             `migrations.selector`.",
            |s| &mut s.selectors.exclude,
        ),
        Setting::new(
            "migrations.selector",
            "Labels of migrations",
            "Label selectors as `kubectl -l` reads them, any of which makes a Job a migration.",
            |s| &mut s.selectors.labels,
        ),
        Setting::new(
            "migrations.workflows",
            "Argo Workflows",
            "Argo Workflows are decided like Jobs: they end, may have a TTL, and drift alike.",
            |s| &mut s.workflows,
        ),
    ]
}

fn job() -> Vec<Setting> {
    vec![
        Setting::new("strategy", "Strategy", "What becomes of a migration Job.", |s| &mut s.job.strategy),
        Setting::new("phase", "Sync phase", "When the hook runs.", |s| &mut s.job.phase),
        Setting::new(
            "dependencies",
            "Dependencies of a PreSync hook",
            "How a forced PreSync hook gets the ConfigMaps and Secrets of its own app.",
            |s| &mut s.job.dependencies,
        ),
        Setting::new(
            "ttl",
            "TTL of finished Jobs",
            "How long a finished Job stays: keep, or a time such as 300s.",
            |s| &mut s.job.ttl,
        )
        .default_is("`keep` in production, `5m` elsewhere"),
        Setting::new("trigger", "Sync trigger", "What makes Argo CD sync when only the Job changed.", |s| {
            &mut s.job.trigger
        }),
        Setting::new(
            "names",
            "Names of Jobs",
            "Which parts of a name count as generated (hash, version, time), so that the next Job would be another one.",
            |s| &mut s.job.names,
        ),
        Setting::new(
            "guards.activeDeadlineSeconds",
            "Deadline of Jobs",
            "Sets `spec.activeDeadlineSeconds` where the Job has none, so that a hook cannot hold up a sync for ever.",
            |s| &mut s.job.guards.active_deadline,
        )
        .not_zero(),
        Setting::new(
            "guards.backoffLimit",
            "Retries of Jobs",
            "Sets `spec.backoffLimit` where the Job has none.",
            |s| &mut s.job.guards.backoff_limit,
        ),
        Setting::new(
            "guards.sidecars",
            "Sidecars of Jobs",
            "What becomes of sidecar injection: a sidecar that does not end keeps the Job from finishing.",
            |s| &mut s.job.guards.sidecars,
        ),
    ]
}

fn annotation() -> Vec<Setting> {
    vec![
        Setting::new(
            "migration",
            "Migration",
            "Whether the Job is a migration; wins over the evidence and over the settings under `migrations`.",
            |s| &mut s.job.migration,
        ),
        Setting::new(
            "reason",
            "Reason",
            "Why the Job is treated so, for those who read it: `presync explain` shows it.",
            |s| &mut s.job.reason,
        ),
    ]
}

pub(super) fn platform() -> Vec<Setting> {
    vec![
        Setting::new(
            "ttlFloor",
            "Smallest TTL",
            "The smallest TTL that a hook gets: with less, some versions of Argo CD miss that the hook ended.",
            |s| &mut s.ttl_floor,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "environmentRules",
            "Rules for the environment",
            "The environment of apps that set none: the first rule whose globs (name, project, namespace, path, \
             targetRevision) all match.",
            |s| &mut s.environment_rules,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "locked",
            "Locked settings",
            "Settings, or groups of them such as helm, that no later layer may set, each with the reason.",
            |s| &mut s.locked,
        )
        .group(Group::Platform, &[Place::Platform]),
    ]
}
