//! `presync watch`.

use std::{net::SocketAddr, time::Duration};

use presync::{
    cluster::watch::{self, Options},
    error::{Problem, Result},
    exit::Exit,
};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use super::connect::{Connect, block_on, duration};

/// Serve metrics and write Events about migrations
///
/// It watches Jobs and Applications, and logs JSON lines to stderr.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of /metrics, /healthz and /readyz
    #[arg(long, default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Watch the Applications of all namespaces, not only Argo CD's
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// A sync that waits for a hook for longer is stuck
    #[arg(long, default_value = "15m", value_parser = duration, value_name = "DURATION")]
    older_than: Duration,
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
            all_namespaces: args.all_namespaces,
            older_than: args.older_than,
            events: !args.no_events,
        };
        watch::run(&access, listener, &options).await?;
        Ok(Exit::OK)
    })
}
