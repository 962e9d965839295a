//! Counter-evidence: Jobs that carry a migration's name, or stand beside one, and are something else.

use crate::plan::migration::{
    tools::{Tool, tool},
    words,
};

/// Words of a name that speak against a migration.
#[derive(Debug)]
pub(crate) struct Counter {
    /// What such a Job is, for the reason.
    pub(crate) what: &'static str,
    /// Tokens that say so where the name's last word stands: behind `migrate`, or in a name without it.
    words: &'static [&'static str],
    /// Verbs that say so in front of `migrate` too: `wait-for-migrations`.
    verbs: &'static [&'static str],
    /// A test: it may run a migration, but is not one.
    pub(crate) test: bool,
}

/// How surely a name says that the Job is something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// The name's own noun: `migrate-notify`.
    Plainly,
    /// A verb in front of the keyword, which may be a service's name: `copy-migrate`.
    Perhaps,
}

#[rustfmt::skip]
const COUNTERS: &[Counter] = &[
    Counter { what: "a test", test: true,
        words: &["test", "tests", "testing", "tester", "e2e", "smoke", "acceptance", "conformance", "benchmark", "loadtest"],
        verbs: &[] },
    Counter { what: "a notification", test: false,
        words: &["notify", "notifier", "notification", "notifications", "announce", "alert", "slack", "mail", "email", "report"],
        verbs: &["notify", "announce"] },
    Counter { what: "a certificate or key generator", test: false,
        words: &["cert", "certs", "certificate", "certificates", "certgen", "tls", "ca", "ssl", "jwks", "keygen", "keys", "key"],
        verbs: &[] },
    Counter { what: "creation of users", test: false,
        words: &["user", "users", "admin", "admins", "superuser", "account", "accounts", "owner", "role", "roles"],
        verbs: &[] },
    Counter { what: "an initialiser of passwords or secrets", test: false,
        words: &["password", "passwords", "passwd", "credential", "credentials", "secret", "secrets", "token", "tokens", "apikey"],
        verbs: &[] },
    Counter { what: "creation of buckets, namespaces or topics", test: false,
        words: &["bucket", "buckets", "s3", "minio", "namespace", "namespaces", "topic", "topics", "queue", "queues"],
        verbs: &[] },
    Counter { what: "a copy of data", test: false,
        words: &["copy", "copier", "clone", "import", "importer", "export", "exporter", "restore", "transfer", "backfill", "rsync"],
        verbs: &["copy", "clone", "backfill"] },
    Counter { what: "a backup", test: false,
        words: &["backup", "backups", "snapshot", "dump"],
        verbs: &["backup", "dump", "snapshot"] },
    Counter { what: "an index of a search", test: false,
        words: &["reindex", "reindexing", "reindexer", "index", "indexer", "indices"],
        verbs: &["reindex"] },
    Counter { what: "a check", test: false,
        words: &["check", "checks", "checker", "checking", "status", "verify", "verifier", "verification", "validate", "validation", "wait", "waiter", "monitor"],
        verbs: &["check", "verify", "validate", "wait", "monitor"] },
    Counter { what: "a clean-up or the way back", test: false,
        words: &["cleanup", "cleaner", "purge", "prune", "delete", "rollback", "revert", "undo"],
        verbs: &["cleanup", "rollback", "revert", "undo"] },
    Counter { what: "a move of stored Kubernetes objects", test: false,
        words: &["crd", "crds", "storageversion"],
        verbs: &["crd", "crds", "storageversion"] },
];

/// Returns what speaks against a migration in a name of these tokens, with the token.
///
/// English puts the noun last: `migrate-notify` notifies, `notification-migrate` migrates.
pub(crate) fn in_name(tokens: &[String]) -> Vec<(&'static Counter, &str, Says)> {
    let keyword = tokens.iter().rposition(|token| words::is_keyword(token));
    let action = tokens.iter().rposition(|token| words::is_action(token));
    COUNTERS
        .iter()
        .filter_map(|counter| {
            // `test-db-init` initialises the database of an environment called test.
            let behind = if counter.test { keyword.max(action) } else { keyword };
            let (before, after) = tokens.split_at(behind.map_or(0, |at| at + 1));
            let found = |tokens: &'_ [String], words: &[&str]| {
                tokens.iter().position(|token| words::is_one_of(token, words))
            };
            found(after, counter.words).map(|at| (counter, after[at].as_str(), Says::Plainly)).or_else(|| {
                found(before, counter.verbs).map(|at| (counter, before[at].as_str(), Says::Perhaps))
            })
        })
        .collect()
}

