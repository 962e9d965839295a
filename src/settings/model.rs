//! The settings as the rest of the program uses them: typed, checked, each Job setting with the layer it came from.

use std::{collections::BTreeMap, fmt, time::Duration};

use globset::GlobSet;
use serde_json::{Map, Value};

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// The layer that set it.
    pub layer: Layer,
}

impl<T> Sourced<T> {
    /// A built-in value.
    pub fn built_in(value: T) -> Self {
        Self { value, layer: Layer::BuiltIn }
    }
}

/// A layer of settings; later ones win.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The default in the table.
    BuiltIn,
    /// The platform file (`PRESYNC_CONFIG`).
    Platform,
    /// `presync.yaml` in the app.
    AppFile,
    /// An environment variable, with its name.
    Env(String),
    /// A parameter of the Application.
    Parameter,
    /// A command line flag.
    Flag,
    /// An annotation on the Job.
    Annotation,
}

/// The effective settings of one app.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The environment; drives the TTL policy.
    pub environment: Environment,
    /// The renderer to use; `None` detects it.
    pub renderer: Option<RendererKind>,
    /// An empty render is a success.
    pub allow_empty: bool,
    /// Time for the whole run.
    pub timeout: Duration,
    /// Which Jobs are migrations, beside the evidence.
    pub selectors: Selectors,
    /// What holds for a Job without annotations of ours.
    pub job: JobSettings,
    /// Smallest TTL that a hook gets: with less, some Argo CD versions miss its end.
    pub ttl_floor: Duration,
    /// Options of the `directory` renderer.
    pub directory: DirectoryOptions,
    /// Options of the `handlebars` renderer.
    pub handlebars: HandlebarsOptions,
    /// Options of the `helm` renderer.
    pub helm: HelmOptions,
    /// Options of the `kustomize` renderer.
    pub kustomize: KustomizeOptions,
}

/// The environment and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Such as `production`, `staging`, `dev`.
    pub name: String,
    /// The reason, such as ``token `dev` in the app's name``.
    pub reason: String,
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

/// One Kubernetes label selector: all its requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector {
    /// The requirements.
    pub requirements: Vec<Requirement>,
}

/// One requirement of a label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "Kubernetes' own operators")]
pub enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    DoesNotExist(String),
}

/// The settings of one Job: the app's, overridden by the Job's annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// Whether the Job is a migration, when the author says so.
    pub migration: Option<bool>,
    /// What becomes of the Job.
    pub strategy: Sourced<Strategy>,
    /// Why the author opted out (`strategy: off`).
    pub reason: Option<String>,
    /// The sync phase.
    pub phase: Sourced<Phase>,
    /// How a forced `PreSync` hook gets what it needs from the app.
    pub dependencies: Sourced<Dependencies>,
    /// TTL of the finished Job: the policy for the environment, or the Job's own. Not yet raised to the floor.
    pub ttl: Sourced<Ttl>,
    /// What makes Argo CD sync when only the Job changed.
    pub trigger: Sourced<Trigger>,
    /// What becomes of a generated name.
    pub names: Sourced<Names>,
    /// Limits that are added where the author set none.
    pub guards: Guards,
}

/// What becomes of a migration Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A sync hook with `BeforeHookCreation`.
    Hook,
    /// A plain Job without TTL whose name carries a digest of its content.
    Keep,
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
    /// They are left where they are.
    Keep,
    /// Hook copies in an earlier wave.
    Copy,
}

/// What becomes of a finished Job.
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

/// What becomes of a name with a generated part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The generated part goes where that is safe.
    Stable,
    /// The name stays.
    Keep,
}

/// Limits added to a Job that has none; all off by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guards {
    /// `spec.activeDeadlineSeconds`.
    pub active_deadline: Option<Duration>,
    /// `spec.backoffLimit`.
    pub backoff_limit: Option<u32>,
    /// Opt the pod out of sidecar injection (Istio, Linkerd).
    pub no_sidecars: bool,
}

