//! SQL that changes a schema, in the commands of a pod or in a file that a command names.

use crate::plan::pod::Pod;

/// Returns where the first statement stands that changes a schema, in words.
pub(crate) fn changed_by(pod: &Pod<'_>) -> Option<String> {
    pod.containers.iter().find_map(|container| {
        if container.words.iter().any(|word| changes(word)) {
            return Some(container.place.clone());
        }
        let mut files = container.named.iter().map(|at| &pod.files[*at]);
        let file = files.find(|file| changes(&file.content))?;
        Some(format!("file `{}` of {}", file.key, file.source))
    })
}

/// Whether a text holds a statement such as `CREATE TABLE` or `ALTER TABLE`.
fn changes(text: &str) -> bool {
    const VERBS: &[&str] = &["create", "alter"];
    const BETWEEN: &[&str] = &["or", "replace", "unique", "unlogged", "materialized"];
    const OBJECTS: &[&str] = &["table", "index", "schema", "database", "keyspace", "type", "view"];
    let is = |word: &str, words: &[&str]| words.iter().any(|other| word.eq_ignore_ascii_case(other));
    let mut after_verb = false;
    text.split_ascii_whitespace().any(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let found = after_verb && is(word, OBJECTS);
        after_verb = is(word, VERBS) || (after_verb && is(word, BETWEEN));
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::pod;
    use serde_json::json;

    #[test]
    fn sql_that_changes_a_schema_is_noted_where_it_is_read() {
        let sql = json!({"kind": "ConfigMap", "data": {"1.sql": "CREATE TABLE a ();", "2.sql": "SELECT 1"}});
        for (script, place) in [
            ("psql < /sql/1.sql", Some("file `1.sql` of ConfigMap `sql`")),
            ("psql -f /sql/2.sql", None),
            ("psql <<SQL\nalter table a add b int;\nSQL", Some("container `m`")),
            ("psql -c 'CREATE UNIQUE INDEX i ON a (b)'", Some("container `m`")),
            ("psql -c 'CREATE USER shop'; create the table", None),
        ] {
            let spec = json!({
                "volumes": [{"name": "v", "configMap": {"name": "sql"}}],
                "containers": [{"name": "m", "command": ["sh", "-c", script], "volumeMounts": [{"name": "v", "mountPath": "/sql"}]}],
            });
            assert_eq!(changed_by(&pod::read(&spec, |_| vec![&sql])).as_deref(), place, "{script}");
        }
    }
}
