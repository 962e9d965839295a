//! Which environment an app is in when nothing says so, and which settings an environment takes.

use globset::GlobMatcher;
use serde_json::Value;

use super::{
    model::{Environment, EnvironmentRule},
    suggest,
    value_type::glob,
};
use crate::argocd::App;

/// The environment that keeps everything: what an app is in when nothing else is sure.
const PRODUCTION: &str = "production";

/// The environments that presync knows, and the tokens that name each.
pub(super) const KNOWN: [(&str, &[&str]); 5] = [
    ("dev", &["dev", "development"]),
    ("preview", &["preview", "review"]),
    (PRODUCTION, &["prod", "production", "prd"]),
    ("staging", &["staging", "stage", "stg"]),
    ("test", &["test", "qa", "uat"]),
];

/// Returns the environment that a whole token names; digits at its end do not count (`dev2`).
fn known(token: &str) -> Option<&'static str> {
    let token = token.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
    KNOWN.iter().find(|(_, tokens)| tokens.contains(&token.as_str())).map(|(name, _)| *name)
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(['-', '_', '.', '/']).filter(|token| !token.is_empty())
}

/// Returns the name as it is used: `prd` and `Production` become `production`, `prod-eu` stays.
///
/// A name that is almost a known one is an error: the wrong TTL for a typing error would be too dear. So is one that
/// could not stand in a file name, as in `values-<environment>.yaml`.
pub(super) fn canonical(name: &str) -> Result<String, String> {
    let name = name.trim().to_lowercase();
    if let Some((known, _)) = KNOWN.iter().find(|(_, tokens)| tokens.contains(&name.as_str())) {
        return Ok((*known).to_owned());
    }
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let is_name = bytes.len() <= 63
        && alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !is_name {
        return Err(
            "must be at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
                .into(),
        );
    }
    Ok(name)
}

/// Returns the known environment that a name of one's own is almost, and probably was meant to be.
pub(super) fn almost_known(name: &str) -> Option<&'static str> {
    if group(name) != name || KNOWN.iter().any(|(known, _)| *known == name) {
        return None;
    }
    let tokens = KNOWN.iter().flat_map(|(_, tokens)| tokens.iter().copied()).filter(|token| token.len() > 4);
    suggest::nearest(name, tokens).and_then(known)
}

/// Returns the environment whose settings an environment takes beside its own: `production` for `prod-eu`, `dev` for
/// `dev2`, and itself when its tokens name none or several.
pub(super) fn group(name: &str) -> &str {
    let mut named = tokens(name).filter_map(known);
    match (named.next(), named.next()) {
        (Some(first), None) => first,
        (Some(first), Some(second)) if first == second && named.all(|other| other == first) => first,
        (Some(_), Some(_)) => PRODUCTION,
        (None, _) => name,
    }
}

/// Reads one of the platform file's `environmentRules`.
pub(super) fn rule(value: &Value) -> Result<EnvironmentRule, String> {
    const GLOBS: [&str; 5] = ["name", "project", "namespace", "path", "targetRevision"];
    let map = value.as_object().ok_or("must be a list of YAML objects")?;
    let mut rule = EnvironmentRule::default();
    for (key, value) in map {
        let text = value.as_str().ok_or_else(|| format!("must hold a text under `{key}`"))?;
        let matcher = || glob(text).map(|glob| Some(glob.compile_matcher()));
        match key.as_str() {
            "environment" => rule.environment = canonical(text)?,
            "name" => rule.name = matcher()?,
            "project" => rule.project = matcher()?,
            "namespace" => rule.namespace = matcher()?,
            "path" => rule.path = matcher()?,
            "targetRevision" => rule.target_revision = matcher()?,
            _ => {
                let known = GLOBS.into_iter().chain(["environment"]);
                let near = suggest::nearest(key, known).map(|near| format!("; did you mean `{near}`?"));
                return Err(format!("has an unknown key `{key}`{}", near.unwrap_or_default()));
            }
        }
    }
    if rule.environment.is_empty() {
        return Err("has a rule without `environment`".into());
    }
    if map.len() < 2 {
        return Err(format!("has a rule without a glob: {}", GLOBS.join(", ")));
    }
    Ok(rule)
}

