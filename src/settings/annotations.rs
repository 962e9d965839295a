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

/// Annotations that presync writes and that are no settings.
pub const TRACES: [&str; 2] = ["rewritten", "digest"];

impl Settings {
    /// What holds for a Job with these annotations: the app's settings, overridden by ours among them. The problems
    /// are without a location, which the caller knows.
    pub fn for_job(&self, annotations: &Map<String, Value>) -> Result<JobSettings, Vec<Problem>> {
        let mut settings = None;
        let mut problems = Vec::new();
        for (annotation, value) in annotations {
            let Some(key) = annotation.strip_prefix(ANNOTATION_PREFIX) else { continue };
            if TRACES.contains(&key) {
                continue;
            }
            let settings = settings.get_or_insert_with(|| self.clone());
            if let Err((message, hint)) = self.annotate(settings, key, value) {
                let problem = Problem::new(Exit::SETTINGS, format!("annotation `{annotation}` {message}"));
                problems.push(match hint {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                });
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
            let hint = format!("the platform's reason: {reason}");
            return Err(("is locked by the platform file".into(), Some(hint)));
        }
        match setting.shape.from_text(text).map_err(|text| (text, None))? {
            Value::Null => Ok(()),
            value => {
                setting.put(settings, &value, &Origin::new(Layer::Annotation)).map_err(|text| (text, None))
            }
        }
    }
}
