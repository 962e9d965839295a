//! The evidence that a Job is a migration: points with reasons.

use super::{
    counter::{self, Says},
    environment, own, program,
    scripts::{self, Command},
    tools, words,
};
use crate::plan::{
    hooks::{self, Role},
    job::Job,
};

/// A Job with this score or more is a migration.
pub const THRESHOLD: i32 = 50;

/// The weights. `TOOL` outweighs every counter but `TEST`; a keyword alone suffices, and no counter leaves it enough.
mod points {
    /// A command of a known tool.
    pub(super) const TOOL: i32 = 120;
    /// A migrate command of a program that is not known.
    pub(super) const OWN_COMMAND: i32 = 60;
    /// A program or script whose name says that it makes a database ready, where no migration command is found.
    pub(super) const PREPARATION: i32 = 30;
    /// An environment variable that makes a program migrate, where no migration command is found.
    pub(super) const ENVIRONMENT: i32 = 35;
    /// A keyword in the name or in a label that says what the Job is for.
    pub(super) const KEYWORD: i32 = 50;
    /// A keyword in an image's name or tag, where name and labels have none.
    pub(super) const IMAGE: i32 = 40;
    /// `db`, `database`, `schema` in the name, where there is no keyword.
    pub(super) const DATABASE: i32 = 20;
    /// `init`, `setup`, `seed` in the name, where there is no keyword.
    pub(super) const ACTION: i32 = 15;
    /// A client of a database, where no tool is found.
    pub(super) const CLIENT: i32 = 20;
    /// A sync or Helm hook.
    pub(super) const HOOK: i32 = 10;
    /// A test by its name.
    pub(super) const TEST: i32 = -180;
    /// Something else by its name.
    pub(super) const OTHER: i32 = -60;
    /// Perhaps something else: a verb in front of the keyword.
    pub(super) const PERHAPS: i32 = -20;
    /// A command of something else, where no tool is found.
    pub(super) const OTHER_COMMAND: i32 = -40;
    /// A suspended Job: a sync would wait for it until someone resumes it.
    pub(super) const SUSPENDED: i32 = -200;
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
    fn add(&mut self, points: i32, text: impl Into<String>) {
        self.score += points;
        self.reasons.push(Reason { points, text: text.into() });
    }

    /// Whether the score says migration.
    pub fn suffices(&self) -> bool {
        self.score >= THRESHOLD
    }
}

/// Gathers the evidence.
pub(super) fn gather<'a>(job: &Job<'a>, find: &scripts::Find<'a, '_>) -> Evidence {
    let mut evidence = Evidence::default();
    let commands = scripts::commands(job, find);
    let runs_migration = add_migration_command(&mut evidence, &commands);
    add_names(&mut evidence, job);
    if !runs_migration {
        add_weak_commands(&mut evidence, job, &commands);
        add_other_command(&mut evidence, &commands);
    }
    let (role, _) = hooks::role(job.object);
    if matches!(role, Role::Hook(_)) {
        evidence.add(points::HOOK, "it is a hook");
    }
    if job.spec()["suspend"] == true {
        evidence.add(points::SUSPENDED, "it is suspended: a sync would wait for it");
    }
    evidence
}

/// Adds the first command that migrates; a known tool before a program's own command.
fn add_migration_command(evidence: &mut Evidence, commands: &[Command]) -> bool {
    let known = commands.iter().find_map(|command| {
        tools::find(tools::TOOLS, program::running(&command.words)).map(|tool| (command, tool))
    });
    if let Some((command, tool)) = known {
        evidence.add(points::TOOL, format!("{} runs {}", command.place, tool.name));
        return true;
    }
    let own =
        commands.iter().find_map(|command| Some((command, own::migration(&command.words, command.implied)?)));
    if let Some((command, word)) = &own {
        evidence.add(points::OWN_COMMAND, format!("{} runs `{word}`", command.place));
    }
    own.is_some()
}

fn add_names(evidence: &mut Evidence, job: &Job<'_>) {
    let name = words::tokens(job.generate_name().filter(|_| job.name().is_empty()).unwrap_or(job.name()));
    let keyword = |tokens: &[String]| tokens.iter().find(|token| words::is_keyword(token)).cloned();
    if let Some(token) = keyword(&name) {
        evidence.add(points::KEYWORD, format!("the name says `{token}`"));
    } else if let Some((key, token)) = labels(job).find_map(|(key, value)| {
        let tokens = words::tokens(value);
        keyword(&tokens).filter(|_| counter::in_name(&tokens).is_empty()).map(|token| (key, token))
    }) {
        evidence.add(points::KEYWORD, format!("label `{key}` says `{token}`"));
    } else {
        add_weak_names(evidence, job, &name, keyword);
    }
    for (counter, token, says) in counter::in_name(&name) {
        let points = match says {
            Says::Plainly if counter.test => points::TEST,
            Says::Plainly => points::OTHER,
            Says::Perhaps => points::PERHAPS,
        };
        evidence.add(points, format!("the name says `{token}`: {}", counter.what));
    }
}

fn add_weak_names(
    evidence: &mut Evidence,
    job: &Job<'_>,
    name: &[String],
    keyword: impl Fn(&[String]) -> Option<String>,
) {
    let image = job.containers().find_map(|container| {
        let image = container.image().split('@').next().unwrap_or_default();
        keyword(&words::tokens(tools::base_name(image)))
    });
    if let Some(token) = image {
        evidence.add(points::IMAGE, format!("an image says `{token}`"));
    }
    if let Some(token) = name.iter().find(|token| words::is_database(token)) {
        evidence.add(points::DATABASE, format!("the name says `{token}`"));
    }
    if let Some(token) = name.iter().find(|token| words::is_action(token)) {
        evidence.add(points::ACTION, format!("the name says `{token}`"));
    }
}

fn add_weak_commands(evidence: &mut Evidence, job: &Job<'_>, commands: &[Command]) {
    let preparation = commands
        .iter()
        .find_map(|command| Some((command, own::preparation(&command.words, command.implied)?)));
    if let Some((command, name)) = preparation {
        evidence.add(points::PREPARATION, format!("{} runs `{name}`", command.place));
    }
    if let Some(name) = environment::migrates(job) {
        evidence.add(points::ENVIRONMENT, format!("environment variable `{name}` says so"));
    }
    if let Some(command) = commands.iter().find(|command| program::is_database_client(&command.words)) {
        evidence.add(points::CLIENT, format!("{} runs a database client", command.place));
    }
}

fn add_other_command(evidence: &mut Evidence, commands: &[Command]) {
    let other = commands.iter().find_map(|command| {
        tools::find(counter::COMMANDS, program::command(&command.words)).map(|tool| (command, tool))
    });
    if let Some((command, tool)) = other {
        evidence.add(points::OTHER_COMMAND, format!("{} {}", command.place, tool.name));
    }
}

/// The labels that say what the Job is for.
fn labels<'a>(job: &Job<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    job.labels()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !APP_LABELS.contains(&tools::base_name(key)))
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}
