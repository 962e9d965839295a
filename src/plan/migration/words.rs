//! Names, labels and programs as tokens: a keyword counts as a whole token, never inside another word.

/// Tokens that say "migration" by themselves.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "migrate", "migrates", "migrating", "migration", "migrations", "migrator", "dbmigrate", "dbmigration",
    "dbmigrations", "dbmigrator", "automigrate", "premigrate", "postmigrate", "flyway", "liquibase",
    "alembic", "dbmate", "sqitch", "schemahero",
];

/// Tokens that say "database".
#[rustfmt::skip]
const DATABASE: &[&str] = &[
    "db", "dbs", "database", "databases", "schema", "schemas", "sql", "postgres", "postgresql", "mysql",
    "mariadb", "clickhouse", "cassandra", "mongodb", "dbinit", "initdb", "dbsetup", "createdb", "dbupgrade",
];

/// Tokens that say "make it ready".
#[rustfmt::skip]
const ACTIONS: &[&str] = &[
    "init", "initialize", "initialise", "initializer", "initialiser", "initialization", "setup", "prepare",
    "bootstrap", "bootstrapper", "upgrade", "upgrader", "update", "dbinit",
    "initdb", "dbsetup", "createdb", "dbupgrade",
];

/// Returns the tokens of a text in lower case: runs of letters and digits, split where a capital follows a small
/// letter.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut small = false;
    for c in without_placeholders(text).chars() {
        if !c.is_alphanumeric() || (small && c.is_uppercase()) {
            tokens.extend((!token.is_empty()).then(|| std::mem::take(&mut token)));
        }
        small = c.is_lowercase();
        if c.is_alphanumeric() {
            token.extend(c.to_lowercase());
        }
    }
    tokens.extend((!token.is_empty()).then_some(token));
    tokens
}

/// Returns the text without the placeholders of argocd-vault-plugin, such as `<path:secret/data/shop#tag>`: their words
/// say nothing of what they stand for.
fn without_placeholders(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (_, after))) =
        rest.split_once('<').and_then(|(before, tail)| Some((before, tail.split_once('>')?)))
    {
        kept.extend([before, " "]);
        rest = after;
    }
    kept + rest
}

/// Whether a token says "migration".
pub(crate) fn is_keyword(token: &str) -> bool {
    is_one_of(token, KEYWORDS)
}

/// Whether a token says "database".
pub(crate) fn is_database(token: &str) -> bool {
    is_one_of(token, DATABASE)
}

/// Whether a token says "make it ready".
pub(crate) fn is_action(token: &str) -> bool {
    is_one_of(token, ACTIONS)
}

/// Whether the token is one of the words, a number behind it aside (`migrate2`).
pub(crate) fn is_one_of(token: &str, words: &[&str]) -> bool {
    words.contains(&token) || words.contains(&token.trim_end_matches(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_whole_word() {
        assert_eq!(tokens("immigration-api_v2.DbMigrator"), ["immigration", "api", "v2", "db", "migrator"]);
        assert_eq!(tokens("--x--"), ["x"]);
        assert!(tokens("").is_empty());
        assert_eq!(tokens("shop-migrate-<path:secret/data/shop#tag>-<a>x"), ["shop", "migrate", "x"]);
        assert_eq!(tokens("a<b"), ["a", "b"]);
        for (name, keyword) in [
            ("immigration-setup", false),
            ("emigrations", false),
            ("migrated", false),
            ("order-migration-7f3c2", true),
            ("migrate2", true),
            ("OrderMigrations", true),
        ] {
            assert_eq!(tokens(name).iter().any(|token| is_keyword(token)), keyword, "{name}");
        }
    }
}
