//! Announcements of the parameters, for the form in Argo CD's UI.
//!
//! `plugin.yaml` announces the settings that every app has, with their built-in defaults. `presync parameters` announces
//! them again for one app, with the defaults that hold there and with its renderer's options; where a name is announced
//! twice, the UI takes that one (`getParametersAnnouncement` puts it first, `application-parameters.tsx` takes the first).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    environment,
    layers::{self, Resolved},
    load::{self, Inputs},
    model::RendererKind,
    origin::Layer,
    table::{Group, Place, Setting, table},
    value_kind::{Carrier, ValueKind},
    value_type::Shown,
};
use crate::{
    argocd::{Announcement, App},
    error::Problems,
};

/// Returns the announcements in `plugin.yaml`.
pub fn for_every_app() -> Vec<Announcement> {
    let mut built_in = Resolved::default();
    table()
        .iter()
        .filter(|setting| setting.allows(Place::Parameter) && !matches!(setting.group, Group::Renderer(_)))
        .map(|setting| announcement(setting, &mut built_in, true))
        .collect()
}

/// Returns the announcements for one app: with the defaults that hold for a parameter that is not set, and with the
/// options of `renderer`, or of all when it is not known.
///
/// The problems of the layers are left to the commands that render: the form is where a wrong parameter is put right.
pub fn for_app(inputs: &Inputs, renderer: Option<RendererKind>) -> Vec<Announcement> {
    let mut ignored = Problems::default();
    let app = App::from_env(&inputs.env);
    let mut assignments = load::assignments(inputs, &app, &mut ignored);
    assignments.retain(|assignment| assignment.origin.layer < Layer::Parameter);

    // Argo CD tells the destination namespace when it renders, not here, so that another environment may come out then.
    let environment_is_sure = assignments.iter().any(|assignment| assignment.setting.name == "environment");
    let varying: BTreeSet<_> = if environment_is_sure {
        BTreeSet::new()
    } else {
        let of_one = assignments.iter().filter(|assignment| assignment.origin.entry.is_some());
        of_one.map(|assignment| assignment.setting.name).chain(["environment"]).collect()
    };
    let mut resolved = layers::resolve(assignments, &app, &mut ignored);
    table()
        .iter()
        .filter(|setting| setting.allows(Place::Parameter))
        .filter(|setting| match (setting.group, renderer) {
            (Group::Renderer(of), Some(renderer)) => of == renderer,
            _ => true,
        })
        .map(|setting| announcement(setting, &mut resolved, varying.contains(setting.name)))
        .collect()
}

/// Returns the announcement of a setting; with `in_words` the default depends on the app, and is told in words where the
/// setting has some.
fn announcement(setting: &Setting, resolved: &mut Resolved, in_words: bool) -> Announcement {
    let shown = setting.show(&mut resolved.settings);
    let words = setting.default_words().filter(|_| in_words || shown == Shown::Unset);
    let tooltip = [
        Some(setting.tooltip.replace('`', "")),
        known(setting).map(|names| format!("One of {}.", names.join(", "))),
        words.map(|words| format!("Default: {}.", words.replace('`', ""))),
    ];
    let mut announcement = Announcement {
        name: setting.name.into(),
        title: setting.title.into(),
        tooltip: tooltip.into_iter().flatten().collect::<Vec<_>>().join(" "),
        item_type: match setting.kind {
            ValueKind::Boolean => Some("boolean".into()),
            ValueKind::Number | ValueKind::Numbers => Some("number".into()),
            _ => None,
        },
        collection_type: match setting.kind.carrier() {
            Carrier::String => None,
            carrier => Some(carrier.key().into()),
        },
        ..Announcement::default()
    };
    match shown {
        _ if words.is_some() => {}
        Shown::Value(Value::String(text)) => announcement.string = Some(text),
        Shown::Value(Value::Array(items)) => {
            announcement.array = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        Shown::Value(value) => announcement.string = Some(value.to_string()),
        Shown::Unset | Shown::Entries(_) | Shown::Secret => {}
    }
    announcement
}

/// Returns the names that a setting knows, if it is not open to all texts. An environment is, but those it knows help.
fn known(setting: &Setting) -> Option<Vec<&'static str>> {
    match &setting.kind {
        ValueKind::Choice(names) => Some(names.iter().map(|(name, _)| *name).collect()),
        _ if setting.name == "environment" => {
            let names = environment::KNOWN.iter().map(|(name, _)| *name);
            Some(names.chain(["a name of your own"]).collect())
        }
        _ => None,
    }
}
