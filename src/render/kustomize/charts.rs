//! Charts in a kustomization: what it may say of them (`api/internal/builtins/HelmChartInflationGenerator.go`).
//!
//! kustomize hands the fields to Helm as arguments and as parts of paths. A release name can be a template that reads the
//! environment, a directory one with plugins, a chart's name a path or an option.

use serde_json::Value;

use super::tree::{fields, texts_at};
use crate::{
    error::{Location, Problem},
    exit::Exit,
    render::helm,
};

/// Fields with files; the last is of the field `helmChartInflationGenerator`.
pub(super) const FILES: &[&str] = &["valuesfile", "additionalvaluesfiles", "values"];

/// Fields that name a directory with plugins, a program, or a template, by how users write them.
const REFUSED: &[&str] = &["configHome", "nameTemplate", "helmHome", "helmBin", "extraArgs"];

/// Returns the problems of a chart's entry.
pub(super) fn check(chart: &Value, at: &Location) -> Vec<Problem> {
    let mut problems: Vec<_> =
        REFUSED.iter().filter(|name| is_set(chart, name)).map(|name| refusal(name, at)).collect();
    for name in texts_at(chart, &["releasename"]).into_iter().filter(|name| !name.is_empty()) {
        problems.extend(helm::release_name(name).err().map(|problem| problem.at(at.clone())));
    }
    for name in names(chart).into_iter().filter(|name| !is_plain(name, &['/'])) {
        problems.push(problem(&format!("`{}` is not the name of a chart", name.escape_debug()), at));
    }
    for version in versions(chart)
        .into_iter()
        .filter(|version| !is_plain(version, &[' ', '<', '>', '=', '~', '^', '*', '|', ',']))
    {
        problems.push(problem(&format!("`{}` is not the version of a chart", version.escape_debug()), at));
    }
    let repositories = ["repo", "chartrepourl"].into_iter().flat_map(|name| texts_at(chart, &[name]));
    for repository in repositories.filter(|repository| !repository.is_empty()) {
        let known = ["https://", "http://", "oci://"]
            .iter()
            .any(|scheme| repository.to_ascii_lowercase().starts_with(scheme));
        if !known || repository.contains(|c: char| c.is_whitespace() || c.is_control()) {
            problems.push(problem("`repo` of a chart must be an https, http or oci URL", at));
        }
    }
    problems
}

/// Returns the problems of `helmGlobals`.
pub(super) fn globals(globals: &Value, at: &Location) -> Vec<Problem> {
    REFUSED[..1].iter().filter(|name| is_set(globals, name)).map(|name| refusal(name, at)).collect()
}

/// Returns the directories in which charts are looked for and into which they are fetched.
pub(super) fn homes<'v>(chart: &'v Value, globals: &[&'v Value]) -> Vec<&'v str> {
    let named = globals.iter().copied().chain([chart]).flat_map(|value| texts_at(value, &["charthome"]));
    let mut homes: Vec<_> = named.filter(|home| !home.is_empty()).collect();
    homes.push("charts");
    homes
}

/// Returns where in such a directory the chart can be.
pub(super) fn places(chart: &Value) -> Vec<String> {
    let versions = versions(chart);
    let of = |name: &str| {
        let versioned: Vec<_> = versions.iter().map(|version| format!("{name}-{version}/{name}")).collect();
        [vec![name.to_owned()], versioned].concat()
    };
    names(chart).into_iter().flat_map(of).collect()
}

fn names(chart: &Value) -> Vec<&str> {
    // A plugin's configuration has the chart's name beside its own.
    ["name", "chartname"].into_iter().flat_map(|name| texts_at(chart, &[name])).collect()
}

fn versions(chart: &Value) -> Vec<&str> {
    let found = ["version", "chartversion"].into_iter().flat_map(|name| texts_at(chart, &[name]));
    found.filter(|version| !version.is_empty()).collect()
}

/// Whether a name has only letters, digits and what else is allowed, and is neither an option nor a path upwards.
fn is_plain(text: &str, also: &[char]) -> bool {
    !text.starts_with(['-', '/'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c) || also.contains(&c))
        && !text.split('/').any(|part| part == "..")
}

fn is_set(value: &Value, name: &str) -> bool {
    fields(value, &name.to_lowercase()).any(|value| !value.is_null() && value != "")
}

fn refusal(name: &str, at: &Location) -> Problem {
    problem(&format!("`{name}` is not allowed for a chart in a kustomization"), at)
        .hint("with it the chart could run programs or read the plugin's environment: remove it")
}

fn problem(message: &str, at: &Location) -> Problem {
    Problem::new(Exit::RENDER, message).at(at.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(chart: &Value, globals: &Value) -> Vec<String> {
        let at = Location::default();
        check(chart, &at)
            .into_iter()
            .chain(super::globals(globals, &at))
            .map(|problem| problem.message)
            .collect()
    }

    #[test]
    fn an_honest_chart_has_no_problem() {
        let chart = json!({"name": "catalog", "repo": "oci://registry.example.com/charts", "version": "~1.2", "releaseName": "shop", "valuesFile": "values.yaml"});
        assert_eq!(messages(&chart, &json!({"chartHome": "../charts"})), Vec::<String>::new());
    }

    #[test]
    fn what_runs_or_reads_is_a_problem() {
        for (chart, globals) in [
            (json!({"name": "c"}), json!({"configHome": "./ch"})),
            (json!({"name": "c", "nameTemplate": "{{ env \"X\" }}"}), json!({})),
            (json!({"name": "c", "NAMETEMPLATE": "x"}), json!({})),
            (json!({"name": "c", "releaseName": "{{ env \"X\" }}"}), json!({})),
            (json!({"name": "c", "releaseName": "--post-renderer=x"}), json!({})),
            (json!({"name": "../../c"}), json!({})),
            (json!({"name": "-c"}), json!({})),
            (json!({"name": "/c"}), json!({})),
            (json!({"name": "c", "version": "../../1"}), json!({})),
            (json!({"name": "c", "repo": "x://x"}), json!({})),
            (json!({"name": "c", "repo": "file:///x"}), json!({})),
            (json!({"chartName": "c", "helmBin": "./x"}), json!({})),
        ] {
            assert_eq!(messages(&chart, &globals).len(), 1, "{chart} {globals}");
        }
    }
}
