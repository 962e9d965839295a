//! What a pod runs and reads: its commands, its environment, its files, and the objects that it names.
//!
//! [`Pods`] reads each pod once. The rooms above judge what was read: `migration` the commands and variables, `needs` the
//! commands, variables, files and references.

pub(crate) mod commands;
pub(crate) mod data;
pub(crate) mod files;
pub(crate) mod node;
pub(crate) mod program;
pub(crate) mod references;
pub(crate) mod shell;
mod variables;
pub(crate) mod workloads;

use std::{borrow::Cow, cell::RefCell, collections::HashMap, rc::Rc};

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, ObjectId},
    plan::{
        app::{index::Index, job::Job},
        pod::{
            commands::{Command, Given, Origin},
            files::{File, Mounts},
            node::Node,
            references::{Reads, Reference},
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
    /// What its containers run.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.containers.iter().flat_map(|container| &container.commands)
    }
}

/// A variable of a container's environment.
#[derive(Debug)]
pub(crate) struct Variable<'a> {
    /// Its name.
    pub(crate) name: String,
    /// Its value, variables filled in.
    pub(crate) value: Cow<'a, str>,
    /// The field, or the key and object, in words.
    pub(crate) why: String,
    /// The container spells the value out.
    pub(crate) literal: bool,
    /// It is a Secret's.
    private: bool,
}

/// The pods of an app, each read once, when the first asks.
pub(crate) struct Pods<'v, 'a> {
    app: &'v Index<'a>,
    read: RefCell<HashMap<ObjectId, Rc<Pod<'a>>>>,
}

impl<'v, 'a> Pods<'v, 'a> {
    /// The pods of the app.
    pub(crate) fn new(app: &'v Index<'a>) -> Self {
        Self { app, read: RefCell::default() }
    }

    /// The app.
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
        let variables = variables(at, node, &references, &find, &mut environment);
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

/// The variables of the container at a position; their values are added to `environment`.
fn variables<'a>(
    at: usize,
    container: &Node<'a>,
    references: &[Reference],
    find: impl Fn(&Reference) -> Vec<&'a Value>,
    environment: &mut Variables,
) -> Vec<Variable<'a>> {
    let mut found = Vec::new();
    for reference in references {
        let (wanted, name) = match &reference.reads {
            Reads::Variable { container, key, name } if *container == at => (Some(key), name),
            Reads::Variables { container, prefix } if *container == at => (None, prefix),
            _ => continue,
        };
        let mut push = |name, key: &str, value| {
            let why = format!("{}, key {key} of {} {}", reference.why, reference.kind, reference.name);
            found.push(Variable { name, value, why, literal: false, private: reference.kind == "Secret" });
        };
        for object in find(reference) {
            match wanted {
                Some(key) => {
                    data::value(object, key).into_iter().for_each(|value| push(name.clone(), key, value))
                }
                None => data::data(object)
                    .into_iter()
                    .for_each(|(key, value)| push(format!("{name}{key}"), key, value)),
            }
        }
    }
    let label = references::container_label(container);
    let spelled = container.value["env"].as_array().into_iter().flatten();
    found.extend(spelled.filter_map(|variable| {
        let (name, value) = (variable["name"].as_str()?, variable["value"].as_str()?);
        let why = format!("env {name} of {label}");
        Some(Variable { name: name.to_owned(), value: value.into(), why, literal: true, private: false })
    }));
    // The last of a name wins: `env` over `envFrom`.
    let last: HashMap<_, _> =
        found.iter().enumerate().map(|(at, variable)| (variable.name.clone(), at)).collect();
    let mut at = 0..;
    found.retain(|variable| last.get(&variable.name).copied() == at.next());
    for variable in &mut found {
        if variable.literal && variable.value.contains("$(") {
            let (value, private) = environment.fill(&variable.value);
            variable.value = value.into();
            variable.private = private;
        }
        environment.set(&variable.name, &variable.value, variable.private);
    }
    found
}
