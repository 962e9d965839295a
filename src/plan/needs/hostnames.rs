//! Host names in a text: whole tokens, and what stands around them.
//!
//! A name such as `postgres` is also a scheme, a user, a database, a driver: a bare word is a host only where a host
//! is expected.

use crate::plan::needs::texts::Text;

/// A token that may be a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mention<'t> {
    pub(crate) host: &'t str,
    /// What stands around it expects a host.
    pub(crate) expected: bool,
    /// It stands in a command that waits until something answers.
    pub(crate) awaited: bool,
}

/// Parts of names, in lower case and without separators, whose value is a host or contains one.
const HOST_NAMES: [&str; 10] =
    ["addr", "contactpoint", "datasource", "dsn", "endpoint", "host", "jdbc", "server", "uri", "url"];

/// Endings of names that say something else about the host: `DB_SERVER_TYPE`.
const OTHER_NAMES: [&str; 10] =
    ["dialect", "driver", "engine", "method", "password", "protocol", "scheme", "type", "user", "version"];

/// No database listens on a lower port; an image's tag such as `postgres:16` is lower.
const LOWEST_PORT: u32 = 1000;

/// The hosts of the text of which `is_known` takes one of the first two labels.
pub(crate) fn mentions<'t>(text: &'t Text<'_>, is_known: impl Fn(&str) -> bool) -> Vec<Mention<'t>> {
    let (probes, waits, text) = (text.probes(), text.waits(), text.content.as_ref());
    let known = |host: &str| host.split('.').take(2).any(&is_known);
    let mention = |(start, token): (usize, &'t str)| {
        // `-hdb` is one word to the shell.
        let (host, glued) =
            token.strip_prefix("-h").map_or((token.trim_start_matches('-'), false), |host| (host, true));
        let end = start + token.len();
        let place = Place { text, start: end - host.len(), end };
        known(host).then(|| Mention {
            host,
            expected: glued || place.expects_host() || (probes && place.is_bare_word()),
            awaited: waits || place.is_device(),
        })
    };
    tokens(text).filter_map(mention).collect()
}

/// Whether the text contains the name of an object as a whole token.
pub(crate) fn has_name(text: &str, name: &str) -> bool {
    text.contains(name) && tokens(text).any(|(_, token)| token.trim_start_matches('-') == name)
}

/// Returns the runs of characters that names consist of, each with its place, without a sentence's end.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_token)?;
        let end = text[start..].find(|c| !is_token(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some((start, text[start..end].trim_end_matches(['.', '-'])))
    })
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') || !c.is_ascii()
}

