//! `presync explain`: the plan, Job by Job: what, why, from which setting.

use std::io::{self, Write};

use presync::{
    error::Result,
    exit::Exit,
    plan::{JobPlan, Outcome, Rewrite, rewrite::types_text},
};

use super::{
    input::{Input, Planned},
    output,
};

/// Show what becomes of every Job, and why
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// Show every setting and the layer it came from
    #[arg(long)]
    settings: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let planned = args.input.plan()?;
    output::warnings(&planned.plan);
    output::stdout(|out| text(out, &planned, args.settings))?;
    Ok(Exit::OK)
}

fn text(out: &mut dyn Write, planned: &Planned, settings: bool) -> io::Result<()> {
    let environment = &planned.plan.environment;
    writeln!(out, "environment  {}: {}", environment.name, environment.reason)?;
    if let Some(renderer) = &planned.renderer {
        writeln!(out, "renderer     {renderer}")?;
    }
    if settings {
        for row in &planned.loaded.rows {
            let value = row.value.as_deref().unwrap_or("not set");
            writeln!(out, "setting      {} = {value}  ({})", row.name, row.source)?;
        }
    }
    for job in &planned.plan.jobs {
        writeln!(out, "\n{} {}  ({})", job.kind, job.label, planned.manifests.location(job.id))?;
        explain_job(out, job)?;
    }
    if !planned.plan.moved.is_empty() {
        writeln!(out, "\nMoved to another sync wave")?;
        for moved in &planned.plan.moved {
            writeln!(out, "  {}: {} -> {}, {}", moved.label, moved.from, moved.to.value, moved.to.why)?;
        }
    }
    Ok(())
}

fn explain_job(out: &mut dyn Write, job: &JobPlan) -> io::Result<()> {
    writeln!(out, "  migration  {}: {}", yes(job.selection.migration), job.selection.why())?;
    for reason in &job.selection.evidence.reasons {
        writeln!(out, "             {:+} {}", reason.points, reason.text)?;
    }
    match &job.outcome {
        Outcome::Left(why) => writeln!(out, "  left       {why}"),
        Outcome::Rewritten(rewrite) => explain_rewrite(out, rewrite),
    }
}

fn explain_rewrite(out: &mut dyn Write, rewrite: &Rewrite) -> io::Result<()> {
    let mut line = |name: &str, value: &str, why: &str| writeln!(out, "  {name:<10} {value}: {why}");
    line("strategy", &rewrite.strategy.value.to_string(), &rewrite.strategy.why)?;
    if let Some(phase) = &rewrite.phase {
        line("phase", &types_text(&phase.value), &phase.why)?;
    }
    if let Some(wave) = &rewrite.wave {
        line("wave", &wave.value.to_string(), &wave.why)?;
    }
    let ttl = rewrite.ttl.value.map_or_else(|| "none".to_owned(), |ttl| format!("{ttl} s"));
    line("ttl", &ttl, &rewrite.ttl.why)?;
    line("name", &rewrite.name.value, &rewrite.name.why)?;
    if let Some(trigger) = &rewrite.trigger {
        line("trigger", &trigger.value, &trigger.why)?;
    }
    for (object, why) in &rewrite.needs {
        line("needs", object, why)?;
    }
    for (object, copy) in &rewrite.copies {
        line("copy", copy, &format!("of {object}, for the PreSync phase"))?;
    }
    for guard in &rewrite.guards {
        writeln!(out, "  {:<10} {guard}", "guard")?;
    }
    if !rewrite.changed {
        writeln!(out, "  unchanged  the manifest says all of this already")?;
    }
    Ok(())
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
