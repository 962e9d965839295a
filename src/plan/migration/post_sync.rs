//! Migrations that are meant to run when the workloads of the new release are up.
//!
//! Moving one of these before the workloads is the most harmful mistake there is, so any of these signs suffices; a plain
//! `post-install,post-upgrade` is none: Helm's charts use it for ordinary schema migrations.

use crate::plan::{
    app::{
        hooks::{self, Author, HookType, Role},
        job::Job,
    },
    migration::{
        tools::{self, Tool, tool},
        words,
    },
    pod::{Pod, commands::Command, program},
};

/// Tokens that say "after" right before the keyword, behind it, or in a name without one: `background-migrations`, but not
/// `background-worker-migrate`.
#[rustfmt::skip]
const AFTER: &[&str] = &[
    "finish", "finisher", "finalize", "finalise", "finalizer", "nonblocking", "nonblk", "background", "deferred",
    "async", "postdeploy", "postmigrate", "postupgrade", "postdeployment", "reindex", "reindexing",
    "reindexer", "indexer", "backfill", "cleanup",
];

/// What follows `post` or `after` where the pair says so: `post-migrate`, `after-deploy`; a service may be called `post`.
#[rustfmt::skip]
const MOMENTS: &[&str] = &[
    "migrate", "migration", "migrations", "deploy", "deployment", "upgrade", "update", "install", "sync",
    "rollout", "release", "start", "hook",
];

/// Pairs of tokens that say "after".
#[rustfmt::skip]
const PAIRS: &[(&str, &str)] = &[
    ("non", "blocking"), ("re", "index"), ("search", "index"), ("data", "copy"), ("copy", "data"),
    ("back", "fill"), ("clean", "up"), ("storage", "version"),
];

#[rustfmt::skip]
const COMMANDS: &[Tool] = &[
    tool("`kong migrations finish`", "kong migrations finish", "kong migrations finish"),
    tool("a re-index", "rails|rake|*-rake *:reindex|*:reindex:*|reindex|chewy:reset|chewy:upgrade|chewy:sync|searchkick:reindex:*|elasticsearch:*", "bundle exec rake search:reindex"),
    tool("a re-index", "manage.py|manage rebuild_index|update_index|search_index", "python manage.py rebuild_index --noinput"),
    tool("a re-index", "tootctl search", "bin/tootctl search deploy"),
    tool("a re-index", "artisan scout:import|scout:sync-index-settings", "php artisan scout:import App"),
    tool("online migrations", "*-manage online_data_migrations", "nova-manage db online_data_migrations"),
    tool("`pgroll complete`", "pgroll complete", "pgroll complete"),
    tool("DataHub's non-blocking update", "datahub-upgrade|datahub-upgrade.sh SystemUpdateNonBlocking", "datahub-upgrade -u SystemUpdateNonBlocking"),
    tool("SigNoz's asynchronous migrations", "signoz-schema-migrator async", "signoz-schema-migrator async --dsn=a"),
];

/// Returns why the Job is meant to run after the workloads, or `None` when it is an ordinary migration.
pub(crate) fn runs_after_workloads(job: &Job<'_>, pod: &Pod<'_>) -> Option<String> {
    by_hook(job).or_else(|| by_name(job)).or_else(|| by_command(pod)).or_else(|| moves_data(job, pod))
}

/// Helm's hook alone: a hook of Argo CD stays in its phase anyway.
fn by_hook(job: &Job<'_>) -> Option<String> {
    if !matches!(hooks::role(job.object), (Role::Hook(_), Author::Helm)) {
        return None;
    }
    let entries = hooks::entries(job.object, hooks::HELM_HOOK);
    let runs = |name| entries.contains(&name);
    (runs("post-upgrade") && !["pre-install", "pre-upgrade", "post-install"].into_iter().any(runs))
        .then(|| "a Helm hook that runs after upgrades only".to_owned())
}

fn by_name(job: &Job<'_>) -> Option<String> {
    let name = words::tokens(super::name(job));
    let component = job.labels().and_then(|labels| labels.get("app.kubernetes.io/component")?.as_str());
    let component = words::tokens(component.unwrap_or_default());
    says_after(&name).map(|says| format!("the name says `{says}`")).or_else(|| {
        says_after(&component).map(|says| format!("label `app.kubernetes.io/component` says `{says}`"))
    })
}

fn says_after(tokens: &[String]) -> Option<String> {
    let keyword = tokens.iter().rposition(|token| words::is_keyword(token));
    let near = &tokens[keyword.map_or(0, |at| at.saturating_sub(1))..];
    if let Some(token) = near.iter().find(|token| words::is_one_of(token, AFTER)) {
        return Some(token.clone());
    }
    for pair in tokens.windows(2) {
        let (first, second) = (pair[0].as_str(), pair[1].as_str());
        if matches!(first, "post" | "after") && words::is_one_of(second, MOMENTS)
            || PAIRS.contains(&(first, second))
        {
            return Some(format!("{first}-{second}"));
        }
    }
    // `shop-migrate-post`, also in front of a generated suffix.
    let post = tokens.iter().rposition(|token| token == "post")?;
    (post == keyword? + 1).then(|| "post".to_owned())
}