/// Whether all globs of the rule match; a glob on what Argo CD did not tell does not.
fn applies(rule: &EnvironmentRule, app: &App) -> bool {
    let matches = |glob: &Option<GlobMatcher>, text: Option<&str>| {
        glob.as_ref().is_none_or(|glob| text.is_some_and(|text| glob.is_match(text)))
    };
    matches(&rule.name, app.short_name())
        && matches(&rule.project, app.project.as_deref())
        && matches(&rule.namespace, app.namespace.as_deref())
        && matches(&rule.path, app.path.as_deref())
        && matches(&rule.target_revision, app.target_revision.as_deref())
}

/// Returns the environment of an app that no setting gives one: by the first rule that applies, else by the tokens of
/// its name, destination namespace and path. Two that disagree, or none, mean production.
pub(super) fn detect(rules: &[EnvironmentRule], app: &App) -> Environment {
    if let Some((number, rule)) = (1..).zip(rules).find(|(_, rule)| applies(rule, app)) {
        let reason = format!("rule {number} of `environmentRules` in the platform file");
        return Environment { name: rule.environment.clone(), reason };
    }
    let places = [
        (app.name.as_deref(), "the app's name"),
        (app.namespace.as_deref(), "the destination namespace"),
        (app.path.as_deref(), "the source path"),
    ];
    let mut found = places.iter().flat_map(|(text, place)| {
        tokens(text.unwrap_or_default()).filter_map(move |token| Some((known(token)?, token, *place)))
    });
    let Some((name, token, place)) = found.next() else {
        let reason = "no setting and no token in the app's name, namespace or path names one".into();
        return Environment { name: PRODUCTION.into(), reason };
    };
    match found.find(|(other, ..)| *other != name) {
        None => Environment { name: name.into(), reason: format!("token `{token}` in {place}") },
        Some((_, other, elsewhere)) => {
            let reason = format!("token `{token}` in {place} and `{other}` in {elsewhere} disagree");
            Environment { name: PRODUCTION.into(), reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn app(name: &str, namespace: &str, path: &str) -> App {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        App { name: text(name), namespace: text(namespace), path: text(path), ..App::default() }
    }

    #[test]
    fn tokens_name_the_environment() {
        for (name, namespace, path, environment, reason) in [
            ("catalog-dev", "", "", "dev", "token `dev` in the app's name"),
            ("order-staging", "order", "apps/order", "staging", "token `staging` in the app's name"),
            ("promotion-prod", "", "", "production", "token `prod` in the app's name"),
            (
                "catalog",
                "",
                "",
                "production",
                "no setting and no token in the app's name, namespace or path names one",
            ),
            (
                "",
                "",
                "",
                "production",
                "no setting and no token in the app's name, namespace or path names one",
            ),
            ("catalog", "catalog-stg", "", "staging", "token `stg` in the destination namespace"),
            ("catalog", "", "apps/catalog/overlays/qa", "test", "token `qa` in the source path"),
            ("catalog-uat", "catalog-qa", "env/test", "test", "token `uat` in the app's name"),
            ("catalog_prd", "", "", "production", "token `prd` in the app's name"),
            ("team-a_catalog-dev", "", "", "dev", "token `dev` in the app's name"),
            ("Catalog.Development", "", "", "dev", "token `Development` in the app's name"),
            ("catalog-dev2", "", "", "dev", "token `dev2` in the app's name"),
            ("catalog-preview-418", "", "", "preview", "token `preview` in the app's name"),
            (
                "catalog-dev",
                "catalog-prod",
                "",
                "production",
                "token `dev` in the app's name and `prod` in the destination namespace disagree",
            ),
            (
                "catalog-dev",
                "",
                "staging/catalog",
                "production",
                "token `dev` in the app's name and `staging` in the source path disagree",
            ),
        ] {
            let found = detect(&[], &app(name, namespace, path));
            assert_eq!(
                (found.name.as_str(), found.reason.as_str()),
                (environment, reason),
                "{name} {namespace} {path}"
            );
        }
    }

    #[test]
    fn only_whole_tokens_count() {
        for name in [
            "prodigy",
            "devices",
            "catalog-devops",
            "latest",
            "contest-2",
            "stages",
            "reviewer",
            "2",
            "-",
            "qa2b",
        ] {
            let reason = detect(&[], &app(name, "", "")).reason;
            assert!(reason.starts_with("no setting and no token"), "{name}: {reason}");
        }
    }

    #[test]
    fn the_first_rule_that_applies_counts() {
        let rules: Vec<_> = [
            json!({"environment": "prd", "name": "*-live"}),
            json!({"environment": "sandbox", "project": "sand*", "namespace": "shop-*"}),
            json!({"environment": "dev", "path": "clusters/*/dev"}),
            json!({"environment": "staging", "path": "clusters/**"}),
            json!({"environment": "test", "targetRevision": "release/*"}),
        ]
        .iter()
        .map(|value| rule(value).unwrap())
        .collect();
        let with = |change: &dyn Fn(&mut App)| {
            let mut app = app("catalog-dev", "shop-a", "apps/catalog");
            change(&mut app);
            detect(&rules, &app)
        };
        let set = |text: &str| Some(text.to_owned());
        assert_eq!(with(&|_| {}).reason, "token `dev` in the app's name");
        let live = with(&|app| app.name = set("team_catalog-live"));
        assert_eq!(
            (live.name.as_str(), live.reason.as_str()),
            ("production", "rule 1 of `environmentRules` in the platform file")
        );
        assert_eq!(with(&|app| app.project = set("sandbox")).name, "sandbox");
        assert_eq!(with(&|app| (app.project, app.namespace) = (set("sandbox"), None)).name, "dev");
        assert_eq!(with(&|app| app.path = set("clusters/eu/dev")).name, "dev");
        assert_eq!(with(&|app| app.path = set("clusters/eu/x/dev")).name, "staging");
        assert_eq!(with(&|app| app.target_revision = set("release/1")).name, "test");
    }

    #[test]
    fn names_are_normalised() {
        for (written, name, of_group) in [
            ("prod", "production", "production"),
            (" Production ", "production", "production"),
            ("prd", "production", "production"),
            ("stg", "staging", "staging"),
            ("development", "dev", "dev"),
            ("uat", "test", "test"),
            ("review", "preview", "preview"),
            ("prod-eu", "prod-eu", "production"),
            ("dev2", "dev2", "dev"),
            ("eu.dev.dev", "eu.dev.dev", "dev"),
            ("dev-to-prod", "dev-to-prod", "production"),
            ("sandbox", "sandbox", "sandbox"),
        ] {
            let found = canonical(written).unwrap();
            assert_eq!((found.as_str(), group(&found)), (name, of_group), "{written}");
        }
        for name in ["", "a/b", "..", "-dev", "dev-", "a b", "dév", &"a".repeat(64)] {
            assert!(canonical(name).is_err(), "{name}");
        }
    }

    #[test]
    fn typing_errors_are_seen() {
        for (name, meant) in [
            ("prodution", Some("production")),
            ("stagin", Some("staging")),
            ("preveiw", Some("preview")),
            ("developement", Some("dev")),
            ("production", None),
            ("prod-eu", None),
            ("sandbox", None),
            ("live", None),
            ("integration", None),
            ("qc", None),
            ("demo", None),
        ] {
            assert_eq!(almost_known(name), meant, "{name}");
        }
    }
}
