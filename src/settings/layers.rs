//! From the layers to the effective settings: what is assigned where, what is locked, what wins.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    environment,
    location::KeyLocation,
    model::Settings,
    origin::{Layer, Origin},
    suggest,
    table::{self, Place, Setting},
};
use crate::{
    argocd::App,
    error::{Problem, Problems},
    exit::Exit,
};

/// Where each setting's value came from; a map's is where its last entries came from.
pub(super) type Origins = BTreeMap<&'static str, Origin>;

/// What the layers come to.
#[derive(Default)]
pub(super) struct Resolved {
    pub(super) settings: Settings,
    pub(super) origins: Origins,
}

/// A value that a layer gives to a setting.
pub(super) struct Assignment {
    pub(super) setting: &'static Setting,
    /// Not null.
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// The setting as the user wrote it, such as ``parameter `helm.values` ``.
    pub(super) subject: String,
    /// Where it stands, in a file.
    pub(super) location: Option<KeyLocation>,
}

impl Assignment {
    fn problem(&self, message: &str) -> Problem {
        let problem = Problem::new(Exit::SETTINGS, format!("{} {message}", self.subject));
        match &self.location {
            Some(location) => problem.at(location.resolve()),
            None => problem,
        }
    }

    fn put(&self, resolved: &mut Resolved, problems: &mut Problems) {
        match self.setting.put(&mut resolved.settings, &self.value, &self.origin) {
            Ok(()) => drop(resolved.origins.insert(self.setting.name, self.origin.clone())),
            Err(message) => problems.push(self.problem(&message)),
        }
    }
}

/// How much of the environment an assignment names: settings for all environments come first within a layer, then
/// those for the group (`production` for `prod-eu`), then those for the environment itself.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    All,
    Group,
    Own,
}

fn scope(origin: &Origin, environment: &str) -> Option<Scope> {
    match origin.entry.as_deref() {
        None => Some(Scope::All),
        Some(entry) if entry == environment => Some(Scope::Own),
        Some(entry) if entry == environment::group(environment) => Some(Scope::Group),
        Some(_) => None,
    }
}

/// Settings that must be known before the environment is, and thereby what else holds.
const FIRST: [&str; 4] = ["environment", "environments", "environmentRules", "locked"];

/// Returns the effective settings, from the assignments of all layers.
pub(super) fn resolve(assignments: Vec<Assignment>, app: &App, problems: &mut Problems) -> Resolved {
    let mut resolved = Resolved::default();
    let (mut first, mut rest): (Vec<_>, Vec<_>) =
        assignments.into_iter().partition(|assignment| FIRST.contains(&assignment.setting.name));

    first.sort_by(|a, b| a.origin.layer.cmp(&b.origin.layer));
    for assignment in &first {
        assignment.put(&mut resolved, problems);
    }
    match first.iter().rfind(|assignment| assignment.setting.name == "environment") {
        None => {
            let detected = environment::detect(&resolved.settings.environment_rules, app);
            resolved.settings.environment = detected;
        }
        Some(assignment) => refuse_typing_error(assignment, &resolved.settings, problems),
    }
    refuse_unknown_environments(&first, &resolved.settings, problems);
    refuse_unknown_locks(&first, &resolved.settings, problems);
    refuse_locked(first.iter().chain(&rest), &resolved.settings, problems);

    let environment = resolved.settings.environment.name.clone();
    rest.sort_by_cached_key(|assignment| {
        (assignment.origin.layer.clone(), scope(&assignment.origin, &environment))
    });
    for assignment in &rest {
        match scope(&assignment.origin, &environment) {
            Some(_) => assignment.put(&mut resolved, problems),
            // A wrong value for another environment is found now, not when that one is rolled out.
            None => assignment.put(&mut Resolved::default(), problems),
        }
    }
    resolved
}

fn refuse_typing_error(assignment: &Assignment, settings: &Settings, problems: &mut Problems) {
    let name = &settings.environment.name;
    if let (false, Some(known)) = (settings.environments.contains(name), environment::almost_known(name)) {
        let problem = assignment.problem(&format!("names an unknown environment; did you mean `{known}`?"));
        problems.push(problem.hint("an environment of your own needs an entry under `environments`"));
    }
}