/// A token's place in its text.
#[derive(Clone, Copy)]
struct Place<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Place<'t> {
    fn expects_host(self) -> bool {
        if self.after().starts_with("://") {
            return false;
        }
        self.in_authority().unwrap_or_else(|| {
            self.after_credentials()
                || self.before_port()
                || self.is_device()
                || self.assigned()
                || self.after_flag()
        })
    }

    /// Whether it is `/dev/tcp/db/5432`, as Bash connects to a host.
    fn is_device(self) -> bool {
        self.before().ends_with("/dev/tcp/")
    }

    fn before(self) -> &'t str {
        &self.text[..self.start]
    }

    fn after(self) -> &'t str {
        &self.text[self.end..]
    }

    /// Returns where the word around the token starts and ends.
    fn word(self) -> (usize, usize) {
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '|');
        let start = self.before().rfind(ends).map_or(0, |at| at + 1);
        let end = self.after().find(ends).map_or(self.text.len(), |at| self.end + at);
        (start, end)
    }

    /// Whether it is a host of a URL's authority; none outside one.
    fn in_authority(self) -> Option<bool> {
        let (start, end) = self.word();
        let start = start + self.text[start..self.start].rfind("://")? + "://".len();
        let length = self.text[start..end].find(['/', '?', '#']).unwrap_or(end - start);
        if self.start >= start + length {
            return None;
        }
        // What stands before the last `@` is the user and the password.
        if self.text[self.end..start + length].contains('@') {
            return Some(false);
        }
        let before = &self.text[start..self.start];
        let before = before.rfind('@').map_or(before, |at| &before[at + 1..]);
        Some(before.is_empty() || before.ends_with([',', '(']))
    }

    /// Whether it is `user:password@db`, `user:password@tcp(db:3306)` or `jdbc:oracle:thin:@//db`.
    fn after_credentials(self) -> bool {
        let (start, _) = self.word();
        let before = &self.text[start..self.start];
        let before = ["tcp(", "(", "//"].iter().find_map(|way| before.strip_suffix(way)).unwrap_or(before);
        before.strip_suffix('@').is_some_and(|credentials| !credentials.is_empty())
    }

    /// Whether it is `db:5432`, or `db,1433` as SQL Server writes it.
    fn before_port(self) -> bool {
        let Some(port) = self.after().strip_prefix([':', ',']) else { return false };
        let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
        let (start, end) = self.word();
        let is_port = port[..digits].parse().is_ok_and(|port: u32| (LOWEST_PORT..=65535).contains(&port));
        let path = self.text[start..self.start].ends_with('/');
        is_port
            && !path
            && !port[digits..].trim_start_matches(['.', '-']).starts_with(is_token)
            && !self.text[self.end..end].contains('@')
    }

    /// Whether it is the value, or one of a list of values, of a name that says host: `DB_HOST=db`, `host: "db"`,
    /// `${HOST:-db}`.
    fn assigned(self) -> bool {
        if !self.ends_value() {
            return false;
        }
        let mut rest = self.before().trim_end_matches(OPENING);
        while let Some(list) = rest.strip_suffix(',') {
            rest = before_element(list).trim_end_matches(OPENING);
        }
        let rest = before_items(rest);
        let operators = [":-", "=>", ":=", "=", ":"];
        let Some(name) = operators.iter().find_map(|operator| rest.strip_suffix(operator)) else {
            return false;
        };
        let name = name.trim_end_matches([' ', '"', '\'', ']']);
        let start = name.rfind(|c| !is_token(c)).map_or(0, |at| at + 1);
        says_host(&name[start..]) || name.to_ascii_lowercase().ends_with("data source")
    }

    /// Whether what follows may follow a host: the end of the value, a port, a path.
    fn ends_value(self) -> bool {
        match self.after().chars().next() {
            None | Some('"' | '\'' | '`' | ',' | ';' | ')' | ']' | '}' | '/' | '\\' | '&') => true,
            Some(':') => self.before_port(),
            Some(c) => c.is_whitespace(),
        }
    }

    /// Whether it is `-h db` or `--db-host db`, also as items of a list.
    fn after_flag(self) -> bool {
        let before = self.before().trim_end_matches(['"', '\'']);
        let flag = before.trim_end().trim_end_matches([',', '"', '\'']);
        let start = flag.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).map_or(0, |at| at + 1);
        let flag = &flag[start..];
        before.ends_with(char::is_whitespace)
            && flag.starts_with('-')
            && (matches!(flag, "-h" | "-H" | "-S") || says_host(flag))
    }

    /// Whether only spaces and quotes are around it, or a port follows.
    fn is_bare_word(self) -> bool {
        let apart = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
        self.before().chars().next_back().is_none_or(apart) && self.ends_value()
    }
}

/// What may stand between a name's operator and its value.
const OPENING: [char; 6] = [' ', '\t', '"', '\'', '[', '('];

/// Returns the text before the list element that it ends with; an element may have a port.
fn before_element(text: &str) -> &str {
    let text = text.trim_end_matches(['"', '\'']);
    let rest = text.trim_end_matches(is_token);
    let port = !rest.is_empty() && text[rest.len()..].bytes().all(|byte| byte.is_ascii_digit());
    rest.strip_suffix(':').filter(|_| port).map_or(rest, |rest| rest.trim_end_matches(is_token))
}

/// Returns the text before the items of a YAML list, where it ends in the dash of one.
fn before_items(text: &str) -> &str {
    let Some(mut above) = text.strip_suffix('-').map(|above| above.trim_end_matches([' ', '\t'])) else {
        return text;
    };
    if !above.ends_with('\n') {
        return text;
    }
    loop {
        above = above.trim_end();
        let line = above.rfind('\n').map_or(0, |at| at + 1);
        if !above[line..].trim_start().starts_with('-') {
            return above;
        }
        above = &above[..line];
    }
}

/// Whether a variable, field or flag of this name holds a host.
fn says_host(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    HOST_NAMES.iter().any(|part| name.contains(part)) && !OTHER_NAMES.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
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
        found(text, |label| label == "postgres")
            .iter()
            .any(|(host, expected, _)| *expected && host == "postgres")
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
            ("psql -h postgres", false),
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
}
