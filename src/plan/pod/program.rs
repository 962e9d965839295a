//! Which of a simple command's words are a command that runs.

/// Words in front of a command that leave it what it is.
#[rustfmt::skip]
const PREFIXES: &[&str] = &[
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec", "command", "builtin",
    "env", "sudo", "nohup",
];

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

/// A program's name without its directory.
pub(crate) fn base_name(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

/// The command without the shell's words and the assignments before it.
pub(crate) fn command(words: &[String]) -> &[String] {
    let start = words.iter().position(|word| !PREFIXES.contains(&word.as_str()) && !is_assignment(word));
    &words[start.unwrap_or(words.len())..]
}

fn program(words: &[String]) -> Option<&str> {
    command(words).first().map(|word| base_name(word))
}

/// The words of the command that runs: empty when it only speaks of others, the remote command of `kubectl exec`.
pub(crate) fn running(words: &[String]) -> &[String] {
    let words = command(words);
    let Some(program) = words.first() else { return &[] };
    match base_name(program) {
        "kubectl" | "docker" | "oc" if words.get(1).is_some_and(|word| word == "exec" || word == "run") => {
            let separator = words.iter().position(|word| word == "--").unwrap_or(words.len() - 1);
            &words[separator + 1..]
        }
        "kubectl" | "docker" | "oc" => &[],
        // `command -v rake` asks where it is.
        name if SPEAKERS.contains(&name) || name == "-v" => &[],
        _ => words,
    }
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

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}
