//! What a Job runs: the commands of its containers, in shell text inside them, in scripts that the app mounts.

use std::{borrow::Cow, collections::HashSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::plan::{
    app::job::{Container, Job},
    pod::{
        program::{self, base_name},
        shell::{self, Words},
    },
};

/// Shell text inside shell text that is followed.
const MAX_DEPTH: usize = 4;

/// Finds a ConfigMap or Secret of the app by kind, name and namespace.
pub(crate) type Find<'a, 'f> = dyn Fn(&str, &str, Option<&str>) -> Option<&'a Value> + 'f;

/// A simple command and where it stands.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its words.
    pub(crate) words: Words,
    /// The first word is the image's name: the container has no `command`.
    pub(crate) implied: bool,
    /// Such as ``container `migrate` ``.
    pub(crate) place: String,
}

/// What a Job's containers run.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// The commands in order, those of a script before the command that runs it.
    pub(crate) commands: Vec<Command>,
    /// Where the first SQL stands that changes a schema.
    pub(crate) schema: Option<String>,
}

/// Reads what the Job's containers run.
pub(crate) fn read<'a>(job: &Job<'a>, find: &Find<'a, '_>) -> Runs {
    let mut runs = Runs::default();
    for container in job.containers() {
        let reading = Reading::new(job, container, find).read(container);
        runs.commands.extend(reading.commands);
        runs.schema = runs.schema.or(reading.schema);
    }
    runs
}

/// An image's name without registry, tag and digest.
pub(crate) fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    base_name(image).split(':').next().unwrap_or(image)
}

/// A file that a volume puts into the container.
struct File<'a> {
    path: String,
    key: String,
    /// ``ConfigMap `name` ``.
    source: String,
    object: &'a Value,
}

struct Reading<'a> {
    files: Vec<File<'a>>,
    read: HashSet<String>,
    commands: Vec<Command>,
    schema: Option<String>,
}

impl<'a> Reading<'a> {
    fn new(job: &Job<'a>, container: Container<'a>, find: &Find<'a, '_>) -> Self {
        Self { files: files(job, container, find), read: HashSet::new(), commands: Vec::new(), schema: None }
    }

    fn read(mut self, container: Container<'a>) -> Self {
        let mut words: Words = container.words().map(str::to_owned).collect();
        let implied = container.object["command"].as_array().is_none_or(Vec::is_empty);
        if implied {
            words.insert(0, image_name(container.image()).to_owned());
        }
        let place =
            format!("{} `{}`", if container.init { "init container" } else { "container" }, container.name());
        if words.iter().any(|word| changes_schema(word)) {
            self.schema = Some(place.clone());
        }
        if implied {
            self.entrypoint();
        }
        self.add(words, &place, 0);
        if let Some(command) = self.commands.last_mut() {
            command.implied = implied;
        }
        self
    }

    /// Adds the commands of a script that is mounted over the image's entrypoint: a container without `command` runs it.
    fn entrypoint(&mut self) {
        let is_entrypoint = |file: &&File<'_>| base_name(&file.path).contains("entrypoint");
        let Some(path) = self.files.iter().find(is_entrypoint).map(|file| file.path.clone()) else { return };
        for (place, text) in self.scripts(&vec![path]) {
            for inner in shell::commands(&text) {
                self.add(inner, &place, 1);
            }
        }
    }

    /// Adds a command, the shell text among its words and the mounted scripts that it names.
    fn add(&mut self, words: Words, place: &str, depth: usize) {
        let speaks = program::running(&words).is_empty();
        if depth < MAX_DEPTH && !speaks {
            for text in inner_text(&words) {
                for inner in shell::commands(text) {
                    self.add(inner, place, depth + 1);
                }
            }
            for (place, text) in self.scripts(&words) {
                for inner in shell::commands(&text) {
                    self.add(inner, &place, depth + 1);
                }
            }
        }
        self.commands.push(Command { words, implied: false, place: place.to_owned() });
    }

    /// The mounted shell scripts that these words name and that were not read yet; SQL in any file is noted.
    fn scripts(&mut self, words: &Words) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for file in &self.files {
            if words.iter().any(|word| names(word, file))
                && self.read.insert(file.path.clone())
                && let Some(text) = text(file.object, &file.key)
            {
                if self.schema.is_none() && changes_schema(&text) {
                    self.schema = Some(format!("file `{}` of {}", file.key, file.source));
                }
                if is_shell_script(&file.key, &text) {
                    found.push((format!("script `{}` of {}", file.key, file.source), text.into_owned()));
                }
            }
        }
        found
    }
}

/// The words that may be shell text: those with blanks or operators, unless the program reads another language.
fn inner_text(words: &Words) -> impl Iterator<Item = &str> {
    let code = program::reads_code(words);
    words.iter().map(String::as_str).filter(move |word| !code && word.contains([' ', '\n', '\t', ';', '&']))
}

