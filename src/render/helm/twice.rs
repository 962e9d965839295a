//! The second render of a chart whose Jobs come out different each time: what differs between the two is generated,
//! and says nothing about a change of the app.

mod actions;
mod later;
mod reach;

use std::{collections::BTreeSet, fs, path::Path};

use memchr::memmem::Finder;
use walkdir::WalkDir;

use self::reach::Templates;
use crate::{
    manifest::Source,
    render::{Deadline, process::Call},
};

/// Renders the chart once more, at another time, where a template of one of its Jobs asks for the time or for random
/// values. `template` is the call that gave `first`; `copy` makes a copy of its directory.
///
/// A second render that fails says nothing: the first one stands.
pub(super) fn render_again(
    first: &[u8],
    template: &Call<'_>,
    copy: impl FnOnce() -> Option<std::path::PathBuf>,
    deadline: Deadline,
) -> Option<Source> {
    let jobs = templates_of_jobs(first);
    if jobs.is_empty() || !any_is_volatile(&jobs, template.dir) {
        return None;
    }
    let copy = copy()?;
    later::rewrite(&copy).ok()?;
    let bytes = Call { dir: &copy, ..template.clone() }.stdout(deadline).ok()?;
    Some(Source { name: "helm template".into(), bytes, validate: false })
}

/// Returns the files from which Helm rendered Jobs and Workflows, as its `# Source:` lines name them, without the
/// chart's name.
fn templates_of_jobs(rendered: &[u8]) -> BTreeSet<&str> {
    const SOURCE: &[u8] = b"\n# Source: ";
    let mut found = BTreeSet::new();
    let mut starts: Vec<usize> = Finder::new(SOURCE).find_iter(rendered).collect();
    starts.push(rendered.len());
    let kinds = [Finder::new("\nkind: Job"), Finder::new("\nkind: Workflow"), Finder::new("\"Job\"")];
    for range in starts.windows(2) {
        let document = &rendered[range[0]..range[1]];
        if kinds.iter().any(|kind| kind.find(document).is_some()) {
            let line = document[SOURCE.len().min(document.len())..].split(|byte| *byte == b'\n').next();
            let path = line.and_then(|line| str::from_utf8(line).ok()).and_then(|line| line.split_once('/'));
            found.extend(path.map(|(_, path)| path.trim_end()));
        }
    }
    found
}

fn any_is_volatile(jobs: &BTreeSet<&str>, dir: &Path) -> bool {
    let files: Vec<(String, String)> = WalkDir::new(dir)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().components().any(|part| part.as_os_str() == "templates"))
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(dir).ok()?.to_str()?.to_owned();
            Some((path, fs::read_to_string(entry.path()).ok()?))
        })
        .collect();
    let templates = Templates::read(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    jobs.iter().any(|path| templates.is_volatile(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_jobs_are_read_from_helms_comments() {
        let rendered = "---\n# Source: shop/templates/job.yaml\nkind: Job\n---\n# Source: shop/templates/web.yaml\n\
                        kind: Deployment\n---\n# Source: shop/charts/db/templates/jobs.yaml\napiVersion: batch/v1\n\
                        kind: Job\n";
        let found = templates_of_jobs(rendered.as_bytes());
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["charts/db/templates/jobs.yaml", "templates/job.yaml"]
        );
        assert!(templates_of_jobs(b"").is_empty());
    }
}
