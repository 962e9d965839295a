//! Jobs of the app that make ConfigMaps and Secrets when they run.

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::{
            hooks::{self, HookType, Role},
            index::Index,
        },
        needs::hostnames,
        pod::{reading, references},
    },
};

/// The other Jobs that seem to make an object that nothing else provides: what they run speaks of its kind and names
/// it (`kubectl create secret generic tls`, `--secret-name=tls`), and they do not take it themselves.
pub(crate) fn of<'v>(
    kind: &str,
    name: &str,
    namespace: Option<&str>,
    except: ObjectId,
    app: &'v Index<'_>,
) -> Result<Vec<&'v Header>> {
    let word = kind.to_ascii_lowercase();
    let mut found = Vec::new();
    let jobs = app.of_kind("Job").filter(|header| header.id != except && app.reaches(header, namespace));
    for header in jobs {
        if !runs_in_sync(app.object(header.id)?) {
            continue;
        }
        let pod = &app.object(header.id)?["spec"]["template"]["spec"];
        let references = references::of_pod(pod);
        if references.iter().any(|reference| reference.kind == kind && reference.name == name) {
            continue;
        }
        let texts = reading::texts(pod, &references, header.namespace.as_deref(), app)?;
        let makes = |text: &str| {
            let lower = text.to_ascii_lowercase();
            let deletes = lower.contains(" delete ") && !MAKES.iter().any(|verb| lower.contains(verb));
            hostnames::has_name(text, name) && lower.contains(&word) && !deletes
        };
        if texts.iter().any(|text| makes(&text.content)) {
            found.push(header);
        }
    }
    Ok(found)
}

/// Commands that make an object; one that only deletes does not.
const MAKES: [&str; 4] = [" apply ", " create ", " patch ", " replace "];

/// Whether Argo CD runs the Job in a sync.
fn runs_in_sync(job: &Value) -> bool {
    match hooks::role(job).0 {
        Role::Resource => true,
        Role::Hook(types) => {
            types.iter().any(|kind| matches!(kind, HookType::PreSync | HookType::Sync | HookType::PostSync))
        }
        Role::Ignored => false,
    }
}
