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
    Place::Jobs,
    Place::Annotation,
];
const ONE_JOB: &[Place] = &[Place::Jobs, Place::Annotation];

pub(super) fn settings() -> Vec<Setting> {
    let app = app().into_iter().map(|setting| setting.group(Group::App, APP));
    let job = job().into_iter().map(|setting| setting.group(Group::Job, JOB));
    let one_job = one_job().into_iter().map(|setting| setting.group(Group::Job, ONE_JOB));
    [environment(), environments()]
        .into_iter()
        .chain(app)
        .chain([jobs(), ignored_rules()])
        .chain(job)
        .chain(one_job)
        .chain([wave()])
        .collect()
}

fn environment() -> Setting {
    Setting::new(
            "environment",
            "Environment",
            "Environment of the app, such as dev, staging or production. Selects the entry under `environments`, the TTL \
             and the values files.",
            |s| &mut s.environment,
        )
        .default_is("by the platform's rules, then by the app's name, destination namespace and path")
        .group(Group::App, ENVIRONMENT)
}

fn environments() -> Setting {
    Setting::new(
        "environments",
        "Settings by environment",
        "Settings for one environment. They override the rest of the same file.",
        |s| &mut s.environments,
    )
    .group(Group::App, &[Place::Platform, Place::AppFile])
}

fn jobs() -> Setting {
    Setting::new(
        "jobs",
        "Settings by Job",
        "Settings for the Jobs whose name a glob matches, such as those of a chart that cannot be annotated. They win over \
         what holds for the app, and an annotation on the Job wins over them; of several entries the last wins.",
        |s| &mut s.jobs,
    )
    .group(Group::App, &[Place::Platform, Place::AppFile, Place::Environments])
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
        Setting::new("renderer", "Renderer", "Tool that renders the app's manifests.", |s| &mut s.renderer)
            .default_is("by the files in the app's directory"),
        Setting::new(
            "allowEmpty",
            "Allow an empty render",
            "Accept an empty render. Argo CD then prunes every resource of the app.",
            |s| &mut s.allow_empty,
        ),
        Setting::new(
            "timeout",
            "Timeout",
            "Time limit for the whole run. Argo CD's own limit is 60 s, with the upload of the repository.",
            |s| &mut s.timeout,
        )
        .not_zero(),
        Setting::new(
            "migrations.names",
            "Names of migrations",
            "Treat Jobs whose name matches one of these globs as migrations, whatever they run.",
            |s| &mut s.selectors.names,
        ),
        Setting::new(
            "migrations.exclude",
            "Names of other Jobs",
            "Exclude Jobs whose name matches one of these globs. Overrides `migrations.names` and \
             `migrations.selector`.",
            |s| &mut s.selectors.exclude,
        ),
        Setting::new(
            "migrations.selector",
            "Labels of migrations",
            "Treat Jobs that match one of these label selectors, as in `kubectl -l`, as migrations.",
            |s| &mut s.selectors.labels,
        ),
        Setting::new(
            "migrations.workflows",
            "Argo Workflows",
            "Treat Argo Workflows like Jobs: they finish, can have a TTL, and drift in the same way.",
            |s| &mut s.workflows,
        ),
    ]
}

fn job() -> Vec<Setting> {
    vec![
        Setting::new("strategy", "Strategy", "How a migration Job is rewritten.", |s| &mut s.job.strategy),
        Setting::new("phase", "Sync phase", "Sync phase in which the hook runs.", |s| &mut s.job.phase),
        Setting::new(
            "dependencies",
            "Dependencies of a PreSync hook",
            "How a forced PreSync hook gets the ConfigMaps and Secrets of its own app.",
            |s| &mut s.job.dependencies,
        ),
        Setting::new(
            "ttl",
            "TTL of finished Jobs",
            "How long a finished Job stays: keep, or a duration such as 300s.",
            |s| &mut s.job.ttl,
        )
        .default_is("`keep` in production, `5m` elsewhere"),
        Setting::new("trigger", "Sync trigger", "Which changes make Argo CD sync, since a change in a hook alone does not.", |s| {
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
            "Set `spec.activeDeadlineSeconds` of Jobs that have none, so that a hook cannot block a sync forever.",
            |s| &mut s.job.guards.active_deadline,
        )
        .not_zero(),
        Setting::new(
            "guards.backoffLimit",
            "Retries of Jobs",
            "Set `spec.backoffLimit` of Jobs that have none.",
            |s| &mut s.job.guards.backoff_limit,
        ),
        Setting::new(
            "guards.sidecars",
            "Sidecars of Jobs",
            "How to treat sidecar injection: a sidecar that does not exit keeps the Job from finishing.",
            |s| &mut s.job.guards.sidecars,
        ),
    ]
}

fn one_job() -> Vec<Setting> {
    vec![
        Setting::new(
            "migration",
            "Migration",
            "Whether the Job is a migration. Overrides the evidence and the settings under `migrations`.",
            |s| &mut s.job.migration,
        ),
        Setting::new(
            "reason",
            "Reason",
            "Why the Job is treated this way. `presync explain` shows it.",
            |s| &mut s.job.reason,
        ),
    ]
}

fn wave() -> Setting {
    Setting::new(
        "wave",
        "Sync wave",
        "Sync wave of the Job, as if its author had written it into the annotation `argocd.argoproj.io/sync-wave`. With \
         `phase: Sync` the hook runs in exactly this wave.",
        |s| &mut s.job.wave,
    )
    .group(Group::Job, &[Place::Jobs])
}

pub(super) fn platform() -> Vec<Setting> {
    vec![
        Setting::new(
            "ttlFloor",
            "Smallest TTL",
            "Minimum TTL of a hook. Below it, some versions of Argo CD miss the end of the hook.",
            |s| &mut s.ttl_floor,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "raiseHookTtl",
            "Minimum TTL of all hooks",
            "Gives every Job that is a hook the minimum TTL at least, migration or not.",
            |s| &mut s.raise_hook_ttl,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "environmentRules",
            "Rules for the environment",
            "Rules for apps that set no environment: the first whose globs (name, project, namespace, path, \
             targetRevision) all match applies.",
            |s| &mut s.environment_rules,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "allow.kustomizeHelm",
            "Allow charts in kustomizations",
            "Let apps set `--enable-helm`. A chart's release name must be a plain name, and its files must be in the \
             repository or come from a chart repository.",
            |s| &mut s.allow.kustomize_helm,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "allow.remoteValues",
            "Allow remote values files",
            "Let `helm.valueFiles` and `helm.fileParameters` name URLs, which Helm fetches from the sidecar's network.",
            |s| &mut s.allow.remote_values,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "allow.gitProtocol",
            "Allow git://",
            "Let remote bases use `git://`, which is neither encrypted nor authenticated, beside https and ssh.",
            |s| &mut s.allow.git_protocol,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "childEnvironment",
            "Environment of tools",
            "Environment variables of the sidecar that helm, kustomize and git get beside the few that they need, such as \
             `HELM_PLUGINS` or `GIT_CONFIG_GLOBAL`.",
            |s| &mut s.child_environment,
        )
        .items("name")
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "kinds",
            "Kinds of custom resources",
            "What custom resources of the platform's own make (secrets, configMaps, services: patterns such as \
             `{name}-db`), or that no pod depends on them (harmless).",
            |s| &mut s.kinds,
        )
        .group(Group::Platform, &[Place::Platform]),
        Setting::new(
            "locked",
            "Locked settings",
            "Settings, or groups such as helm, that no later place may set, each with the reason.",
            |s| &mut s.locked,
        )
        .group(Group::Platform, &[Place::Platform]),
    ]
}
