//! The options that choose Applications, the same for every cluster command.

use std::time::Duration;

use presync::{
    cluster::selection::Selection,
    error::{Problem, Result},
    exit::Exit,
};

use super::connect::{Connect, duration};

/// Which Applications, and from which age on a sync is stuck.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Applications")]
pub(crate) struct AppSelection {
    /// Names of Applications; NAMESPACE/NAME for one outside Argo CD's namespace
    #[arg(value_name = "APP")]
    apps: Vec<String>,
    /// All Applications in Argo CD's namespace
    #[arg(long)]
    all: bool,
    /// All Applications in every namespace
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Only Applications that this label selector matches
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Only Applications of this project
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Only Applications that deploy to this cluster: its name in Argo CD, or its URL
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// A sync that waits for a hook for less is not stuck
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "DURATION")]
    pub(crate) older_than: Duration,
}

impl AppSelection {
    /// Whether it names Applications one by one.
    pub(crate) fn is_named(&self) -> bool {
        !self.apps.is_empty()
    }

    /// Returns what is selected; to select nothing is not to select everything.
    pub(crate) fn required(&self, connect: &Connect) -> Result<Selection> {
        let condition = self.selector.is_some() || self.project.is_some() || self.cluster.is_some();
        if !self.is_named() && !self.all && !self.all_namespaces && !condition {
            return Err(Problem::new(Exit::USAGE, "no application is named")
                .hint("name Applications, or use --all, --all-namespaces, --selector, --project or --cluster")
                .into());
        }
        self.selection(connect)
    }

    /// Returns what is selected; everything in Argo CD's namespace when nothing is said.
    pub(crate) fn selection(&self, connect: &Connect) -> Result<Selection> {
        let namespace = if self.all_namespaces { "" } else { connect.namespace.as_str() };
        if self.is_named() {
            if self.all || self.all_namespaces || self.selector.is_some() {
                let problem = "names cannot be combined with --all, --all-namespaces or --selector";
                return Err(Problem::new(Exit::USAGE, problem).into());
            }
            if self.project.is_some() || self.cluster.is_some() {
                let problem = "names cannot be combined with --project or --cluster";
                return Err(Problem::new(Exit::USAGE, problem).into());
            }
            return Ok(Selection::named(&self.apps, namespace));
        }
        Ok(Selection {
            names: Vec::new(),
            namespace: namespace.to_owned(),
            labels: self.selector.clone().unwrap_or_default(),
            project: self.project.clone(),
            cluster: self.cluster.clone(),
        })
    }
}
