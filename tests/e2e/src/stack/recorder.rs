//! What shows that a local run is Argo CD's: a second plugin, which keeps what it printed for each Application, and the
//! controller of `ApplicationSets`, which makes Applications as our reader of them does.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::argocd::{NAMESPACE, Shared, cmp_server, role};
use super::kubernetes::Kubernetes;
use super::{Place, free_port};
use crate::lab::Recorder;
use crate::process::Component;

/// The plugin's name in an Application.
const NAME: &str = "presync-recorded";

/// Prints what presync does, and keeps it under the Application's name.
const COMMAND: &str = "\
    presync generate >\"$RECORDED/.$ARGOCD_APP_NAME.$$\" && \
    cat \"$RECORDED/.$ARGOCD_APP_NAME.$$\" && \
    mv \"$RECORDED/.$ARGOCD_APP_NAME.$$\" \"$RECORDED/$ARGOCD_APP_NAME\"";

/// Starts both.
pub(super) fn start(
    plugin: &Path,
    kubernetes: &Kubernetes,
    shared: &Shared,
    place: &Place,
    components: &mut Vec<Component>,
) -> Result<Recorder> {
    let folder = place.owned_folder("recorded")?;
    let text = fs::read_to_string(plugin).with_context(|| format!("cannot read {}", plugin.display()))?;
    let mut config: Value = serde_yaml::from_str(&text)?;
    config["metadata"]["name"] = json!(NAME);
    config["spec"]["generate"]["command"] = json!(["sh", "-c", COMMAND]);
    let config = serde_yaml::to_string(&config)?;
    let mut command = cmp_server(&config, &shared.programs, &shared.sockets, place)?;
    command.env("PRESYNC_CONFIG", &shared.sidecar.platform).env("RECORDED", &folder);
    components.push(Component::start("recorder", command, &place.logs)?);

    let mut command = role("argocd-applicationset-controller", &shared.programs, place)?;
    command.args(["--namespace", NAMESPACE, "--argocd-repo-server", &shared.repo_server]);
    for flag in ["--metrics-addr", "--probe-addr", "--webhook-addr"] {
        command.args([flag, &format!("127.0.0.1:{}", free_port()?)]);
    }
    command.env("KUBECONFIG", &kubernetes.kubeconfig).env("ARGOCD_FAKE_IN_CLUSTER", "true");
    // It looks for the home of a user who need not exist here.
    command.env("HOME", place.path("argocd-applicationset-controller"));
    components.push(Component::start("applicationset-controller", command, &place.logs)?);
    Ok(Recorder { plugin: NAME.to_owned(), folder })
}
