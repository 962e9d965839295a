//! How a program that is in no table migrates: by a name or a subcommand that says so.

use crate::plan::{
    migration::{tools::only_looks, words},
    pod::program::{self, base_name},
};

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

/// Subcommands that change a schema when they follow `db` or `database`: `app db --url $URL upgrade`.
const DATABASE_COMMANDS: &[&str] = &["upgrade", "update", "prepare", "sync", "apply", "setup", "init"];

/// Tokens that change a schema where a name joins them with a database.
const JOINED: &[&str] = &["apply", "upgrade", "init", "initdb", "dbinit", "dbupgrade", "sync", "update"];

/// Tokens that make a database ready, beside one that names it: `db-init.sh`, `db-sync.py`.
const PREPARES: &[&str] = &["sync", "create", "load"];

/// Tokens that make `db-init-user` another program.
#[rustfmt::skip]
const PREPARES_OTHERS: &[&str] = &[
    "user", "users", "admin", "role", "roles", "password", "passwords", "secret", "secrets", "cert", "certs", "bucket",
    "ready", "wait",
];

/// Returns the word with which a command migrates: `/app/server migrate`, `./run-migrations.sh`, `npm run db:migrate`,
/// `node dist/migrate.js`, `api --migrate-only`.
///
/// `implied`: the first word is an image's name, which says nothing of what its program does; the second is its subcommand.
pub(crate) fn migration(words: &[String], implied: bool) -> Option<String> {
    let words = program::running(words);
    let other = words.iter().skip(1).any(|word| only_looks(word) || OTHER.contains(&word.as_str()));
    if other || program::reads_code(words) {
        return None;
    }
    let named = words.iter().enumerate().skip(usize::from(implied)).find_map(|(at, word)| {
        let migrates = if let Some(option) = word.strip_prefix('-') {
            is_option(option)
        } else if is_program(words, at) || (implied && at == 1) {
            program_migrates(base_name(word))
        } else {
            subcommand_migrates(word, words.get(at + 1).map(String::as_str))
        };
        migrates.then(|| base_name(word).to_owned())
    });
    named.or_else(|| joined(words, implied)).or_else(|| database_command(words))
}

/// Returns a program or subcommand whose name joins a database with its upgrade (`init_and_upgrade_db`, `db-sync.sh`),
/// or whose name says database and whose subcommand upgrades it (`manage_db.sh upgrade`).
fn joined(words: &[String], implied: bool) -> Option<String> {
    let programs =
        (usize::from(implied)..words.len()).filter(|at| is_program(words, *at) || (implied && *at == 1));
    programs.map(|at| (base_name(&words[at]), words.get(at + 1))).find_map(|(name, next)| {
        let tokens = words::tokens(name);
        let has = |wanted: &[&str]| tokens.iter().any(|token| wanted.contains(&token.as_str()));
        if tokens.len() < 2
            || !tokens.iter().any(|token| words::is_database(token))
            || has(PREPARES_OTHERS)
            || has(OTHER)
        {
            return None;
        }
        let next = next.filter(|next| DATABASE_COMMANDS.contains(&next.as_str()));
        match next {
            Some(next) => Some(format!("{name} {next}")),
            None => has(JOINED).then(|| name.to_owned()),
        }
    })
}

fn database_command(words: &[String]) -> Option<String> {
    let at = words.iter().skip(1).position(|word| word == "db" || word == "database")? + 1;
    let command = words[at..].iter().find(|word| DATABASE_COMMANDS.contains(&word.as_str()))?;
    Some(format!("{} {command}", words[at]))
}

/// Returns the program or script of a command whose name says that it makes a database ready.
pub(crate) fn preparation(words: &[String], implied: bool) -> Option<&str> {
    let words = program::running(words);
    let programs = (usize::from(implied)..words.len()).filter(|at| is_program(words, *at));
    programs.map(|at| base_name(&words[at])).find(|name| prepares_database(&words::tokens(name)))
}

/// Whether the name of a Job, program or script says that it makes a database ready: `setup-database`, `db-init`.
pub(crate) fn prepares_database(name: &[String]) -> bool {
    let has = |wanted: &[&str]| name.iter().any(|token| wanted.contains(&token.as_str()));
    name.iter().any(|token| words::is_database(token))
        && (name.iter().any(|token| words::is_action(token)) || has(PREPARES))
        && !has(PREPARES_OTHERS)
        && !has(OTHER)
}

fn is_option(option: &str) -> bool {
    let option = option.strip_prefix('-').unwrap_or(option);
    OPTIONS.contains(&option.strip_suffix("=true").unwrap_or(option))
}

/// Whether the word names a program: the first one, one after a launcher, a script's file, a class of Java's.
fn is_program(words: &[String], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| base_name(&words[before])) else { return true };
    let word = words[at].as_str();
    let class = word.rsplit_once('.').is_some_and(|(_, name)| name.starts_with(char::is_uppercase));
    LAUNCHERS.contains(&before)
        || before.starts_with("python")
        || class
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::pod::commands;

    fn own(line: &str) -> Option<String> {
        commands::of_text(line).iter().find_map(|command| migration(&command.words, false))
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
            ("store-manager db --url postgres://db upgrade --yes", "db upgrade"),
            ("/opt/shop/manage_db.sh upgrade", "manage_db.sh upgrade"),
            ("./init_and_upgrade_db", "init_and_upgrade_db"),
            ("python scripts/update_schema.py", "update_schema.py"),
            ("python apply_schema.py", "apply_schema.py"),
        ] {
            assert_eq!(own(line).as_deref(), Some(word), "{line}");
        }
    }

    #[test]
    fn an_image_says_nothing_of_its_program_but_its_subcommand_does() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        assert_eq!(migration(&words("order-migrations serve"), true), None);
        assert_eq!(
            migration(&words("order settings-migration-job"), true),
            Some("settings-migration-job".to_owned())
        );
        assert_eq!(migration(&words("order serve settings-migration-job"), true), None);
    }

    #[test]
    fn a_script_may_prepare_a_database() {
        for (line, name) in [
            ("/tmp/db-init.py", Some("db-init.py")),
            ("bash /scripts/init_database.sh", Some("init_database.sh")),
            ("/tmp/db-sync.sh --all", Some("db-sync.sh")),
            ("/scripts/init-db-user.sh", None),
            ("/scripts/db-ready.sh", None),
            ("/scripts/init.sh db", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(preparation(&words, false), name, "{line}");
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
            "store-manager db check",
            "/opt/shop/manage_db.sh backup",
            "/scripts/init-db-user.sh",
            "db upgrade",
            "python -c 'import migrate'",
            "migrate() { true; }",
        ] {
            assert_eq!(own(line), None, "{line}");
        }
    }
}
