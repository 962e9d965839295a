//! The commands that a container runs: its own, those of shell text inside them, those of scripts that the app mounts.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use crate::plan::pod::{
    files::{File, Mounts},
    program,
    shell::{self, Simple, Words},
    variables::Variables,
};

/// Shell text inside shell text that is followed.
const MAX_DEPTH: usize = 4;

/// Arguments of a script that it may read as `$1`, `$2` and so on.
const MAX_ARGUMENTS: usize = 9;

/// A simple command that a container runs.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its words, variables filled in where their values are known.
    pub(crate) words: Words,
    /// The first word is the image's name: the container has no `command`.
    pub(crate) implied: bool,
    /// It is in the condition of a loop: it runs until it succeeds.
    pub(crate) looped: bool,
    /// The value of a Secret is among its words: no message may show them.
    pub(crate) private: bool,
    /// The text of a here-document that feeds it.
    pub(crate) input: Option<String>,
    /// Where it stands.
    pub(crate) origin: Rc<Origin>,
    function: Option<Rc<str>>,
}

/// The text that a command stands in.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Such as ``container `migrate` ``.
    pub(crate) place: String,
    /// As the fields that name objects are written: `command of container migrate`.
    pub(crate) why: String,
}

impl Command {
    /// Returns the variables that it is given: `NAME=value` before the program.
    pub(crate) fn assignments(&self) -> &[String] {
        let count = self.words.iter().take_while(|word| program::is_assignment(word)).count();
        &self.words[..count]
    }

    /// Returns the words on one line, without variables, and without those that are shell text: their commands are commands of
    /// their own.
    pub(crate) fn line(&self) -> String {
        let before = self.assignments().len() + usize::from(self.implied);
        let words = self.words.iter().zip(program::shell_texts(&self.words)).skip(before);
        words.filter(|(_, text)| !text).map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Returns the program that it starts, without its directory, and the program's arguments.
    pub(crate) fn launched(&self) -> (&str, &[String]) {
        match program::launched(&self.words) {
            [program, arguments @ ..] => (program::base_name(program), arguments),
            [] => ("", &[]),
        }
    }
}

/// What a container is given to run.
pub(crate) struct Given<'p, 'a> {
    /// `command` and `args`.
    pub(crate) words: Words,
    /// The image, which names the program where there is no `command`.
    pub(crate) image: Option<&'p str>,
    pub(crate) origin: Origin,
    pub(crate) files: &'p [File<'a>],
    pub(crate) mounts: &'p Mounts,
}

/// Returns the commands of a container in order, those of a script before the command that runs it, and the files that
/// they name.
pub(crate) fn read(given: Given<'_, '_>, mut variables: Variables) -> (Vec<Command>, Vec<usize>) {
    let Given { words, image, origin, files, mounts } = given;
    let (words, private): (Words, Vec<bool>) = words.iter().map(|word| variables.fill(word)).unzip();
    let mut own = Simple { words, private: private.contains(&true), ..Simple::default() };
    let implied = image.map(program::image_name);
    let arguments = own.words.clone();
    own.words.splice(0..0, implied.map(str::to_owned));
    let origin = Rc::new(origin);
    let mut reader = Reader {
        files,
        mounts,
        variables,
        commands: Vec::new(),
        named: Vec::new(),
        seen: HashSet::new(),
        carried: HashSet::new(),
        written: HashMap::new(),
        calls: HashMap::new(),
    };
    // A variable may be used before the place that gives its value is read: then a second reading knows it.
    for _ in 0..2 {
        reader.start();
        if implied.is_some() {
            reader.entrypoint(&arguments);
        }
        reader.add(own.clone(), &origin, 0);
        if let Some(command) = reader.commands.last_mut() {
            command.implied = implied.is_some();
        }
        if !reader.variables.restart() {
            break;
        }
    }
    reader.leave_out_uncalled();
    (reader.commands, reader.named)
}

struct Reader<'p, 'a> {
    files: &'p [File<'a>],
    mounts: &'p Mounts,
    variables: Variables,
    commands: Vec<Command>,
    /// Positions of files that commands name, in the order found.
    named: Vec<usize>,
    seen: HashSet<usize>,
    /// Names of files that a command puts elsewhere.
    carried: HashSet<String>,
    /// Texts that a command writes into files, by the name of the file.
    written: HashMap<String, Rc<str>>,
    /// The function or script that runs a script.
    calls: HashMap<Option<Rc<str>>, Vec<Rc<str>>>,
}

impl Reader<'_, '_> {
    fn start(&mut self) {
        self.commands.clear();
        self.named.clear();
        self.seen.clear();
        self.calls.clear();
    }

    /// Reads what an image runs that is given no command: a script that is mounted over its entrypoint, else, where it is
    /// given no arguments either, whatever script is mounted.
    fn entrypoint(&mut self, arguments: &Words) {
        let mounts = self.mounts;
        let named = |(path, _): &&(String, usize)| program::base_name(path).contains("entrypoint");
        if let Some((path, file)) = mounts.paths().find(named) {
            self.variables.call(path, arguments, false);
            self.script(*file, path, None, 1);
        } else if arguments.is_empty() {
            for (path, file) in mounts.paths().filter(|(_, file)| self.files[*file].is_script()) {
                self.script(*file, path, None, 1);
            }
        }
    }

