//! Which of a simple command's words are a command that runs.

/// Words in front of a command that leave it what it is.
const PREFIXES: &[&str] =
    &["time", "exec", "command", "builtin", "eval", "env", "sudo", "nohup", "timeout", "nice", "stdbuf"];

/// Options of these words whose value is the next word.
const WITH_VALUE: &[&str] =
    &["-s", "-k", "-u", "-g", "-n", "--signal", "--kill-after", "--user", "--group", "--adjustment"];

/// Programs that speak of others, or carry files: a tool's name among their words is no run of it.
#[rustfmt::skip]
const SPEAKERS: &[&str] = &[
    "echo", "printf", "print", "log", "logger", "cat", "tee", "grep", "egrep", "sed", "awk", "cut", "tr",
    "head", "tail", "ls", "find", "test", "[", "[[", "case", "for", "cd", "chmod", "chown", "cp", "mv", "rm",
    "ln", "touch", "mkdir", "tar", "unzip", "gzip", "which", "type", "hash", "alias", "export", "set",
    "unset", "local", "readonly", "declare", "return", "exit", "trap", "sleep", "curl", "wget", "git", "apt",
    "apt-get", "apk", "yum", "dnf", "pip", "pip3", "gem", "helm", "k8s-wait-for", "wait_for.sh", "nc",
    "pg_isready", "aws", "gsutil", "mc", "s3cmd", "rsync", "rclone", "jq", "yq", "vault", "true", "false",
    ":",
];

/// Programs that put a file elsewhere, from where it may run.
const CARRIERS: &[&str] = &["cp", "mv", "ln", "cat", "install"];

/// Programs whose arguments are code or queries in a language of their own.
#[rustfmt::skip]
const INTERPRETED: &[&str] = &[
    "psql", "mysql", "mariadb", "sqlcmd", "sqlplus", "cqlsh", "mongo", "mongosh", "clickhouse-client",
    "redis-cli", "pg_dump", "pg_restore", "mysqldump", "mongodump", "createdb",
];

/// Clients of databases: the start of many a schema made by hand.
#[rustfmt::skip]
const DATABASE_CLIENTS: &[&str] = &[
    "psql", "mysql", "mariadb", "sqlcmd", "sqlplus", "cqlsh", "mongo", "mongosh", "clickhouse-client", "createdb",
];

/// Returns a program's name without its directory.
pub(crate) fn base_name(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

/// Returns an image's name without registry, tag and digest.
pub(crate) fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    base_name(image).split(':').next().unwrap_or(image)
}

/// Whether a program is a shell that reads commands from `-c`, from a file or from its input.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "ash" | "bash" | "dash" | "ksh" | "zsh" | "busybox")
}

/// Returns the command without the words and the assignments before it: `PGHOST=db timeout 60 psql` is `psql`.
pub(crate) fn command(words: &[String]) -> &[String] {
    let mut rest = words;
    while let [first, after @ ..] = rest {
        let name = base_name(first);
        if PREFIXES.contains(&name) {
            rest = after_options(name, after);
        } else if is_assignment(first) {
            rest = after;
        } else {
            break;
        }
    }
    rest
}

/// Returns what follows the options of a word in front of a command, and the duration of `timeout`.
fn after_options<'w>(prefix: &str, words: &'w [String]) -> &'w [String] {
    let mut rest = words;
    // `command -v rake` asks where it is.
    while prefix != "command"
        && let [first, after @ ..] = rest
        && (first.starts_with('-') || (prefix == "timeout" && is_duration(first)))
    {
        let with_value = prefix != "sh" && WITH_VALUE.contains(&first.as_str());
        rest = if with_value { after.get(1..).unwrap_or_default() } else { after };
    }
    rest
}

