//! The screens of `docs/runbook.md`: the incident's services on a real Argo CD, each ill in its own way, and what the
//! commands of the runbook print about them.
//!
//! A screen is the first code block after `<!-- screen: NAME -->`; it is written anew.

mod services;

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result};
use e2e::{
    lab::Lab,
    stack::{self, Stack},
};

use services::Services;

#[tokio::main]
async fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let binaries =
        stack::binaries(&root)?.context("there is no Argo CD in target/tools: run `make screens`")?;
    let program = stack::program(&root)?;
    let output = root.join("target/e2e");
    let mut stack = Stack::start(&binaries, &program, &root.join("plugin.yaml"), &output).await?;
    let lab = stack.lab.clone();
    let file = root.join("docs/runbook.md");
    let mut runbook = fs::read_to_string(&file)?;
    let mut take = async |name: &str, arguments: &str| -> Result<()> {
        let screen = screen(&lab, arguments).await?;
        runbook = replaced(&runbook, name, &screen)?;
        Ok(())
    };

    let services = Services::create(&lab).await?;
    services.are_ill().await?;
    take("doctor", "doctor --all --older-than 30s").await?;
    take("before-the-fix", "repair catalog-dev --yes").await?;
    take("dry-run", "repair order-dev --older-than 30s").await?;
    take("failed", "doctor billing-production").await?;
    services.are_fixed_in_git()?;
    take("after-the-fix", "repair catalog-dev --yes").await?;
    take("repair", "repair --all --yes --older-than 30s").await?;
    services.billing_is_fixed().await?;
    take("good-again", "doctor billing-production").await?;
    stack.check()?;
    fs::write(&file, runbook)?;
    Ok(())
}

/// What a terminal shows: stdout and stderr in the order in which they came.
async fn screen(lab: &Lab, arguments: &str) -> Result<String> {
    let line = format!("exec \"$PRESYNC\" {arguments} 2>&1");
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", &line]).env_clear().env("PRESYNC", &lab.presync).env("KUBECONFIG", &lab.kubeconfig);
    let output = command.stdin(Stdio::null()).output().await.context("cannot run presync")?;
    Ok(format!("$ presync {arguments}\n{}", String::from_utf8_lossy(&output.stdout)))
}

fn replaced(document: &str, name: &str, screen: &str) -> Result<String> {
    let marker = format!("<!-- screen: {name} -->\n");
    let missing = || format!("the runbook has no block after {}", marker.trim());
    let (before, rest) = document.split_once(&marker).with_context(missing)?;
    let (_, rest) = rest.split_once("```text\n").with_context(missing)?;
    let (_, after) = rest.split_once("```\n").with_context(missing)?;
    Ok(format!("{before}{marker}```text\n{screen}```\n{after}"))
}
