//! `presync check --fix`: certain repairs, in plain manifest files, through the editor that keeps every other byte.

use std::{collections::BTreeMap, fs};

use presync::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    manifest::{Changes, Edit, Manifests, ObjectId, Source},
    settings::RendererKind,
};

use super::{judging::Judged, looking::Looked, output};

/// Repairs the files of all apps, and says which.
pub(super) fn run(looked: &[Looked], judged: &[Judged]) -> Result<Exit> {
    let mut problems = Problems::default();
    let mut lines = Vec::new();
    for (looked, judged) in looked.iter().zip(judged) {
        lines.extend(problems.collect(app(looked, judged)).unwrap_or_default());
        if let Err(failed) = &looked.result {
            output::problems(failed);
        }
    }
    if lines.is_empty() {
        lines.push("nothing to fix in plain files".to_owned());
    }
    output::stdout(|out| writeln!(out, "{}", lines.join("\n")))?;
    problems.or(Exit::OK)
}

fn app(looked: &Looked, judged: &Judged) -> Result<Vec<String>> {
    let (Ok(planned), Some(dir)) = (&looked.result, &looked.target.dir) else { return Ok(Vec::new()) };
    if planned.renderer.as_ref().is_none_or(|(renderer, _)| *renderer != RendererKind::Directory) {
        return Ok(Vec::new());
    }
    let mut files: BTreeMap<String, BTreeMap<ObjectId, Vec<Edit>>> = BTreeMap::new();
    let mut lines = Vec::new();
    let fixable =
        judged.findings.iter().filter(|finding| finding.suppressed.is_none() && !finding.fix.is_empty());
    for finding in fixable {
        let (Some(id), Some(file)) = (finding.id, &finding.location.file) else { continue };
        let edits = files.entry(file.clone()).or_default().entry(id).or_default();
        edits.extend(finding.fix.iter().cloned());
        lines.push(format!("fixed {} in {} [{}]", finding.object, dir.join(file).display(), finding.rule));
    }
    for (name, edits) in files {
        let path = dir.join(&name);
        let wrong = |error: std::io::Error| {
            Problem::new(Exit::FAILURE, "cannot fix the file")
                .at(Location::file(path.display().to_string()))
                .caused_by(error)
        };
        let bytes = fs::read(&path).map_err(wrong)?;
        let manifests = Manifests::read(vec![Source { name: name.clone(), bytes, validate: true }])?;
        let first = planned.manifests.first_document_of(&name).unwrap_or_default();
        let here = |id: ObjectId| ObjectId { document: id.document - first, ..id };
        let edits = edits.into_iter().map(|(id, edits)| (here(id), edits)).collect();
        let fixed = manifests.apply(&Changes { edits, additions: Vec::new() })?.to_vec();
        fs::write(&path, fixed).map_err(wrong)?;
    }
    Ok(lines)
}
