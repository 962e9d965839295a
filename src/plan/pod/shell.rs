//! Shell text as the simple commands that it runs.
//!
//! A tolerant reading, not a shell: it knows quotes, comments, continuation lines, here-documents, substitutions, loops,
//! functions and variables whose value is known, and takes every branch as run. What it cannot read gives words that match
//! no tool.

mod expand;
mod redirect;
#[cfg(test)]
mod tests;

use std::{iter::Peekable, rc::Rc, str::Chars};

use self::redirect::Document;
use crate::plan::pod::{program::is_assignment, variables::Variables};

/// The words of one simple command, quotes removed.
pub(crate) type Words = Vec<String>;

/// Substitutions inside substitutions that are followed; deeper ones are left out.
const MAX_DEPTH: usize = 8;

/// A simple command of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Simple {
    /// Its words, without the shell's own such as `if` and `do`.
    pub(crate) words: Words,
    /// It is in the condition of a loop: it runs until it succeeds.
    pub(crate) looped: bool,
    /// The function whose body it is in.
    pub(crate) function: Option<Rc<str>>,
    /// The value of a Secret is among its words.
    pub(crate) private: bool,
    /// The file that its output goes to.
    pub(crate) output: Option<String>,
    /// The text of the here-document that feeds it, or the pipeline that it ends.
    pub(crate) input: Option<String>,
}

/// Where a text stands.
#[derive(Debug, Clone, Default)]
struct Around {
    /// The script, whose arguments are `$1`, `$@` and so on.
    script: Rc<str>,
    depth: usize,
    looped: bool,
    function: Option<Rc<str>>,
}

/// Returns the simple commands of `text` in their order; commands in substitutions come before the one they stand in.
///
/// Patterns of `case`, comments and the text of here-documents are no commands; a here-document that feeds a shell is. `script` is the name under which the arguments of the text are kept. What the text assigns is added
/// to `variables`.
pub(crate) fn commands(text: &str, script: &str, variables: &mut Variables) -> Vec<Simple> {
    commands_at(text, Around { script: script.into(), ..Around::default() }, variables)
}

fn commands_at(text: &str, around: Around, variables: &mut Variables) -> Vec<Simple> {
    if around.depth > MAX_DEPTH {
        return Vec::new();
    }
    let mut reader = Reader {
        rest: text.chars().peekable(),
        around,
        variables,
        commands: Vec::new(),
        pipeline: 0,
        words: Vec::new(),
        word: None,
        private: false,
        redirected: false,
        output: None,
        documents: Vec::new(),
        parentheses: 0,
        loops: Vec::new(),
        conditions: 0,
        defining: None,
        bodies: Vec::new(),
    };
    reader.read();
    reader.commands
}

struct Reader<'t, 'v> {
    rest: Peekable<Chars<'t>>,
    around: Around,
    variables: &'v mut Variables,
    commands: Vec<Simple>,
    /// Where the commands of the current pipeline begin: `a|b)` is a pattern of `case` as a whole.
    pipeline: usize,
    words: Words,
    word: Option<String>,
    private: bool,
    /// The next word is the target of an output's redirection.
    redirected: bool,
    output: Option<String>,
    documents: Vec<Document>,
    parentheses: usize,
    /// The loops around the current command, and whether it is in their condition.
    loops: Vec<bool>,
    /// How many of them.
    conditions: usize,
    /// The function whose body comes next; empty where its name comes next.
    defining: Option<Rc<str>>,
    /// The braces around the current command, with the function whose body they are in.
    bodies: Vec<Option<Rc<str>>>,
}

