//! The examples for installing, put on Argo CD's own manifests, as the API server judges them.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use e2e::scenario::Scenario;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::ROOT;

/// A namespace where the API server warns of every pod that breaks the Pod Security Standard `restricted`.
const NAMESPACE: &str = "
apiVersion: v1
kind: Namespace
metadata:
  labels: {pod-security.kubernetes.io/warn: restricted}
  name: ";

pub(crate) async fn sidecar(scenario: &Scenario) -> Result<()> {
    install(scenario, "install").await
}

pub(crate) async fn init_container(scenario: &Scenario) -> Result<()> {
    install(scenario, "install-init-container").await
}

/// Builds what a user would apply, and applies it without effect.
async fn install(scenario: &Scenario, component: &str) -> Result<()> {
    let root = Path::new(ROOT);
    let namespace = scenario.name();
    let folder = scenario.lab().output.join(namespace);
    for example in ["install", "install-init-container"] {
        fs::create_dir_all(folder.join(example))?;
        for file in fs::read_dir(root.join("examples").join(example))? {
            let file = file?;
            fs::copy(file.path(), folder.join(example).join(file.file_name()))?;
        }
    }
    fs::create_dir_all(folder.join("argocd"))?;
    fs::copy(root.join("target/tools/argocd-install.yaml"), folder.join("argocd/install.yaml"))?;
    let kustomization =
        format!("namespace: {namespace}\nresources: [install.yaml]\ncomponents: [../{component}]\n");
    fs::write(folder.join("argocd/kustomization.yaml"), kustomization)?;
    let built = run(scenario, "kustomize", &["build", &folder.join("argocd").to_string_lossy()], "").await?;

    let documents = built.stdout.split("\n---\n");
    let wanted = documents.filter(|document| {
        let is = |line: &str| document.lines().any(|it| it == line);
        is("  name: presync-platform") || (is("kind: Deployment") && is("  name: argocd-repo-server"))
    });
    let wanted: Vec<&str> = wanted.collect();
    ensure!(wanted.len() == 2, "{} objects instead of the Deployment and the settings", wanted.len());
    run(scenario, "kubectl", &["apply", "-f", "-"], &format!("{NAMESPACE}{namespace}\n")).await?;
    let arguments = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
    let applied = run(scenario, "kubectl", &arguments, &wanted.join("\n---\n")).await;
    run(scenario, "kubectl", &["delete", "namespace", namespace, "--wait=false"], "").await?;
    let applied = applied?;
    ensure!(applied.stderr.is_empty(), "the API server warns: {}", applied.stderr);
    fs::remove_dir_all(folder)?;
    Ok(())
}

struct Said {
    stdout: String,
    stderr: String,
}

/// Runs one of the tools on the scenario's cluster.
async fn run(scenario: &Scenario, tool: &str, arguments: &[&str], stdin: &str) -> Result<Said> {
    let mut child = Command::new(Path::new(ROOT).join("target/tools").join(tool))
        .args(arguments)
        .env("KUBECONFIG", &scenario.lab().kubeconfig)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{tool} does not start"))?;
    let mut input = child.stdin.take().context("no stdin")?;
    input.write_all(stdin.as_bytes()).await?;
    drop(input);
    let output = child.wait_with_output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = Said { stdout: text(&output.stdout), stderr: text(&output.stderr) };
    ensure!(output.status.success(), "{tool} {arguments:?}: {}", said.stderr);
    Ok(said)
}
