//! A run of the settings with layers of its own.

use std::{collections::BTreeMap, fs};

use presync::{
    error::Problems,
    exit::Exit,
    settings::{self, Inputs, Loaded},
};
use tempfile::TempDir;

/// With nothing said.
pub(super) fn run() -> Run {
    Run::default()
}

/// A run with files in a directory of its own.
#[derive(Default)]
pub(super) struct Run {
    env: Vec<(&'static str, String)>,
    app_file: Option<&'static str>,
    platform_file: Option<&'static str>,
    flags: Vec<(&'static str, &'static str)>,
}

impl Run {
    pub(super) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub(super) fn parameters(self, json: &str) -> Self {
        self.env("ARGOCD_APP_PARAMETERS", json)
    }

    pub(super) fn app_file(self, text: &'static str) -> Self {
        Self { app_file: Some(text), ..self }
    }

    pub(super) fn platform_file(self, text: &'static str) -> Self {
        Self { platform_file: Some(text), ..self }
    }

    pub(super) fn flag(mut self, name: &'static str, text: &'static str) -> Self {
        self.flags.push((name, text));
        self
    }

    /// The directory lives as long as it is held.
    pub(super) fn inputs(&self) -> (TempDir, Inputs) {
        let dir = TempDir::new().unwrap();
        let mut env: BTreeMap<_, _> = self.env.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        if let Some(text) = self.app_file {
            fs::write(dir.path().join("presync.yaml"), text).unwrap();
        }
        if let Some(text) = self.platform_file {
            let path = dir.path().join("platform.yaml");
            fs::write(&path, text).unwrap();
            env.insert("PRESYNC_CONFIG".into(), path.to_str().unwrap().into());
        }
        let mut flags = settings::Flags::new();
        for (name, text) in &self.flags {
            flags.entry((*name).to_owned()).or_default().push((*text).to_owned());
        }
        let app_dir = Some(dir.path().to_owned());
        (dir, Inputs { env, app_dir, flags })
    }

    pub(super) fn load(&self) -> Result<Loaded, Problems> {
        let (_dir, inputs) = self.inputs();
        settings::load(&inputs)
    }

    #[track_caller]
    pub(super) fn ok(&self) -> Loaded {
        self.load().unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// The text of all problems, with the temporary directory left out. No problem repeats a value: tests write
    /// `s3cret` for those.
    #[track_caller]
    pub(super) fn err(&self) -> String {
        let problems = self.load().expect_err("a problem");
        assert_eq!(problems.exit(), Exit::SETTINGS);
        let text = problems.to_string();
        assert!(!text.contains("s3cret"), "{text}");
        let lines = text.lines().map(|line| match line.split_once("  at: /") {
            Some((_, path)) => format!("  at: {}", path.rsplit('/').next().unwrap()),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
