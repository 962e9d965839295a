//! From an app to its findings.

use std::collections::BTreeMap;

use super::{Facts, Finding, Found, Object, RULES, Rule, Severity, Stage, UNUSED, find, nearest};
use crate::{
    error::{Location, Result},
    manifest::{Manifests, ObjectId, Step},
    plan::Plan,
    settings::{ANNOTATION_PREFIX, IGNORE, Settings, ValueKind},
};

/// An app to judge.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What was rendered.
    pub manifests: &'a Manifests,
    /// What is decided.
    pub plan: &'a Plan,
    /// The effective settings.
    pub settings: &'a Settings,
    /// The objects that differ when the app is rendered again.
    pub unstable: &'a [ObjectId],
}

/// Returns all findings about an app: those of the app as written, marked when the output is free of them, and those of
/// the output alone. Suppressed ones say so.
pub fn judge(subject: &Subject<'_>) -> Result<Vec<Finding>> {
    let Subject { manifests, plan, settings, unstable } = *subject;
    let before = Facts::new(Stage::Rendered, manifests, plan, settings, unstable)?;
    let after = Facts::new(Stage::Rewritten, manifests, plan, settings, unstable)?;
    let mut findings = Vec::new();
    for rule in RULES {
        let (mut written, mut given) = (Vec::new(), Vec::new());
        (rule.check)(&before, &mut written);
        (rule.check)(&after, &mut given);
        for found in &written {
            let repaired = !given.iter().any(|other| other.object == found.object);
            findings.push(finding(rule, found, repaired, manifests));
        }
        let new = given.iter().filter(|found| !written.iter().any(|other| other.object == found.object));
        findings.extend(new.map(|found| finding(rule, found, false, manifests)));
    }
    Suppressions::read(&before).apply(&mut findings, &before, manifests);
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.id, f.location.line);
        key(a).cmp(&key(b)).then_with(|| b.severity.cmp(&a.severity)).then_with(|| a.rule.cmp(b.rule))
    });
    Ok(findings)
}

fn finding(rule: &Rule, found: &Found, repaired: bool, manifests: &Manifests) -> Finding {
    let location = manifests.location_of(found.object, &found.path);
    Finding {
        rule: rule.id,
        severity: if repaired { Severity::Note } else { rule.severity },
        message: found.message.clone(),
        hint: found.hint.map(str::to_owned),
        object: location.object.clone().unwrap_or_default(),
        id: Some(found.object),
        path: found.path.clone(),
        location,
        fix: found.fix.clone(),
        repaired,
        suppressed: None,
    }
}

/// A rule that is not to be reported: where, and why.
struct Suppression {
    object: Option<ObjectId>,
    rule: String,
    reason: String,
    used: bool,
}

struct Suppressions(Vec<Suppression>);

impl Suppressions {
    /// Returns those of the settings, and those of each object's annotation.
    fn read(facts: &Facts<'_>) -> Self {
        let mut all = Vec::new();
        let mut push = |object, rules: BTreeMap<String, String>| {
            all.extend(rules.into_iter().map(|(rule, reason)| Suppression {
                object,
                rule,
                reason,
                used: false,
            }));
        };
        push(None, facts.settings.ignored_rules.clone());
        for object in &facts.objects {
            push(Some(object.id()), of_object(object));
        }
        Self(all)
    }

    fn apply(mut self, findings: &mut Vec<Finding>, facts: &Facts<'_>, manifests: &Manifests) {
        for finding in &mut *findings {
            for suppression in &mut self.0 {
                let here = suppression.object.is_none() || suppression.object == finding.id;
                if here && suppression.rule == finding.rule && !suppression.reason.trim().is_empty() {
                    suppression.used = true;
                    finding.suppressed = Some(suppression.reason.clone());
                }
            }
        }
        findings.extend(self.0.iter().filter_map(|suppression| suppression.problem(facts, manifests)));
    }
}

impl Suppression {
    fn problem(&self, facts: &Facts<'_>, manifests: &Manifests) -> Option<Finding> {
        let (message, hint) = if find(&self.rule).is_none() {
            let hint = nearest(&self.rule).map(|near| format!("did you mean `{near}`?"));
            (format!("`{}` is not a rule", self.rule), hint)
        } else if self.reason.trim().is_empty() {
            let hint = format!("say why: `{}=the reason`", self.rule);
            (format!("the suppression of `{}` gives no reason and does not count", self.rule), Some(hint))
        } else if self.used {
            return None;
        } else {
            (
                format!("`{}` is suppressed and finds nothing", self.rule),
                Some("remove the suppression".to_owned()),
            )
        };
        let path: Vec<Step> =
            ["metadata", "annotations", &format!("{ANNOTATION_PREFIX}{IGNORE}")].map(Step::from).into();
        let location = match self.object {
            Some(object) => manifests.location_of(object, &path),
            None => Location::file("presync.yaml"),
        };
        let object = facts.objects.iter().find(|object| Some(object.id()) == self.object);
        Some(Finding {
            rule: UNUSED,
            severity: Severity::Warning,
            message,
            hint,
            object: object.map(|object| object.header.label()).unwrap_or_default(),
            id: self.object,
            path,
            location,
            fix: Vec::new(),
            repaired: false,
            suppressed: None,
        })
    }
}

fn of_object(object: &Object<'_>) -> BTreeMap<String, String> {
    let text = object.annotation(&format!("{ANNOTATION_PREFIX}{IGNORE}")).unwrap_or_default();
    let value = ValueKind::Map.from_text(text).unwrap_or_default();
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(rule, reason)| (rule.clone(), reason.as_str().unwrap_or_default().to_owned())).collect()
}
