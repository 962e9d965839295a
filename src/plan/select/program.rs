//! What a simple command's words say: which of them are a command that runs, and a program's own way to migrate.

use super::{
    tools::{base_name, only_looks},
    words,
};

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

/// Words after which a program's or a script's name stands.
#[rustfmt::skip]
const LAUNCHERS: &[&str] = &[
    "exec", "run", "-m", "-jar", "--", "sh", "bash", "ash", "zsh", ".", "source", "node", "ruby", "php",
    "perl", "deno", "bun", "tsx", "ts-node", "npx", "dotnet", "make", "just", "task", "yarn", "pnpm", "npm",
    "rake", "rails", "timeout",
];

/// Endings of programs and scripts.
#[rustfmt::skip]
const SCRIPTS: &[&str] = &[
    ".sh", ".bash", ".py", ".rb", ".js", ".mjs", ".cjs", ".ts", ".php", ".jar", ".exe", ".dll", ".pl",
    ".phar",
];

/// Tokens that may stand beside a keyword in a subcommand: `db:migrate:prod`, `run-migrations`.
#[rustfmt::skip]
const BESIDE: &[&str] = &[
    "db", "database", "databases", "schema", "schemas", "sql", "run", "up", "upgrade", "all", "latest",
    "deploy", "apply", "prod", "production", "auto", "exec", "execute", "start", "do", "now", "only", "head",
    "and", "seed", "init", "setup", "bootstrap", "data", "app", "server", "core", "main", "default",
    "postgres", "postgresql", "pg", "mysql", "clickhouse", "mongo", "mongodb", "cassandra", "typeorm",
    "prisma", "knex", "sequelize", "drizzle", "orm", "ci", "docker", "command", "cmd", "job", "tenants",
    "tenant", "systems", "system", "force", "sync",
];

/// Words beside a migrate command that make it another one.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "status", "list", "info", "history", "pending", "current", "show", "check", "validate", "verify",
    "version", "down", "rollback", "revert", "undo", "create", "generate", "new", "add", "make", "diff",
    "dump", "help", "test", "backup", "notify", "lint", "hash", "notification",
];

/// What follows the bare noun `migration` or `migrations` in a command that runs them.
#[rustfmt::skip]
const RUNS: &[&str] = &[
    "run", "up", "apply", "migrate", "execute", "exec", "start", "deploy", "upgrade", "bootstrap", "all",
    "latest",
];

/// Options that make a server migrate and end.
#[rustfmt::skip]
const OPTIONS: &[&str] = &[
    "migrate", "migrate-only", "migrate-db", "migrate-and-exit", "db-migrate", "auto-migrate", "automigrate",
    "run-migrations", "run-migration", "run-db-migrations", "apply-migrations", "migration-only",
    "migrations-only", "only-migrate", "only-migrations", "db-upgrade",
];

/// The command without the shell's words and the assignments before it.
pub(super) fn command(words: &[String]) -> &[String] {
    let start = words.iter().position(|word| !PREFIXES.contains(&word.as_str()) && !is_assignment(word));
    &words[start.unwrap_or(words.len())..]
}

fn program(words: &[String]) -> Option<&str> {
    command(words).first().map(|word| base_name(word))
}

