//! Whether every partial that is rendered is there, and whether rendering it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    lint::{Findings, Place, Use},
    problem,
};
use crate::{
    error::{Location, Problem, Problems},
    exit::Exit,
    limits,
};

/// A template's file.
#[derive(Debug)]
pub(super) struct Unit {
    /// The file's name.
    pub file: String,
    /// The partial that it holds.
    pub partial: Option<String>,
}

/// What is wrong with templates and partials, as far as it shows without rendering.
#[derive(Default)]
pub(super) struct Verdict<'a> {
    pub problems: Problems,
    /// The files that cannot be rendered.
    pub unsound: BTreeSet<&'a str>,
    /// Whether every partial can be rendered.
    pub partials_are_sound: bool,
}

/// Returns all problems of all files: calls that cannot work, partials that are not among the `known`, and partials
/// that could include themselves without end, which the crate would follow until the stack is used up.
pub(super) fn check<'a>(
    findings: &'a [(Unit, Findings)],
    known: impl Iterator<Item = &'a str>,
) -> Verdict<'a> {
    let inline = findings.iter().flat_map(|(_, found)| &found.inline).map(String::as_str);
    let known: BTreeSet<&str> = known.chain(inline).collect();
    let mut verdict = Verdict { partials_are_sound: true, ..Verdict::default() };
    let mut graph = Graph::default();
    for (unit, found) in findings {
        let faults = found.faults.iter().map(|(place, fault)| (*place, problem::of_fault(fault)));
        let uses = found.uses.iter().filter_map(|used| Some((used.place, graph.add(unit, used, &known)?)));
        let mut here: Vec<_> = faults.chain(uses).collect();
        here.sort_by_key(|(place, _)| *place);
        for (place, problem) in here {
            verdict.problems.push(problem.at(location(&unit.file, place)));
            verdict.unsound.insert(&unit.file);
            verdict.partials_are_sound &= unit.partial.is_none();
        }
    }
    let cycles = graph.cycles();
    let excesses = if cycles.is_empty() { graph.excesses() } else { Vec::new() };
    for problem in cycles.into_iter().chain(excesses) {
        verdict.problems.push(problem);
        verdict.partials_are_sound = false;
    }
    verdict
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

    /// Returns a problem for every partial through which one includes itself.
    fn cycles(&self) -> Vec<Problem> {
        let (mut done, mut problems) = (BTreeSet::new(), Vec::new());
        for name in self.0.keys() {
            self.search(&mut vec![name], &mut done, &mut problems);
        }
        problems
    }

    /// Follows the last partial of `path`, unless that has been `done`.
    fn search(&self, path: &mut Vec<&'a str>, done: &mut BTreeSet<&'a str>, problems: &mut Vec<Problem>) {
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

    /// Returns a problem for the first partial that renders too many others, or too deep. There must be no cycle.
    fn excesses(&self) -> Vec<Problem> {
        let mut sizes = BTreeMap::new();
        let excess = self.0.keys().find_map(|name| {
            let Size { depth, renders } = self.size(name, &mut sizes);
            let what = if depth > limits::PARTIAL_DEPTH {
                format!("more than {} levels of partials", limits::PARTIAL_DEPTH)
            } else if renders > limits::PARTIAL_RENDERS {
                format!("more than {} partials", limits::PARTIAL_RENDERS)
            } else {
                return None;
            };
            let (_, file, place) = self.0.get(name)?.first()?;
            let problem = Problem::new(Exit::RENDER, format!("the partial `{name}` renders {what}"));
            Some(problem.at(location(file, *place)).hint("let partials render fewer others"))
        });
        excess.into_iter().collect()
    }

    fn size(&self, name: &'a str, sizes: &mut BTreeMap<&'a str, Size>) -> Size {
        if let Some(size) = sizes.get(name) {
            return *size;
        }
        let mut size = Size::default();
        for (below, ..) in self.0.get(name).into_iter().flatten() {
            let Size { depth, renders } = self.size(below, sizes);
            size.depth = size.depth.max(depth + 1);
            size.renders = size.renders.saturating_add(renders).saturating_add(1);
        }
        sizes.insert(name, size);
        size
    }
}

/// What a partial renders, directly and through others.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    depth: usize,
    renders: usize,
}
