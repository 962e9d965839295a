//! The commands of pods: containers, texts inside texts, scripts of the app.

use serde_json::{Value, json};

use crate::plan::pod::{self, program};

/// Returns the commands of a pod, each after the place that it stands in.
fn read(spec: &Value, objects: &[Value]) -> Vec<String> {
    let pod = pod::read(spec, |reference| {
        let named = objects.iter().filter(|object| object["metadata"]["name"] == reference.name);
        named.filter(|object| object["kind"] == reference.kind).collect()
    });
    pod.commands().map(|command| format!("{}: {}", command.origin.place, command.words.join(" "))).collect()
}

/// Returns the commands of a container that runs a shell's text, and has all data of a ConfigMap under `/s`.
fn run(text: &str, data: &Value) -> Vec<String> {
    let scripts = json!({"kind": "ConfigMap", "metadata": {"name": "s"}, "data": data});
    let spec = json!({
        "volumes": [{"name": "v", "configMap": {"name": "s"}}],
        "containers": [{"name": "m", "command": ["sh", "-c", text], "volumeMounts": [{"name": "v", "mountPath": "/s"}]}],
    });
    read(&spec, &[scripts]).into_iter().filter_map(|line| Some(line.split_once(": ")?.1.to_owned())).collect()
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
    let commands = run(script, &json!({}));
    assert!(commands.contains(&"rake db:migrate".to_owned()), "{commands:?}");
    assert!(!commands.contains(&"rake db:seed now".to_owned()), "{commands:?}");
}

#[test]
fn a_mounted_script_counts_when_it_is_run() {
    let encoded = "IyEvYmluL3NoCmdvb3NlIHVwCg==";
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
fn how_a_script_may_be_run() {
    let data = json!({"up.sh": "goose up", "env": "export KIND=goose", "note.txt": "goose down", "up.py": "goose down"});
    for (text, runs) in [
        ("/s/up.sh", true),
        ("cd /s; ./up.sh", true),
        ("sh \"$DIR/up.sh\"", true),
        ("for f in /s/*.sh; do sh $f; done", true),
        ("run-parts /s", true),
        ("cp /s/up.sh /tmp/up.sh && chmod +x /tmp/up.sh && /tmp/up.sh", true),
        ("sh -c 'exec /s/up.sh'", true),
        (". /s/env; $KIND up", true),
        ("F=/s/up.sh; eval \"sh $F\"", true),
        ("up() { /s/up.sh; }; up", true),
        ("cat /s/up.sh", false),
        ("echo /s/up.sh", false),
        ("sh /other/up.sh", false),
        ("up() { /s/up.sh; }; down", false),
        ("cat /s/note.txt", false),
        ("python /s/up.py", false),
    ] {
        assert_eq!(run(text, &data).contains(&"goose up".to_owned()), runs, "{text}");
    }
}

#[test]
fn a_function_runs_where_it_is_called() {
    for (text, runs) in [
        ("up() { goose up; }; up", true),
        ("up() { goose up; }; all() { up; }; all", true),
        ("up() { goose up; }; retry 3 up", true),
        ("up() { goose up; }; trap up EXIT", true),
        ("up() { goose up; }; all() { up; }", false),
        ("up() { goose up; }; echo 'up it goes'", false),
        (". /s/lib.sh; up", true),
        (". /s/lib.sh", false),
        ("retry() { until \"$@\"; do sleep 1; done; }; retry goose up", true),
    ] {
        let data = json!({"lib.sh": "up() {\n  goose up\n}\n"});
        assert_eq!(run(text, &data).contains(&"goose up".to_owned()), runs, "{text}");
    }
}

#[test]
fn the_environment_may_hold_a_script() {
    let config = json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"TASK": "rake db:migrate"}});
    let secret = json!({"kind": "Secret", "metadata": {"name": "k"}, "stringData": {"key": "hidden"}});
    let container = |command: Value| {
        json!({"containers": [{
            "name": "m", "command": command, "envFrom": [{"configMapRef": {"name": "c"}}],
            "env": [{"name": "SCRIPT", "value": "set -e\ngoose up\n$(TASK)"}, {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "k", "key": "key"}}}],
        }]})
    };
    for (command, expected) in [
        (json!(["sh", "-c", "$(SCRIPT)"]), "goose up"),
        (json!(["sh", "-c", "$(SCRIPT)"]), "rake db:migrate"),
        (json!(["sh", "-c", "eval \"$SCRIPT\""]), "goose up"),
        (json!(["sh", "-c", "bundle exec $TASK"]), "bundle exec rake db:migrate"),
        (json!(["app", "$(TASK)", "$$(TASK)"]), "app rake db:migrate $(TASK)"),
    ] {
        let found = read(&container(command.clone()), std::slice::from_ref(&config));
        assert!(found.contains(&format!("container `m`: {expected}")), "{command}: {found:?}");
    }
    let spec = container(json!(["sh", "-c", "curl -u $KEY http://a; goose up"]));
    let pod =
        pod::read(&spec, |reference| if reference.kind == "Secret" { vec![&secret] } else { Vec::new() });
    let private: Vec<_> =
        pod.commands().map(|command| (command.words[0].as_str(), command.private)).collect();
    assert_eq!(private, [("curl", true), ("goose", false), ("sh", false)]);
}

