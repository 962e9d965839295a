//! Environment variables that make a program migrate: `RUN_MIGRATIONS=true`, `ROLE=migrate`.

use crate::plan::{migration::words, pod::Pod};

/// Tokens of a name that make it another setting: `SKIP_MIGRATIONS`, `MIGRATIONS_DIR`.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "skip", "disable", "disabled", "no", "without", "wait", "check", "ignore", "table", "dir", "path", "lock", "allow",
    "fail", "require", "after", "post",
];

/// Tokens that make a name one that runs migrations of the schema: others migrate volumes, settings or machines.
#[rustfmt::skip]
const RUNS: &[&str] = &[
    "run", "auto", "automigrate", "apply", "do", "execute", "perform", "enable", "enabled", "force", "only", "start",
    "startup", "boot",
];

/// Returns the first variable with a literal value that makes a container's program migrate.
pub(crate) fn migrates<'p>(pod: &'p Pod<'_>) -> Option<&'p str> {
    let variables = pod.containers.iter().flat_map(|container| &container.variables);
    variables
        .filter(|variable| variable.literal)
        .find(|variable| says_so(&words::tokens(&variable.name), &variable.value.to_lowercase()))
        .map(|variable| variable.name.as_str())
}

fn says_so(name: &[String], value: &str) -> bool {
    let has = |token: &str| name.iter().any(|other| other == token);
    if name.iter().any(|token| OTHER.contains(&token.as_str())) {
        return false;
    }
    match value {
        "true" | "1" | "yes" | "on" => {
            let migrates = name.iter().any(|token| words::is_keyword(token));
            let of_database = name.len() == 1
                || name.iter().any(|token| words::is_database(token) || RUNS.contains(&token.as_str()));
            (migrates && of_database) || (has("upgrade") && (has("mode") || has("only")))
        }
        // Not a variable that says what the app is called.
        "migrate" | "migration" | "migrations" | "migrator" | "db-migrate" | "db:migrate"
        | "migrate-only" => {
            ["role", "mode", "command", "cmd", "task", "action", "job", "type"].into_iter().any(has)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_may_make_a_program_migrate() {
        for (name, value, says) in [
            ("RUN_MIGRATIONS", "true", true),
            ("AUTO_MIGRATE", "1", true),
            ("MIGRATE", "true", true),
            ("DB_MIGRATION", "true", true),
            ("SHOP_VOLUME_MIGRATION", "true", false),
            ("LIVE_MIGRATION", "true", false),
            ("CONFIG_MIGRATION", "on", false),
            ("CONTAINER_ROLE", "migrate", true),
            ("upgrade.mode", "true", true),
            ("RUN_MIGRATIONS", "false", false),
            ("SKIP_MIGRATIONS", "true", false),
            ("SKIP_POST_DEPLOYMENT_MIGRATIONS", "true", false),
            ("MIGRATIONS_TABLE", "1", false),
            ("APP_NAME", "migrations", false),
            ("UPGRADE", "true", false),
        ] {
            assert_eq!(says_so(&words::tokens(name), value), says, "{name}={value}");
        }
    }
}
