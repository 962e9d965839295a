//! Looking at apps: each rendered and planned, many at once, those of another commit beside them.

use std::collections::BTreeMap;

use clap::builder::NonEmptyStringValueParser;
use presync::{
    error::Result,
    exit::Exit,
    report::{self, App, Paint, Parts, Skipped, model::Note},
    settings::Flags,
};

use super::{
    below, fleet, git,
    input::{self, Planned},
    output::{self, ColorArg},
    target::{Key, Resolved, Target, Targets},
};

/// What to look at, and in which colours to show it: the options that `check`, `diff` and `explain` share.
#[derive(Debug, clap::Args)]
pub(super) struct Looking {
    #[command(flatten)]
    pub(super) targets: Targets,
    /// Compare with this commit, branch or tag
    #[arg(long, value_name = "REV", help_heading = "Comparison", value_parser = NonEmptyStringValueParser::new())]
    pub(super) against: Option<String>,
    /// Look only at the apps that Argo CD would get other manifests for than at `--against`
    #[arg(long, value_name = "WHICH", requires = "against", help_heading = "Comparison")]
    only: Option<Only>,
    #[command(flatten)]
    color: ColorArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Only {
    /// Those whose output differs
    Changed,
}

/// An app, and what came of looking at it.
pub(super) struct Looked {
    pub(super) target: Target,
    pub(super) result: Result<Planned>,
    /// The same app at the commit to compare with; none when it is new.
    pub(super) before: Option<Result<Planned>>,
}

/// All apps that were looked at.
pub(super) struct Apps {
    pub(super) looked: Vec<Looked>,
    /// Applications that cannot be looked at here.
    pub(super) skipped: Vec<Skipped>,
    /// Apps of the commit to compare with that are gone.
    pub(super) gone: Vec<(String, Result<Planned>)>,
    /// Whether the user asked for many, so that each needs its name.
    pub(super) many: bool,
}

impl Looking {
    /// Renders and plans every app.
    pub(super) fn look(&self) -> Result<Apps> {
        let Resolved { targets: found, skipped, root } = self.targets.resolve()?;
        let flags = self.flags();
        let results = fleet::run(found.iter().collect(), |target| input::plan(target, &flags));
        let many = found.len() > 1 || self.targets.asks_for_many();
        let mut before = match (&self.against, root) {
            (None, _) => BTreeMap::new(),
            (Some(revision), Some(root)) => at(&git::Tree::of(&root, revision)?, &self.targets)?,
            (Some(_), None) => return Err(no_clone().into()),
        };
        let mut looked: Vec<_> = found
            .into_iter()
            .zip(results)
            .map(|(target, result)| Looked { before: before.remove(&target.key()), target, result })
            .collect();
        if self.only.is_some() {
            looked.retain(Looked::differs);
        }
        let skipped = skipped.into_iter().map(|(name, why)| Skipped { name, why }).collect();
        Ok(Apps {
            looked,
            skipped,
            gone: before.into_iter().map(|((_, name), result)| (name, result)).collect(),
            many,
        })
    }

    /// Returns the settings on the command line.
    pub(super) fn flags(&self) -> Flags {
        self.targets.local.flags()
    }

    /// Returns the colours for stdout.
    pub(super) fn paint(&self) -> Paint {
        self.color.paint()
    }
}

/// Returns the apps of another commit, by name.
fn at(tree: &git::Tree, targets: &Targets) -> Result<BTreeMap<Key, Result<Planned>>> {
    let flags = targets.local.flags();
    let mut found = targets.resolve_at(tree)?.targets;
    // An app that did not exist then is new now.
    found.retain(|target| target.dir.as_ref().is_none_or(|dir| dir.is_dir()));
    let results = fleet::run(found.iter().collect(), |target| input::plan(target, &flags));
    Ok(found.iter().map(Target::key).zip(results).collect())
}

fn no_clone() -> presync::error::Problem {
    presync::error::Problem::new(Exit::USAGE, "`--against` needs a Git clone, and the apps are not in one")
        .hint("run in the clone, or name it with `--repository DIR`")
}

impl Looked {
    /// Whether Argo CD gets other manifests than at the commit to compare with.
    fn differs(&self) -> bool {
        let output =
            |result: &Result<Planned>| result.as_ref().ok().and_then(|planned| planned.output().ok());
        match &self.before {
            None => true,
            Some(before) => {
                let (before, now) = (output(before), output(&self.result));
                before != now || now.is_none()
            }
        }
    }

    /// Returns the app as a report shows it.
    pub(super) fn report(&self) -> App {
        let (name, file) = (self.target.name.as_str(), self.target.file.as_deref());
        let planned = match &self.result {
            Ok(planned) => planned,
            Err(problems) => return App::failed(name, file, problems),
        };
        let renderer = planned.renderer.as_ref().map(|(renderer, why)| (renderer.to_string(), why.as_str()));
        let mut app = App::new(&Parts {
            name,
            file,
            loaded: &planned.loaded,
            renderer: renderer.as_ref().map(|(renderer, why)| (renderer.as_str(), *why)),
            manifests: &planned.manifests,
            plan: &planned.plan,
            platform_file: self.target.env.get("PRESYNC_CONFIG").map(String::as_str),
        });
        app.warnings.extend(self.target.lost.iter().map(|lost| Note {
            text: format!("`{}` has no equivalent: {}", lost.field, lost.why),
            location: self.target.file.clone(),
            hint: None,
        }));
        app
    }
}

impl Apps {
    /// Prints the warnings and problems of all apps, what several have in common once; the exit code is that of the
    /// first problem.
    pub(super) fn finish(&self, reports: &[App]) -> Exit {
        self.warnings(reports);
        self.problems();
        self.exit()
    }

    /// Prints the warnings of all apps.
    pub(super) fn warnings(&self, reports: &[App]) {
        for (looked, app) in self.looked.iter().zip(reports) {
            output::notes(self.many.then_some(looked.target.name.as_str()), &app.warnings);
        }
    }

    /// Prints which Applications were not looked at, for views that do not show them.
    pub(super) fn skipped(&self) {
        for Skipped { name, why } in &self.skipped {
            output::warning(&format!("{name} was not looked at: {why}"), None, None);
        }
    }

    fn problems(&self) {
        let mut failed: Vec<(String, Vec<&str>)> = Vec::new();
        for looked in &self.looked {
            for problem in looked.result.as_ref().err().into_iter().flatten() {
                let (text, name) = (problem.to_string(), looked.target.name.as_str());
                match failed.iter_mut().find(|(other, _)| *other == text) {
                    Some((_, names)) => names.push(name),
                    None => failed.push((text, vec![name])),
                }
            }
        }
        for (text, names) in &failed {
            output::problem_of(if self.many { names } else { &[] }, text);
        }
    }

    /// Returns the exit code of the first problem; an app without manifests gets a hint where others lie.
    pub(super) fn exit(&self) -> Exit {
        let Some((target, problems)) =
            self.looked.iter().find_map(|looked| Some((&looked.target, looked.result.as_ref().err()?)))
        else {
            return Exit::OK;
        };
        if let (false, Exit::EMPTY, Some(dir)) = (self.many, problems.exit(), &target.dir) {
            output::hint(&below::hint(dir));
        }
        problems.exit()
    }

    /// Returns the report of all apps.
    pub(super) fn report(self, apps: Vec<App>) -> report::Report {
        report::Report { version: report::model::VERSION, apps, skipped: self.skipped }
    }
}
