//! What the cluster commands have in common: how to reach the cluster, and the runtime that waits for it.

use std::{
    future::Future,
    io::{self, Write},
    time::Duration,
};

use presync::{
    cluster::access::Access,
    error::{Problem, Result},
    exit::Exit,
    settings::duration,
};

/// How to reach Argo CD's cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Connect {
    /// Namespace of Argo CD, and of the Applications that name none
    #[arg(short, long, default_value = "argocd", value_name = "NAMESPACE")]
    pub(crate) namespace: String,
    /// Context of the kubeconfig; without it the current one, or in a pod its service account
    #[arg(long, value_name = "CONTEXT")]
    context: Option<String>,
}

impl Connect {
    pub(crate) async fn access(&self) -> Result<Access> {
        Ok(Access::connect(self.context.as_deref()).await?)
    }
}

/// Runs a command's work on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .map_err(|error| Problem::new(Exit::FAILURE, "cannot start the runtime").caused_by(error))?
        .block_on(work)
}

/// Returns a duration on the command line: `300`, `90s`, `10m`, `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| "expected a duration such as 90s, 10m or 1h30m".to_owned())
}

/// Tells how a run gets on, on stderr; that it cannot be told is no problem.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