    /// Adds a command after the shell text among its words and the mounted scripts that it names.
    fn add(&mut self, simple: Simple, origin: &Rc<Origin>, depth: usize) {
        if program::carries_files(&simple.words) {
            self.carried.extend(simple.words.iter().map(|word| program::base_name(word).to_owned()));
        }
        if depth < MAX_DEPTH && !program::running(&simple.words).is_empty() {
            for text in inner_text(&simple.words) {
                for mut inner in shell::commands(text, "", &mut self.variables) {
                    inner.looped |= simple.looped;
                    inner.private |= simple.private;
                    inner.function = inner.function.or_else(|| simple.function.clone());
                    self.add(inner, origin, depth + 1);
                }
            }
            self.scripts(&simple, origin, depth + 1);
        }
        let Simple { words, looped, function, private, output, input } = simple;
        if let (Some(file), Some(text)) = (output, &input) {
            self.written.insert(program::base_name(&file).to_owned(), text.as_str().into());
        }
        let origin = Rc::clone(origin);
        self.commands.push(Command { words, implied: false, looped, private, input, origin, function });
    }

    /// Reads the files that the words of a command name: mounted ones, and those that an earlier command has written.
    fn scripts(&mut self, command: &Simple, origin: &Rc<Origin>, depth: usize) {
        let (mounts, words) = (self.mounts, &command.words);
        let directories = words.first().is_some_and(|word| program::base_name(word) == "run-parts");
        for (at, word) in words.iter().enumerate().filter(|(_, word)| !has_blanks(word)) {
            let named = mounts.named(word, directories, |name| self.carried.contains(name));
            for (path, file) in named {
                let arguments = &words[at + 1..words.len().min(at + 1 + MAX_ARGUMENTS)];
                self.variables.call(path, arguments, command.private);
                self.script(*file, path, command.function.clone(), depth);
            }
            // Once, as a script may name itself.
            if let Some(text) = self.written.remove(program::base_name(word)) {
                let body = self.call(word, command.function.clone());
                self.body(&text, &body, origin, command.private, depth);
            }
        }
    }

    /// Reads a file once.
    fn script(&mut self, file: usize, path: &str, caller: Option<Rc<str>>, depth: usize) {
        let body = self.call(path, caller);
        if !self.seen.insert(file) {
            return;
        }
        self.named.push(file);
        let file = &self.files[file];
        if !file.is_shell_script() {
            return;
        }
        let place = format!("script `{}` of {}", file.key, file.source);
        let origin = Rc::new(Origin { place, why: file.why.clone() });
        self.body(&file.content, &body, &origin, file.private, depth);
    }

    /// Notes who runs a script.
    fn call(&mut self, script: &str, caller: Option<Rc<str>>) -> Rc<str> {
        let body: Rc<str> = script.into();
        self.calls.entry(caller).or_default().push(Rc::clone(&body));
        body
    }

    /// Reads the text of a script.
    fn body(&mut self, text: &str, body: &Rc<str>, origin: &Rc<Origin>, private: bool, depth: usize) {
        for mut inner in shell::commands(text, body, &mut self.variables) {
            inner.private |= private;
            inner.function.get_or_insert_with(|| Rc::clone(body));
            self.add(inner, origin, depth);
        }
    }

    /// Leaves out the bodies of functions that nothing calls, and the scripts that only these run.
    fn leave_out_uncalled(&mut self) {
        let mut bodies: HashMap<Option<&str>, Vec<&Command>> = HashMap::new();
        for command in &self.commands {
            bodies.entry(command.function.as_deref()).or_default().push(command);
        }
        let mut called: HashSet<&str> = HashSet::new();
        let mut next = vec![None];
        while let Some(function) = next.pop() {
            let words = bodies.get(&function).into_iter().flatten().flat_map(|command| &command.words);
            let functions = words.filter(|word| self.variables.is_function(word)).map(String::as_str);
            let scripts = self.calls.get(&function.map(Into::into)).into_iter().flatten().map(AsRef::as_ref);
            next.extend(functions.chain(scripts).filter(|body| called.insert(body)).map(Some));
        }
        let runs = |command: &Command| command.function.as_deref().is_none_or(|body| called.contains(body));
        let kept: Vec<bool> = self.commands.iter().map(runs).collect();
        let mut kept = kept.into_iter();
        self.commands.retain(|_| kept.next().unwrap_or(true));
    }
}

/// Whether a word is a text of several words.
fn has_blanks(word: &str) -> bool {
    word.contains([' ', '\n', '\t'])
}

/// Returns the words that may be shell text: those with blanks or operators, unless the program reads another language.
fn inner_text(words: &Words) -> impl Iterator<Item = &str> {
    let code = program::reads_code(words);
    let texts = words.iter().zip(program::shell_texts(words));
    texts
        .filter(move |(word, text)| !code && (*text || has_blanks(word) || word.contains([';', '&'])))
        .map(|(word, _)| word.as_str())
}

/// Reads a text that a shell runs.
#[cfg(test)]
pub(crate) fn of_text(text: &str) -> Vec<Command> {
    let given = Given {
        words: ["sh", "-c", text].map(str::to_owned).to_vec(),
        image: None,
        origin: Origin { place: "a".to_owned(), why: "b".to_owned() },
        files: &[],
        mounts: &Mounts::default(),
    };
    read(given, Variables::default()).0
}

#[cfg(test)]
mod tests;
