//! `presync check`: the mistakes in an app, and the hazards that only the plan knows.

use std::{collections::BTreeSet, fs, path::PathBuf, str::FromStr};

use presync::{
    error::{Location, Problem, Result},
    exit::Exit,
    report::{
        findings::{self, Format, Level, Report},
        paint, summary,
    },
    rules::{self, RULES},
};
use sha2::{Digest as _, Sha256};

use super::{
    fix, judging,
    looking::{Looked, Looking},
    output,
};

/// Find mistakes in the app, and what would hang, drift or not run
///
/// Exits with 10 when there is a finding of at least the severity of `--fail-on`. `--explain RULE` says more about a
/// rule; all of them are in docs/reference/rules.md.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    looking: Looking,
    /// Set the output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format_values())]
    format: String,
    /// Write the findings to a file too, in another format (can be repeated)
    #[arg(long, value_name = "FORMAT=FILE")]
    output: Vec<Output>,
    /// Set the least severity that fails the run
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// Leave out the findings of an earlier run, written with `--output json=FILE`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Repair what can be repaired with certainty, in plain manifest files
    #[arg(long, conflicts_with = "against")]
    fix: bool,
    /// List all rules
    #[arg(long, conflicts_with_all = ["explain", "fix"])]
    list: bool,
    /// Explain a rule
    #[arg(long, value_name = "RULE", conflicts_with = "fix")]
    explain: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
    /// Never fail
    None,
}

/// A format and the file to write.
#[derive(Debug, Clone)]
struct Output(Format, PathBuf);

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) =
            text.split_once('=').ok_or("must be FORMAT=FILE, such as sarif=presync.sarif")?;
        let known = || Format::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let format = format_of(format).ok_or_else(|| format!("`{format}` is not one of {}", known()))?;
        Ok(Self(format, file.into()))
    }
}

fn format_of(name: &str) -> Option<Format> {
    Format::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
}

fn format_values() -> clap::builder::PossibleValuesParser {
    Format::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().into()
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    if args.list {
        return Ok(output::print(&list(args)).map(|()| Exit::OK)?);
    }
    if let Some(rule) = &args.explain {
        return Ok(output::print(&explain(rule)?).map(|()| Exit::OK)?);
    }
    let mut apps = args.looking.look()?;
    let flags = args.looking.flags();
    let judged = judging::judge_all(&mut apps.looked, &flags, true);
    if args.fix {
        return fix::run(&apps.looked, &judged);
    }
    let mut report =
        Report { version: findings::VERSION, apps: judged.into_iter().map(|judged| judged.app).collect() };
    if let Some(file) = &args.baseline {
        baseline(&mut report, file)?;
    }
    let explained: Vec<_> = apps.looked.iter().map(Looked::report).collect();
    let format = format_of(&args.format).unwrap_or(Format::Text);
    apps.skipped();
    // As text, what could not be rendered is among the findings.
    let exit = if format == Format::Text {
        apps.warnings(&explained);
        apps.exit()
    } else {
        apps.finish(&explained)
    };
    let paint = args.looking.paint();
    for Output(format, file) in &args.output {
        write(&format.show(&report, presync::report::Paint::PLAIN), file)?;
    }
    let mut text = String::new();
    if apps.many && matches!(format, Format::Text | Format::Markdown) {
        let rows = summary::rows(&explained, |app| report.apps[app].count());
        text = if format == Format::Text { paint::table(&rows, paint) } else { paint::markdown_table(&rows) }
            + "\n";
    }
    output::print(&(text + &format.show(&report, paint)))?;
    Ok(if exit == Exit::OK && fails(&report, args.fail_on) { Exit::FINDINGS } else { exit })
}

fn fails(report: &Report, fail_on: FailOn) -> bool {
    let least = match fail_on {
        FailOn::Error => Level::Error,
        FailOn::Warning => Level::Warning,
        FailOn::Note => Level::Note,
        FailOn::None => return false,
    };
    report.open().any(|finding| finding.severity >= least)
}

fn list(args: &Args) -> String {
    let mut rows = vec![["rule", "severity", "finds"].map(str::to_owned).to_vec()];
    rows.extend(RULES.iter().map(|rule| {
        let what = rule.doc().what;
        vec![rule.id.to_owned(), rule.severity.to_string(), what.trim_start_matches("Finds ").to_owned()]
    }));
    paint::table(&rows, args.looking.paint())
}

fn explain(id: &str) -> Result<String, Problem> {
    let Some(rule) = rules::find(id) else {
        let problem = Problem::new(Exit::USAGE, format!("there is no rule `{id}`"));
        return Err(match rules::nearest(id) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("`presync check --list` lists them"),
        });
    };
    Ok(format!("# {} ({})\n\n{}\n", rule.id, rule.severity, rule.doc().text.trim_end()))
}

/// Marks the findings that an earlier report has.
fn baseline(report: &mut Report, file: &PathBuf) -> Result<()> {
    let wrong = |error: anyhow::Error| {
        Problem::new(Exit::USAGE, "cannot read the baseline")
            .at(Location::file(file.display().to_string()))
            .caused_by(error)
            .hint("write it with `presync check --output json=FILE`")
    };
    let bytes = fs::read(file).map_err(|error| wrong(error.into()))?;
    let old: Report = serde_json::from_slice(&bytes).map_err(|error| wrong(error.into()))?;
    let known: BTreeSet<_> =
        old.apps.into_iter().flat_map(|app| app.findings).map(|finding| finding.fingerprint).collect();
    for finding in report.apps.iter_mut().flat_map(|app| &mut app.findings) {
        finding.known = known.contains(&finding.fingerprint);
    }
    Ok(())
}

fn write(text: &str, file: &PathBuf) -> Result<()> {
    fs::write(file, text).map_err(|error| {
        let location = Location::file(file.display().to_string());
        Problem::new(Exit::FAILURE, "cannot write the findings").at(location).caused_by(error).into()
    })
}

/// Returns what stays the same when lines move.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