/// The words of the command that runs: empty when it only speaks of others, the remote command of `kubectl exec`.
pub(super) fn running(words: &[String]) -> &[String] {
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
pub(super) fn reads_code(words: &[String]) -> bool {
    let Some(program) = program(words) else { return false };
    INTERPRETED.contains(&program)
        || (["python", "node", "ruby", "perl", "php"].iter().any(|name| program.starts_with(name))
            && words.iter().any(|word| matches!(word.as_str(), "-c" | "-e" | "-r" | "--eval")))
}

/// The word with which a program that is in no table migrates: `/app/server migrate`, `./run-migrations.sh`,
/// `npm run db:migrate`, `node dist/migrate.js`, `api --migrate-only`.
pub(super) fn own_migration(words: &[String]) -> Option<&str> {
    let words = running(words);
    let other = words.iter().skip(1).any(|word| only_looks(word) || OTHER.contains(&word.as_str()));
    if other || reads_code(words) {
        return None;
    }
    words.iter().enumerate().find_map(|(at, word)| {
        let before = at.checked_sub(1).map(|before| words[before].as_str());
        let migrates = if let Some(option) = word.strip_prefix('-') {
            is_option(option)
        } else if is_program(word, before) {
            program_migrates(base_name(word))
        } else {
            subcommand_migrates(word, words.get(at + 1).map(String::as_str))
        };
        migrates.then(|| base_name(word))
    })
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn is_option(option: &str) -> bool {
    let option = option.strip_prefix('-').unwrap_or(option);
    OPTIONS.contains(&option.strip_suffix("=true").unwrap_or(option))
}

/// Whether the word names a program: the first one, one after a launcher, a script's file, a class of Java's.
fn is_program(word: &str, before: Option<&str>) -> bool {
    let Some(before) = before else { return true };
    let before = base_name(before);
    let class =
        |word: &str| word.rsplit_once('.').is_some_and(|(_, name)| name.starts_with(char::is_uppercase));
    LAUNCHERS.contains(&before)
        || before.starts_with("python")
        || class(word)
        || SCRIPTS.iter().any(|ending| word.ends_with(ending))
        || ((before.contains("entrypoint") || before.contains("wait")) && word.contains('/'))
}

fn program_migrates(name: &str) -> bool {
    let tokens = words::tokens(name);
    let waits = tokens.iter().any(|token| token == "wait")
        && !tokens.iter().any(|token| token == "and" || token == "then");
    !waits && has_keyword(&tokens) && !tokens.iter().any(|token| OTHER.contains(&token.as_str()))
}

fn subcommand_migrates(word: &str, next: Option<&str>) -> bool {
    if !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.')) {
        return false;
    }
    if word == "migration" || word == "migrations" {
        return next.is_none_or(|next| RUNS.contains(&next));
    }
    let tokens = words::tokens(word);
    has_keyword(&tokens)
        && tokens.iter().all(|token| words::is_keyword(token) || BESIDE.contains(&token.as_str()))
}

fn has_keyword(tokens: &[String]) -> bool {
    tokens.iter().any(|token| words::is_keyword(token))
}

/// Whether the command is a database's client.
pub(super) fn is_database_client(words: &[String]) -> bool {
    program(words).is_some_and(|program| {
        matches!(
            program,
            "psql"
                | "mysql"
                | "mariadb"
                | "sqlcmd"
                | "sqlplus"
                | "cqlsh"
                | "mongo"
                | "mongosh"
                | "clickhouse-client"
                | "createdb"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::select::shell;

    fn own(line: &str) -> Option<String> {
        shell::commands(line).iter().find_map(|words| own_migration(words).map(str::to_owned))
    }

    #[test]
    fn a_program_may_migrate_in_its_own_way() {
        for (line, word) in [
            ("/app/server migrate", "migrate"),
            ("exec ./bin/migrate", "migrate"),
            ("npm run db:migrate", "db:migrate"),
            ("yarn database:migrate:prod", "database:migrate:prod"),
            ("npm run typeorm:migration:run", "typeorm:migration:run"),
            ("make migrate", "migrate"),
            ("node dist/migrate.js", "migrate.js"),
            ("bash /scripts/db-migrate.sh", "db-migrate.sh"),
            ("/scripts/wait-for-deps /scripts/db-migrate", "db-migrate"),
            ("./scripts/wait_for_clickhouse_and_migrate.sh", "wait_for_clickhouse_and_migrate.sh"),
            ("/docker-entrypoint.sh migrate", "migrate"),
            ("python3.12 -m app.migrations.run", "app.migrations.run"),
            ("python litellm/proxy/prisma_migration.py", "prisma_migration.py"),
            ("java -cp app.jar com.acme.DbMigrator", "com.acme.DbMigrator"),
            ("dotnet Acme.DbMigrator.dll", "Acme.DbMigrator.dll"),
            ("api --migrate-only", "--migrate-only"),
            ("photoprism migrations run", "migrations"),
            ("rake shop:migrate_all", "shop:migrate_all"),
        ] {
            assert_eq!(own(line).as_deref(), Some(word), "{line}");
        }
    }

    #[test]
    fn words_beside_it_make_it_another_command() {
        for line in [
            "/app/server migrate status",
            "/app/server migrate down",
            "npm run migration:generate",
            "npm run migrate:status",
            "rake db:migrate:status",
            "bash /scripts/wait-for-migrations.sh",
            "k8s-wait-for job shop-migrate",
            "kubectl wait --for=condition=complete job/shop-migrate",
            "/notify.sh shop-migrate done",
            "psql -f /migrations/migrate.sql",
            "pg_dump -t migrations app",
            "cp -r /migrations /out",
            "ls migrations",
            "server --skip-migrations",
            "server --migrations-dir migrations serve",
            "immigration run",
            "echo migrate",
            "python -c 'import migrate'",
            "migrate() { true; }",
        ] {
            assert_eq!(own(line), None, "{line}");
        }
    }
}
