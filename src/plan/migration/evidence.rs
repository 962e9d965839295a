//! The evidence that a Job is a migration: points with reasons.

use crate::plan::{
    app::job::Job,
    migration::{app_commands, counter_evidence, environment, schema, tools, words},
    pod::{Pod, commands::Command, program},
};

/// A Job with this score or more is a migration.
pub(crate) const THRESHOLD: i32 = 50;

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tool,
    OwnCommand,
    Keyword,
    Environment,
    Preparation,
    Schema,
    Client,
    Test,
    Other,
    Seed,
    Suspended,
}

impl Kind {
    /// Returns the table of weights: the points of each kind, and when they count.
    ///
    /// A tool outweighs everything but a test. What says "migrate" suffices, and nothing that speaks against leaves it
    /// enough. Of what only says "database", two kinds suffice.
    #[rustfmt::skip]
    const fn weight(self) -> (i32, &'static str) {
        match self {
            Self::Tool => (120, "a command of a known tool"),
            Self::OwnCommand => (60, "a migrate command of another program: `app migrate`, `run-migrations.sh`, `npm run db:migrate`; a name that joins a database with its upgrade: `init_and_upgrade_db`"),
            Self::Keyword => (50, "`migrate`, `migration` and the like in the name, in a label that says what the Job is for, or in an image's name or tag"),
            Self::Environment => (50, "an environment variable such as `RUN_MIGRATIONS=true`; not beside a command that migrates"),
            Self::Preparation => (25, "a Job, program or script named `setup-database`, `db-init`; not beside a keyword or a command that migrates; once for the Job and once for a command"),
            Self::Schema => (25, "SQL such as `CREATE TABLE` in a command, or in a file of the app that a command names; not beside a command that migrates"),
            Self::Client => (25, "a database's client, such as `psql`; not beside a command that migrates"),
            Self::Test => (-180, "a name that says it is a test"),
            Self::Other => (-60, "a name that says it is something else: `migrate-notify`, `create-user`, `db-backup`, `wait-for-migrations`"),
            Self::Seed => (-60, "a command that only loads data, such as `rake db:seed`; not beside a command that migrates"),
            Self::Suspended => (-200, "`suspend: true`, unless the Job is in a queue of Kueue's: a sync would wait until someone resumes it"),
        }
    }
}

/// Labels that name the app or its packaging, not what the Job is for; compared without their prefix.
#[rustfmt::skip]
const APP_LABELS: &[&str] = &[
    "app", "name", "k8s-app", "instance", "part-of", "version", "managed-by", "chart", "release", "heritage",
    "tracking-id",
];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The sum of the reasons' points; [`THRESHOLD`] or more is a migration.
    pub score: i32,
    /// The strongest kinds first; never a manifest's value beyond names and single words of commands.
    pub reasons: Vec<Reason>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it adds; negative for counter-evidence.
    pub points: i32,
    /// A sentence fragment.
    pub text: String,
}

impl Evidence {
    fn add(&mut self, kind: Kind, text: impl Into<String>) {
        let (points, _) = kind.weight();
        self.score += points;
        self.reasons.push(Reason { points, text: text.into() });
    }

    /// Whether the score says migration.
    pub(crate) fn suffices(&self) -> bool {
        self.score >= THRESHOLD
    }
}

/// Gathers the evidence.
pub(crate) fn gather(job: &Job<'_>, pod: &Pod<'_>) -> Evidence {
    let mut evidence = Evidence::default();
    let runs_migration = add_migration_command(&mut evidence, pod);
    add_names(&mut evidence, job, pod, runs_migration);
    if !runs_migration {
        add_weak_commands(&mut evidence, pod);
    }
    if job.is_suspended() {
        evidence.add(Kind::Suspended, "it is suspended: a sync would wait for it");
    }
    evidence
}

/// Adds the first command that migrates; a known tool before a program's own command.
fn add_migration_command(evidence: &mut Evidence, pod: &Pod<'_>) -> bool {
    let known = pod.commands().find_map(|command| {
        tools::find(tools::TOOLS, program::running(&command.words)).map(|tool| (command, tool))
    });
    if let Some((command, tool)) = known {
        evidence.add(Kind::Tool, format!("{} runs {}", command.origin.place, tool.name));
        return true;
    }
    let own = pod
        .commands()
        .find_map(|command| Some((command, app_commands::migration(&command.words, command.implied)?)));
    if let Some((command, word)) = &own {
        evidence.add(Kind::OwnCommand, runs(command, word));
    }
    own.is_some()
}

/// Says what a command runs, unless the word may be a Secret's.
fn runs(command: &Command, word: &str) -> String {
    let place = &command.origin.place;
    if command.private {
        format!("{place} runs what a Secret says")
    } else {
        format!("{place} runs `{word}`")
    }
}

fn add_names(evidence: &mut Evidence, job: &Job<'_>, pod: &Pod<'_>, runs_migration: bool) {
    let name = words::tokens(job.generate_name().filter(|_| job.name().is_empty()).unwrap_or(job.name()));
    if let Some(keyword) = keyword(&name, job, pod) {
        evidence.add(Kind::Keyword, keyword);
    } else if !runs_migration && app_commands::prepares_database(&name) {
        evidence.add(Kind::Preparation, "the name says that it makes a database ready");
    }
    if let Some(token) = counter_evidence::test(&name) {
        evidence.add(Kind::Test, format!("the name says `{token}`"));
    } else if let Some(token) = counter_evidence::other(&name) {
        evidence.add(Kind::Other, format!("the name says `{token}`"));
    }
}

