//! Where a value came from.

use std::fmt;

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// The layer that set it.
    pub layer: Layer,
    /// The entry under `environments` that holds it, such as `production`; none when it holds in every environment.
    pub entry: Option<String>,
}

impl<T> Sourced<T> {
    /// Returns a built-in value.
    pub fn built_in(value: T) -> Self {
        Self { value, layer: Layer::BuiltIn, entry: None }
    }

    /// Returns where it came from, as `explain` says it: `parameter`, `default for production`, `presync.yaml for dev`.
    pub fn source(&self) -> String {
        Origin { layer: self.layer.clone(), entry: self.entry.clone() }.to_string()
    }
}

impl<T: Default> Default for Sourced<T> {
    fn default() -> Self {
        Self::built_in(T::default())
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
    /// An entry under `jobs`, with its glob.
    Jobs(String),
    /// An annotation on the Job.
    Annotation,
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
            Self::Jobs(glob) => write!(f, "`jobs` entry `{glob}`"),
            Self::Annotation => f.write_str("annotation"),
        }
    }
}

/// Where a value came from: the layer, and for a file whether from an entry under `environments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) layer: Layer,
    /// The entry under `environments`.
    pub(super) entry: Option<String>,
}

impl Origin {
    pub(super) fn new(layer: Layer) -> Self {
        Self { layer, entry: None }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layer.fmt(f)?;
        match &self.entry {
            Some(entry) => write!(f, " for {entry}"),
            None => Ok(()),
        }
    }
}
