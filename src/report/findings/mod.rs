//! How findings look: one format a file.

mod github;
mod json;
mod junit;
mod markdown;
mod sarif;
mod text;

use serde::{Deserialize, Serialize};

use crate::rules::Severity;

/// The version of the JSON.
pub const VERSION: u32 = 1;

/// The pseudo-rule of apps that cannot be rendered or planned.
pub const UNRENDERED: &str = "cannot-render";

/// The JSON schema of [`Report`].
pub const SCHEMA: &str = include_str!("../check.schema.json");

/// What `check --format json` prints.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this format.
    pub version: u32,
    /// The apps, in the order in which they were named.
    pub apps: Vec<App>,
}

/// What was found in one app.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// The Application's name, or the directory.
    pub name: String,
    /// The findings, suppressed ones too.
    pub findings: Vec<Finding>,
}

/// A finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// `error`, `warning` or `note`.
    pub severity: Level,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The object, `Kind namespace/name`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// The file in the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What `presync generate` hands to Argo CD is free of it.
    #[serde(default)]
    pub repaired: bool,
    /// Whether `--fix` can repair the file.
    #[serde(default)]
    pub fixable: bool,
    /// Why it is suppressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
    /// Whether the baseline has it.
    #[serde(default)]
    pub known: bool,
    /// What stays the same when lines move: rule, app, file and object.
    pub fingerprint: String,
}

/// A severity as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// It drifts, piles up, or loses something.
    Warning,
    /// A sync hangs or fails, or a migration does not run.
    Error,
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Note,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

impl Level {
    /// As formats write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// Whether it is to be acted on: neither suppressed nor in the baseline.
    pub fn counts(&self) -> bool {
        self.suppressed.is_none() && !self.known
    }

    /// Returns where it is, in words.
    fn place(&self) -> String {
        let file = match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.clone(),
            _ => String::new(),
        };
        let parts = [file, self.object.clone()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl App {
    /// Returns the findings that are to be acted on.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.counts())
    }

    /// Returns how many there are, the worst first: `1 error, 2 notes`.
    pub fn count(&self) -> String {
        counts(self.open())
    }
}

impl Report {
    /// Returns the findings that are to be acted on.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.apps.iter().flat_map(App::open)
    }
}

fn counts<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let findings: Vec<_> = findings.collect();
    let levels = [Level::Error, Level::Warning, Level::Note];
    let counts =
        levels.map(|level| (level, findings.iter().filter(|finding| finding.severity == level).count()));
    let shown: Vec<_> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(level, count)| format!("{count} {}{}", level.name(), if *count == 1 { "" } else { "s" }))
        .collect();
    if shown.is_empty() { "0".to_owned() } else { shown.join(", ") }
}

/// A format of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// Versioned, for programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for CI systems.
    Junit,
    /// For a pull request.
    Markdown,
    /// Workflow commands of GitHub Actions.
    Github,
}

impl Format {
    /// All formats, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("junit", Self::Junit),
        ("markdown", Self::Markdown),
        ("github", Self::Github),
    ];

    /// Returns the findings in this format.
    pub fn show(self, report: &Report, paint: super::Paint) -> String {
        match self {
            Self::Text => text::show(report, paint),
            Self::Json => json::show(report),
            Self::Sarif => sarif::show(report),
            Self::Junit => junit::show(report),
            Self::Markdown => markdown::show(report),
            Self::Github => github::show(report),
        }
    }
}

#[cfg(test)]
mod tests;
