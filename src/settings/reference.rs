//! The reference page of the settings: its text is in `reference.md`, its tables are made here.

use std::fmt::Write as _;

use super::{
    environment,
    table::{Group, Place, Setting, table},
    value_kind::ValueKind,
};

/// Returns the page `docs/reference/settings.md`.
pub fn reference() -> String {
    let mut groups = String::new();
    for group in Group::ALL {
        group_section(&mut groups, group);
    }
    let mut environments = "| environment | tokens |\n|---|---|\n".to_owned();
    for (name, tokens) in environment::KNOWN {
        let tokens: Vec<_> = tokens.iter().map(|token| format!("`{token}`")).collect();
        line(&mut environments, &format!("| `{name}` | {} |", tokens.join(", ")));
    }
    include_str!("reference.md")
        .replace("<!-- settings -->\n", groups.trim_end_matches('\n'))
        .replace("<!-- environments -->\n", &environments)
}

fn group_section(page: &mut String, group: Group) {
    line(page, &format!("### {}\n", group.title()));
    if let Some(about) = about(group) {
        line(page, &format!("{about}\n"));
    }
    line(page, "| setting | value | default | meaning |\n|---|---|---|---|");
    let settings = || table().iter().filter(|setting| setting.group == group);
    for setting in settings() {
        let default = setting.default_text().unwrap_or_default();
        line(
            page,
            &format!(
                "| `{}`{} | {} | {default} | {} |",
                setting.name,
                note(setting),
                value(&setting.kind),
                setting.tooltip
            ),
        );
    }
    line(page, "");
    for setting in settings() {
        if let ValueKind::Choice(names) = &setting.kind {
            line(page, &format!("`{}` is one of:\n", setting.name));
            for (name, meaning) in names {
                line(page, &format!("* `{name}`: {meaning}"));
            }
            line(page, "");
        }
    }
}

fn about(group: Group) -> Option<&'static str> {
    match group {
        Group::App => None,
        Group::Job => Some(
            "Each of these holds for all migration Jobs of the app, and as an annotation `argocd-presync-plugin/<setting>` \
             for one Job. Those marked with * are for single Jobs: in an entry of `jobs`, or as an annotation. Argo CD has an \
             annotation of its own for the wave, so `wave` is for entries of `jobs` only.",
        ),
        Group::Renderer(_) => Some("Used when this renderer renders the app."),
        Group::Platform => Some("These stand in the platform file only."),
    }
}

fn note(setting: &Setting) -> &'static str {
    if setting.places.starts_with(&[Place::Jobs]) { " *" } else { "" }
}

fn value(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Boolean => "`true` or `false`".into(),
        ValueKind::Number | ValueKind::Integer => "whole number".into(),
        ValueKind::Text => "text".into(),
        ValueKind::Duration => "time".into(),
        ValueKind::Ttl => "`keep` or time".into(),
        ValueKind::Choice(_) => "name, see below".into(),
        ValueKind::List(item) => format!("list of {item}s"),
        ValueKind::Map => "map of texts".into(),
        ValueKind::Numbers => "map of whole numbers".into(),
        ValueKind::Object => "YAML object".into(),
        ValueKind::Objects => "list of YAML objects".into(),
        ValueKind::Environments | ValueKind::Jobs => "map of settings".into(),
    }
}

fn line(page: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}
