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
    /// It must be there, whatever it runs: a command uses it, or a variable says that the pod waits for it.
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
    let (command, probes, uses) = (text.command.is_some(), text.probes(), text.uses());
    let text = text.content.as_ref();
    let known = |host: &str| host.split('.').take(2).any(&is_known);
    let mention = |(start, token): (usize, &'t str)| {
        // `-hdb` is one word to the shell.
        let (host, glued) =
            token.strip_prefix("-h").map_or((token.trim_start_matches('-'), false), |host| (host, true));
        let end = start + token.len();
        let place = Place { text, start: end - host.len(), end };
        known(host).then(|| Mention {
            host,
            expected: glued
                || place.expects_host()
                || (probes && place.is_bare_word())
                || (command && place.is_beside_port()),
            awaited: uses || place.is_device(),
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

    /// Whether it is a word of its own before or behind a port: `wait_for db 5432`, `connect(('db', 5432))`, `connect(5432, 'db')`.
    fn is_beside_port(self) -> bool {
        let apart = |c: char| !is_token(c) && !matches!(c, '/' | '@' | ':' | '=');
        let quoted = ['"', '\'', ' ', ','];
        let (before, after) = (self.before(), self.after());
        if !before.chars().next_back().is_none_or(apart) || !after.starts_with(quoted) {
            return false;
        }
        let behind = after.trim_start_matches(quoted);
        let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let front = before.trim_end_matches(quoted);
        let start = front.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        is_port(&behind[..end]) && behind[end..].chars().next().is_none_or(apart)
            || front.len() < before.len()
                && is_port(&front[start..])
                && front[..start].chars().next_back().is_none_or(apart)
    }

    /// Whether it is `db:5432`, or `db,1433` as SQL Server writes it.
    fn before_port(self) -> bool {
        let Some(port) = self.after().strip_prefix([':', ',']) else { return false };
        let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
        let (start, end) = self.word();
        let path = self.text[start..self.start].ends_with('/');
        is_port(&port[..digits])
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
            Some(':') => self.after()[1..].starts_with(|c: char| c.is_ascii_digit()),
            // `db.$(cat …/namespace).svc`
            Some('.') => self.after().starts_with(".$"),
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

/// Whether digits are a port on which a server may listen.
fn is_port(digits: &str) -> bool {
    digits.parse().is_ok_and(|port: u32| (LOWEST_PORT..=65535).contains(&port))
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
mod tests;
