use std::collections::BTreeSet;

use crate::plan::{
    migration::tools::*,
    pod::{commands, program},
};

/// Returns the tool that a command line is recognised by.
fn recognised(line: &str) -> Option<&'static Tool> {
    commands::of_text(line).iter().find_map(|command| find(TOOLS, program::running(&command.words)))
}

#[test]
fn every_tool_has_an_example_that_its_own_line_knows() {
    for tool in TOOLS {
        let found = recognised(tool.example).map(|found| (found.name, found.pattern));
        assert_eq!(found, Some((tool.name, tool.pattern)), "{}", tool.example);
    }
}

#[test]
fn no_line_stands_twice() {
    let patterns: BTreeSet<_> = TOOLS.iter().map(|tool| tool.pattern).collect();
    assert_eq!(patterns.len(), TOOLS.len());
}

#[test]
fn wrappers_need_no_mention() {
    for (line, tool) in [
        ("exec timeout 300 bundle exec rake db:migrate", "Active Record"),
        ("until python3 /app/manage.py migrate --noinput; do sleep 1; done", "Django"),
        ("poetry run python -m alembic upgrade head", "Alembic"),
        ("cd /app && pnpm exec prisma migrate deploy || exit 1", "Prisma"),
        ("doppler run -- npx knex migrate:latest", "Knex"),
        ("kubectl exec deploy/web -- rails db:migrate", "Active Record"),
        ("OUT=$(flask db upgrade 2>&1)", "Flask-Migrate"),
        ("rails db:migrate:primary", "Active Record"),
        ("exec /bin/app migrate up", "golang-migrate or alike"),
        ("java -jar /opt/liquibase-4.29.jar update", "Liquibase"),
        ("dotnet-ef database update", "Entity Framework"),
    ] {
        assert_eq!(recognised(line).map(|tool| tool.name), Some(tool), "{line}");
    }
}

#[test]
fn what_only_looks_or_speaks_is_no_migration() {
    for line in [
        "rake db:migrate:status",
        "rake db:migrate:down VERSION=1",
        "rake db:abort_if_pending_migrations",
        "# rake db:migrate",
        "true # alembic upgrade head",
        r#"echo "run rake db:migrate""#,
        "echo run rake db:migrate",
        "if grep -q 'rake db:migrate' log; then true; fi",
        "cat <<EOF\nrake db:migrate\nEOF",
        "curl -d 'rake db:migrate done' https://chat.example",
        "kubectl annotate job rake db:migrate",
        "python manage.py migrate --check",
        "python manage.py migrate --plan",
        "python manage.py showmigrations",
        "python manage.py makemigrations",
        "python mymanage.py migrated",
        "alembic current",
        "alembic upgrade head --sql",
        "prisma migrate status",
        "prisma generate",
        "flyway info",
        "flyway validate",
        "liquibase status",
        "liquibase updateSQL",
        "goose status",
        "atlas migrate lint",
        "atlas migrate apply --dry-run",
        "dbmate wait",
        "migrate -path /m version",
        "migrate create -ext sql users",
        "migrate down 1",
        "npx typeorm migration:revert",
        "php artisan migrate:status",
        "php artisan migrate --pretend",
        "php artisan make:migration create_users",
        "bin/console doctrine:migrations:status",
        "airflow db check-migrations",
        "airflow db check",
        "kong migrations list",
        "superset init",
        "dotnet ef migrations list",
        "sqitch status",
        "immigrate up",
        "pip install alembic flask",
        "which flyway migrate",
    ] {
        assert_eq!(recognised(line).map(|tool| tool.name), None, "{line}");
    }
}

#[test]
fn dry_run_can_be_off() {
    assert!(recognised("atlas migrate apply --dry-run=false").is_some());
    assert!(recognised("atlas migrate apply --dry-run=true").is_none());
}
