//! `explain` on a terminal.

use std::io::{self, Write};

use crate::report::{
    model::{App, Decision, Decisions, Job},
    paint::Paint,
    summary,
};

/// Writes one app.
pub fn text(out: &mut dyn Write, app: &App, settings: bool, paint: Paint) -> io::Result<()> {
    if let Some(environment) = &app.environment {
        writeln!(out, "environment  {}: {}", paint.bold(&environment.value), environment.why)?;
    }
    if let Some(renderer) = &app.renderer {
        writeln!(out, "renderer     {} ({})", renderer.value, renderer.why)?;
    }
    if settings {
        for setting in &app.settings {
            let value = setting.value.as_deref().unwrap_or("not set");
            let source = match &setting.file {
                Some(file) if !setting.source.contains(file.as_str()) => {
                    format!("{}, {file}", setting.source)
                }
                _ => setting.source.clone(),
            };
            writeln!(out, "setting      {} = {value}  ({source})", setting.name)?;
        }
    }
    for job in &app.jobs {
        let title = format!("{} {}", job.kind, job.name);
        writeln!(out, "\n{}  {}", paint.bold(&title), paint.cyan(&format!("({})", job.location.text)))?;
        self::job(out, job, paint)?;
    }
    if app.jobs.is_empty() {
        no_job(out, app)?;
    }
    if !app.moved.is_empty() {
        writeln!(out, "\n{}", paint.bold("Moved to another sync wave"))?;
        for moved in &app.moved {
            writeln!(out, "  {}: {} -> {}, {}", moved.object, moved.from, moved.to, moved.why)?;
        }
    }
    Ok(())
}

fn no_job(out: &mut dyn Write, app: &App) -> io::Result<()> {
    let kinds: Vec<_> = app.objects.iter().map(|count| format!("{} {}", count.count, count.kind)).collect();
    let objects: usize = app.objects.iter().map(|count| count.count).sum();
    let plural = if objects == 1 { "" } else { "s" };
    writeln!(out, "\nNo Job among {objects} rendered object{plural}: {}", kinds.join(", "))
}

fn job(out: &mut dyn Write, job: &Job, paint: Paint) -> io::Result<()> {
    let yes = if job.migration { paint.green("yes") } else { "no".to_owned() };
    writeln!(out, "  migration  {yes}: {}", job.why)?;
    for evidence in &job.evidence {
        writeln!(out, "             {:+} {}", evidence.points, evidence.text)?;
    }
    if let Some(reason) = &job.reason {
        writeln!(out, "  reason     {reason}")?;
    }
    match (&job.left, &job.rewrite) {
        (Some(why), _) => writeln!(out, "  left       {why}"),
        (None, Some(rewrite)) => decisions(out, rewrite, paint),
        (None, None) => Ok(()),
    }
}

fn decisions(out: &mut dyn Write, rewrite: &Decisions, paint: Paint) -> io::Result<()> {
    let mut line =
        |name: &str, value: &str, why: &str| writeln!(out, "  {name:<10} {}: {why}", paint.bold(value));
    line("strategy", &rewrite.strategy.value, &rewrite.strategy.why)?;
    let optional: [(&str, &Option<Decision>); 2] = [("phase", &rewrite.phase), ("wave", &rewrite.wave)];
    for (name, decision) in optional {
        if let Some(decision) = decision {
            line(name, &decision.value, &decision.why)?;
        }
    }
    line("ttl", &summary::ttl(&rewrite.ttl.value), &rewrite.ttl.why)?;
    line("name", &rewrite.name.value, &rewrite.name.why)?;
    if let Some(trigger) = &rewrite.trigger {
        line("trigger", &trigger.value, &trigger.why)?;
    }
    for need in &rewrite.needs {
        line("needs", &need.object, &need.why)?;
    }
    for copy in &rewrite.copies {
        line("copy", &copy.name, &format!("of {}, for the PreSync phase", copy.of))?;
    }
    for guard in &rewrite.guards {
        writeln!(out, "  {:<10} {guard}", "guard")?;
    }
    if !rewrite.changed {
        writeln!(out, "  unchanged  the manifest says all of this already")?;
    }
    Ok(())
}