#[test]
fn what_an_image_runs_without_a_command() {
    let objects = [json!({"kind": "ConfigMap", "metadata": {"name": "c"},
        "data": {"docker-entrypoint.sh": "dbmate up", "other.sh": "goose up"}})];
    let spec = |keys: &[&str], args: &[&str]| {
        let items: Vec<_> = keys.iter().map(|key| json!({"key": key, "path": key})).collect();
        json!({
            "volumes": [{"name": "v", "configMap": {"name": "c", "items": items}}],
            "containers": [{"name": "m", "image": "app", "args": args, "volumeMounts": [{"name": "v", "mountPath": "/s"}]}],
        })
    };
    for (keys, args, program) in [
        (&["docker-entrypoint.sh", "other.sh"][..], &["serve"][..], "dbmate"),
        (&["other.sh"], &[], "goose"),
        (&["other.sh"], &["serve"], "app"),
    ] {
        let spec = spec(keys, args);
        let pod = pod::read(&spec, |_| vec![&objects[0]]);
        let first = pod.commands().next().unwrap();
        assert_eq!(program::base_name(&first.words[0]), program, "{keys:?} {args:?}");
    }
}

#[test]
fn a_script_may_be_written_first() {
    for (text, runs) in [
        ("cat > /tmp/up.sh <<'EOF'\ngoose up\nEOF\nsh /tmp/up.sh", true),
        ("cat <<EOF >/tmp/up.sh\ngoose $1\nEOF\nchmod +x /tmp/up.sh\n/tmp/up.sh", false),
        ("cat > /tmp/up.sh <<'EOF'\ngoose up\nEOF\nsh /tmp/down.sh", false),
    ] {
        assert_eq!(run(text, &json!({})).contains(&"goose up".to_owned()), runs, "{text}");
    }
}

#[test]
fn a_script_reads_its_arguments() {
    let data =
        json!({"run.sh": "case $1 in\nup) exec goose \"$@\";;\nesac\n", "entrypoint.sh": "exec app \"$@\""});
    assert!(run("/s/run.sh up", &data).contains(&"exec goose up".to_owned()));
    let scripts = json!({"kind": "ConfigMap", "metadata": {"name": "s"}, "data": data});
    let mounts = json!([{"name": "v", "mountPath": "/entrypoint.sh", "subPath": "entrypoint.sh"}]);
    for container in [
        json!({"name": "m", "image": "a", "args": ["db", "migrate"], "volumeMounts": mounts}),
        json!({"name": "m", "command": ["/entrypoint.sh"], "args": ["db", "migrate"], "volumeMounts": mounts}),
    ] {
        let spec = json!({"volumes": [{"name": "v", "configMap": {"name": "s"}}], "containers": [container]});
        let found = read(&spec, std::slice::from_ref(&scripts));
        assert_eq!(found[0], "script `entrypoint.sh` of ConfigMap `s`: exec app db migrate");
    }
}

/// A reading whose time grows with the square of its input would not end here.
#[test]
fn large_texts_are_read() {
    const N: usize = 50_000;
    let functions: Vec<_> = (0..N / 10).map(|at| format!("f{at}() {{ f{}; }}\n", at + 1)).collect();
    let assigned: Vec<_> = (0..N / 10).map(|at| format!("A=$A{at}$B; B=x{at}\n")).collect();
    for text in [
        "word ".repeat(N),
        "'two words' ".repeat(N),
        "x".repeat(N),
        "$(".repeat(N),
        "`".repeat(N),
        "${A:-".repeat(N),
        "$(a ".repeat(20) + &"b ".repeat(N),
        "(".repeat(N),
        "while ".repeat(N),
        "{ a; ".repeat(N),
        "for a in b; do c; ".repeat(N / 10),
        "cat <<E\n".repeat(N / 10),
        "if a; then b; fi; ".repeat(N / 10),
        format!("A={}; {}", "x".repeat(1000), "echo $A; ".repeat(N)),
        "sh /s/up.sh a; ".repeat(N / 10),
        "cp /s/*.sh /tmp; ".repeat(N / 10),
        functions.concat() + "f0",
        assigned.concat(),
    ] {
        let files: serde_json::Map<_, _> =
            (0..100).map(|at| (format!("{at}.sh"), json!("goose up"))).collect();
        let start: String = text.chars().take(20).collect();
        assert!(!run(&text, &Value::Object(files)).is_empty(), "{start}");
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
}

#[test]
fn a_script_that_runs_itself_ends() {
    let data = json!({"a.sh": "sh /s/a.sh; sh /s/b.sh", "b.sh": "sh /s/a.sh\ngoose up"});
    assert!(run("/s/a.sh", &data).contains(&"goose up".to_owned()));
}