/// Returns where a keyword stands, in words: in the name, else in a label, else in an image's name.
fn keyword(name: &[String], job: &Job<'_>, pod: &Pod<'_>) -> Option<String> {
    let find = |tokens: &[String]| tokens.iter().find(|token| words::is_keyword(token)).cloned();
    let by_label = || {
        labels(job).find_map(|(key, value)| {
            let tokens = words::tokens(value);
            let token = find(&tokens).filter(|_| counter_evidence::other(&tokens).is_none())?;
            Some(format!("label `{key}` says `{token}`"))
        })
    };
    let by_image = || {
        pod.containers.iter().find_map(|container| {
            let image = container.image.split('@').next().unwrap_or_default();
            Some(format!("an image says `{}`", find(&words::tokens(program::base_name(image)))?))
        })
    };
    find(name).map(|token| format!("the name says `{token}`")).or_else(by_label).or_else(by_image)
}

fn add_weak_commands(evidence: &mut Evidence, pod: &Pod<'_>) {
    if let Some(name) = environment::migrates(pod) {
        evidence.add(Kind::Environment, format!("environment variable `{name}` says so"));
    }
    let preparation = pod
        .commands()
        .find_map(|command| Some((command, app_commands::preparation(&command.words, command.implied)?)));
    if let Some((command, name)) = preparation {
        evidence.add(Kind::Preparation, runs(command, name));
    }
    if let Some(place) = schema::changed_by(pod) {
        evidence.add(Kind::Schema, format!("{place} holds SQL that changes a schema"));
    }
    if let Some(command) = pod.commands().find(|command| program::is_database_client(&command.words)) {
        evidence.add(Kind::Client, format!("{} runs a database client", command.origin.place));
    }
    let seed =
        |command: &&Command| tools::find(counter_evidence::SEEDS, program::command(&command.words)).is_some();
    if let Some(command) = pod.commands().find(seed) {
        evidence.add(Kind::Seed, format!("{} fills a database with data", command.origin.place));
    }
}

/// Returns the labels that say what the Job is for.
fn labels<'a>(job: &Job<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    job.labels()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !APP_LABELS.contains(&program::base_name(key)))
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::plan::migration::tools::TOOLS;

    const KINDS: [Kind; 11] = [
        Kind::Tool,
        Kind::OwnCommand,
        Kind::Keyword,
        Kind::Environment,
        Kind::Preparation,
        Kind::Schema,
        Kind::Client,
        Kind::Test,
        Kind::Other,
        Kind::Seed,
        Kind::Suspended,
    ];

    fn points(kind: Kind) -> i32 {
        kind.weight().0
    }

    #[test]
    fn the_weights_stand_in_the_order_that_they_are_meant_to() {
        let weak = [Kind::Preparation, Kind::Schema, Kind::Client].map(points);
        assert!(weak.iter().all(|points| *points < THRESHOLD && points * 2 >= THRESHOLD));
        for strong in [Kind::OwnCommand, Kind::Keyword, Kind::Environment] {
            assert!(points(strong) >= THRESHOLD, "{strong:?}");
            assert!(points(strong) + points(Kind::Other) < THRESHOLD, "no counter leaves {strong:?} enough");
        }
        assert!(points(Kind::Keyword) + points(Kind::Seed) < THRESHOLD);
        assert!(points(Kind::Tool) + points(Kind::Other) >= THRESHOLD, "a tool outweighs a name");
        let both = points(Kind::Keyword) + points(Kind::OwnCommand);
        assert!(both + points(Kind::Other) >= THRESHOLD, "a service may be called `copy`");
        let most = points(Kind::Tool) + points(Kind::Keyword);
        assert!(most + points(Kind::Test) < THRESHOLD, "nothing outweighs a test");
        assert!(most + points(Kind::Suspended) < THRESHOLD);
    }

    /// `docs/selection.md` holds the tables; `PRESYNC_BLESS=1` writes them anew.
    #[test]
    fn the_documentation_holds_the_tables() {
        let mut weights = "| points | evidence |\n|--:|---|\n".to_owned();
        for (points, when) in KINDS.map(Kind::weight) {
            writeln!(weights, "| {points:+} | {when} |").unwrap();
        }
        let mut tools = "| tool | for example |\n|---|---|\n".to_owned();
        for tool in TOOLS {
            writeln!(tools, "| {} | `{}` |", tool.name, tool.example.replace('|', "\\|")).unwrap();
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/selection.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let expected = with_table(&with_table(&page, "weights", &weights), "tools", &tools);
        if std::env::var_os("PRESYNC_BLESS").is_some() {
            std::fs::write(path, expected).unwrap();
        } else {
            assert!(page == expected, "docs/selection.md is stale: run the test with PRESYNC_BLESS=1");
        }
    }

    fn with_table(page: &str, name: &str, table: &str) -> String {
        let (before, rest) = page.split_once(&format!("<!-- table: {name} -->\n")).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        format!("{before}<!-- table: {name} -->\n\n{table}\n<!-- end -->{after}")
    }
}