/// An entry for an environment that is almost a known one, and that the app is not in: a typing error, most likely.
fn refuse_unknown_environments(assignments: &[Assignment], settings: &Settings, problems: &mut Problems) {
    for assignment in assignments.iter().filter(|assignment| assignment.setting.name == "environments") {
        for written in assignment.value.as_object().into_iter().flat_map(|map| map.keys()) {
            let Ok(name) = environment::canonical(written) else { continue };
            if let (true, Some(known)) = (name != settings.environment.name, environment::almost_known(&name))
            {
                let message = format!("has an entry `{written}`, which is not a known environment");
                let place = assignment.location.as_ref().map(|location| location.key(written).resolve());
                let problem = assignment.problem(&message).hint(format!("did you mean `{known}`?"));
                problems.push(match place {
                    Some(place) => problem.at(place),
                    None => problem,
                });
            }
        }
    }
}

fn refuse_unknown_locks(assignments: &[Assignment], settings: &Settings, problems: &mut Problems) {
    let Some(assignment) = assignments.iter().find(|assignment| assignment.setting.name == "locked") else {
        return;
    };
    for lock in settings.locked.keys() {
        let of_group =
            |setting: &Setting| setting.name.split_once('.').is_some_and(|(group, _)| group == lock);
        if table::find(lock).is_none() && !table::table().iter().any(of_group) {
            let problem = assignment
                .problem(&format!("holds `{lock}`, which is neither a setting nor a group of them"));
            problems.push(match suggest::nearest(lock, table::table().iter().map(|setting| setting.name)) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
    }
}

fn refuse_locked<'a>(
    assignments: impl Iterator<Item = &'a Assignment>,
    settings: &Settings,
    problems: &mut Problems,
) {
    for assignment in assignments.filter(|assignment| assignment.origin.layer > Layer::Platform) {
        if let Some(reason) = locked(settings, assignment.setting.name) {
            problems.push(assignment.problem("is locked by the platform file").hint(reason));
        }
    }
}

/// Returns the platform's reason as a hint, when it locked the setting or a group that holds it.
pub(super) fn locked(settings: &Settings, name: &str) -> Option<String> {
    let holds =
        |lock: &str| name.strip_prefix(lock).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let locks = settings.locked.iter().filter(|(lock, _)| holds(lock));
    locks.max_by_key(|(lock, _)| lock.len()).map(|(lock, reason)| match reason.as_str() {
        "" => format!("it locks `{lock}`"),
        reason => format!("the platform's reason: {reason}"),
    })
}

/// Returns the setting of this name if it may stand there, else the message and the hint of the problem: the setting
/// that was meant, in the place's own spelling, or where the setting may stand.
pub(super) fn find(
    name: &str,
    place: Place,
    spelling: impl Fn(&Setting) -> String,
) -> Result<&'static Setting, (String, String)> {
    match table::find(name) {
        Some(setting) if setting.allows(place) => Ok(setting),
        Some(setting) => {
            let places: Vec<_> = setting.places.iter().map(|place| place.name()).collect();
            Err((
                format!("cannot be set by {}", place.name()),
                format!("`{}` can be set by {}", setting.name, places.join(", ")),
            ))
        }
        None => {
            let hint = match nearest(name, place) {
                Some(setting) => format!("did you mean `{}`?", spelling(setting)),
                None => "`presync schema` and the reference page list all settings".into(),
            };
            Err(("is not a setting".into(), hint))
        }
    }
}

/// Returns the setting that was meant by a name: by the whole name, or by the part after its group.
fn nearest(name: &str, place: Place) -> Option<&'static Setting> {
    let names = || table::table().iter().filter(|setting| setting.allows(place));
    let whole = suggest::nearest(name, names().map(|setting| setting.name)).and_then(table::find);
    whole.or_else(|| {
        let last = |setting: &Setting| setting.name.rsplit('.').next();
        names().filter(|setting| last(setting) == Some(name)).min_by_key(|setting| setting.name.len())
    })
}
