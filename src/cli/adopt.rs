//! `presync adopt`: turns native Applications into the plugin's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use presync::{
    argocd::{self, Lost},
    error::{Location, Problem, Result},
    exit::Exit,
};
use similar::TextDiff;

use super::{git, output};

/// Turn an Application's native source into the plugin's, in place
///
/// Replaces the `helm`, `kustomize` or `directory` block of each Application and ApplicationSet template in the file by
/// the plugin with the same parameters, keeps comments, and prints the difference. A source that has something without
/// an equivalent stays as it is, and the command exits with 10.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that holds the Applications
    file: PathBuf,
    /// Print the difference and leave the file as it is
    #[arg(long)]
    dry_run: bool,
    /// Set the clone that holds the apps [default: that of the file]
    #[arg(long, value_name = "DIR")]
    repository: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let shown = args.file.display().to_string();
    let wrong = |message: &str, error: std::io::Error| {
        Problem::new(Exit::SETTINGS, message).at(Location::file(&shown)).caused_by(error)
    };
    let before = fs::read(&args.file).map_err(|error| wrong("cannot read the Application", error))?;
    let before = String::from_utf8(before).map_err(|error| {
        Problem::new(Exit::MANIFEST, "the file is not UTF-8")
            .at(Location::file(&shown))
            .caused_by(error.utf8_error())
            .hint("save it as UTF-8")
    })?;
    let root = args.repository.clone().or_else(|| git::root(args.file.canonicalize().ok()?.parent()?));
    let adopted = argocd::adopt(&before, &shown, |path, app| overrides(root.as_deref(), path, app))?;
    if adopted.found == 0 {
        return Err(Problem::new(Exit::USAGE, format!("there is no Application in `{shown}`"))
            .hint("name a file with an object of kind Application or ApplicationSet")
            .into());
    }
    let diff = TextDiff::from_lines(&before, &adopted.text);
    let text = diff.unified_diff().header(&shown, &shown).to_string();
    output::print(&text)?;
    if !args.dry_run && adopted.text != before {
        fs::write(&args.file, &adopted.text).map_err(|error| wrong("cannot write the Application", error))?;
    }
    if adopted.comments_lost {
        output::warning("comments inside a block in flow style could not be kept", Some(&shown), None);
    }
    for note in &adopted.notes {
        let stays = if note.lost.matters { "; the source stays as it is" } else { "" };
        let message = format!("`{}` has no equivalent: {}{stays}", note.lost.field, note.lost.why);
        output::warning(&message, Some(&note.location.to_string()), None);
    }
    if adopted.changed.is_empty() && adopted.notes.is_empty() {
        output::warning("there is nothing to adopt: no source is Argo CD's own", Some(&shown), None);
    }
    let stays = adopted.notes.iter().any(|note| note.lost.matters);
    Ok(if stays { Exit::FINDINGS } else { Exit::OK })
}

/// Overrides beside the app would give the source a second type, which Argo CD refuses.
fn overrides(root: Option<&Path>, path: &str, app: &str) -> std::result::Result<(), Lost> {
    let Some(root) = root else { return Ok(()) };
    for name in [".argocd-source.yaml".to_owned(), format!(".argocd-source-{app}.yaml")] {
        let text = fs::read_to_string(root.join(path).join(&name)).unwrap_or_default();
        if argocd::BLOCKS.iter().any(|block| text.lines().any(|line| line.starts_with(&format!("{block}:"))))
        {
            return Err(Lost {
                field: name,
                why: "its overrides give the source a second type, which Argo CD refuses beside a plugin; let Image Updater \
                      write into the kustomization or values file instead (`write-back-target`), and remove the file"
                    .to_owned(),
                matters: true,
            });
        }
    }
    Ok(())
}
