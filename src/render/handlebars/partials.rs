//! Whether every partial that is rendered is there, and whether rendering it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    lint::{Findings, Place, Use},
    problem,
};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
};

/// A template's file.
#[derive(Debug)]
pub(super) struct Unit {
    /// The file's name.
    pub file: String,
    /// The partial that it holds.
    pub partial: Option<String>,
}

/// All problems of all files: calls that cannot work, partials that are not there, and partials that could include
/// themselves without end, which the crate would follow until the stack is used up.
pub(super) fn check(findings: &[(Unit, Findings)]) -> Result<()> {
    let files = findings.iter().filter_map(|(unit, _)| unit.partial.as_deref());
    let inline = findings.iter().flat_map(|(_, found)| &found.inline).map(String::as_str);
    let known: BTreeSet<&str> = files.chain(inline).collect();
    let mut problems = Problems::default();
    let mut graph = Graph::default();
    for (unit, found) in findings {
        let faults = found.faults.iter().map(|(place, fault)| (*place, problem::of_fault(fault)));
        let uses = found.uses.iter().filter_map(|used| Some((used.place, graph.add(unit, used, &known)?)));
        let mut here: Vec<_> = faults.chain(uses).collect();
        here.sort_by_key(|(place, _)| *place);
        for (place, problem) in here {
            problems.push(problem.at(location(&unit.file, place)));
        }
    }
    graph.report_cycles(&mut problems);
    problems.or(())
}

fn location(file: &str, (line, column): Place) -> Location {
    Location { column: Some(column), ..Location::file(file).line(line) }
}

/// For each partial those that it renders: name, file and place.
#[derive(Default)]
struct Graph<'a>(BTreeMap<&'a str, Vec<(&'a str, &'a str, Place)>>);

impl<'a> Graph<'a> {
    /// Notes that a partial is rendered at a place of `unit`, and says what is wrong with that.
    fn add(&mut self, unit: &'a Unit, used: &'a Use, known: &BTreeSet<&str>) -> Option<Problem> {
        let by = used.within.as_deref().or(unit.partial.as_deref());
        let Some(name) = used.partial.as_deref() else {
            return by.map(|_| {
                Problem::new(Exit::RENDER, "a partial may not choose another by a computed name").hint(
                    "it could include itself without end: write the names out, with `{{#if}}` around them",
                )
            });
        };
        if let Some(by) = by {
            self.0.entry(by).or_default().push((name, &unit.file, used.place));
        }
        (!known.contains(name) && !used.has_fallback).then(|| problem::no_partial(name, known))
    }

    /// A problem for every partial through which one includes itself.
    fn report_cycles(&self, problems: &mut Problems) {
        let mut done = BTreeSet::new();
        for name in self.0.keys() {
            self.search(&mut vec![name], &mut done, problems);
        }
    }

    /// Follows the last partial of `path`, unless that has been `done`.
    fn search(&self, path: &mut Vec<&'a str>, done: &mut BTreeSet<&'a str>, problems: &mut Problems) {
        let Some(current) = path.last().copied().filter(|current| !done.contains(current)) else { return };
        for (name, file, place) in self.0.get(current).into_iter().flatten() {
            if let Some(from) = path.iter().position(|earlier| earlier == name) {
                let way: Vec<_> = path[from..].iter().chain([name]).map(|name| format!("`{name}`")).collect();
                problems.push(
                    Problem::new(Exit::RENDER, format!("the partial `{name}` includes itself"))
                        .at(location(file, *place))
                        .hint(way.join(" → ")),
                );
            } else {
                path.push(name);
                self.search(path, done, problems);
                path.pop();
            }
        }
        done.insert(current);
    }
}
