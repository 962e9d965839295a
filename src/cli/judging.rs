//! An app's findings, with the files that their objects were written in.

use presync::{
    error::{Problems, Result},
    manifest::{Manifests, ObjectId},
    report::findings::{App, Finding, Level, UNRENDERED},
    rules::{self, Subject},
    settings::{Flags, RendererKind},
};

use super::{
    check::fingerprint,
    fleet,
    input::{self, Planned},
    looking::Looked,
    sites::Sites,
};

/// What was found in an app: as reported, and as the rules gave it.
pub(super) struct Judged {
    pub(super) app: App,
    pub(super) findings: Vec<rules::Finding>,
}

/// Judges every app.
pub(super) fn judge_all(apps: &mut Vec<Looked>, flags: &Flags, twice: bool) -> Vec<Judged> {
    let judged = fleet::run(std::mem::take(apps), |looked| {
        let judged = judge(&looked, flags, twice);
        (looked, judged)
    });
    let (looked, judged) = judged.into_iter().unzip();
    *apps = looked;
    judged
}

/// Judges an app. One that could not be rendered is a finding too. With `twice`, charts are rendered once more to see
/// what varies.
fn judge(looked: &Looked, flags: &Flags, twice: bool) -> Judged {
    let name = looked.target.name.clone();
    let judged = match &looked.result {
        Ok(planned) => {
            findings(looked, planned, flags, twice).map_err(|problems| unrendered(&name, &problems))
        }
        Err(problems) => Err(unrendered(&name, problems)),
    };
    match judged {
        Ok((reported, findings)) => Judged { app: App { name, findings: reported }, findings },
        Err(reported) => Judged { app: App { name, findings: reported }, findings: Vec::new() },
    }
}

fn findings(
    looked: &Looked,
    planned: &Planned,
    flags: &Flags,
    twice: bool,
) -> Result<(Vec<Finding>, Vec<rules::Finding>)> {
    let unstable = if twice { unstable(looked, planned, flags) } else { Vec::new() };
    let renderer = planned.renderer.as_ref().map(|(renderer, _)| *renderer);
    let sites = Sites::new(looked.target.dir.as_deref(), planned.loaded.app.path.as_deref(), renderer);
    let findings = rules::judge(&Subject {
        manifests: &planned.manifests,
        plan: &planned.plan,
        settings: &planned.loaded.settings,
        unstable: &unstable,
    })?;
    let plain = renderer == Some(RendererKind::Directory);
    let reported = findings
        .iter()
        .map(|finding| {
            let (file, line) = sites.of(&finding.location, &finding.path);
            let file_name = file.as_deref().unwrap_or_default();
            Finding {
                rule: finding.rule.to_owned(),
                severity: finding.severity.into(),
                message: finding.message.clone(),
                hint: finding.hint.clone(),
                object: finding.object.clone(),
                line,
                repaired: finding.repaired,
                fixable: plain && !finding.fix.is_empty(),
                suppressed: finding.suppressed.clone(),
                known: false,
                fingerprint: fingerprint(&[finding.rule, &looked.target.name, file_name, &finding.object]),
                file,
            }
        })
        .collect();
    Ok((reported, findings))
}

fn unrendered(app: &str, problems: &Problems) -> Vec<Finding> {
    let finding = |problem: &presync::error::Problem| {
        let location = problem.location.clone().unwrap_or_default();
        Finding {
            rule: UNRENDERED.to_owned(),
            severity: Level::Error,
            message: problem.message.clone(),
            hint: problem.hints.first().cloned(),
            object: location.object.unwrap_or_default(),
            fingerprint: fingerprint(&[
                UNRENDERED,
                app,
                location.file.as_deref().unwrap_or_default(),
                &problem.message,
            ]),
            file: location.file,
            line: location.line,
            repaired: false,
            fixable: false,
            suppressed: None,
            known: false,
        }
    };
    problems.iter().map(finding).collect()
}

/// Returns the objects that come out differently when a chart is rendered again.
fn unstable(looked: &Looked, planned: &Planned, flags: &Flags) -> Vec<ObjectId> {
    if planned.renderer.as_ref().is_none_or(|(renderer, _)| *renderer != RendererKind::Helm) {
        return Vec::new();
    }
    let Ok(again) = input::plan(&looked.target, flags) else { return Vec::new() };
    differing(&planned.manifests, &again.manifests)
}

fn differing(first: &Manifests, second: &Manifests) -> Vec<ObjectId> {
    let (Ok(one), Ok(other)) = (first.index(), second.index()) else { return Vec::new() };
    if one.len() != other.len() {
        return Vec::new();
    }
    let pairs = one.iter().zip(&other);
    let differs = pairs.filter(|(a, b)| first.object(a.id).ok() != second.object(b.id).ok());
    differs.map(|(header, _)| header.id).collect()
}
