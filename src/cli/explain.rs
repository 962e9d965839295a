//! `presync explain`: the plan, Job by Job: what, why, from which setting.

use std::io::{self, Write};

use presync::{
    error::{Problem, Result},
    exit::Exit,
    report::{self, App, Paint, Report, explain, model::Skipped, paint, summary},
};

use super::{
    below, fleet, input, judging,
    looking::{self, Apps, Looking},
    output,
    target::Target,
};

/// Explain the decision for each Job
///
/// With several apps a table comes first. `--format json` is versioned; `presync schema --report` prints its schema.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    looking: Looking,
    /// Show only the table of apps, in text and Markdown
    #[arg(long, conflicts_with_all = ["settings", "job", "environments"])]
    summary: bool,
    /// Show every setting and the layer it came from
    #[arg(long)]
    settings: bool,
    /// Show only the Jobs of this name, as rendered or as rewritten
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Show the app in these environments side by side
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', conflicts_with = "against")]
    environments: Vec<String>,
    /// Set the output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned text, coloured on a terminal
    Text,
    /// JSON, versioned
    Json,
    /// Markdown, for a pull request
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    if !args.environments.is_empty() {
        return side_by_side(args);
    }
    let mut apps = args.looking.look()?;
    let mut reports: Vec<App> = apps.looked.iter().map(looking::Looked::report).collect();
    if let Some(job) = &args.job {
        only(&mut reports, job)?;
    }
    let exit = apps.finish(&reports);
    if exit != Exit::OK && !apps.many && args.format == Format::Text {
        return Ok(exit);
    }
    let paint = args.looking.paint();
    let rows = if (apps.many || args.summary) && args.format != Format::Json {
        let judged = judging::judge_all(&mut apps.looked, &args.looking.flags(), false);
        summary::rows(&reports, |app| judged[app].app.count())
    } else {
        Vec::new()
    };
    match args.format {
        Format::Json => json(&apps.report(reports)),
        Format::Markdown => {
            output::print(&markdown(&rows, &apps.skipped, if args.summary { &[] } else { &reports }))
        }
        Format::Text => output::text(|out| {
            write!(out, "{}", paint::table(&rows, paint))?;
            if !apps.skipped.is_empty() {
                write!(out, "\n{}", paint::table(&summary::skipped(&apps.skipped), paint))?;
            }
            if args.summary { Ok(()) } else { text(out, &apps, &reports, args.settings, paint) }
        }),
    }?;
    Ok(exit)
}

/// Keeps the Jobs of a name; the error names those that were rendered.
fn only(reports: &mut [App], name: &str) -> Result<()> {
    let mut names = Vec::new();
    let mut found = false;
    for app in reports.iter_mut() {
        names.extend(app.jobs.iter().map(|job| format!("`{}`", job.name)));
        app.jobs.retain(|job| {
            job.name == name || job.rewrite.as_ref().is_some_and(|rewrite| rewrite.name.value == name)
        });
        found |= !app.jobs.is_empty();
    }
    if found {
        return Ok(());
    }
    let problem = Problem::new(Exit::USAGE, format!("there is no Job `{name}`"));
    let hint = if names.is_empty() {
        "no Job was rendered".to_owned()
    } else {
        format!("the rendered Jobs are {}", names.join(", "))
    };
    Err(problem.hint(hint).into())
}

fn json(report: &Report) -> Result<(), Problem> {
    output::stdout(|out| {
        serde_json::to_writer_pretty(&mut *out, report)?;
        writeln!(out)
    })
}

fn text(out: &mut dyn Write, apps: &Apps, reports: &[App], settings: bool, paint: Paint) -> io::Result<()> {
    for (looked, app) in apps.looked.iter().zip(reports).filter(|(_, app)| app.problems.is_empty()) {
        if apps.many {
            writeln!(out, "\n{}", paint.bold(&format!("## {}", app.name)))?;
        }
        explain::text(out, app, settings, paint)?;
        if let (true, Some(dir)) = (app.jobs.is_empty(), &looked.target.dir) {
            let hint = below::hint(dir);
            if !hint.is_empty() {
                writeln!(out, "{hint}")?;
            }
        }
    }
    Ok(())
}

fn markdown(rows: &[Vec<String>], skipped: &[Skipped], reports: &[App]) -> String {
    let mut parts = Vec::new();
    if !rows.is_empty() {
        parts.push(paint::markdown_table(rows));
    }
    if !skipped.is_empty() {
        parts.push(paint::markdown_table(&summary::skipped(skipped)));
    }
    if !reports.is_empty() {
        parts.push(reports.iter().map(explain::markdown).collect());
    }
    parts.join("\n")
}

/// Shows one app, planned once for each environment.
fn side_by_side(args: &Args) -> Result<Exit> {
    let targets = args.looking.targets.resolve()?.targets;
    let [target] = targets.as_slice() else {
        return Err(Problem::new(Exit::USAGE, "`--environments` shows one app, and several were named")
            .hint("name one DIR, or one Application as in `--application FILE#NAME`")
            .into());
    };
    let flags = args.looking.flags();
    let apps = fleet::run(args.environments.iter().collect(), |name| in_environment(target, name, &flags));
    let apps = apps.into_iter().collect::<Result<Vec<_>>>()?;
    let paint = args.looking.paint();
    let names: Vec<String> = apps
        .iter()
        .map(|app| app.environment.as_ref().map_or_else(String::new, |e| e.value.clone()))
        .collect();
    match args.format {
        Format::Json => json(&Report { version: report::model::VERSION, apps, skipped: Vec::new() }),
        Format::Markdown => output::print(&explain::markdown_columns(&names, &apps)),
        Format::Text => output::print(&explain::columns(&names, &apps, paint)),
    }?;
    Ok(Exit::OK)
}

fn in_environment(target: &Target, environment: &str, flags: &presync::settings::Flags) -> Result<App> {
    let mut flags = flags.clone();
    flags.insert("environment".to_owned(), vec![environment.to_owned()]);
    let result = input::plan(target, &flags);
    let looked = looking::Looked { target: target.clone(), before: None, result };
    let app = looked.report();
    looked.result.map(|_| app)
}
