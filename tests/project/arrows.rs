//! Which room of `src` may use which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The rooms that each room may use. Every room may use itself, and `error`, `exit`, `limits`, `labels` and `yaml`.
#[rustfmt::skip]
const ROOMS: &[(&str, &[&str])] = &[
    ("argocd", &["manifest"]),
    ("cluster", &["argocd", "manifest", "plan", "redact", "render", "settings"]),
    ("manifest", &[]),
    ("plan", &["argocd", "manifest", "settings"]),
    ("redact", &[]),
    ("render", &["argocd", "manifest", "redact", "repo_root", "settings"]),
    ("repo_root", &[]),
    ("report", &["argocd", "manifest", "plan", "settings"]),
    ("settings", &["argocd", "manifest", "repo_root"]),
];

/// The same for the rooms of `plan`, which may all use what `plan` itself declares.
#[rustfmt::skip]
const PLAN: &[(&str, &[&str])] = &[
    ("app", &[]),
    ("decide", &["app", "migration", "needs", "placement", "pod", "rewrite"]),
    ("migration", &["app", "pod"]),
    ("needs", &["app", "pod"]),
    ("placement", &["app", "needs"]),
    ("pod", &["app"]),
    ("rewrite", &["app", "needs", "placement"]),
];

#[test]
fn a_room_uses_only_the_rooms_below_it() {
    let mut wrong = check(&Path::new(ROOT).join("src"), "crate::", ROOMS);
    wrong.extend(check(&Path::new(ROOT).join("src/plan"), "crate::plan::", PLAN));
    assert!(wrong.is_empty(), "uses that the tables do not allow:\n{}", wrong.join("\n"));
}

/// Returns `file: room` for each use in a directory that the table does not allow.
fn check(directory: &Path, prefix: &str, table: &[(&str, &[&str])]) -> Vec<String> {
    let rooms: BTreeMap<&str, &[&str]> = table.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in sources(directory) {
        let inside = file.strip_prefix(directory).unwrap().with_extension("");
        let room = inside.iter().next().unwrap().to_str().unwrap();
        let Some(allowed) = rooms.get(room) else { continue };
        let text = fs::read_to_string(&file).unwrap();
        // Unit tests may set up what the code itself does not know.
        let code = text.split("#[cfg(test)]").next().unwrap();
        if file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs") {
            continue;
        }
        let used = used(code, prefix);
        let others = used.iter().filter(|used| rooms.contains_key(used.as_str()) && *used != room);
        for other in others.filter(|other| !allowed.contains(&other.as_str())) {
            wrong.push(format!("{}: {other}", inside.display()));
        }
    }
    wrong
}

/// The first steps of all paths that begin with `prefix`, in `use` groups too.
fn used(code: &str, prefix: &str) -> BTreeSet<String> {
    let flat = flatten(code);
    let paths = flat.match_indices(prefix).map(|(at, _)| &flat[at + prefix.len()..]);
    paths.map(|path| path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

/// The code with every `use` of a group written as one path each.
fn flatten(code: &str) -> String {
    let mut flat = String::new();
    for statement in code.split_inclusive(';') {
        match statement.rsplit_once("use ") {
            Some((_, tree)) if tree.contains('{') => expand(tree.trim_end_matches(';'), "", &mut flat),
            _ => flat.push_str(statement),
        }
    }
    flat
}

fn expand(tree: &str, before: &str, flat: &mut String) {
    let Some((head, rest)) = tree.split_once('{') else {
        flat.extend([before, tree.trim(), "\n"]);
        return;
    };
    let before = format!("{before}{}", head.trim());
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                expand(&rest[start..at], &before, flat);
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn paths_are_read_from_groups() {
    let code = "use crate::{a::{self, b}, c};\nuse crate::d::E;\nfn f() -> crate::g::H {}";
    let used: Vec<_> = used(code, "crate::").into_iter().collect();
    assert_eq!(used, ["a", "c", "d", "g"]);
}
