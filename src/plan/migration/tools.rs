//! Migration tools, known by the commands that change a schema.
//!
//! A pattern's words stand in the command in this order; others may stand between them. `|` separates alternatives, `*` is
//! any text. The first word is compared with a program's name without its directory, wherever it stands: wrappers
//! (`bundle exec`, `npx`, `timeout 60`, an entrypoint) need no mention. An image without `command` is its own program, so
//! `flyway/flyway` with the argument `migrate` is found too.
//!
//! To teach presync a tool, add one line, with an example that the tests try.

use crate::plan::pod::program::base_name;

/// A command that is known, by the tool it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// As people call it.
    pub(crate) name: &'static str,
    /// The pattern of its command.
    pub(crate) pattern: &'static str,
    /// A command line as Jobs have it.
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests try it, readers learn from it"))]
    pub(crate) example: &'static str,
}

/// Returns a row of a table.
pub(crate) const fn tool(name: &'static str, pattern: &'static str, example: &'static str) -> Tool {
    Tool { name, pattern, example }
}

/// Options with which a tool only looks.
const LOOKS: &[&str] = &["check", "plan", "dry-run", "dryrun", "pretend", "help", "list", "status", "sql"];

/// Ends of Rake-like tasks (`db:migrate:status`) that are not what the task's beginning says.
const OTHER_TASKS: &[&str] =
    &["status", "down", "rollback", "redo", "reset", "generate", "create", "make", "list"];

