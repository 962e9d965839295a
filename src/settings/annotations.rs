//! Annotations on one Job: the last layer.

use serde_json::{Map, Value};

use super::{
    layers,
    model::{JobSettings, Settings},
    origin::{Layer, Origin},
    table::{Place, Setting},
};
use crate::{error::Problem, exit::Exit};

/// What our annotations begin with.
pub const ANNOTATION_PREFIX: &str = "argocd-presync-plugin/";

/// The setting that suppresses lint rules; its annotation may stand on any object.
pub const IGNORE: &str = "check.ignore";

/// Annotations that presync writes and that are no settings.
pub const TRACES: [&str; 2] = ["rewritten", "digest"];

/// A wrong setting of one Job.
#[derive(Debug)]
pub struct JobProblem {
    /// The annotation that holds it; none for an entry of `jobs`.
    pub annotation: Option<String>,
    /// The problem, without a location.
    pub problem: Problem,
}

impl Settings {
    /// Returns what holds for a Job of this name with these annotations: the app's settings, overridden by the entries
    /// of `jobs` and then by our annotations. The problems are without a location, which the caller knows.
    pub fn for_job(
        &self,
        name: &str,
        annotations: &Map<String, Value>,
    ) -> Result<JobSettings, Vec<JobProblem>> {
        let mut settings = None;
        let mut problems = Vec::new();
        if !self.jobs.is_empty() {
            self.apply_job_rules(name, settings.get_or_insert_with(|| self.clone()), &mut problems);
        }
        for (annotation, value) in annotations {
            let Some(key) = annotation.strip_prefix(ANNOTATION_PREFIX) else { continue };
            if TRACES.contains(&key) {
                continue;
            }
            let settings = settings.get_or_insert_with(|| self.clone());
            if let Err((message, hint)) = self.annotate(settings, key, value) {
                let problem = Problem::new(
                    Exit::SETTINGS,
                    format!("annotation `{annotation}{}` {message}", shown(value)),
                );
                let problem = match hint {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                };
                problems.push(JobProblem { annotation: Some(annotation.clone()), problem });
            }
        }
        if problems.is_empty() {
            Ok(settings.map_or_else(|| self.job.clone(), |settings| settings.job))
        } else {
            Err(problems)
        }
    }

    fn annotate(
        &self,
        settings: &mut Self,
        key: &str,
        value: &Value,
    ) -> Result<(), (String, Option<String>)> {
        let spelling = |setting: &Setting| format!("{ANNOTATION_PREFIX}{}", setting.name);
        let setting =
            layers::find(key, Place::Annotation, spelling).map_err(|(text, hint)| (text, Some(hint)))?;
        let Value::String(text) = value else {
            let hint = "put the value in quotes: Kubernetes takes texts only, and YAML reads `off`, `true` and `300` as \
                        something else";
            return Err(("must be a string".into(), Some(hint.into())));
        };
        if let Some(reason) = layers::locked(self, setting.name) {
            return Err(("is locked by the platform file".into(), Some(reason)));
        }
        match setting.kind.from_text(text).map_err(|text| (text, None))? {
            Value::Null => Ok(()),
            value => {
                setting.put(settings, &value, &Origin::new(Layer::Annotation)).map_err(|text| (text, None))
            }
        }
    }
}

/// Returns the value of one of our annotations, which is no secret.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.lines().nth(1).is_some() || text.len() > 60 => String::new(),
        Value::String(text) => format!(": {text}"),
        other => format!(": {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::settings::model::{Phase, Sidecars, Strategy, Ttl};

    fn for_job(settings: &Settings, annotations: &Value) -> Result<JobSettings, Vec<String>> {
        let problems =
            |problems: Vec<JobProblem>| problems.iter().map(|wrong| wrong.problem.to_string()).collect();
        settings.for_job("a", annotations.as_object().unwrap()).map_err(problems)
    }

    #[test]
    fn annotations_override_the_app() {
        let job = for_job(
            &Settings::default(),
            &json!({
                "argocd-presync-plugin/migration": "true",
                "argocd-presync-plugin/strategy": "off",
                "argocd-presync-plugin/reason": "runs by hand: ask team-a",
                "argocd-presync-plugin/phase": "PreSync",
                "argocd-presync-plugin/ttl": "1h",
                "argocd-presync-plugin/guards.activeDeadlineSeconds": "900",
                "argocd-presync-plugin/guards.backoffLimit": "0",
                "argocd-presync-plugin/guards.sidecars": "off",
            }),
        )
        .unwrap();
        assert_eq!(job.migration, Some(true));
        assert_eq!(job.reason.as_deref(), Some("runs by hand: ask team-a"));
        assert_eq!((job.strategy.value, job.strategy.layer), (Strategy::Off, Layer::Annotation));
        assert_eq!(job.phase.value, Phase::PreSync);
        assert_eq!(job.ttl.value, Ttl::After(Duration::from_hours(1)));
        assert_eq!(job.guards.active_deadline.value, Some(Duration::from_mins(15)));
        assert_eq!(job.guards.backoff_limit.value, Some(0));
        assert_eq!(job.guards.sidecars.value, Sidecars::Off);
    }

    #[test]
    fn what_is_not_ours_or_empty_or_a_trace_sets_nothing() {
        let annotations = json!({
            "argocd.argoproj.io/hook": "PreSync",
            "example.com/ttl": 5,
            "argocd-presync-plugin/ttl": "",
            "argocd-presync-plugin/rewritten": {"any": "thing"},
            "argocd-presync-plugin/digest": "abc",
        });
        let settings = Settings::default();
        assert_eq!(for_job(&settings, &annotations).unwrap(), settings.job);
    }

    #[test]
    fn all_wrong_annotations_are_reported_with_their_values() {
        let settings =
            Settings { locked: [("ttl".to_owned(), "audit".to_owned())].into(), ..Settings::default() };
        let problems = for_job(
            &settings,
            &json!({
                "argocd-presync-plugin/strategy": false,
                "argocd-presync-plugin/phase": "s3cret",
                "argocd-presync-plugin/tll": "s3cret",
                "argocd-presync-plugin/ttl": "5m",
                "argocd-presync-plugin/environment": "s3cret",
                "argocd-presync-plugin/migration": null,
            }),
        )
        .unwrap_err();
        let quote = "hint: put the value in quotes: Kubernetes takes texts only, and YAML reads `off`, `true` and `300` as \
                     something else";
        assert_eq!(
            problems,
            [
                format!("error: annotation `argocd-presync-plugin/strategy: false` must be a string\n{quote}"),
                "error: annotation `argocd-presync-plugin/phase: s3cret` must be one of `auto`, `PreSync`, `Sync`, `PostSync`".into(),
                "error: annotation `argocd-presync-plugin/tll: s3cret` is not a setting\n\
                 hint: did you mean `argocd-presync-plugin/ttl`?"
                    .into(),
                "error: annotation `argocd-presync-plugin/ttl: 5m` is locked by the platform file\n\
                 hint: the platform's reason: audit"
                    .into(),
                "error: annotation `argocd-presync-plugin/environment: s3cret` cannot be set by an annotation on a Job\n\
                 hint: `environment` can be set by the platform file, `presync.yaml`, an environment variable, a parameter, \
                 a flag"
                    .into(),
                format!("error: annotation `argocd-presync-plugin/migration: null` must be a string\n{quote}"),
            ]
        );
    }
}
