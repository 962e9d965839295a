//! `presync watch`.

use std::net::SocketAddr;

use presync::{
    cluster::watch::{self, Options},
    error::{Problem, Result},
    exit::Exit,
};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use super::{
    connect::{Connect, block_on},
    selection::AppSelection,
};

/// Serve metrics and write Events about migrations
///
/// It watches all Applications in Argo CD's namespace unless told otherwise, and logs JSON lines to stderr.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of /metrics, /healthz and /readyz
    #[arg(long, default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    #[command(flatten)]
    applications: AppSelection,
    /// Write no Events
    #[arg(long)]
    no_events: bool,
    /// Least level that is logged
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    log_level: LevelFilter,
    #[command(flatten)]
    connect: Connect,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    tracing_subscriber::fmt().json().with_max_level(args.log_level).with_writer(std::io::stderr).init();
    block_on(async {
        let access = args.connect.access().await?;
        let listener = TcpListener::bind(args.listen).await.map_err(|error| {
            Problem::new(Exit::FAILURE, format!("cannot listen on {}", args.listen)).caused_by(error)
        })?;
        let options = Options {
            namespace: args.connect.namespace.clone(),
            selection: args.applications.selection(&args.connect)?,
            older_than: args.applications.older_than,
            events: !args.no_events,
        };
        watch::run(&access, listener, &options).await?;
        Ok(Exit::OK)
    })
}
