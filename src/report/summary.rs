//! Many apps in one table.

use super::model::{App, Job, Skipped};

/// Returns one row for each app: environment, renderer, migrations, phase, TTL, and what `findings` counts for it.
pub fn rows(apps: &[App], findings: impl Fn(usize) -> String) -> Vec<Vec<String>> {
    let heading = ["app", "environment", "renderer", "migrations", "phase", "TTL", "findings"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (number, app) in apps.iter().enumerate() {
        let value = |decision: &Option<super::model::Decision>| {
            decision.as_ref().map_or_else(|| "-".to_owned(), |decision| decision.value.clone())
        };
        if !app.problems.is_empty() {
            rows.push(vec![
                app.name.clone(),
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
                "error".into(),
            ]);
            continue;
        }
        rows.push(vec![
            app.name.clone(),
            value(&app.environment),
            value(&app.renderer),
            app.migrations().count().to_string(),
            all(app, |job| {
                let phase = job.rewrite.as_ref()?.phase.as_ref()?;
                let wave = job.rewrite.as_ref()?.wave.as_ref();
                Some(
                    wave.map_or_else(
                        || phase.value.clone(),
                        |wave| format!("{} {}", phase.value, wave.value),
                    ),
                )
            }),
            all(app, |job| Some(ttl(&job.rewrite.as_ref()?.ttl.value))),
            findings(number),
        ]);
    }
    rows
}

/// Returns a TTL with its unit.
pub fn ttl(value: &str) -> String {
    if value.bytes().all(|byte| byte.is_ascii_digit()) { format!("{value} s") } else { value.to_owned() }
}

/// Returns the different values of the app's migrations, in their order.
fn all(app: &App, value: impl Fn(&Job) -> Option<String>) -> String {
    let mut values: Vec<String> = Vec::new();
    for job in app.migrations() {
        let value = value(job).unwrap_or_else(|| "left".to_owned());
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.is_empty() { "-".to_owned() } else { values.join(", ") }
}

/// Returns the Applications that cannot be looked at here, one a line.
pub fn skipped(skipped: &[Skipped]) -> Vec<Vec<String>> {
    let mut rows = vec![vec!["not looked at".to_owned(), "why".to_owned()]];
    rows.extend(skipped.iter().map(|skipped| vec![skipped.name.clone(), skipped.why.clone()]));
    rows
}