impl Reader<'_, '_> {
    fn read(&mut self) {
        while let Some(c) = self.rest.next() {
            match c {
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_pipeline();
                    self.read_documents();
                }
                '&' if self.rest.peek() == Some(&'>') => self.end_word(),
                ';' | '&' => self.end_pipeline(),
                '|' if self.rest.next_if_eq(&'|').is_some() => self.end_pipeline(),
                '|' => self.end_command(),
                '(' => self.open(),
                ')' => self.close(),
                '#' if self.word.is_none() => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '<' | '>' => self.redirect(c),
                '\\' => self.escaped(),
                '\'' => self.single_quoted(),
                '"' => self.double_quoted(),
                '`' => self.backticks(false),
                '$' => self.dollar(false),
                c => self.push(c),
            }
        }
        self.end_pipeline();
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        // What is written to a host's port is sent there.
        if std::mem::take(&mut self.redirected) && !word.starts_with("/dev/tcp/") {
            self.output = Some(word);
        } else if !(self.words.is_empty() && self.is_reserved(&word)) {
            self.words.push(word);
        }
    }

    /// Whether a word in front of a command is one of the shell's own; what it begins or ends is noted.
    fn is_reserved(&mut self, word: &str) -> bool {
        if self.defining.as_deref() == Some("") {
            self.define(word);
            return true;
        }
        match word {
            "if" | "then" | "else" | "elif" | "fi" | "esac" | "!" => {}
            "while" | "until" => {
                self.loops.push(true);
                self.conditions += 1;
            }
            "for" | "select" => {
                self.loops.push(false);
                return false;
            }
            "do" => {
                let condition = self.loops.last_mut().is_some_and(std::mem::take);
                self.conditions -= usize::from(condition);
            }
            "done" => {
                let condition = self.loops.pop().unwrap_or_default();
                self.conditions -= usize::from(condition);
            }
            "function" => self.defining = Some("".into()),
            "{" => {
                let function = self.defining.take().or_else(|| self.function().cloned());
                self.bodies.push(function);
            }
            "}" => {
                self.bodies.pop();
            }
            _ => return false,
        }
        true
    }

    fn define(&mut self, function: &str) {
        self.variables.define(function);
        self.defining = Some(function.into());
    }

    /// Returns the function whose body the current command is in.
    fn function(&self) -> Option<&Rc<str>> {
        self.bodies.last().map_or(self.around.function.as_ref(), Option::as_ref)
    }

    fn looped(&self) -> bool {
        self.around.looped || self.conditions > 0
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirected = false;
        let (private, output) = (std::mem::take(&mut self.private), self.output.take());
        if self.words.is_empty() {
            return;
        }
        self.defining = None;
        let words = std::mem::take(&mut self.words);
        self.assign(&words, private);
        if self.variables.is_function(&words[0]) {
            self.variables.call(&words[0], &words[1..], private);
        }
        let (looped, function) = (self.looped(), self.function().cloned());
        self.commands.push(Simple { words, looped, function, private, output, input: None });
    }

    /// Notes the constants that a command assigns: `HOST=db`, `export HOST=db`, `for HOST in db cache`.
    fn assign(&mut self, words: &[String], private: bool) {
        if let [word, name, of, values @ ..] = words
            && (word == "for" && of == "in")
        {
            for value in values.iter().filter(|value| is_constant(value)) {
                self.variables.add(name, value, private);
            }
            return;
        }
        let declares = matches!(words[0].as_str(), "export" | "readonly" | "local" | "declare" | "typeset");
        let assigned = &words[usize::from(declares)..];
        if declares || assigned.iter().all(|word| is_assignment(word)) {
            for (name, value) in assigned.iter().filter_map(|word| word.split_once('=')) {
                if is_constant(value) {
                    self.variables.add(name, value, private);
                }
            }
        }
    }

    fn end_pipeline(&mut self) {
        self.end_command();
        self.pipeline = self.commands.len();
    }

    fn open(&mut self) {
        if self.rest.peek() == Some(&')')
            && let Some(function) = self.word.take().or_else(|| self.words.pop())
        {
            self.rest.next();
            self.define(&function);
            return;
        }
        self.end_pipeline();
        self.parentheses += 1;
    }

    fn close(&mut self) {
        self.end_command();
        if self.parentheses == 0 {
            self.commands.truncate(self.pipeline);
        } else {
            self.parentheses -= 1;
        }
        self.pipeline = self.commands.len();
    }

    /// Puts the commands of a substitution before the one it stands in, and in its place what they print, as far as it is
    /// known; else `unknown`.
    fn substitute(&mut self, text: &str, unknown: char, quoted: bool) {
        match self.run(text) {
            Some((printed, private)) => {
                self.private |= private;
                self.fill(&printed, quoted);
            }
            None => self.push(unknown),
        }
    }

    /// Adds the commands of a substitution before the one it stands in; returns what the first one feeds into it, and
    /// whether a Secret's value is part of that. What the others cut off it stays: `$(echo $URL | cut -d: -f1)` names all
    /// that the URL names.
    fn run(&mut self, text: &str) -> Option<(String, bool)> {
        let around = Around {
            script: Rc::clone(&self.around.script),
            depth: self.around.depth + 1,
            looped: self.looped(),
            function: self.function().cloned(),
        };
        let inner = commands_at(text, around, self.variables);
        let printed = inner.first().and_then(|first| Some((printed(first)?, first.private)));
        self.commands.extend(inner);
        self.pipeline = self.commands.len();
        printed
    }

    fn escaped(&mut self) {
        match self.rest.next() {
            Some('\r') if self.rest.peek() == Some(&'\n') => {
                self.rest.next();
            }
            Some('\n') | None => {}
            Some(c) => self.push(c),
        }
    }

    fn single_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.rest.next_if(|c| *c != '\'') {
            self.push(c);
        }
        self.rest.next();
    }

    fn double_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return,
                '\\' => match self.rest.next() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.push(c),
                    Some(c) => {
                        self.push('\\');
                        self.push(c);
                    }
                },
                '`' => self.backticks(true),
                '$' => self.dollar(true),
                c => self.push(c),
            }
        }
    }

    fn backticks(&mut self, quoted: bool) {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '`' => break,
                '\\' => text.extend(self.rest.next()),
                c => text.push(c),
            }
        }
        self.substitute(&text, '`', quoted);
    }
}

/// Returns what `echo` or `printf` prints, where all of it is known.
fn printed(command: &Simple) -> Option<String> {
    let (program, words) = command.words.split_first()?;
    let words = match program.as_str() {
        "echo" => words,
        "printf" => words.get(1..)?,
        _ => return None,
    };
    let words: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).map(String::as_str).collect();
    let text = words.join(" ");
    (!text.is_empty() && is_constant(&text)).then_some(text)
}

/// Whether nothing in a value is left to fill in.
fn is_constant(value: &str) -> bool {
    !value.contains(['$', '`'])
}
