//! Commands in a text, as far as it takes to see what one waits for.

use std::borrow::Cow;
use std::collections::HashMap;

/// Words before the command itself.
const BEFORE: [&str; 20] = [
    "!", "ash", "bash", "command", "do", "elif", "else", "env", "eval", "exec", "if", "nohup", "set", "sh",
    "sudo", "then", "time", "timeout", "until", "while",
];

/// Commands that take a host as a bare word, and only ever try to reach it; beside those whose name says that they wait.
const PROBES: [&str; 11] =
    ["dig", "dockerize", "getent", "host", "nc", "ncat", "netcat", "nslookup", "ping", "tcping", "telnet"];

/// Commands that ask a server for something, which must be there.
const FETCHES: [&str; 4] = ["curl", "grpcurl", "http", "wget"];

/// Commands that say whether a database answers.
const CHECKS: [&str; 3] = ["mysqladmin", "pg_isready", "redis-cli"];

/// A simple command: the words between two separators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command<'t> {
    /// Its program, without the directory; empty where there is none.
    pub(crate) program: &'t str,
    /// The words after the program, without quotes.
    pub(crate) arguments: Vec<&'t str>,
    /// It is the condition of a loop.
    looped: bool,
}

impl Command<'_> {
    /// It takes hosts as bare words.
    pub(crate) fn probes(&self) -> bool {
        PROBES.contains(&self.program) || says_wait(self.program)
    }

    /// It runs until something answers.
    pub(crate) fn waits(&self) -> bool {
        self.looped || self.probes() || CHECKS.contains(&self.program) || FETCHES.contains(&self.program)
    }
}

/// `wait-for`, `wait_for.sh`, `k8s-wait-for`, and the variables of such tools: `WAIT_HOSTS=…`.
pub(crate) fn says_wait(program: &str) -> bool {
    program.to_ascii_lowercase().contains("wait")
}

/// A script with each command on one line: continuation lines are joined, here-documents are left out, since nothing runs
/// them, and variables that are given a constant are filled in.
pub(crate) fn flat(script: &str) -> Cow<'_, str> {
    if !["\\\n", "<<", "$"].iter().any(|sign| script.contains(sign)) {
        return Cow::Borrowed(script);
    }
    let joined = script.replace("\\\n", " ");
    let mut constants: HashMap<&str, Option<&str>> = HashMap::new();
    let mut kept = Vec::new();
    let mut lines = joined.lines();
    while let Some(line) = lines.next() {
        if let Some((name, value)) = assignment(line) {
            // What is assigned twice has no one value.
            constants.entry(name).and_modify(|known| *known = None).or_insert(Some(value));
        }
        kept.push(line);
        if let Some(end) = here_document(line) {
            while lines.next().is_some_and(|line| line.trim() != end) {}
        }
    }
    let mut flat = kept.join("\n");
    for (name, value) in constants {
        if let Some(value) = value {
            flat = flat.replace(&format!("${{{name}}}"), value);
            flat = replace_variable(&flat, name, value);
        }
    }
    Cow::Owned(flat)
}

/// `NAME=constant` as a line of its own.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim().trim_end_matches(';');
    let line =
        ["export ", "readonly ", "local "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let value = value.trim_matches(['"', '\'']);
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let constant = !value.is_empty() && !value.contains(['$', '`', ' ', ';', '"', '\'']);
    (is_name && constant).then_some((name, value))
}

/// The word that ends the here-document that a line begins.
fn here_document(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<<")?;
    let word = rest.strip_prefix('-').unwrap_or(rest).trim_start();
    let word = word.split([' ', ';', '|', '>', ')']).next()?.trim_matches(['"', '\'']);
    (!word.is_empty() && !word.starts_with('<')).then_some(word)
}

/// `$NAME` where the name ends there.
fn replace_variable(text: &str, name: &str, value: &str) -> String {
    let variable = format!("${name}");
    let mut parts = text.split(&variable);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if goes_on {
            replaced.push('$');
            replaced.push_str(name);
        } else {
            replaced.push_str(value);
        }
        replaced.push_str(part);
    }
    replaced
}

