//! `jobs`: settings for the Jobs whose name a glob matches, for Jobs that an app owner cannot annotate.

use globset::GlobMatcher;
use serde_json::{Map, Value};

use super::{
    annotations::JobProblem,
    layers,
    model::Settings,
    origin::{Layer, Origin},
    table::{self, Place, Setting},
    value_kind::ValueKind,
    value_type::{Shown, ValueType, glob},
};
use crate::error::Problem;
use crate::exit::Exit;

/// Settings for the Jobs whose name a glob matches.
#[derive(Debug, Clone)]
pub struct JobRule {
    matcher: GlobMatcher,
    /// The glob as written.
    written: String,
    values: Vec<(&'static str, Value)>,
    /// The file that holds it.
    layer: Layer,
}

impl Settings {
    /// Applies the entries of `jobs` whose glob matches the name; the last wins.
    pub(super) fn apply_job_rules(&self, name: &str, settings: &mut Self, problems: &mut Vec<JobProblem>) {
        for rule in self.jobs.iter().filter(|rule| rule.matcher.is_match(name)) {
            let origin = Origin::new(Layer::Jobs(rule.written.clone()));
            for (key, value) in &rule.values {
                let wrong = |message: String| {
                    Problem::new(Exit::SETTINGS, format!("`{key}` under `jobs.{}` {message}", rule.written))
                };
                match layers::locked(self, key).filter(|_| rule.layer != Layer::Platform) {
                    Some(reason) => {
                        let problem = wrong("is locked by the platform file".to_owned()).hint(reason);
                        problems.push(JobProblem { annotation: None, problem });
                    }
                    // The value was read when the file was.
                    None => drop(table::find(key).map(|setting| setting.put(settings, value, &origin))),
                }
            }
        }
    }
}

impl ValueType for Vec<JobRule> {
    fn kind() -> ValueKind {
        ValueKind::Jobs
    }

    fn read(value: &Value, origin: &Origin) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(|| format!("must be {}", ValueKind::Jobs.expected()))?;
        let rule = |(written, value): (&String, &Value)| {
            let entries = value.as_object().ok_or_else(|| format!("must hold settings under `{written}`"))?;
            let mut values = Vec::new();
            collect("", entries, &mut values)
                .map_err(|message| format!("has an entry `{written}` {message}"))?;
            Ok(JobRule {
                matcher: glob(written)?.compile_matcher(),
                written: written.clone(),
                values,
                layer: origin.layer.clone(),
            })
        };
        map.iter().map(rule).collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }

    fn merge(&mut self, later: Self) {
        self.extend(later);
    }
}

/// Returns the settings of an entry, those of a group by their whole names.
fn collect(
    group: &str,
    map: &Map<String, Value>,
    into: &mut Vec<(&'static str, Value)>,
) -> Result<(), String> {
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        let name = format!("{group}{key}");
        let inner = format!("{name}.");
        if let (true, Value::Object(map)) =
            (table::table().iter().any(|setting| setting.name.starts_with(&inner)), value)
        {
            collect(&inner, map, into)?;
            continue;
        }
        let spelling = |setting: &Setting| setting.name.to_owned();
        let setting = layers::find(&name, Place::Jobs, spelling)
            .map_err(|(message, hint)| format!("whose `{name}` {message}; {hint}"))?;
        setting
            .put(&mut Settings::default(), value, &Origin::new(Layer::BuiltIn))
            .map_err(|message| format!("whose `{name}` {message}"))?;
        into.push((setting.name, value.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::model::{Phase, Strategy};

    fn settings(value: &Value) -> Result<Settings, String> {
        let jobs = Vec::<JobRule>::read(value, &Origin::new(Layer::AppFile))?;
        Ok(Settings { jobs, ..Settings::default() })
    }

    #[test]
    fn the_last_entry_that_matches_wins_and_an_annotation_wins_over_all() {
        let settings = settings(&json!({
            "grafana-*": {"strategy": "off", "reason": "seeds a demo", "guards": {"backoffLimit": 2}},
            "*-migrate": {"phase": "Sync", "strategy": "once", "wave": -3},
        }))
        .unwrap();
        let none = serde_json::Map::new();
        let job = settings.for_job("grafana-migrate", &none).unwrap();
        assert_eq!((job.strategy.value, job.phase.value), (Strategy::Once, Phase::Sync));
        assert_eq!((job.wave.value, job.wave.source().as_str()), (Some(-3), "`jobs` entry `*-migrate`"));
        assert_eq!(job.strategy.source(), "`jobs` entry `*-migrate`");
        assert_eq!((job.reason.as_deref(), job.guards.backoff_limit.value), (Some("seeds a demo"), Some(2)));
        let annotations = json!({"argocd-presync-plugin/strategy": "extend"});
        let job = settings.for_job("grafana-migrate", annotations.as_object().unwrap()).unwrap();
        assert_eq!(job.strategy.value, Strategy::Extend);
        assert_eq!(settings.for_job("other", &none).unwrap(), settings.job);
    }

    #[test]
    fn every_wrong_entry_says_what_is_right() {
        for (value, message) in [
            (json!([]), "must be a map of globs on the names of Jobs to settings"),
            (json!({"a": 1}), "must hold settings under `a`"),
            (
                json!({"a": {"tll": "5m"}}),
                "has an entry `a` whose `tll` is not a setting; did you mean `ttl`?",
            ),
            (json!({"a": {"wave": "first"}}), "has an entry `a` whose `wave` must be a whole number"),
            (
                json!({"a": {"check": {"ignore": {"no-deadline": "x"}}}}),
                "has an entry `a` whose `check.ignore` cannot be set by an entry of `jobs`",
            ),
            (json!({"a": {"ttl": "soon"}}), "has an entry `a` whose `ttl` must be"),
            (
                json!({"a": {"helm": {"values": "x"}}}),
                "has an entry `a` whose `helm.values` cannot be set by",
            ),
        ] {
            let error = settings(&value).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_lock_holds_for_entries_of_the_app() {
        let mut settings = settings(&json!({"*": {"ttl": "5m"}})).unwrap();
        settings.locked.insert("ttl".to_owned(), "audit".to_owned());
        let problems = settings.for_job("a", &serde_json::Map::new()).unwrap_err();
        assert!(problems[0].problem.to_string().contains("`ttl` under `jobs.*` is locked"), "{problems:?}");
    }
}
