//! What a pod runs and reads: its commands, its environment, its files, and the objects that it names.
//!
//! [`Pods`] reads each pod once. The rooms above judge what was read: `migration` the commands and variables, `needs` the
//! commands, variables, files and references.

pub(crate) mod commands;
pub(crate) mod data;
pub(crate) mod environment;
pub(crate) mod files;
pub(crate) mod node;
pub(crate) mod program;
pub(crate) mod references;
pub(crate) mod shell;
mod variables;
pub(crate) mod workloads;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::{index::Index, job::Job},
        pod::{
            commands::{Command, Given, Origin},
            environment::Variable,
            files::{File, Mounts},
            node::Node,
            references::Reference,
            variables::Variables,
        },
    },
};

/// A pod as it was read.
#[derive(Debug)]
pub(crate) struct Pod<'a> {
    /// Its spec.
    pub(crate) spec: &'a Value,
    /// Init containers, then containers.
    pub(crate) containers: Vec<Container<'a>>,
    /// The fields that name objects; paths start at the pod's spec.
    pub(crate) references: Vec<Reference>,
    /// The files of its volumes, as far as the app renders them.
    pub(crate) files: Vec<File<'a>>,
}

/// A container as it was read.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    /// It stands under `initContainers`.
    pub(crate) init: bool,
    /// `image`, or empty.
    pub(crate) image: &'a str,
    /// Such as ``container `migrate` ``.
    pub(crate) place: String,
    /// `command` and `args` as they are written.
    pub(crate) words: Vec<&'a str>,
    /// What it runs.
    pub(crate) commands: Vec<Command>,
    /// Its environment, as far as it is known; each name once.
    pub(crate) variables: Vec<Variable<'a>>,
    /// Positions of the pod's files that its commands name, in the order found.
    pub(crate) named: Vec<usize>,
}

impl Pod<'_> {
    /// Returns what its containers run.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.containers.iter().flat_map(|container| &container.commands)
    }
}

/// The pods of an app, each read once, when the first asks.
pub(crate) struct Pods<'v, 'a> {
    app: &'v Index<'a>,
    read: RefCell<HashMap<ObjectId, Rc<Pod<'a>>>>,
}

impl<'v, 'a> Pods<'v, 'a> {
    /// Returns the pods of the app.
    pub(crate) fn new(app: &'v Index<'a>) -> Self {
        Self { app, read: RefCell::default() }
    }

    /// Returns the app.
    pub(crate) fn app(&self) -> &'v Index<'a> {
        self.app
    }

    /// Returns the pod of a Job.
    pub(crate) fn of_job(&self, job: &Job<'a>) -> Rc<Pod<'a>> {
        self.read(job.id, job.pod(), job.namespace())
    }

    /// Returns the pod that an object runs, if its kind is known to run one; fails where its document cannot be read.
    pub(crate) fn of(&self, header: &Header) -> Result<Option<Rc<Pod<'a>>>> {
        let template = workloads::pod(header, self.app.object(header.id)?);
        Ok(template.map(|template| self.read(header.id, template.spec, header.namespace.as_deref())))
    }

    fn read(&self, id: ObjectId, spec: &'a Value, namespace: Option<&str>) -> Rc<Pod<'a>> {
        if let Some(pod) = self.read.borrow().get(&id) {
            return Rc::clone(pod);
        }
        let pod = Rc::new(read(spec, |reference| {
            let headers = self.app.find_all(&reference.kind, &reference.name, namespace);
            // What cannot be read is reported where it is rendered.
            headers.filter_map(|header| self.app.object(header.id).ok()).collect()
        }));
        self.read.borrow_mut().insert(id, Rc::clone(&pod));
        pod
    }
}

/// Reads the spec of a pod; `find` gives the ConfigMaps and Secrets of a reference.
pub(crate) fn read<'a>(spec: &'a Value, find: impl Fn(&Reference) -> Vec<&'a Value>) -> Pod<'a> {
    let references = references::of_pod(spec);
    let (files, volumes) = files::files(&references, &find);
    let nodes = references::containers(&Node::root(spec));
    let containers = nodes.iter().enumerate().map(|(at, node)| {
        let mut environment = Variables::default();
        let variables = environment::read(at, node, &references, &find, &mut environment);
        let label = references::container_label(node);
        let text = |key: &str| node.value[key].as_str().unwrap_or_default();
        let (init, name) = (label.starts_with("init"), text("name"));
        let place = format!("{} `{name}`", if init { "init container" } else { "container" });
        let list = |key: &str| node.value[key].as_array().into_iter().flatten();
        let words: Vec<&str> =
            list("command").chain(list("args")).map(|word| word.as_str().unwrap_or_default()).collect();
        let given = Given {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            image: list("command").next().is_none().then(|| text("image")),
            origin: Origin { place: place.clone(), why: format!("command of {label}") },
            files: &files,
            mounts: &Mounts::of(node.value, &volumes),
        };
        let (commands, named) = commands::read(given, environment);
        Container { init, image: text("image"), place, words, commands, variables, named }
    });
    let containers = containers.collect();
    Pod { spec, containers, references, files }
}