/// Returns the first tool of `table` whose command these words are.
pub(crate) fn find(table: &'static [Tool], words: &[String]) -> Option<&'static Tool> {
    if words.iter().any(|word| only_looks(word)) {
        return None;
    }
    let programs: Vec<&str> = words.iter().map(|word| base_name(word)).collect();
    table.iter().find(|tool| matches(tool.pattern, &programs, words))
}

/// Whether an option makes a command one that only looks.
pub(crate) fn only_looks(word: &str) -> bool {
    let Some(option) = word.strip_prefix('-') else { return false };
    let option = option.strip_prefix('-').unwrap_or(option);
    option.strip_suffix("=true").map_or_else(|| LOOKS.contains(&option), |option| LOOKS.contains(&option))
}

/// Whether the words, whose base names are `programs`, are a command of this pattern.
fn matches(pattern: &str, programs: &[&str], words: &[String]) -> bool {
    let (program, wanted) = pattern.split_once(' ').unwrap_or((pattern, ""));
    // The first place of the program suffices: behind a later one stands less.
    let Some(at) = programs.iter().position(|name| any(program, name)) else { return false };
    let mut rest = words[at + 1..].iter();
    wanted.split_terminator(' ').all(|alternatives| rest.any(|word| any(alternatives, word)))
}

fn any(alternatives: &str, word: &str) -> bool {
    alternatives.split('|').any(|pattern| glob(pattern, word))
}

/// `*` stands for any text, but `task:*` not for a task's counterpart.
fn glob(pattern: &str, word: &str) -> bool {
    // Nearly all patterns differ from a word in the first letter.
    let begins = |text: &str| text.bytes().next();
    if begins(pattern).is_some_and(|first| first != b'*' && begins(word).is_some_and(|other| other != first))
    {
        return false;
    }
    let Some((before, after)) = pattern.split_once('*') else { return pattern == word };
    let Some(rest) = word.strip_prefix(before) else { return false };
    if before.ends_with(':') && OTHER_TASKS.contains(&rest) {
        return false;
    }
    if after.is_empty() {
        return true;
    }
    (0..=rest.len()).any(|at| rest.is_char_boundary(at) && glob(after, &rest[at..]))
}

#[rustfmt::skip]
pub(crate) const TOOLS: &[Tool] = &[
    // Ruby
    tool("Active Record", "rails|rake|*-rake db:migrate|db:migrate:*|db:prepare|db:setup|db:create|db:schema:load|db:structure:load", "cd /app && bundle exec rake db:migrate"),
    tool("data_migrate", "rails|rake data:migrate|data:migrate:*", "bin/rails data:migrate"),
    tool("Hanami", "hanami db migrate|prepare", "bundle exec hanami db migrate"),
    tool("Sequel", "sequel -m|-M", "sequel -m /app/migrations $DATABASE_URL"),
    // Python
    tool("Django", "manage.py|manage|django|django-admin|*-manager|awx-manage migrate|migrate_schemas", "python manage.py migrate --noinput"),
    tool("Alembic", "alembic|alembic.config upgrade", "alembic -c /app/alembic.ini upgrade head"),
    tool("Flask-Migrate", "flask db upgrade", "FLASK_APP=app flask db upgrade"),
    tool("Aerich", "aerich upgrade", "aerich upgrade"),
    tool("Piccolo", "piccolo migrations forwards", "piccolo migrations forwards all"),
    tool("yoyo", "yoyo|yoyo-migrate apply|develop", "yoyo apply --batch --database $DATABASE_URL /migrations"),
    tool("pyway", "pyway migrate", "pyway migrate"),
    tool("Masonite", "craft migrate", "python craft migrate"),
    // JavaScript and TypeScript
    tool("Prisma", "prisma migrate deploy", "./node_modules/.bin/prisma migrate deploy"),
    tool("Prisma", "prisma db push|execute", "npx prisma db push --skip-generate"),
    tool("Sequelize", "sequelize|sequelize-cli db:migrate", "npx sequelize-cli db:migrate --env production"),
    tool("TypeORM", "typeorm|typeorm-* migration:run|schema:sync", "npx typeorm migration:run -d dist/data-source.js"),
    tool("TypeORM", "cli.js migration:run", "node ./node_modules/typeorm/cli.js migration:run"),
    tool("Knex", "knex|knex.js migrate:latest|migrate:up", "yarn knex migrate:latest"),
    tool("Kysely", "kysely migrate:latest|migrate:up|migrate", "npx kysely migrate:latest"),
    tool("node-pg-migrate", "node-pg-migrate up", "npx node-pg-migrate up"),
    tool("db-migrate", "db-migrate up", "node_modules/.bin/db-migrate up --config database.json"),
    tool("Drizzle", "drizzle-kit|drizzle-kit:* migrate|push|push:*", "npx drizzle-kit migrate"),
    tool("MikroORM", "mikro-orm|mikro-orm-esm migration:up|schema:update", "npx mikro-orm migration:up"),
    tool("migrate-mongo", "migrate-mongo up", "npx migrate-mongo up"),
    tool("Graphile Migrate", "graphile-migrate migrate", "graphile-migrate migrate"),
    tool("AdonisJS", "ace|ace.js migration:run", "node ace migration:run --force"),
    tool("Redwood", "rw|redwood data-migrate up", "yarn rw data-migrate up"),
    tool("Payload", "payload migrate", "npx payload migrate"),
    tool("Medusa", "medusa db:migrate|db:setup", "npx medusa db:migrate"),
    tool("Directus", "directus|cli.js bootstrap|migrate:latest", "node cli.js bootstrap"),
    tool("Wrangler", "wrangler migrations apply", "npx wrangler d1 migrations apply DB --remote"),
    // PHP
    tool("Laravel", "artisan migrate|migrate:*|tenants:migrate", "php artisan migrate --force"),
    tool("Doctrine", "console|doctrine|doctrine-migrations* doctrine:migrations:migrate|migrations:migrate|d:m:m|doctrine:schema:update", "php bin/console doctrine:migrations:migrate --no-interaction"),
    tool("Phinx", "phinx|phinx.php migrate", "vendor/bin/phinx migrate -e production"),
    tool("Yii", "yii migrate|migrate/up", "php yii migrate --interactive=0"),
    tool("CakePHP", "cake|cake.php migrations migrate", "bin/cake migrations migrate"),
    tool("CodeIgniter", "spark migrate", "php spark migrate --all"),
    tool("Propel", "propel migrate|migration:migrate|migration:up", "vendor/bin/propel migrate"),
    tool("Drush", "drush updatedb|updb|deploy", "vendor/bin/drush updatedb -y"),
    tool("Magento", "magento setup:upgrade|setup:db-schema:upgrade", "bin/magento setup:upgrade --keep-generated"),
    tool("Shopware", "console database:migrate|system:setup|system:update:finish", "bin/console database:migrate --all"),
    tool("TYPO3", "typo3|typo3cms database:updateschema|upgrade:run|extension:setup", "vendor/bin/typo3 database:updateschema"),
    tool("Craft CMS", "craft up|migrate/all", "php craft up --interactive=0"),
    tool("Nextcloud", "occ upgrade", "php occ upgrade"),
    tool("WordPress", "wp update-db", "wp core update-db --network"),
    tool("Moodle", "upgrade.php --non-interactive", "php admin/cli/upgrade.php --non-interactive"),
    tool("MediaWiki", "update.php --quick", "php maintenance/update.php --quick"),
    tool("Matomo", "console core:update", "php console core:update --yes"),
    // JVM
    tool("Flyway", "flyway|flyway-* migrate", "flyway -url=jdbc:postgresql://db/app -connectRetries=60 migrate"),
    tool("Flyway", "java *org.flywaydb.commandline.Main migrate", "java -cp '/flyway/lib/*' org.flywaydb.commandline.Main migrate"),
    tool("Flyway", "mvn|mvnw|gradle|gradlew|sbt flyway:migrate|flywayMigrate", "./gradlew flywayMigrate"),
    tool("Liquibase", "liquibase|liquibase* update|update-*|updateTo*|updateCount|migrate", "java -jar liquibase.jar --changeLogFile=db/changelog.xml update"),
    tool("Liquibase", "mvn|mvnw|gradle|gradlew liquibase:update|update", "./mvnw liquibase:update"),
    tool("Dropwizard", "*.jar db migrate", "java -jar /app/service.jar db migrate /app/config.yml"),
    tool("Grails", "grails|grailsw dbm-update", "grails dbm-update"),
    tool("Migratus", "lein|clj|clojure|clojure-* migratus|migratus/migrate", "lein migratus migrate"),
    tool("Hive schematool", "schematool -initSchema|-upgradeSchema|-initOrUpgradeSchema", "/opt/hive/bin/schematool -dbType postgres -initOrUpgradeSchema"),
    tool("Neo4j-Migrations", "neo4j-migrations apply|migrate", "neo4j-migrations --location file:///m apply"),
    tool("Cassandra schema tools", "cassandra-migration|cassandra-migrate|cqlmigrate|pillar migrate", "cassandra-migrate -H db migrate"),
    // Go
    tool("goose", "goose up|up-by-one|up-to", "goose -dir /migrations postgres \"$DSN\" up"),
    tool("dbmate", "dbmate up|migrate", "dbmate --wait up"),
    tool("Atlas", "atlas migrate apply", "atlas migrate apply --url $URL --dir file://migrations"),
    tool("Atlas", "atlas schema apply", "atlas schema apply --auto-approve -u $URL"),
    tool("tern", "tern migrate", "tern migrate --migrations /migrations"),
    tool("sql-migrate", "sql-migrate up", "sql-migrate up -config=dbconfig.yml -env=production"),
    tool("Soda", "soda|buffalo migrate", "soda migrate up"),
    tool("shmig", "shmig up|migrate", "shmig -t postgresql -d app up"),
    tool("Rambler", "rambler apply", "rambler apply --all"),
    tool("pgroll", "pgroll start|migrate|complete", "pgroll migrate /migrations --complete"),
    tool("Skeema", "skeema push", "skeema push production"),
    tool("SchemaHero", "schemahero|kubectl-schemahero apply", "schemahero apply --ddl /out/ddl.sql"),
    tool("Bytebase", "bytebase-action|bb|bytebase rollout|migrate", "bytebase-action rollout --url=$URL --file-pattern=migrations/*.sql"),
    // Rust
    tool("SQLx", "sqlx|cargo-sqlx migrate run", "sqlx migrate run --source /migrations"),
    tool("SQLx", "sqlx|cargo-sqlx database setup|create", "sqlx database setup"),
    tool("Diesel", "diesel migration run", "diesel migration run --locked-schema"),
    tool("Diesel", "diesel database setup", "diesel database setup"),
    tool("SeaORM", "sea-orm-cli migrate", "sea-orm-cli migrate up"),
    tool("Refinery", "refinery migrate", "refinery migrate -e DATABASE_URL -p /migrations"),
    tool("Reshape", "reshape migrate|migration", "reshape migrate --complete"),
    // Elixir
    tool("Ecto", "mix ecto.migrate|ecto.setup|ecto.create|ash.migrate|ash.setup|ash_postgres.migrate", "MIX_ENV=prod mix ecto.migrate"),
    tool("Elixir release", "* eval|rpc *.migrate|*.migrate()|*.migrate(*|*.Migrat*", "/app/bin/shop eval Shop.Release.migrate"),
    // .NET
    tool("Entity Framework", "dotnet|dotnet-ef database update", "dotnet ef database update --no-build"),
    tool("Entity Framework", "efbundle|efbundle.exe", "./efbundle --connection \"$CONNECTION\""),
    tool("FluentMigrator", "fm|dotnet-fm migrate", "dotnet fm migrate -p postgres -a App.Migrations.dll"),
    tool("Evolve", "evolve migrate", "evolve migrate postgresql -c $CONNECTION -l /sql"),
    tool("grate", "grate|rh|roundhouse --connectionstring*|-c|--connectionstring|--database*", "grate --connectionstring=$CONNECTION --files=/sql"),
    tool("SqlPackage", "sqlpackage /Action:Publish|/a:Publish", "sqlpackage /Action:Publish /SourceFile:app.dacpac"),
    // Any language
    tool("Sqitch", "sqitch deploy", "sqitch deploy --verify db:pg:app"),
    tool("sqldef", "psqldef|mysqldef|mssqldef|sqlite3def", "psqldef app --apply --file=schema.sql"),
    tool("pgmigrate", "pgmigrate migrate", "pgmigrate -t latest migrate"),
    tool("pg-schema-diff", "pg-schema-diff apply", "pg-schema-diff apply --schema-dir /schema"),
    tool("gh-ost", "gh-ost --execute", "gh-ost --alter='ADD COLUMN a INT' --execute"),
    tool("pt-online-schema-change", "pt-online-schema-change --execute", "pt-online-schema-change --alter 'ADD COLUMN a INT' --execute D=app,t=a"),
    tool("clickhouse-migrations", "clickhouse-migrations migrate", "npx clickhouse-migrations migrate"),
    tool("Gel", "gel|edgedb migrate", "edgedb migrate --dev-mode"),
    tool("Hasura", "hasura migrate apply", "hasura migrate apply --all-databases"),
    tool("Hasura", "hasura deploy", "hasura deploy"),
    tool("Supabase", "supabase db push", "supabase db push --include-all"),
    tool("Supabase", "supabase migration up", "supabase migration up"),
    // Applications that bring their own command
    tool("Airflow", "airflow db migrate|upgrade|init", "airflow db migrate"),
    tool("Airflow", "airflow upgradedb|initdb", "airflow upgradedb || airflow initdb"),
    tool("Superset", "superset db upgrade", "superset db upgrade && superset init"),
    tool("Sentry", "sentry upgrade", "sentry upgrade --noinput"),
    tool("Snuba", "snuba migrations migrate|run", "snuba migrations migrate --force"),
    tool("Snuba", "snuba bootstrap", "snuba bootstrap --force"),
    tool("Dagster", "dagster instance migrate", "dagster instance migrate"),
    tool("Prefect", "prefect database upgrade", "prefect server database upgrade -y"),
    tool("MLflow", "mlflow db upgrade", "mlflow db upgrade $URI"),
    tool("JupyterHub", "jupyterhub upgrade-db", "jupyterhub upgrade-db"),
    tool("Indico", "indico db upgrade|prepare", "indico db upgrade"),
    tool("CKAN", "ckan db init|upgrade", "ckan -c /etc/ckan.ini db upgrade"),
    tool("Odoo", "odoo|odoo-bin -u|--update", "odoo -u all --stop-after-init"),
    tool("OpenStack", "*-manage db_sync", "keystone-manage db_sync"),
    tool("OpenStack", "*-manage db|api_db sync|version_sync", "nova-manage api_db sync"),
    tool("OpenStack", "*-db-manage|*-dbsync upgrade", "neutron-db-manage upgrade heads"),
    tool("Kong", "kong migrations bootstrap|up|finish", "kong migrations bootstrap"),
    tool("Temporal", "temporal-sql-tool|temporal-cassandra-tool|temporal-elasticsearch-tool setup-schema|update-schema|setup|update|create-database|create-keyspace|create", "temporal-sql-tool update-schema -d ./schema"),
    tool("Cadence", "cadence-sql-tool|cadence-cassandra-tool setup-schema|update-schema|create", "cadence-sql-tool update-schema -d ./schema"),
    tool("Zitadel", "zitadel init|setup", "/app/zitadel setup --masterkeyFromEnv"),
    tool("Fleet", "fleet prepare db", "/usr/bin/fleet prepare db --no-prompt"),
    tool("Ory", "hydra|kratos|keto migrate sql|up|apply", "kratos migrate sql -e --yes"),
    tool("OpenFGA", "openfga migrate", "/openfga migrate"),
    tool("SpiceDB", "spicedb migrate", "spicedb datastore migrate head"),
    tool("Authelia", "authelia storage migrate", "authelia storage migrate up"),
    tool("Boundary", "boundary database init|migrate", "boundary database migrate -config /boundary/config.hcl"),
    tool("Mattermost", "mattermost db migrate", "mattermost db migrate"),
    tool("SigNoz", "signoz-schema-migrator|signoz-otel-collector sync|async|migrate", "signoz-schema-migrator sync --dsn=tcp://db:9000"),
    tool("DataHub", "datahub-upgrade|datahub-upgrade.sh -u|--upgrade", "datahub-upgrade.sh -u SystemUpdate"),
    tool("OpenMetadata", "openmetadata-ops.sh migrate", "./bootstrap/openmetadata-ops.sh migrate"),
    tool("Jaeger", "jaeger-cassandra-schema", "jaeger-cassandra-schema"),
    tool("OpenProject", "bash|sh */docker/prod/seeder", "bash /app/docker/prod/seeder"),
    tool("DefectDojo", "entrypoint-initializer.sh", "/entrypoint-initializer.sh"),
    tool("Chatwoot", "rails|rake db:chatwoot_prepare", "bundle exec rails db:chatwoot_prepare"),
    // Last, because other tools have a `migrate up` too
    tool("golang-migrate or alike", "migrate|golang-migrate up|goto", "migrate -path /migrations -database $DATABASE_URL up"),
];

#[cfg(test)]
mod tests;