/// Returns a command that belongs after the workloads, in a Job that runs no other migration.
fn by_command(pod: &Pod<'_>) -> Option<String> {
    let mut reason = None;
    for command in pod.commands() {
        if let Some(tool) = tools::find(COMMANDS, program::running(&command.words)) {
            reason.get_or_insert_with(|| format!("{} runs {}", command.origin.place, tool.name));
        } else if is_known_migration(command) {
            return None;
        }
    }
    reason
}

fn is_known_migration(command: &Command) -> bool {
    tools::find(tools::TOOLS, program::running(&command.words)).is_some()
}

/// Returns a migration of data by its name, unless a tool for schemas runs or the author put it before the workloads.
fn moves_data(job: &Job<'_>, pod: &Pod<'_>) -> Option<String> {
    let name = words::tokens(super::name(job));
    let keyword = name.iter().rposition(|token| words::is_keyword(token))?;
    let data = name.iter().rposition(|token| token == "data")?;
    let author_says_before = match hooks::role(job.object) {
        (Role::Hook(types), _) => types.iter().any(|kind| matches!(kind, HookType::PreSync | HookType::Sync)),
        _ => false,
    };
    if data + 1 < keyword || author_says_before {
        return None;
    }
    let schema = pod.commands().any(is_known_migration);
    (!schema).then(|| "the name says that it migrates data".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{manifest::ObjectId, plan::pod};
    use serde_json::{Value, json};

    fn after(metadata: &Value, command: &[&str]) -> Option<String> {
        let object = json!({"metadata": metadata,
            "spec": {"template": {"spec": {"containers": [{"name": "m", "command": command}]}}}});
        let job = Job { id: ObjectId { document: 0, item: None }, object: &object };
        runs_after_workloads(&job, &pod::read(job.pod(), |_| Vec::new()))
    }

    #[test]
    fn names_that_say_after() {
        for name in [
            "shop-post-migrate",
            "shop-migrate-post",
            "shop-migrate-post-7f3c2",
            "shop-post-deploy-migrations-12",
            "kong-finish-migrations",
            "shop-migrate-non-blocking",
            "search-reindex",
            "search-re-index",
            "shop-data-copy",
            "shop-backfill",
        ] {
            assert!(after(&json!({"name": name}), &[]).is_some(), "{name}");
        }
        for name in [
            "post-service-migrate",
            "shop-migrate",
            "posts-migrations",
            "shop-pre-migrate",
            "copy-editor-migrate",
            "index-api-migrate",
        ] {
            assert_eq!(after(&json!({"name": name}), &[]), None, "{name}");
        }
    }

    #[test]
    fn hooks_that_say_after() {
        for (key, hook, says) in [
            (hooks::HELM_HOOK, "post-upgrade", true),
            (hooks::HELM_HOOK, "post-upgrade, post-rollback", true),
            (hooks::HELM_HOOK, "post-install,post-upgrade", false),
            (hooks::HELM_HOOK, "pre-upgrade,post-upgrade", false),
            (hooks::HELM_HOOK, "post-install", false),
        ] {
            let reason = after(&json!({"name": "shop-migrate", "annotations": {key: hook}}), &[]);
            assert_eq!(reason.is_some(), says, "{key}: {hook}");
        }
    }

    #[test]
    fn a_migration_of_data_comes_after_the_schema_is_up() {
        let plain = |name: &str, command: &[&str]| after(&json!({"name": name}), command).is_some();
        assert!(plain("shop-migrate-analytics-data-1", &["manage.py", "migrate_analytics"]));
        assert!(plain("shop-data-migration", &["/app/data-migration"]));
        assert!(!plain("shop-data-migration", &["alembic", "upgrade", "head"]));
        assert!(!plain("data-service-migrate", &["/app/migrate"]));
        let before = json!({"name": "shop-data-migration", "annotations": {hooks::HELM_HOOK: "pre-upgrade"}});
        assert_eq!(after(&before, &["/app/data-migration"]), None);
    }

    #[test]
    fn a_command_says_after_where_no_migration_runs_beside_it() {
        for row in COMMANDS {
            let commands = pod::commands::of_text(row.example);
            let found = commands.iter().any(|command| tools::find(COMMANDS, &command.words).is_some());
            assert!(found, "{}", row.example);
        }
        assert!(after(&json!({"name": "shop-migrate"}), &["rake", "search:reindex"]).is_some());
        assert_eq!(
            after(
                &json!({"name": "shop-migrate"}),
                &["sh", "-c", "kong migrations up && kong migrations finish"]
            ),
            None
        );
    }
}
