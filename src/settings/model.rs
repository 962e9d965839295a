//! The settings as the rest of the program uses them: typed, checked, each Job setting with the layer it came from.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use globset::{GlobMatcher, GlobSet};
use serde_json::{Map, Value};

use super::origin::Sourced;
use crate::labels::LabelSelector;

/// The effective settings of one app.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The environment; drives the TTL policy.
    pub environment: Environment,
    /// The environments that the settings files have entries for.
    pub environments: BTreeSet<String>,
    /// The platform's rules for the environment; the first that applies counts.
    pub environment_rules: Vec<EnvironmentRule>,
    /// What the platform says about its own kinds.
    pub kinds: Vec<KindRule>,
    /// The renderer to use; `None` detects it.
    pub renderer: Option<RendererKind>,
    /// An empty render is a success.
    pub allow_empty: bool,
    /// Time for the whole run.
    pub timeout: Duration,
    /// Which Jobs are migrations, beside the evidence.
    pub selectors: Selectors,
    /// Rules of `check` that are not reported, each with the reason.
    pub ignored_rules: BTreeMap<String, String>,
    /// Argo Workflows are decided like Jobs.
    pub workflows: bool,
    /// Settings for the Jobs whose name a glob matches, in the order in which they apply.
    pub jobs: Vec<super::JobRule>,
    /// What holds for a Job without annotations of ours.
    pub job: JobSettings,
    /// Smallest TTL that a hook gets, in whole seconds: with less, some Argo CD versions miss its end.
    pub ttl_floor: Duration,
    /// Hooks that are no migrations get the smallest TTL too.
    pub raise_hook_ttl: bool,
    /// Settings that the platform file locks, or groups of them (`helm`), and its reason.
    pub locked: BTreeMap<String, String>,
    /// What apps may do that the built-in rules refuse.
    pub allow: Allow,
    /// Environment variables of the sidecar that helm, kustomize and git get beside those that they need.
    pub child_environment: Vec<String>,
    /// Options of the `directory` renderer.
    pub directory: DirectoryOptions,
    /// Options of the `handlebars` renderer.
    pub handlebars: HandlebarsOptions,
    /// Options of the `helm` renderer.
    pub helm: HelmOptions,
    /// Options of the `kustomize` renderer.
    pub kustomize: KustomizeOptions,
}

/// What the platform lets apps do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allow {
    /// Kustomizations may render Helm charts.
    pub kustomize_helm: bool,
    /// Helm's values files and file parameters may be URLs.
    pub remote_values: bool,
    /// Remote bases may use `git://`, which is not encrypted.
    pub git_protocol: bool,
}

/// The environment and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Such as `production`, `staging`, `dev`.
    pub name: String,
    /// The reason, such as ``token `dev` in the app's name``.
    pub reason: String,
}

/// A rule of the platform file: the environment of the apps that all its globs match.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentRule {
    /// The environment.
    pub environment: String,
    /// Glob on the app's name, without the namespace that stands before it outside Argo CD's namespace.
    pub name: Option<GlobMatcher>,
    /// Glob on the project.
    pub project: Option<GlobMatcher>,
    /// Glob on the destination namespace.
    pub namespace: Option<GlobMatcher>,
    /// Glob on the source path.
    pub path: Option<GlobMatcher>,
    /// Glob on the target revision, such as a branch.
    pub target_revision: Option<GlobMatcher>,
}

/// A rule of the platform file: what objects of a kind make, or that no pod depends on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindRule {
    /// `Kind.group`.
    pub kind: String,
    /// A pod cannot depend on it.
    pub harmless: bool,
    /// Patterns of the names of Secrets that its controller makes.
    pub secrets: Vec<String>,
    /// Patterns of the names of ConfigMaps that its controller makes.
    pub config_maps: Vec<String>,
    /// Patterns of the names of Services that lead to it.
    pub services: Vec<String>,
}

/// The tool that renders the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum RendererKind {
    Directory,
    Handlebars,
    Helm,
    Kustomize,
}

/// Selectors of migration Jobs. An exclusion wins over both kinds of inclusion.
#[derive(Debug, Clone, Default)]
pub struct Selectors {
    /// Globs on the Job's name that make it a migration.
    pub names: GlobSet,
    /// Globs on the Job's name that make it none.
    pub exclude: GlobSet,
    /// Label selectors (`key=value,key2 in (a, b)`), any of which makes it a migration.
    pub labels: Vec<LabelSelector>,
}

