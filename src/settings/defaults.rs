//! The built-in values: what holds when no layer says anything, for an app of which nothing is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::model::{
    Allow, Dependencies, DirectoryOptions, Environment, Guards, HandlebarsOptions, HelmOptions, JobSettings,
    KustomizeOptions, Names, Phase, Selectors, Settings, Sidecars, Strategy, Trigger, Ttl,
};
use super::origin::Sourced;

impl Default for Settings {
    fn default() -> Self {
        Self {
            environment: Environment {
                name: "production".into(),
                reason: "nothing names an environment".into(),
            },
            environments: BTreeSet::new(),
            environment_rules: Vec::new(),
            kinds: Vec::new(),
            renderer: None,
            allow_empty: false,
            timeout: Duration::from_secs(50),
            selectors: Selectors::default(),
            jobs: Vec::new(),
            ignored_rules: std::collections::BTreeMap::new(),
            workflows: false,
            job: JobSettings::default(),
            ttl_floor: Duration::from_mins(1),
            raise_hook_ttl: false,
            locked: BTreeMap::new(),
            allow: Allow::default(),
            child_environment: Vec::new(),
            directory: DirectoryOptions::default(),
            handlebars: HandlebarsOptions::default(),
            helm: HelmOptions::default(),
            kustomize: KustomizeOptions::default(),
        }
    }
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            migration: None,
            strategy: Sourced::built_in(Strategy::Hook),
            reason: None,
            phase: Sourced::built_in(Phase::Auto),
            wave: Sourced::built_in(None),
            dependencies: Sourced::built_in(Dependencies::InPlace),
            ttl: Sourced { entry: Some("production".into()), ..Sourced::built_in(Ttl::Keep) },
            trigger: Sourced::built_in(Trigger::Job),
            names: Sourced::built_in(Names::Certain),
            guards: Guards {
                active_deadline: Sourced::built_in(None),
                backoff_limit: Sourced::built_in(None),
                sidecars: Sourced::built_in(Sidecars::Allow),
            },
        }
    }
}
