//! The whole stack on this machine: Kubernetes' control plane, a fake node, Argo CD, and presync as its plugin.
//!
//! Everything listens on free ports of the loopback interface and keeps its files in one temporary folder. Dropping the
//! [`Stack`] ends every process and removes the folder; the logs stay.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::lab::{Lab, Remote};
use crate::node;
use crate::operators;
use crate::process::Component;
use crate::repository::GitRoot;

mod argocd;
mod kubernetes;
mod recorder;

use kubernetes::Kubernetes;

/// The user that Argo CD's image runs as, and by its documentation every plugin's container.
const ARGOCD_USER: u32 = 999;

/// The running stack.
pub struct Stack {
    /// For the scenarios.
    pub lab: Lab,
    // Fields are dropped in this order: first who would complain that the others are gone.
    nodes: Vec<JoinHandle<()>>,
    components: Vec<Component>,
    binaries: PathBuf,
    place: Place,
    kubernetes: Kubernetes,
    argocd: argocd::Shared,
    _run: TempDir,
}

impl Stack {
    /// Starts everything and waits until it is ready. `binaries` is the folder that `tests/tools/build stack` fills,
    /// `presync` the program under test, `plugin` its `plugin.yaml`. Logs go to `logs` under `output`.
    pub async fn start(binaries: &Path, presync: &Path, plugin: &Path, output: &Path) -> Result<Self> {
        let logs = output.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let run = tempfile::Builder::new()
            .prefix("presync-e2e-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        let place = Place::new(run.path(), &logs)?;

        let mut components = Vec::new();
        let kubernetes = kubernetes::start(binaries, &place, &mut components).await?;
        let node = node::start(&kubernetes.client, &kubernetes.certificates).await?;
        let argocd = argocd::start(binaries, presync, plugin, &kubernetes, &place, &mut components).await?;

        let git = place.owned_folder("git")?;
        let lab = Lab {
            client: kubernetes.client.clone(),
            argocd: argocd::NAMESPACE.to_owned(),
            git: GitRoot { url: format!("file://{}", git.display()), folder: git, owner: place.user },
            ttl: Duration::from_secs(15),
            sidecar: Some(argocd.sidecar.clone()),
            remote: None,
            by_label: None,
            recorder: None,
            output: output.to_owned(),
            kubeconfig: kubernetes.kubeconfig.clone(),
            presync: presync.to_owned(),
        };
        let binaries = binaries.to_owned();
        Ok(Self { lab, nodes: vec![node], components, binaries, place, kubernetes, argocd, _run: run })
    }

    /// Starts a second control plane, and makes it known to Argo CD.
    pub async fn add_cluster(&mut self) -> Result<()> {
        let place = self.place.within("remote")?;
        let kubernetes = kubernetes::start(&self.binaries, &place, &mut self.components).await?;
        self.nodes.push(node::start(&kubernetes.client, &kubernetes.certificates).await?);
        let remote = Remote::new(kubernetes.client, &kubernetes.kubeconfig)?;
        remote.make_known(&self.lab).await?;
        self.lab.remote = Some(remote);
        Ok(())
    }

    /// Starts a second Argo CD, which tracks by label.
    pub async fn add_argocd(&mut self) -> Result<()> {
        let place = self.place.within(argocd::BY_LABEL)?;
        argocd::start_by_label(&self.kubernetes, &self.argocd, &place, &mut self.components).await?;
        self.lab.by_label = Some(argocd::BY_LABEL.to_owned());
        Ok(())
    }

    /// Starts a second plugin, which keeps what it printed, and the controller of `ApplicationSets`.
    pub fn add_recorder(&mut self, plugin: &Path) -> Result<()> {
        let place = self.place.within("recorder")?;
        let (kubernetes, components) = (&self.kubernetes, &mut self.components);
        self.lab.recorder = Some(recorder::start(plugin, kubernetes, &self.argocd, &place, components)?);
        Ok(())
    }

    /// Starts the operators of the golden cases.
    pub async fn add_operators(&mut self) -> Result<()> {
        operators::register(&self.lab.client).await?;
        self.nodes.push(tokio::spawn(operators::run(self.lab.client.clone())));
        Ok(())
    }

    /// An error if any part has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        ensure!(!self.nodes.iter().any(JoinHandle::is_finished), "the fake node has ended");
        self.components.iter_mut().try_for_each(Component::check)
    }

    /// Kills a component, and starts it again after `pause`.
    pub async fn restart(&mut self, name: &str, pause: Duration) -> Result<()> {
        let mut components = self.components.iter_mut();
        let component = components.find(|component| component.name() == name).context("no such component")?;
        component.kill();
        tokio::time::sleep(pause).await;
        component.start_again()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.nodes.iter().for_each(JoinHandle::abort);
    }
}

/// Where the parts of one stack keep their files.
struct Place {
    run: PathBuf,
    logs: PathBuf,
    /// Whom Argo CD's parts run as; nothing when this is not root and everything runs as one user.
    user: Option<u32>,
}

impl Place {
    fn new(run: &Path, logs: &Path) -> Result<Self> {
        fs::set_permissions(run, fs::Permissions::from_mode(0o755))?;
        let root = fs::metadata(run)?.uid() == 0;
        Ok(Self { run: run.to_owned(), logs: logs.to_owned(), user: root.then_some(ARGOCD_USER) })
    }

    /// A place for more of the same parts.
    fn within(&self, name: &str) -> Result<Self> {
        let (run, logs) = (self.path(name), self.logs.join(name));
        for folder in [&run, &logs] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Self::new(&run, &logs)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// A folder that Argo CD's parts may write to.
    fn owned_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        if let Some(user) = self.user {
            std::os::unix::fs::chown(&path, Some(user), Some(user))?;
        }
        Ok(path)
    }
}

/// A port that is free now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("no free port")?.local_addr()?.port())
}

/// The folder with the binaries: `E2E_BIN`, or where `tests/tools/build stack` puts them under `root`. Nothing if they
/// have not been built, unless `E2E_BIN` or `PRESYNC_REQUIRE_TOOLS=1` says that they must be there.
pub fn binaries(root: &Path) -> Result<Option<PathBuf>> {
    let given = env::var_os("E2E_BIN").map(PathBuf::from);
    let required = given.is_some() || env::var("PRESYNC_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    let folder = given.unwrap_or_else(|| root.join("target/tools"));
    for name in ["argocd", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        if !folder.join(name).exists() {
            ensure!(!required, "{} holds no {name}: run `tests/tools/build stack`", folder.display());
            return Ok(None);
        }
    }
    Ok(Some(folder))
}

/// The program under test: `E2E_PRESYNC`, else it is built.
pub fn program(root: &Path) -> Result<PathBuf> {
    if let Some(given) = env::var_os("E2E_PRESYNC") {
        let given = PathBuf::from(given);
        ensure!(given.is_file(), "E2E_PRESYNC names {}, which is no file", given.display());
        return Ok(given);
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo).args(["build", "--quiet", "--bin", "presync"]).current_dir(root).status();
    if !build.context("cannot run cargo")?.success() {
        bail!("presync does not build");
    }
    Ok(root.join("target/debug/presync"))
}