/// The settings of one Job: the app's, overridden by the Job's annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// Whether the Job is a migration, when the author says so.
    pub migration: Option<bool>,
    /// How the Job is rewritten.
    pub strategy: Sourced<Strategy>,
    /// Why the author opted out (`strategy: off`).
    pub reason: Option<String>,
    /// The sync phase.
    pub phase: Sourced<Phase>,
    /// The sync wave, in place of that of the Job's annotations.
    pub wave: Sourced<Option<i32>>,
    /// How a forced `PreSync` hook gets what it needs from the app.
    pub dependencies: Sourced<Dependencies>,
    /// TTL of the finished Job: the policy for the environment, or the Job's own. Not yet raised to the floor.
    pub ttl: Sourced<Ttl>,
    /// What makes Argo CD sync when only the Job changed.
    pub trigger: Sourced<Trigger>,
    /// Which parts of a name are replaced.
    pub names: Sourced<Names>,
    /// Limits that are added where the author set none.
    pub guards: Guards,
}

/// How a migration Job is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A sync hook with `BeforeHookCreation`.
    Hook,
    /// A plain Job without TTL whose name carries a digest of its content: it runs once for each change.
    Once,
    /// A plain Job with the environment's TTL.
    Extend,
    /// Untouched.
    Off,
}

/// The sync phase of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// By what the Job needs from its own app.
    Auto,
    /// Before anything of the app is applied.
    PreSync,
    /// In a wave before the workloads.
    Sync,
    /// After the app is healthy.
    PostSync,
}

/// How a forced `PreSync` hook gets the ConfigMaps and Secrets that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependencies {
    /// They stay where they are.
    InPlace,
    /// Hook copies in an earlier wave.
    Copy,
}

/// How long a finished Job stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// It stays.
    Keep,
    /// It is deleted after this time, in whole seconds.
    After(Duration),
}

/// What the trigger ConfigMap's digest covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// What the Job runs: its pod spec.
    Job,
    /// The pod spec, and the ConfigMaps and Secrets of the app that it reads.
    Inputs,
    /// No trigger.
    None,
}

/// Which parts of a name are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// What is certainly generated goes.
    Certain,
    /// So does what looks generated.
    Likely,
    /// The name stays as it is rendered.
    Rendered,
}

/// Limits added to a Job that has none; all off by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// `spec.activeDeadlineSeconds`, at least one second.
    pub active_deadline: Sourced<Option<Duration>>,
    /// `spec.backoffLimit`.
    pub backoff_limit: Sourced<Option<u32>>,
    /// How sidecar injection is treated.
    pub sidecars: Sourced<Sidecars>,
}

/// How sidecar injection into the Job's pod is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sidecars {
    /// Injection stays as it is.
    Allow,
    /// The pod is opted out (Istio, Linkerd): a sidecar that does not end keeps the Job from finishing.
    Off,
}

/// Options of the `directory` renderer: `ApplicationSourceDirectory` without Jsonnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryOptions {
    /// Descend into subdirectories.
    pub recurse: bool,
    /// Glob on the path relative to the app's directory of the files to take, `{a,b}` for several; empty takes all.
    pub include: String,
    /// Glob of the files to leave out; wins over `include`.
    pub exclude: String,
}

/// Options of the `handlebars` renderer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HandlebarsOptions {
    /// `values.*` in templates: win over the values files, merged key by key.
    pub values: Map<String, Value>,
    /// More values files after `values.yaml` and `values-<environment>.yaml`, later wins; relative to the app's
    /// directory, or to the repository's root with a leading `/`.
    pub value_files: Vec<String>,
    /// `parameters.*` in templates.
    pub parameters: BTreeMap<String, String>,
}

