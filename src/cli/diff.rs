//! `presync diff`: what the rewrite changes, or what a commit changes.

use presync::{
    error::Result,
    exit::Exit,
    manifest::{Manifests, Source},
    report::{
        App,
        changes::{self, Change},
        paint, summary,
    },
};

use super::{
    input::Planned,
    looking::{Looked, Looking},
    output,
};

/// Show what `generate` changes, object by object
///
/// With `--against REV` it shows instead how what Argo CD gets differs from what it got at that commit.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    looking: Looking,
    /// Set the number of lines of context
    #[arg(short = 'U', long, value_name = "LINES", default_value_t = 3)]
    unified: usize,
    /// Exit with 1 when there are differences, and with 2 on an error
    #[arg(long)]
    exit_code: bool,
    /// Set the output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Unified diffs, coloured on a terminal
    Text,
    /// Markdown, for a pull request
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let result = show(args);
    if !args.exit_code {
        return result.map(|(exit, _)| exit);
    }
    match result {
        Ok((Exit::OK, false)) => Ok(Exit::OK),
        Ok((Exit::OK, true)) => Ok(Exit::DIFFERENCES),
        Ok(_) => Ok(Exit::USAGE),
        Err(problems) => {
            output::problems(&problems);
            Ok(Exit::USAGE)
        }
    }
}

/// Prints the differences, and says whether there are any.
fn show(args: &Args) -> Result<(Exit, bool)> {
    let apps = args.looking.look()?;
    let against = args.looking.against.is_some();
    let mut all: Vec<(String, Vec<Change>)> = Vec::new();
    for looked in &apps.looked {
        let changes = match &looked.result {
            Ok(planned) => changes_of(looked, planned, against)?,
            Err(_) => Vec::new(),
        };
        all.push((looked.target.name.clone(), changes));
    }
    for (name, before) in &apps.gone {
        if let Ok(before) = before {
            all.push((name.clone(), changes::between(&rewritten(before)?, &Manifests::read(Vec::new())?)?));
        }
    }
    let reports: Vec<App> = apps.looked.iter().map(Looked::report).collect();
    apps.skipped();
    let is_shown = |looked: &&Looked| looked.result.is_ok() && matches!(looked.before, Some(Err(_)));
    for Looked { target, .. } in apps.looked.iter().filter(is_shown) {
        let text = format!(
            "{} cannot be rendered at the commit to compare with, so that all of it is shown as new",
            target.name
        );
        output::warning(&text, None, None);
    }
    for (name, _) in apps.gone.iter().filter(|(_, before)| before.is_err()) {
        let text = format!(
            "{name} is gone, and cannot be rendered at the commit to compare with: its objects are not shown"
        );
        output::warning(&text, None, None);
    }
    let exit = apps.finish(&reports);
    let paint = args.looking.paint();
    output::text(|out| {
        if args.format == Format::Markdown && all.iter().all(|(_, changes)| changes.is_empty()) {
            return writeln!(out, "No differences.");
        }
        if apps.many && args.format == Format::Markdown {
            let count = |app: usize| all.get(app).map_or(0, |(_, changes)| changes.len()).to_string();
            let mut rows = summary::rows(&reports, count);
            if let Some(last) = rows.first_mut().and_then(|row| row.last_mut()) {
                "changes".clone_into(last);
            }
            writeln!(out, "{}", paint::markdown_table(&rows))?;
        }
        for (name, changes) in all.iter().filter(|(_, changes)| !changes.is_empty()) {
            match args.format {
                Format::Text => {
                    if apps.many {
                        writeln!(out, "{}", paint.bold(&format!("## {name}")))?;
                    }
                    let texts: Vec<_> =
                        changes.iter().map(|change| change.text(args.unified, paint)).collect();
                    write!(out, "{}", texts.join("\n"))?;
                }
                Format::Markdown => {
                    writeln!(out, "### {name}\n")?;
                    for change in changes {
                        writeln!(out, "{}", change.markdown(args.unified))?;
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok((exit, all.iter().any(|(_, changes)| !changes.is_empty())))
}

fn changes_of(looked: &Looked, planned: &Planned, against: bool) -> Result<Vec<Change>> {
    if !against {
        return changes::of_rewrite(&planned.manifests, &planned.plan.changes());
    }
    let before = match &looked.before {
        Some(Ok(before)) => rewritten(before)?,
        _ => Manifests::read(Vec::new())?,
    };
    changes::between(&before, &rewritten(planned)?)
}

/// Returns the manifests that Argo CD gets.
fn rewritten(planned: &Planned) -> Result<Manifests> {
    let source = Source { name: "output".to_owned(), bytes: planned.output()?, validate: false };
    Manifests::read(vec![source])
}
