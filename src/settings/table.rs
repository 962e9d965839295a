//! The table of all settings. Parsing, flags, announcements, schema and reference are made from it.

mod app;
mod renderers;

use std::sync::LazyLock;

use serde_json::Value;

use super::{
    duration,
    model::{RendererKind, Settings},
    origin::Origin,
    value_kind::ValueKind,
    value_type::{Shown, ValueType},
};

/// Where a setting may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The platform file.
    Platform,
    /// `presync.yaml` in the app's directory.
    AppFile,
    /// An entry under `environments` in either file.
    Environments,
    /// `ARGOCD_ENV_PRESYNC_*`, which the Application's `plugin.env` sets.
    Env,
    /// The Application's `plugin.parameters`.
    Parameter,
    /// The command line.
    Flag,
    /// An entry of `jobs`.
    Jobs,
    /// An annotation on one Job.
    Annotation,
}

impl Place {
    /// Returns how it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "the platform file",
            Self::AppFile => "`presync.yaml`",
            Self::Environments => "an entry under `environments`",
            Self::Env => "an environment variable",
            Self::Parameter => "a parameter",
            Self::Flag => "a flag",
            Self::Jobs => "an entry of `jobs`",
            Self::Annotation => "an annotation on a Job",
        }
    }
}

/// Everywhere but on a Job.
const APP: &[Place] =
    &[Place::Platform, Place::AppFile, Place::Environments, Place::Env, Place::Parameter, Place::Flag];

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The app as a whole.
    App,
    /// Each migration Job.
    Job,
    /// The app's manifests, by this renderer.
    Renderer(RendererKind),
    /// All apps, by the platform's operators.
    Platform,
}

impl Group {
    /// In the order of the reference page.
    pub const ALL: [Self; 7] = [
        Self::App,
        Self::Job,
        Self::Renderer(RendererKind::Directory),
        Self::Renderer(RendererKind::Handlebars),
        Self::Renderer(RendererKind::Helm),
        Self::Renderer(RendererKind::Kustomize),
        Self::Platform,
    ];

    /// Returns a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::App => "App",
            Self::Job => "Migration Jobs",
            Self::Renderer(RendererKind::Directory) => "Renderer directory",
            Self::Renderer(RendererKind::Handlebars) => "Renderer handlebars",
            Self::Renderer(RendererKind::Helm) => "Renderer helm",
            Self::Renderer(RendererKind::Kustomize) => "Renderer kustomize",
            Self::Platform => "Platform",
        }
    }
}

type Put = Box<dyn Fn(&mut Settings, &Value, &Origin) -> Result<(), String> + Send + Sync>;
type Show = Box<dyn Fn(&mut Settings) -> Shown + Send + Sync>;

/// One setting.
pub struct Setting {
    /// The name, with its group before a dot: `helm.valueFiles`.
    pub name: &'static str,
    /// A short title, for Argo CD's UI.
    pub title: &'static str,
    /// What it does, in one or two sentences.
    pub tooltip: &'static str,
    /// What it is about.
    pub group: Group,
    /// Where it may stand.
    pub places: &'static [Place],
    /// The kind of its value.
    pub kind: ValueKind,
    /// The default in words, where that says more than the value.
    default: Option<&'static str>,
    /// The value is never shown.
    secret: bool,
    put: Put,
    show: Show,
}

