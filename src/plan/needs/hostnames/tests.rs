//! Where a host is expected, and where the same word is something else.

use proptest::prelude::*;

use super::*;
use crate::plan::pod::commands;

/// What is found in a text as data, and in the commands that it is to a shell.
fn found(text: &str, is_known: impl Fn(&str) -> bool + Copy) -> Vec<(String, bool, bool)> {
    let commands = commands::of_text(text);
    let mut texts = vec![Text { content: text.into(), why: "a".into(), command: None, init: false }];
    texts.extend(commands.iter().map(|command| Text {
        content: command.line().into(),
        why: "a".into(),
        command: Some(command),
        init: false,
    }));
    let mentions = texts.iter().flat_map(|text| mentions(text, is_known));
    mentions.map(|mention| (mention.host.to_owned(), mention.expected, mention.awaited)).collect()
}

fn expected(text: &str) -> bool {
    found(text, |label| label == "postgres").iter().any(|(host, expected, _)| *expected && host == "postgres")
}

#[test]
fn where_a_host_is_expected() {
    for text in [
        // Variables and settings.
        "DB_HOST=postgres",
        "PGHOST=postgres",
        "spring.datasource.url=jdbc:postgresql://postgres/app",
        "database.server=postgres",
        "DB_ADDR=postgres:5432",
        "DB_HOSTS=a,postgres",
        "DB_HOSTS=a:5432,b:5432,postgres:5432",
        "host: postgres",
        "  hostname: \"postgres\"",
        "{\"host\": \"postgres\", \"port\": 1}",
        "hosts: [one, postgres]",
        "hosts:\n  - one\n  - postgres\n",
        "'host' => 'postgres',",
        "host = \"postgres\"",
        "host=postgres port=5432 dbname=app",
        "Server=postgres;Database=app;User Id=app",
        "Data Source=postgres,1433;",
        "${DB_HOST:-postgres}",
        // URLs.
        "postgres://postgres:5432/app",
        "postgres://app:secret@postgres/app",
        "postgresql+asyncpg://app:p%40ss@postgres:5432/app?sslmode=disable",
        "mongodb://app:secret@one:27017,postgres:27017/app",
        "app:secret@tcp(postgres:3306)/app",
        "jdbc:oracle:thin:@postgres:1521/XE",
        "jdbc:oracle:thin:app/secret@//postgres:1521/XE",
        "postgres:///app?host=postgres",
        "app:5432@postgres:5432",
        // Commands.
        "psql -h postgres -U app",
        "mysql -hpostgres",
        "migrate --db-host postgres up",
        "migrate --db-host=postgres up",
        "migrate -database.host postgres",
        "[\"--host\", \"postgres\"]",
        "nc -z postgres 5432",
        "until nslookup postgres; do sleep 1; done",
        "wait-for-it.sh postgres -- migrate",
        "dockerize -wait tcp://postgres:5432",
        "timeout 1 bash -c '</dev/tcp/postgres/5432'",
        "connect to postgres:5432.",
        "check postgres 5432",
        "grpc_health_probe -addr=postgres:80",
        "until check postgres; do sleep 1; done",
        "python -c \"socket.create_connection(('postgres', 5432))\"",
        "node -e \"net.connect(5432, 'postgres')\"",
        "until nslookup postgres.$(cat /var/run/namespace).svc; do sleep 1; done",
    ] {
        assert!(expected(text), "{text}");
    }
}

#[test]
fn where_the_same_word_is_something_else() {
    for text in [
        "postgres",
        "DB_TYPE=postgres",
        "DB_CONNECTION=postgres",
        "DB_DRIVER=postgres",
        "DB_SERVER_TYPE=postgres",
        "POSTGRES_USER=postgres",
        "POSTGRES_DB=postgres",
        "adapter: postgres",
        "DATABASE_URL=postgres://db/app",
        "DATABASE_URL=postgres://postgres@db/app",
        "DATABASE_URL=postgres://postgres:postgres@db/postgres",
        "DATABASE_URL=postgres://app:postgres@db:5432/app?user=postgres",
        "postgres://postgres:5432@db/app",
        "postgres:5432@db",
        "image: docker.io/library/postgres:16",
        "postgres:16",
        "registry.example.com/postgres:5432",
        "psql -U postgres -d postgres",
        "createdb postgres",
        "createdb postgres 16",
        "rake postgres db:migrate",
        "my-postgres:5432",
        "DB_HOST=postgres-replica",
        "DB_HOST=my_postgres",
        "DB_HOST=postgres_old",
        "host: postgres.example.com.yaml-ish text",
        "the postgres server",
        "-- postgres",
        "npm install @postgres/client",
        "DB_HOST=postgresé",
    ] {
        assert!(!expected(text), "{text}");
    }
}

#[test]
fn whole_tokens_only() {
    let text = "DB=x postgres.shop.svc. a-postgres postgres-0.postgres";
    let text = Text { content: text.into(), why: "a".into(), command: None, init: false };
    let found = mentions(&text, |label| label == "postgres");
    let hosts: Vec<_> = found.iter().map(|mention| mention.host).collect();
    assert_eq!(hosts, ["postgres.shop.svc", "postgres-0.postgres"]);
}

#[test]
fn what_is_awaited() {
    for (text, awaited) in [
        ("until nc -z postgres 5432; do sleep 2; done", true),
        ("pg_isready -h postgres", true),
        ("exec 3<>/dev/tcp/postgres/5432", true),
        ("WAIT_HOSTS=postgres:5432", true),
        ("psql -h postgres", true),
        ("migrate --url http://postgres/x", true),
        ("echo see http://postgres/x", false),
        ("DB_HOST=postgres start", false),
        ("DB_HOST=postgres", false),
    ] {
        let found = found(text, |label| label == "postgres");
        assert_eq!(found.iter().any(|(_, expected, waits)| *expected && *waits), awaited, "{text}");
        assert!(found.iter().any(|(_, expected, _)| *expected), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_searched(text in "[-a-z:/@=,.$(){}'\" \n\u{e9}h]{0,40}") {
        let text = Text { content: text.into(), why: "a".into(), command: None, init: false };
        for mention in mentions(&text, |_| true) {
            prop_assert!(text.content.contains(mention.host));
        }
    }

    #[test]
    fn a_url_names_its_host_and_nothing_else(
        user in "[a-z0-9]{1,8}", password in "[a-z0-9%:]{0,8}", host in "[a-z][a-z0-9-]{0,8}[a-z0-9]", path in "[a-z0-9]{0,8}"
    ) {
        let text = format!("URL=postgres://{user}:{password}@{host}:5432/{path}");
        let text = Text { content: text.into(), why: "a".into(), command: None, init: false };
        let found = mentions(&text, |_| true);
        let hosts: Vec<_> = found.iter().filter(|mention| mention.expected).map(|mention| mention.host).collect();
        prop_assert_eq!(hosts, [host.as_str()]);
    }
}
