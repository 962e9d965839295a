//! Which renderer a directory calls for.

use std::path::Path;

use super::{Root, files, handlebars};
use crate::{
    error::{Problem, Result},
    exit::Exit,
    settings::RendererKind,
};

/// The names under which `kustomize` looks for its file.
pub(super) const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A renderer and the file that calls for it.
struct Claim {
    renderer: RendererKind,
    name: &'static str,
    file: String,
}

/// Returns the renderer that the files in `dir` call for, and why.
///
/// Templates may lie in subdirectories. But beside a chart or a kustomization only those directly in `dir` are a claim,
/// for a chart may well carry some for other purposes; and beside plain manifests those in subdirectories leave it open
/// whether the app is a repository's top with templates of some program below.
pub fn detect(dir: &Path, root: &Root) -> Result<(RendererKind, String)> {
    let mut claims = Vec::new();
    if dir.join("Chart.yaml").is_file() {
        claims.push(Claim { renderer: RendererKind::Helm, name: "helm", file: "Chart.yaml".to_owned() });
    }
    if let Some(name) = KUSTOMIZATIONS.iter().find(|name| dir.join(name).is_file()) {
        claims.push(Claim { renderer: RendererKind::Kustomize, name: "kustomize", file: (*name).to_owned() });
    }
    let recurse = claims.is_empty();
    let (templates, mut problems) = files::walk(dir, root, recurse, handlebars::is_template_name);
    if templates.iter().all(|template| template.name.contains('/')) && !templates.is_empty() {
        let (plain, more) = files::walk(dir, root, false, handlebars::is_plain_name);
        problems.extend(more);
        claims.extend(plain.into_iter().next().map(|file| Claim {
            renderer: RendererKind::Directory,
            name: "directory",
            file: file.name,
        }));
    }
    problems.or(())?;
    claims.extend(templates.into_iter().next().map(|template| Claim {
        renderer: RendererKind::Handlebars,
        name: "handlebars",
        file: template.name,
    }));
    match claims.as_slice() {
        [] => Ok((
            RendererKind::Directory,
            "no `Chart.yaml`, no kustomization and no `*.hbs` in the app's directory".to_owned(),
        )),
        [claim] => Ok((claim.renderer, format!("`{}` in the app's directory", claim.file))),
        several => Err(contested(several).into()),
    }
}

fn contested(claims: &[Claim]) -> Problem {
    let by: Vec<_> = claims.iter().map(|claim| format!("{} (`{}`)", claim.name, claim.file)).collect();
    let names: Vec<_> = claims.iter().map(|claim| format!("`{}`", claim.name)).collect();
    Problem::new(Exit::SETTINGS, format!("the app's directory can be rendered by {}", by.join(" and by ")))
        .hint(format!("say which one it is with the parameter `renderer`: {}", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn detected(files: &[&str]) -> Result<(RendererKind, String)> {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        for file in files {
            fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
            fs::write(dir.join(file), "").unwrap();
        }
        detect(&dir, &Root::find(&dir, None).unwrap())
    }

    #[test]
    fn each_tool_is_known_by_its_file() {
        for (files, renderer, reason) in [
            (&["Chart.yaml", "values.yaml"][..], RendererKind::Helm, "`Chart.yaml` in"),
            (&["kustomization.yaml"], RendererKind::Kustomize, "`kustomization.yaml` in"),
            (&["kustomization.yml"], RendererKind::Kustomize, "`kustomization.yml` in"),
            (&["Kustomization"], RendererKind::Kustomize, "`Kustomization` in"),
            (&["a.yaml", "job.yaml.hbs"], RendererKind::Handlebars, "`job.yaml.hbs` in"),
            (&["a.yaml", "job.hbs", "b/c.hbs"], RendererKind::Handlebars, "`b/c.hbs` in"),
            (&["values.yaml", "presync.yaml", "jobs/job.hbs"], RendererKind::Handlebars, "`jobs/job.hbs` in"),
            (&["a.yaml", "README.md"], RendererKind::Directory, "no `Chart.yaml`"),
            (&["sub/Chart.yaml", "sub/kustomization.yaml"], RendererKind::Directory, "no `Chart.yaml`"),
            (&[".job.hbs", ".git/job.hbs"], RendererKind::Directory, "no `Chart.yaml`"),
            (&["Chart.yaml", "files/page.hbs"], RendererKind::Helm, "`Chart.yaml` in"),
            (&[], RendererKind::Directory, "no `Chart.yaml`"),
        ] {
            let (found, why) = detected(files).unwrap();
            assert_eq!(found, renderer, "{files:?}");
            assert!(why.starts_with(reason), "{files:?}: {why}");
        }
    }

    #[test]
    fn a_directory_names_no_tool() {
        assert_eq!(
            detected(&["Chart.yaml/a.txt", "kustomization.yaml/b.txt"]).unwrap().0,
            RendererKind::Directory
        );
    }

    #[test]
    fn plain_manifests_with_templates_only_below_are_open() {
        let text = detected(&["deployment.yaml", "web/views/page.hbs"]).unwrap_err().to_string();
        assert!(
            text.contains("by directory (`deployment.yaml`) and by handlebars (`web/views/page.hbs`)"),
            "{text}"
        );
    }

    #[test]
    fn two_claims_are_a_problem_that_names_the_parameter() {
        let problems = detected(&["Chart.yaml", "kustomization.yaml", "job.hbs"]).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "error: the app's directory can be rendered by helm (`Chart.yaml`) and by kustomize (`kustomization.yaml`) \
             and by handlebars (`job.hbs`)\n\
             hint: say which one it is with the parameter `renderer`: `helm` or `kustomize` or `handlebars`"
        );
        assert_eq!(problems.exit(), Exit::SETTINGS);
    }
}