fn is_duration(word: &str) -> bool {
    let number = word.trim_end_matches(['s', 'm', 'h', 'd']);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn program(words: &[String]) -> Option<&str> {
    command(words).first().map(|word| base_name(word))
}

/// Returns the words of the command that runs: empty when it only speaks of others, the remote command of `kubectl
/// exec`.
pub(crate) fn running(words: &[String]) -> &[String] {
    let words = command(words);
    let Some(program) = words.first() else { return &[] };
    match base_name(program) {
        "kubectl" | "docker" | "oc" if words.get(1).is_some_and(|word| word == "exec" || word == "run") => {
            let separator = words.iter().position(|word| word == "--").unwrap_or(words.len() - 1);
            &words[separator + 1..]
        }
        "kubectl" | "docker" | "oc" => &[],
        name if SPEAKERS.contains(&name) || name == "-v" => &[],
        _ => words,
    }
}

/// Returns the program that a command starts, with its arguments: of `sh /scripts/wait.sh db` it is the script. Of `sh
/// -c text` it is none: the commands of the text are commands of their own.
pub(crate) fn launched(words: &[String]) -> &[String] {
    let mut rest = command(words);
    while let [first, after @ ..] = rest
        && is_shell(base_name(first))
    {
        let options = after.iter().take_while(|word| word.starts_with('-'));
        if options.last().is_some_and(|option| gives_text(option)) {
            return &[];
        }
        rest = command(after_options("sh", after));
    }
    rest
}

/// For each word whether it is the text of a shell: `sh -c 'text'`, `su app -c 'text'`, `eval 'text'`.
pub(crate) fn shell_texts(words: &[String]) -> impl Iterator<Item = bool> {
    let (mut shell, mut option) = (false, false);
    words.iter().map(move |word| {
        let text = shell && (option || word.contains(char::is_whitespace));
        shell |= is_shell(base_name(word)) || matches!(word.as_str(), "su" | "eval" | "runuser");
        option = gives_text(word);
        text
    })
}

/// Whether a shell's option says that text follows: `-c`, `-ec`.
fn gives_text(option: &str) -> bool {
    option.starts_with('-') && !option.starts_with("--") && option.ends_with('c')
}

/// Whether the program's arguments are code of another language.
pub(crate) fn reads_code(words: &[String]) -> bool {
    let Some(program) = program(words) else { return false };
    INTERPRETED.contains(&program)
        || (["python", "node", "ruby", "perl", "php"].iter().any(|name| program.starts_with(name))
            && words.iter().any(|word| matches!(word.as_str(), "-c" | "-e" | "-r" | "--eval")))
}

/// Whether the command is a database's client.
pub(crate) fn is_database_client(words: &[String]) -> bool {
    program(words).is_some_and(|program| DATABASE_CLIENTS.contains(&program))
}

/// Whether the command puts files elsewhere.
pub(crate) fn carries_files(words: &[String]) -> bool {
    program(words).is_some_and(|program| CARRIERS.contains(&program))
}

/// Whether the word is `NAME=value`.
pub(crate) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn words_before_a_command_are_left_out() {
        for (line, expected) in [
            ("rake db:migrate", "rake db:migrate"),
            ("exec timeout -s KILL 60s rake db:migrate", "rake db:migrate"),
            ("timeout -k 5 1.5h a 1", "a 1"),
            ("env -u HOME A=1 sudo -u app -E nohup a", "a"),
            ("PGHOST=db psql", "psql"),
            ("command -v rake", "-v rake"),
            ("nice -n 10 /bin/a", "/bin/a"),
            ("time", ""),
            ("A=1", ""),
        ] {
            assert_eq!(command(&words(line)).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn a_shell_launches_its_script() {
        for (line, expected) in [
            ("sh -e /scripts/wait.sh db", "/scripts/wait.sh db"),
            ("timeout 60 bash -x nc", "nc"),
            ("bash -ec nc", ""),
            ("nc -z db", "nc -z db"),
            ("sh", ""),
        ] {
            assert_eq!(launched(&words(line)).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn a_shell_has_text() {
        for (line, expected) in [
            ("sh -c nc db", [false, false, true, false]),
            ("timeout bash -ec x", [false, false, false, true]),
            ("tar -c a b", [false; 4]),
        ] {
            assert_eq!(shell_texts(&words(line)).collect::<Vec<_>>(), expected, "{line}");
        }
    }

    #[test]
    fn an_image_has_a_name() {
        assert_eq!(image_name("registry.example:5000/flyway/flyway@sha256:0"), "flyway");
        assert_eq!(image_name("flyway/flyway:10"), "flyway");
    }
}