/// Commands of Jobs that are something else, named by what they do.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[Tool] = &[
    tool("runs tests", "pytest|rspec|jest|vitest|bats|locust|behave", "pytest tests/"),
    tool("runs tests", "cypress|playwright|k6|newman run|test", "k6 run /scripts/load.js"),
    tool("runs tests", "npm|yarn|pnpm|go|cargo|mvn|gradle test", "npm test"),
    tool("sends a message", "curl|wget *hooks.slack.com*|*webhook*|*discord.com/api*|*pagerduty*|*opsgenie*", "curl -X POST https://hooks.slack.com/services/x"),
    tool("sends a message", "sendmail|mail|mailx|swaks|ntfy", "sendmail ops@example.org"),
    tool("makes a certificate or key", "openssl req|genrsa|genpkey|ecparam|rand", "openssl req -x509 -newkey rsa:2048"),
    tool("makes a certificate or key", "kube-webhook-certgen|certgen|cfssl|certstrap|ssh-keygen|keytool", "kube-webhook-certgen create --host=a"),
    tool("creates a user", "* createsuperuser|create_superuser|createuser|create-user|create-admin|create_admin|ensure_superuser", "python manage.py createsuperuser --noinput"),
    tool("creates a user", "airflow users create", "airflow users create --role Admin"),
    tool("creates a user", "createuser", "createuser app"),
    tool("creates a secret", "kubectl|oc create secret", "kubectl create secret generic a"),
    tool("creates a bucket", "mc|s3cmd mb", "mc mb --ignore-existing store/uploads"),
    tool("creates a bucket", "aws s3|s3api mb|create-bucket", "aws s3 mb s3://uploads"),
    tool("creates a bucket", "gsutil mb", "gsutil mb gs://uploads"),
    tool("creates a namespace", "kubectl|oc create namespace|ns", "kubectl create namespace shop"),
    tool("creates a namespace", "temporal|tctl namespace create|register", "temporal operator namespace create default"),
    tool("changes Kubernetes objects", "kubectl|oc apply|patch|replace|scale|label|annotate", "kubectl patch deployment shop -p {}"),
    tool("creates a topic", "kafka-topics|kafka-topics.sh --create", "kafka-topics.sh --create --topic a"),
    tool("copies data", "pg_dump|pg_dumpall|pg_restore|mysqldump|mongodump|mongorestore|pgloader|elasticdump", "pg_dump -Fc app"),
    tool("fills a database with data", "rails|rake|*-rake|artisan|sequelize|sequelize-cli|ace|ace.js db:seed|db:seed:*", "php artisan db:seed --force"),
    tool("fills a database with data", "knex|knex.js|phinx|phinx.php seed:run", "npx knex seed:run"),
    tool("fills a database with data", "prisma db seed", "npx prisma db seed"),
    tool("fills a database with data", "manage.py|manage|django-admin loaddata", "python manage.py loaddata demo.json"),
    tool("copies data", "rsync|rclone|restic|wal-g|pgbackrest", "rclone copy a: b:"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{migration::tools, pod::commands};

    fn says(name: &str) -> Vec<(&'static str, Says)> {
        in_name(&words::tokens(name)).into_iter().map(|(counter, _, says)| (counter.what, says)).collect()
    }

    #[test]
    fn the_last_noun_is_what_the_job_is() {
        assert_eq!(says("shop-migrate-notify"), [("a notification", Says::Plainly)]);
        assert_eq!(says("notification-migrate"), []);
        assert_eq!(says("users-migrations"), []);
        assert_eq!(says("create-user"), [("creation of users", Says::Plainly)]);
        assert_eq!(says("wait-for-migrations"), [("a check", Says::Perhaps)]);
        assert_eq!(says("test-db-init"), []);
        assert_eq!(says("test-migrate"), []);
        assert_eq!(says("migrate-e2e-tests"), [("a test", Says::Plainly)]);
        assert_eq!(says("db-password-init"), [("an initialiser of passwords or secrets", Says::Plainly)]);
    }

    #[test]
    fn every_command_has_an_example_that_it_knows() {
        for row in COMMANDS {
            let found = commands::of_text(row.example)
                .iter()
                .any(|command| tools::find(std::slice::from_ref(row), &command.words).is_some());
            assert!(found, "{}: {}", row.pattern, row.example);
        }
    }

    #[test]
    fn every_row_of_words_can_be_found() {
        for counter in COUNTERS {
            for word in counter.words {
                assert!(
                    says(&format!("shop-{word}")).iter().any(|(what, _)| *what == counter.what),
                    "{word}"
                );
            }
            for word in counter.verbs {
                assert!(
                    says(&format!("{word}-migrations")).iter().any(|(what, _)| *what == counter.what),
                    "{word}"
                );
            }
        }
    }
}
