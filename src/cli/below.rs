//! Where apps lie below a directory that holds none.

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

/// How many directories are named.
const SHOWN: usize = 10;

/// Below this depth nobody looks for an app.
const DEPTH: usize = 6;

/// Returns a hint that names the apps below; empty when there is none.
pub(super) fn hint(dir: &Path) -> String {
    let found = apps(dir);
    if found.is_empty() {
        return String::new();
    }
    let more = if found.len() > SHOWN { format!(" and {} more", found.len() - SHOWN) } else { String::new() };
    let names: Vec<_> = found.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    format!("apps lie below: {}{more}", names.join(", "))
}

/// Returns the directories below that hold a chart, a kustomization, or manifests with a Job.
pub(super) fn apps(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut entries = WalkDir::new(dir).min_depth(1).max_depth(DEPTH).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let Ok(entry) = entry else { continue };
        if !entry.file_type().is_dir() {
            continue;
        }
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let chart = entry.path().join("Chart.yaml").is_file();
        if chart || is_app(&entry) {
            found.extend(entry.path().strip_prefix(dir).map(|path| path.display().to_string()));
        }
        // A chart's own directories are no apps.
        if hidden || chart {
            entries.skip_current_dir();
        }
    }
    found
}

fn is_app(dir: &DirEntry) -> bool {
    let files = std::fs::read_dir(dir.path()).into_iter().flatten().flatten();
    files.into_iter().any(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("kustomization.y")
            || name == "Kustomization"
            || (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".hbs"))
                && std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("kind: Job"))
    })
}