/// Options of the `directory` renderer; Argo CD's native ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryOptions {
    /// Descend into subdirectories.
    pub recurse: bool,
    /// Glob of files to take, `{a,b}` for several; empty takes all.
    pub include: String,
    /// Glob of files to leave out.
    pub exclude: String,
}

/// Options of the `handlebars` renderer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HandlebarsOptions {
    /// Values that win over the values files.
    pub values: Map<String, Value>,
    /// More values files, later wins; relative to the app's directory.
    pub value_files: Vec<String>,
    /// `parameters.*` in templates.
    pub parameters: BTreeMap<String, String>,
}

/// Options of the `helm` renderer: Argo CD's native Helm source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HelmOptions {
    /// Default: the app's name.
    pub release_name: Option<String>,
    /// Default: the destination namespace.
    pub namespace: Option<String>,
    /// Relative to the chart, or to the repository's root with a leading `/`; globs allowed.
    pub value_files: Vec<String>,
    /// Skip values files that do not exist.
    pub ignore_missing_value_files: bool,
    /// Values as YAML text.
    pub values: Option<String>,
    /// Values as an object; wins over `values`, as in Argo CD.
    pub values_object: Option<Value>,
    /// `--set`.
    pub parameters: BTreeMap<String, String>,
    /// `--set-string`.
    pub string_parameters: BTreeMap<String, String>,
    /// `--set-file`: name to path.
    pub file_parameters: BTreeMap<String, String>,
    /// Leave out `crds/`.
    pub skip_crds: bool,
    /// Leave out test hooks.
    pub skip_tests: bool,
    /// Do not validate values against the chart's schema.
    pub skip_schema_validation: bool,
    /// Default: `KUBE_VERSION`.
    pub kube_version: Option<String>,
    /// Default: `KUBE_API_VERSIONS`.
    pub api_versions: Vec<String>,
    /// Pass credentials to all domains.
    pub pass_credentials: bool,
}

/// Options of the `kustomize` renderer: Argo CD's native Kustomize source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KustomizeOptions {
    /// `namePrefix`.
    pub name_prefix: Option<String>,
    /// `nameSuffix`.
    pub name_suffix: Option<String>,
    /// `namespace`.
    pub namespace: Option<String>,
    /// Image overrides in kustomize's form: `name=new:tag`, `name:tag`, `name@digest`.
    pub images: Vec<String>,
    /// Name to count.
    pub replicas: BTreeMap<String, String>,
    /// Labels in metadata, selectors excluded.
    pub labels: BTreeMap<String, String>,
    /// `commonLabels`.
    pub common_labels: BTreeMap<String, String>,
    /// `commonAnnotations`.
    pub common_annotations: BTreeMap<String, String>,
    /// Overwrite labels that exist.
    pub force_common_labels: bool,
    /// Overwrite annotations that exist.
    pub force_common_annotations: bool,
    /// Also label pod templates and selectors as kustomize does with `includeSelectors`.
    pub label_without_selector: bool,
    /// Labels also in templates, with `label_without_selector`.
    pub label_include_templates: bool,
    /// Expand `$ARGOCD_APP_*` in annotation values.
    pub common_annotations_envsubst: bool,
    /// Component directories.
    pub components: Vec<String>,
    /// Skip components that do not exist.
    pub ignore_missing_components: bool,
    /// Patches: a list in kustomize's form.
    pub patches: Vec<Value>,
    /// Flags of `kustomize build`, such as `--enable-helm`.
    pub build_options: Vec<String>,
    /// Default: `KUBE_VERSION`.
    pub kube_version: Option<String>,
    /// Default: `KUBE_API_VERSIONS`.
    pub api_versions: Vec<String>,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("default"),
            Self::Platform => f.write_str("platform file"),
            Self::AppFile => f.write_str("presync.yaml"),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Parameter => f.write_str("parameter"),
            Self::Flag => f.write_str("flag"),
            Self::Annotation => f.write_str("annotation"),
        }
    }
}
