//! Counter-evidence: Jobs that carry a migration's name, or stand beside one, and are something else.

use crate::plan::migration::{
    tools::{Tool, tool},
    words,
};

/// Tokens that say "a test": it may run a migration, but is not one.
const TESTS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "tester",
    "e2e",
    "smoke",
    "acceptance",
    "conformance",
    "benchmark",
    "loadtest",
];

/// Tokens that say something else where the name's last word stands: behind `migrate`, or in a name without it.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    // notifies
    "notify", "notifier", "notification", "notifications", "announce", "alert", "slack", "mail", "email", "report",
    // makes certificates, keys, accounts, passwords
    "cert", "certs", "certificate", "certificates", "certgen", "tls", "ca", "ssl", "jwks", "keygen", "keys", "key",
    "user", "users", "admin", "admins", "superuser", "account", "accounts", "owner", "role", "roles",
    "password", "passwords", "passwd", "credential", "credentials", "secret", "secrets", "token", "tokens", "apikey",
    // makes buckets, namespaces, topics
    "bucket", "buckets", "s3", "minio", "namespace", "namespaces", "topic", "topics", "queue", "queues",
    // copies, saves, indexes
    "copy", "copier", "clone", "import", "importer", "export", "exporter", "restore", "transfer", "backfill", "rsync",
    "backup", "backups", "snapshot", "dump", "reindex", "reindexing", "reindexer", "index", "indexer", "indices",
    // looks, waits, cleans up, goes back
    "check", "checks", "checker", "checking", "status", "verify", "verifier", "verification", "validate", "validation",
    "wait", "waiter", "monitor", "cleanup", "cleaner", "purge", "prune", "delete", "rollback", "revert", "undo",
    // moves stored Kubernetes objects
    "crd", "crds", "storageversion",
];

/// Verbs that say so in front of `migrate` too: `wait-for-migrations`.
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "notify", "announce", "copy", "clone", "backfill", "backup", "dump", "snapshot", "reindex", "check", "verify",
    "validate", "wait", "monitor", "cleanup", "rollback", "revert", "undo", "crd", "crds", "storageversion",
];

/// Returns the token that says that a Job of this name is a test.
pub(crate) fn test(name: &[String]) -> Option<&str> {
    // `test-db-init` initialises the database of an environment called test.
    let last = name.iter().rposition(|token| words::is_keyword(token) || words::is_action(token));
    find(&name[last.map_or(0, |at| at + 1)..], TESTS)
}

/// Returns the token that says that a Job of this name is something else than a migration.
///
/// English puts the noun last: `migrate-notify` notifies, `notification-migrate` migrates.
pub(crate) fn other(name: &[String]) -> Option<&str> {
    let keyword = name.iter().rposition(|token| words::is_keyword(token));
    let (before, after) = name.split_at(keyword.map_or(0, |at| at + 1));
    find(after, OTHERS).or_else(|| find(before, VERBS))
}

fn find<'n>(tokens: &'n [String], words: &[&str]) -> Option<&'n str> {
    tokens.iter().find(|token| words::is_one_of(token, words)).map(String::as_str)
}

/// Commands that fill a database with data. They would do so again at every sync.
#[rustfmt::skip]
pub(crate) const SEEDS: &[Tool] = &[
    tool("a seed", "rails|rake|*-rake|artisan|sequelize|sequelize-cli|ace|ace.js db:seed|db:seed:*", "php artisan db:seed --force"),
    tool("a seed", "knex|knex.js|phinx|phinx.php seed:run", "npx knex seed:run"),
    tool("a seed", "prisma db seed", "npx prisma db seed"),
    tool("a seed", "manage.py|manage|django-admin loaddata", "python manage.py loaddata demo.json"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{migration::tools, pod::commands};

    #[test]
    fn the_last_noun_is_what_the_job_is() {
        for (name, says) in [
            ("shop-migrate-notify", Some("notify")),
            ("notification-migrate", None),
            ("users-migrations", None),
            ("create-user", Some("user")),
            ("wait-for-migrations", Some("wait")),
            ("db-password-init", Some("password")),
        ] {
            assert_eq!(other(&words::tokens(name)), says, "{name}");
        }
        for (name, says) in [
            ("test-db-init", None),
            ("test-migrate", None),
            ("migrate-e2e-tests", Some("e2e")),
            ("api-tests", Some("tests")),
        ] {
            assert_eq!(test(&words::tokens(name)), says, "{name}");
        }
    }

    #[test]
    fn every_seed_has_an_example_that_it_knows() {
        for row in SEEDS {
            let found = commands::of_text(row.example)
                .iter()
                .any(|command| tools::find(std::slice::from_ref(row), &command.words).is_some());
            assert!(found, "{}: {}", row.pattern, row.example);
        }
    }
}