/// The command that the place `at` belongs to.
pub(crate) fn command_at(text: &str, at: usize) -> Command<'_> {
    let start = text[..at].rfind(SEPARATORS).map_or(0, |end| end + 1);
    let start = text[start..at].rfind("$(").map_or(start, |end| start + end + 2);
    let end = text[at..].find(SEPARATORS).map_or(text.len(), |end| at + end);
    command(&text[start..end])
}

/// All commands of a text.
pub(crate) fn commands(text: &str) -> impl Iterator<Item = Command<'_>> {
    text.split(SEPARATORS).flat_map(|part| part.split("$(")).map(command)
}

const SEPARATORS: [char; 5] = [';', '\n', '|', '&', '`'];

fn command(text: &str) -> Command<'_> {
    let mut words =
        text.split_whitespace().map(|word| word.trim_matches(['"', '\'', '(', ')', '{', '}', '[', ']']));
    let mut looped = false;
    let program = words.by_ref().find_map(|word| {
        looped |= matches!(word, "until" | "while");
        let number = word.trim_end_matches(['s', 'm']);
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let (variable, assigned) =
            word.split_once('=').map_or((word, false), |(variable, _)| (variable, true));
        let name = if assigned { variable } else { word.rsplit('/').next().unwrap_or_default() };
        let skipped = name.is_empty()
            || name.starts_with('-')
            || is_number
            || BEFORE.contains(&name)
            || (assigned && !says_wait(name));
        (!skipped).then_some(name)
    });
    Command {
        program: program.unwrap_or_default(),
        arguments: words.filter(|word| !word.is_empty()).collect(),
        looped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_around_a_place() {
        for (text, program, waits) in [
            ("nc -z HERE 5432", "nc", true),
            ("sh -c until nc -z HERE 5432", "nc", true),
            ("/usr/bin/nc -z HERE", "nc", true),
            ("timeout 60s bash -c nc HERE", "nc", true),
            ("echo start; until PGPASSWORD=x psql -h HERE; do sleep 1; done", "psql", true),
            ("psql -h HERE", "psql", false),
            ("migrate && curl http://HERE", "curl", true),
            ("while ! curl http://HERE; do sleep 1; done", "curl", true),
            ("x=$(pg_isready -h HERE)", "pg_isready", true),
            ("./wait-for-it.sh HERE:5432", "wait-for-it.sh", true),
            ("WAIT_HOSTS=HERE:5432", "WAIT_HOSTS", true),
            ("DB_HOST=HERE", "", false),
            ("HERE", "HERE", false),
        ] {
            let command = command_at(text, text.find("HERE").unwrap());
            assert_eq!((command.program, command.waits()), (program, waits), "{text}");
        }
    }

    #[test]
    fn a_script_has_each_command_on_one_line() {
        for (script, expected) in [
            ("curl \\\n  http://web", "curl    http://web"),
            ("cat <<'EOF' > a\nnc -z db 1\nEOF\nmigrate", "cat <<'EOF' > a\nmigrate"),
            ("cat <<-END\n  x\n  END\nmigrate", "cat <<-END\nmigrate"),
            ("H=kafka\nnc -z \"$H\" ${H}", "H=kafka\nnc -z \"kafka\" kafka"),
            ("H=kafka\nnc $HOST", "H=kafka\nnc $HOST"),
            ("H=a\nH=b\nnc $H", "H=a\nH=b\nnc $H"),
            ("H=$1\nnc $H", "H=$1\nnc $H"),
        ] {
            assert_eq!(flat(script), expected, "{script}");
        }
    }

    #[test]
    fn the_commands_of_a_script() {
        let script = "set -e\nuntil kubectl get job \"migrate\" -o json | grep 1; do sleep 1; done\n";
        let found: Vec<_> = commands(script).filter(|command| command.program == "kubectl").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].arguments, ["get", "job", "migrate", "-o", "json"]);
    }
}