/// Whether a word of a command is the file, by its path, its name where the directory is not known, or a glob.
fn names(word: &str, file: &File<'_>) -> bool {
    if let Some((before, after)) = word.split_once('*') {
        return before.starts_with('/') && file.path.starts_with(before) && file.path.ends_with(after);
    }
    let absolute = word.starts_with('/');
    word == file.path || (!absolute && base_name(word) == base_name(&file.path))
}

/// Whether a text holds a statement such as `CREATE TABLE` or `ALTER TABLE`.
fn changes_schema(text: &str) -> bool {
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

fn is_shell_script(key: &str, text: &str) -> bool {
    if let Some(first) = text.strip_prefix("#!") {
        return first
            .lines()
            .next()
            .is_some_and(|line| line.split([' ', '/']).any(|word| shell::is_shell(word.trim())));
    }
    key.rsplit_once('.').is_none_or(|(_, ending)| matches!(ending, "sh" | "bash" | "ash" | "ksh" | "zsh"))
}

fn files<'a>(job: &Job<'a>, container: Container<'a>, find: &Find<'a, '_>) -> Vec<File<'a>> {
    let mut files = Vec::new();
    for mount in list(&container.object["volumeMounts"]) {
        let (Some(volume), Some(path)) = (mount["name"].as_str(), mount["mountPath"].as_str()) else {
            continue;
        };
        let below = mount["subPath"].as_str().filter(|path| !path.is_empty());
        let volumes = list(&job.pod()["volumes"]).filter(|candidate| candidate["name"] == volume);
        for (kind, name, items) in volumes.flat_map(sources) {
            let Some(object) = find(kind, name, job.namespace()) else { continue };
            for (key, file) in keys(object, items) {
                let path = match below {
                    Some(below) if below == file => path.to_owned(),
                    Some(_) => continue,
                    None => format!("{}/{file}", path.trim_end_matches('/')),
                };
                files.push(File { path, key, source: format!("{kind} `{name}`"), object });
            }
        }
    }
    files
}

/// The ConfigMaps and Secrets of a volume, with their `items`.
fn sources(volume: &Value) -> Vec<(&'static str, &str, &Value)> {
    let mut sources = Vec::new();
    for volume in std::iter::once(volume).chain(list(&volume["projected"]["sources"])) {
        if let Some(name) = volume["configMap"]["name"].as_str() {
            sources.push(("ConfigMap", name, &volume["configMap"]["items"]));
        }
        // A volume says `secretName`, a projected source says `name`.
        let secret = &volume["secret"];
        if let Some(name) = secret["secretName"].as_str().or_else(|| secret["name"].as_str()) {
            sources.push(("Secret", name, &secret["items"]));
        }
    }
    sources
}

/// Each key of the object with the path of its file below the mount.
fn keys(object: &Value, items: &Value) -> Vec<(String, String)> {
    if items.is_array() {
        return list(items)
            .filter_map(|item| Some((item["key"].as_str()?.to_owned(), item["path"].as_str()?.to_owned())))
            .collect();
    }
    let mut keys: Vec<_> = ["data", "stringData", "binaryData"]
        .into_iter()
        .filter_map(|field| object[field].as_object())
        .flat_map(|data| data.keys().map(|key| (key.clone(), key.clone())))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The text of a key: plain in a ConfigMap's `data` and a Secret's `stringData`, base64 elsewhere.
fn text<'a>(object: &'a Value, key: &str) -> Option<Cow<'a, str>> {
    let secret = object["kind"] == "Secret";
    let plain = &object[if secret { "stringData" } else { "data" }][key];
    if let Some(text) = plain.as_str() {
        return Some(Cow::Borrowed(text));
    }
    let encoded = object[if secret { "data" } else { "binaryData" }][key].as_str()?;
    let bytes = STANDARD.decode(encoded.split_ascii_whitespace().collect::<String>()).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ObjectId;
    use serde_json::json;

    fn read(pod: &Value, objects: &[Value]) -> Vec<String> {
        let object = json!({"spec": {"template": {"spec": pod}}});
        let job = Job { id: ObjectId { document: 0, item: None }, object: &object };
        let find = |kind: &str, name: &str, _: Option<&str>| {
            objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        };
        super::read(&job, &find)
            .commands
            .into_iter()
            .map(|command| format!("{}: {}", command.place, command.words.join(" ")))
            .collect()
    }

    #[test]
    fn command_and_args_are_one_command() {
        let pod = json!({
            "initContainers": [{"name": "wait", "image": "busybox", "command": ["sleep", "1"]}],
            "containers": [{"name": "main", "image": "r.example:5000/shop/flyway:10", "args": ["-x", "migrate"]},
                {"name": "second", "image": "a", "command": ["rake"], "args": ["db:migrate"]}],
        });
        assert_eq!(
            read(&pod, &[]),
            [
                "init container `wait`: sleep 1",
                "container `main`: flyway -x migrate",
                "container `second`: rake db:migrate"
            ]
        );
    }

    #[test]
    fn shell_text_is_read_to_its_depth() {
        let script = r#"set -e; su app -c "cd /app && rake db:migrate"; echo "rake db:seed now""#;
        let pod = json!({"containers": [{"name": "a", "command": ["sh", "-c", script]}]});
        let commands = read(&pod, &[]);
        assert!(commands.contains(&"container `a`: rake db:migrate".to_owned()), "{commands:?}");
        assert!(
            !commands
                .iter()
                .any(|command| command.ends_with("rake db:seed now") && !command.contains("echo"))
        );
    }

    #[test]
    fn a_mounted_script_counts_when_it_is_run() {
        let encoded = STANDARD.encode("#!/bin/sh\ngoose up\n");
        let objects = [
            json!({"kind": "ConfigMap", "metadata": {"name": "scripts"}, "data": {"run.sh": "alembic upgrade head", "other.sh": "rake db:migrate"}}),
            json!({"kind": "Secret", "metadata": {"name": "hidden"}, "data": {"up": encoded}}),
        ];
        let pod = json!({
            "volumes": [
                {"name": "s", "configMap": {"name": "scripts"}},
                {"name": "p", "projected": {"sources": [{"secret": {"name": "hidden", "items": [{"key": "up", "path": "bin/up.sh"}]}}]}},
            ],
            "containers": [{
                "name": "a",
                "command": ["sh", "-c", ". /scripts/run.sh && exec /p/bin/up.sh"],
                "volumeMounts": [{"name": "s", "mountPath": "/scripts"}, {"name": "p", "mountPath": "/p/"}],
            }],
        });
        let commands = read(&pod, &objects);
        assert!(
            commands.contains(&"script `run.sh` of ConfigMap `scripts`: alembic upgrade head".to_owned()),
            "{commands:?}"
        );
        assert!(commands.contains(&"script `up` of Secret `hidden`: goose up".to_owned()), "{commands:?}");
        assert!(!commands.iter().any(|command| command.contains("rake")), "{commands:?}");
    }

    #[test]
    fn sql_that_changes_a_schema_is_noted_where_it_is_read() {
        let objects = [
            json!({"kind": "ConfigMap", "metadata": {"name": "sql"}, "data": {"1.sql": "CREATE TABLE a ();", "2.sql": "SELECT 1"}}),
        ];
        for (script, place) in [
            ("psql < /sql/1.sql", Some("file `1.sql` of ConfigMap `sql`")),
            ("psql -f /sql/2.sql", None),
            ("psql <<SQL\nalter table a add b int;\nSQL", Some("container `m`")),
            ("psql -c 'CREATE UNIQUE INDEX i ON a (b)'", Some("container `m`")),
            ("psql -c 'CREATE USER shop'; create the table", None),
        ] {
            let object = json!({"spec": {"template": {"spec": {
                "volumes": [{"name": "v", "configMap": {"name": "sql"}}],
                "containers": [{"name": "m", "command": ["sh", "-c", script], "volumeMounts": [{"name": "v", "mountPath": "/sql"}]}],
            }}}});
            let job = Job { id: ObjectId { document: 0, item: None }, object: &object };
            let runs = super::read(&job, &|_, _, _| Some(&objects[0]));
            assert_eq!(runs.schema.as_deref(), place, "{script}");
        }
    }

    #[test]
    fn a_sub_path_mounts_one_key() {
        let objects = [
            json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "goose up", "b": "dbmate up"}}),
        ];
        let pod = json!({
            "volumes": [{"name": "v", "configMap": {"name": "c"}}],
            "containers": [{"name": "m", "command": ["/run"], "volumeMounts": [{"name": "v", "mountPath": "/run", "subPath": "a"}]}],
        });
        assert_eq!(read(&pod, &objects), ["script `a` of ConfigMap `c`: goose up", "container `m`: /run"]);
    }

    #[test]
    fn code_of_other_languages_is_no_shell_text() {
        let objects = [json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a.py": "goose up"}})];
        let pod = json!({
            "volumes": [{"name": "v", "configMap": {"name": "c"}}],
            "containers": [
                {"name": "m", "command": ["python", "/s/a.py"], "volumeMounts": [{"name": "v", "mountPath": "/s"}]},
                {"name": "n", "command": ["node", "-e", "console.log('goose up')"]},
            ],
        });
        assert_eq!(read(&pod, &objects).len(), 2);
        assert_eq!(image_name("registry.example:5000/flyway/flyway@sha256:0"), "flyway");
    }
}