impl Setting {
    /// Returns a row of the table: the field of the model gives the kind and the default.
    fn new<T: ValueType + 'static>(
        name: &'static str,
        title: &'static str,
        tooltip: &'static str,
        field: fn(&mut Settings) -> &mut T,
    ) -> Self {
        Self {
            name,
            title,
            tooltip,
            group: Group::App,
            places: &[],
            kind: T::kind(),
            default: None,
            secret: false,
            put: Box::new(move |settings, value, origin| {
                field(settings).merge(T::read(value, origin)?);
                Ok(())
            }),
            show: Box::new(move |settings| field(settings).show()),
        }
    }

    fn group(self, group: Group, places: &'static [Place]) -> Self {
        Self { group, places, ..self }
    }

    /// Says what the items of a list are, such as `path`.
    fn items(self, item: &'static str) -> Self {
        Self { kind: ValueKind::List(item), ..self }
    }

    fn default_is(self, words: &'static str) -> Self {
        Self { default: Some(words), ..self }
    }

    fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Refuses a time of nothing.
    fn not_zero(self) -> Self {
        let put = self.put;
        let is_zero = |value: &Value| match value {
            Value::String(text) => duration::parse(text).is_some_and(|time| time.is_zero()),
            value => *value == 0,
        };
        let put: Put = Box::new(move |settings, value, origin| {
            if is_zero(value) {
                Err("must be at least one second".into())
            } else {
                put(settings, value, origin)
            }
        });
        Self { put, ..self }
    }

    /// Whether it may stand there.
    pub fn allows(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// Sets it to a value that is not null.
    pub(super) fn put(&self, settings: &mut Settings, value: &Value, origin: &Origin) -> Result<(), String> {
        (self.put)(settings, value, origin)
    }

    /// Returns its value as it may be shown. The settings stay as they are.
    pub(super) fn show(&self, settings: &mut Settings) -> Shown {
        match (self.show)(settings) {
            Shown::Value(_) if self.secret => Shown::Secret,
            shown => shown,
        }
    }

    /// Returns the default in words, where that says more than a value.
    pub fn default_words(&self) -> Option<&'static str> {
        self.default
    }

    /// Returns the default as a value; none when the setting is not set without one, or when it depends on the app.
    pub fn default_value(&self) -> Option<Value> {
        match self.show(&mut Settings::default()) {
            Shown::Value(value) if self.default.is_none() => Some(value),
            _ => None,
        }
    }

    /// Returns the default as it reads in a page.
    pub fn default_text(&self) -> Option<String> {
        let value = || Some(format!("`{}`", self.default_value()?.to_string().trim_matches('"')));
        self.default.map(str::to_owned).or_else(value)
    }

    /// Returns the environment variable behind `ARGOCD_ENV_`: `PRESYNC_HELM_VALUE_FILES` for `helm.valueFiles`.
    pub fn env_name(&self) -> String {
        format!("PRESYNC_{}", words(self.name, '_').to_uppercase())
    }

    /// Returns the flag without its dashes: `helm-value-files` for `helm.valueFiles`.
    pub fn flag_name(&self) -> String {
        words(self.name, '-')
    }
}

/// Returns the words of a name in lower case: a dot and a capital letter begin a new one.
fn words(name: &str, separator: char) -> String {
    let mut words = String::new();
    for c in name.chars() {
        match c {
            '.' => words.push(separator),
            c if c.is_ascii_uppercase() => words.extend([separator, c.to_ascii_lowercase()]),
            c => words.push(c),
        }
    }
    words
}

static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut table = app::settings();
    table.extend(renderers::settings());
    table.extend(app::platform());
    table
});

/// Returns all settings, group by group.
pub fn table() -> &'static [Setting] {
    &TABLE
}

/// Returns the setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    table().iter().find(|setting| setting.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_settings_share_a_spelling() {
        let spellings: [fn(&Setting) -> String; 3] =
            [|setting| setting.name.to_owned(), Setting::env_name, Setting::flag_name];
        for spelling in spellings {
            let all: BTreeSet<_> = table().iter().map(spelling).collect();
            assert_eq!(all.len(), table().len());
        }
    }

    #[test]
    fn a_group_is_no_setting() {
        for (group, _) in table().iter().filter_map(|setting| setting.name.split_once('.')) {
            assert!(find(group).is_none(), "{group}");
        }
    }

    #[test]
    fn spellings_follow_the_rule() {
        for (name, env, flag) in [
            ("ttl", "PRESYNC_TTL", "ttl"),
            ("allowEmpty", "PRESYNC_ALLOW_EMPTY", "allow-empty"),
            ("helm.valueFiles", "PRESYNC_HELM_VALUE_FILES", "helm-value-files"),
            ("helm.skipCrds", "PRESYNC_HELM_SKIP_CRDS", "helm-skip-crds"),
            (
                "guards.activeDeadlineSeconds",
                "PRESYNC_GUARDS_ACTIVE_DEADLINE_SECONDS",
                "guards-active-deadline-seconds",
            ),
        ] {
            let setting = find(name).unwrap();
            assert_eq!((setting.env_name().as_str(), setting.flag_name().as_str()), (env, flag));
        }
    }

    #[test]
    fn groups_and_renderers_agree() {
        for setting in table() {
            let group = setting.name.split_once('.').map(|(group, _)| group);
            if let Group::Renderer(kind) = setting.group {
                let plain = kind == RendererKind::Handlebars;
                assert!(group.map_or(plain, |group| group == kind.to_string()), "{}", setting.name);
            }
            assert!(Group::ALL.contains(&setting.group));
            assert!(!setting.places.is_empty());
        }
    }
}
