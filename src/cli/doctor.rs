//! `presync doctor`.

use std::time::Instant;

use presync::{
    cluster::{
        diagnose::diagnose,
        report::{Report, junit, markdown, text},
        settling::settled,
        snapshot::{self, Options},
    },
    error::{Problem, Result},
    exit::Exit,
};

use super::{
    connect::{Connect, block_on},
    output::print,
    selection::AppSelection,
};

/// Find what is wrong with Applications because of their Jobs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It changes nothing. Exit code 10 when something is wrong; advice alone is no failure."
)]
pub(crate) struct Args {
    #[command(flatten)]
    applications: AppSelection,
    /// Show the last lines of failed migrations, without what looks like a secret; needs permission to read logs
    #[arg(long)]
    logs: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
    Junit,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    let report = block_on(examine(args))?;
    print(&match args.format {
        Format::Text => text::render(&report),
        Format::Markdown => markdown::render(&report),
        Format::Junit => junit::render(&report),
        Format::Json => {
            let json = serde_json::to_string_pretty(&report);
            let problem = |error| Problem::new(Exit::FAILURE, "cannot write the report").caused_by(error);
            format!("{}\n", json.map_err(problem)?)
        }
    })?;
    Ok(if report.is_bad() { Exit::FINDINGS } else { Exit::OK })
}

async fn examine(args: &Args) -> Result<Report> {
    let started = Instant::now();
    let selection = args.applications.required(&args.connect)?;
    let access = args.connect.access().await?;
    let apps = settled(&access.client, selection.read(&access.client).await?).await?;
    let options = Options { logs: args.logs };
    let snapshot = snapshot::take(&access.client, &args.connect.namespace, apps, options).await?;
    let findings = diagnose(&snapshot, args.applications.older_than);
    let (requests, seconds) = (access.requests(), started.elapsed().as_secs_f64());
    Ok(Report { requests, seconds, ..Report::new(&snapshot, &findings) })
}
