//! `presync install`: the program and `plugin.yaml` for a sidecar of another image.

use std::{
    env,
    fs::{self, File, Permissions},
    io::{self, Read},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use presync::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
};
use tempfile::NamedTempFile;

/// The plugin's configuration, as Argo CD's cmp-server reads it.
const PLUGIN: &str = include_str!("../../plugin.yaml");

/// Copy presync and plugin.yaml into a directory
///
/// For an init container: a volume that it shares with the sidecar brings presync into any image that has the helm and
/// kustomize you run. Replaces files of an earlier version; a process that runs one keeps it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An existing directory, such as the mount of an emptyDir volume
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    if !args.dir.is_dir() {
        return Err(Problem::new(Exit::FAILURE, "the directory to install into does not exist")
            .at(Location::file(args.dir.display().to_string()))
            .hint("create it, or mount a volume there")
            .into());
    }
    let mut problems = Problems::default();
    if let Some(program) = problems.collect(program()) {
        problems.collect(place(&args.dir, "presync", 0o755, program));
    }
    problems.collect(place(&args.dir, "plugin.yaml", 0o644, PLUGIN.as_bytes()));
    problems.or(Exit::OK)
}

/// Returns the running program's file.
fn program() -> Result<File, Problem> {
    env::current_exe().and_then(File::open).map_err(|error| {
        Problem::new(Exit::FAILURE, "cannot read presync's own file")
            .caused_by(error)
            .hint("mount /proc: presync finds its file there")
    })
}

/// Writes a file whole or not at all: a reader sees the old one or the new one.
fn place(dir: &Path, name: &str, mode: u32, mut content: impl Read) -> Result<(), Problem> {
    let target = dir.join(name);
    // Errors without the temporary file's random name.
    let plain = |error: io::Error| io::Error::from(error.kind());
    let mut write = || {
        let mut file = NamedTempFile::new_in(dir).map_err(plain)?;
        io::copy(&mut content, &mut file)?;
        // Whatever the umask: the sidecar can run as another user.
        fs::set_permissions(file.path(), Permissions::from_mode(mode))?;
        file.persist(&target).map_err(|error| plain(error.error))?;
        io::Result::Ok(())
    };
    write().map_err(|error| {
        Problem::new(Exit::FAILURE, format!("cannot install `{name}`"))
            .at(Location::file(target.display().to_string()))
            .caused_by(error)
            .hint("make the directory writable for this user; in a pod, set `fsGroup` or mount an emptyDir volume")
    })
}