/// Options of the `helm` renderer: `ApplicationSourceHelm`, under its names.
///
/// Argo CD expands `$ARGOCD_APP_*` (its own build environment, as `${X}` too) in `valueFiles`, in the paths of
/// `fileParameters` and in the values of `parameters`, not in `values`. The texts here are not yet expanded.
#[expect(clippy::struct_excessive_bools, reason = "Argo CD's own options")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HelmOptions {
    /// `--name-template`. Default: [`crate::argocd::App::short_name`].
    pub release_name: Option<String>,
    /// `--namespace`. Default: the destination namespace.
    pub namespace: Option<String>,
    /// `--values`, in this order, before `values`; relative to the chart, or to the repository's root with a leading
    /// `/`; globs allowed.
    pub value_files: Vec<String>,
    /// Skip values files that do not exist.
    pub ignore_missing_value_files: bool,
    /// Values as YAML text; win over the values files.
    pub values: Option<String>,
    /// Values as an object; when set, `values` is not used.
    pub values_object: Option<Map<String, Value>>,
    /// `--set`, by name; commas in a value are escaped unless it stands in braces (`{a,b}` is a list).
    pub parameters: BTreeMap<String, String>,
    /// `--set-string`, by name: `parameters` with `forceString: true` in Argo CD.
    pub string_parameters: BTreeMap<String, String>,
    /// `--set-file`: name to path; relative to the chart, or to the repository's root with a leading `/`.
    pub file_parameters: BTreeMap<String, String>,
    /// Leave out the chart's `crds/`: otherwise `--include-crds` is passed.
    pub skip_crds: bool,
    /// `--skip-tests`.
    pub skip_tests: bool,
    /// `--skip-schema-validation`.
    pub skip_schema_validation: bool,
    /// `--kube-version`. Default: [`crate::argocd::App::kube_version`].
    pub kube_version: Option<String>,
    /// `--api-versions`, each `[group/]version/kind`. Empty: [`crate::argocd::App::api_versions`].
    pub api_versions: Vec<String>,
    /// `--pass-credentials` when repositories are added: credentials go to all domains.
    pub pass_credentials: bool,
}

/// Options of the `kustomize` renderer: `ApplicationSourceKustomize`, under its names, `labels` and `buildOptions`.
///
/// Argo CD expands `$ARGOCD_APP_*` in `images` and in the values of `commonLabels`, and in those of
/// `commonAnnotations` with `commonAnnotationsEnvsubst`. The texts here are not yet expanded.
#[expect(clippy::struct_excessive_bools, reason = "Argo CD's own options")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KustomizeOptions {
    /// `namePrefix`, replaces that of the kustomization.
    pub name_prefix: Option<String>,
    /// `nameSuffix`, replaces that of the kustomization.
    pub name_suffix: Option<String>,
    /// `namespace`, replaces that of the kustomization.
    pub namespace: Option<String>,
    /// Image overrides in kustomize's form: `name=new:tag`, `name:tag`, `name@digest`.
    pub images: Vec<String>,
    /// Replicas by name of the workload.
    pub replicas: BTreeMap<String, u32>,
    /// Labels in metadata only, neither in selectors nor in templates.
    pub labels: BTreeMap<String, String>,
    /// `commonLabels`: in metadata, templates and selectors, unless the two settings below say otherwise.
    pub common_labels: BTreeMap<String, String>,
    /// `commonAnnotations`.
    pub common_annotations: BTreeMap<String, String>,
    /// `commonLabels` may overwrite those of the kustomization: otherwise that is an error.
    pub force_common_labels: bool,
    /// `commonAnnotations` may overwrite those of the kustomization: otherwise that is an error.
    pub force_common_annotations: bool,
    /// `commonLabels` are not added to selectors, nor to templates.
    pub label_without_selector: bool,
    /// With `label_without_selector`: `commonLabels` are added to templates all the same.
    pub label_include_templates: bool,
    /// Expand `$ARGOCD_APP_*` in the values of `commonAnnotations`.
    pub common_annotations_envsubst: bool,
    /// Component directories, added to those of the kustomization; relative to it.
    pub components: Vec<String>,
    /// Skip components that do not exist.
    pub ignore_missing_components: bool,
    /// Added to the kustomization's patches; each is an object with `path` or `patch`, `target`, `options`.
    pub patches: Vec<Value>,
    /// Flags of `kustomize build`, one a word, such as `--enable-helm`, and who set them: some are for operators only.
    pub build_options: Sourced<Vec<String>>,
    /// `--helm-kube-version`, used with `--enable-helm`. Default: [`crate::argocd::App::kube_version`].
    pub kube_version: Option<String>,
    /// `--helm-api-versions`, used with `--enable-helm`. Empty: [`crate::argocd::App::api_versions`].
    pub api_versions: Vec<String>,
}
