//! The ways beside Argo CD's plugin, as `docs/integrations.md` and `examples/integrations` show them, with real tools.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use assert_cmd::cargo::cargo_bin;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

/// A folder with `presync` and other programs, to stand first in PATH.
struct Programs(TempDir);

impl Programs {
    /// `helm` or `kustomize` under the name that users know, beside `presync`.
    fn with(tools: &[(&str, &str)]) -> Option<Self> {
        let programs = Self(TempDir::new().unwrap());
        symlink(cargo_bin("presync"), programs.path("presync")).unwrap();
        for (tool, name) in tools {
            symlink(common::tool(tool)?, programs.path(name)).unwrap();
        }
        Some(programs)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a program in a directory, with this folder first in PATH and Helm's folders in it.
    fn run(&self, dir: &Path, program: &str, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.0.path().display(), env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(dir).env("PATH", path);
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, self.path(name));
        }
        command.output().unwrap()
    }

    fn stdout(&self, dir: &Path, program: &str, arguments: &[&str]) -> String {
        let output = self.run(dir, program, arguments);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn objects(text: &str) -> Vec<Value> {
    text.split("---\n")
        .map(|document| serde_yaml::from_str(document).unwrap())
        .filter(|object: &Value| !object.is_null())
        .collect()
}

fn one<'v>(objects: &'v [Value], kind: &str, name: &str) -> &'v Value {
    let is = |object: &&Value| {
        object["kind"] == kind && object["metadata"]["name"].as_str().is_some_and(|it| it.starts_with(name))
    };
    objects.iter().find(is).unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The Job is a hook, and the trigger stands beside it.
#[track_caller]
fn assert_rewritten(text: &str) {
    let objects = objects(text);
    let job = one(&objects, "Job", "catalog-migration");
    assert_eq!(job["metadata"]["annotations"]["argocd.argoproj.io/hook"], "PreSync", "{text}");
    let trigger = one(&objects, "ConfigMap", "catalog-migration");
    assert!(trigger["data"]["digest"].as_str().unwrap().starts_with("sha256:"));
    let (kinds, jobs) = (objects.len(), objects.iter().filter(|object| object["kind"] == "Job").count());
    assert_eq!((kinds, jobs), (5, 1), "{text}");
}

#[test]
fn rendered_manifests() {
    for helm in ["helm3", "helm4"] {
        let Some(programs) = Programs::with(&[(helm, "helm")]) else { return };
        let out = TempDir::new().unwrap();
        let script = format!("{EXAMPLES}/integrations/rendered-manifests.sh");
        let chart = format!("{EXAMPLES}/helm/catalog");
        programs.stdout(out.path(), &script, &[&chart, "rendered"]);
        for environment in ["dev", "staging", "production"] {
            let file = format!("rendered/{environment}/catalog-{environment}.yaml");
            assert_rewritten(&fs::read_to_string(out.path().join(file)).unwrap());
        }
        let failed = programs.run(out.path(), &script, &["/nonexistent", "rendered"]);
        assert!(!failed.status.success(), "{helm}: a failed render must not pass");
    }
}

#[test]
fn kustomize_transformer() {
    let Some(programs) = Programs::with(&[("kustomize", "kustomize")]) else { return };
    let dir = Path::new(EXAMPLES).join("integrations/kustomize-transformer");
    let built =
        programs.stdout(&dir, "kustomize", &["build", "--enable-alpha-plugins", "--enable-exec", "."]);
    assert_rewritten(&built);
    for object in objects(&built) {
        let annotations = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        assert!(!annotations.keys().any(|key| key.contains("config.kubernetes.io")), "{object}");
    }
}

/// What the transformer decides is what the pipe decides.
#[test]
fn a_krm_function_decides_as_the_filter_does() {
    let app = Path::new(EXAMPLES).join("directory/dev");
    let mut items: Vec<Value> = Vec::new();
    for file in ["configmap", "deployment", "migration-job", "service"] {
        items.push(
            serde_yaml::from_str(&fs::read_to_string(app.join(format!("{file}.yaml"))).unwrap()).unwrap(),
        );
    }
    let filter = |arguments: &[&str], stdin: String| {
        let mut command = assert_cmd::Command::cargo_bin("presync").unwrap();
        command.args(arguments).args(["--environment", "dev"]).write_stdin(stdin).assert()
    };
    let stream: Vec<String> = items.iter().map(Value::to_string).collect();
    let list = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items});
    let printed =
        |assert: assert_cmd::assert::Assert| String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let streamed = printed(filter(&["generate", "-"], stream.join("\n---\n")).success());
    let listed: Value = serde_json::from_str(&printed(filter(&["krm"], list.to_string()).success())).unwrap();
    assert_eq!(listed["kind"], "ResourceList");
    let sorted = |mut objects: Vec<Value>| {
        objects.sort_by_key(|object| object["metadata"]["name"].to_string() + &object["kind"].to_string());
        objects
    };
    assert_eq!(sorted(listed["items"].as_array().unwrap().clone()), sorted(objects(&streamed)));
    // And once more changes nothing.
    let again: Value =
        serde_json::from_str(&printed(filter(&["krm"], listed.to_string()).success())).unwrap();
    assert_eq!(again, listed);
}

#[test]
fn a_krm_function_refuses_what_it_would_ignore() {
    let run = |input: &Value| {
        let mut command = assert_cmd::Command::cargo_bin("presync").unwrap();
        let assert = command.arg("krm").write_stdin(input.to_string()).assert().code(5);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    assert!(run(&map).contains("hint: use `presync generate -` for a stream of manifests"));
    let list = json!({"kind": "ResourceList", "items": [map], "functionConfig": {"spec": {"ttl": "5m"}}});
    assert!(run(&list).contains("hint: give settings as arguments of the function"));
}

/// The chart with its Job as a Helm hook.
fn chart_with_a_hook(dir: &Path) {
    let copied = Command::new("cp").arg("-r").arg(format!("{EXAMPLES}/helm/catalog")).arg(dir).status();
    assert!(copied.unwrap().success());
    let template = dir.join("catalog/templates/migration-job.yaml");
    let text = fs::read_to_string(&template).unwrap();
    let hook = "metadata:\n  annotations:\n    helm.sh/hook: pre-install,pre-upgrade\n";
    fs::write(template, text.replacen("metadata:\n", hook, 1)).unwrap();
}

#[test]
fn helm_4_hands_hooks_to_the_post_renderer() {
    let Some(programs) = Programs::with(&[("helm4", "helm")]) else { return };
    let dir = TempDir::new().unwrap();
    chart_with_a_hook(dir.path());
    let plugin = format!("{EXAMPLES}/integrations/helm-post-renderer");
    programs.stdout(dir.path(), "helm", &["plugin", "install", &plugin]);
    let arguments = ["template", "catalog", "catalog", "--post-renderer", "presync"];
    let settings = ["--post-renderer-args=--environment=dev"];
    assert_rewritten(&programs.stdout(dir.path(), "helm", &[&arguments[..], &settings[..]].concat()));
}

/// So the documentation says to use a pipe with Helm 3.
#[test]
fn helm_3_keeps_hooks_from_the_post_renderer_but_not_from_a_pipe() {
    let Some(programs) = Programs::with(&[("helm3", "helm")]) else { return };
    let dir = TempDir::new().unwrap();
    chart_with_a_hook(dir.path());
    programs.script("post-renderer", "#!/bin/sh\nexec presync generate - --environment dev\n");
    let post_renderer = programs.path("post-renderer");
    let arguments = ["template", "catalog", "catalog", "--post-renderer", post_renderer.to_str().unwrap()];
    let passed_by = objects(&programs.stdout(dir.path(), "helm", &arguments));
    let job = one(&passed_by, "Job", "catalog-migration");
    assert_eq!(job["metadata"]["annotations"].get("argocd.argoproj.io/hook"), None);
    let pipe = "set -o pipefail; helm template catalog catalog | presync generate - --environment dev";
    assert_rewritten(&programs.stdout(dir.path(), "bash", &["-c", pipe]));
}

/// `argocd-vault-plugin` is a stand-in that puts a value in the place of a placeholder.
#[test]
fn vault_plugin_after_presync() {
    let Some(programs) = Programs::with(&[]) else { return };
    let plugin: Value = serde_yaml::from_str(
        &fs::read_to_string(format!("{EXAMPLES}/integrations/vault/plugin.yaml")).unwrap(),
    )
    .unwrap();
    let generate = &plugin["spec"]["generate"];
    let words = |field: &str| generate[field].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let words: Vec<&str> = words("command").chain(words("args")).collect();
    programs.script("argocd-vault-plugin", "#!/bin/sh\nexec sed 's/<path:[^>]*>/s3cret/'\n");
    let app = TempDir::new().unwrap();
    let copied =
        Command::new("cp").arg("-r").arg(format!("{EXAMPLES}/directory/dev/.")).arg(app.path()).status();
    assert!(copied.unwrap().success());
    let config = "apiVersion: v1\nkind: Secret\nmetadata: {name: catalog-database}\nstringData: {password: <path:kv/data/catalog#password>}\n";
    fs::write(app.path().join("secret.yaml"), config).unwrap();
    let text = programs.stdout(app.path(), words[0], &words[1..]);
    assert!(text.contains("stringData: {password: s3cret}"), "{text}");
    assert!(text.contains("argocd.argoproj.io/hook"), "{text}");
    fs::write(app.path().join("broken.yaml"), "apiVersion: v1\nmetadata: {}\nkind: [").unwrap();
    let failed = programs.run(app.path(), words[0], &words[1..]);
    assert!(!failed.status.success(), "an error of presync must fail the render");
}

/// Flux knows no hooks: the Job stays a plain one, without a TTL, under a name that changes with it.
#[test]
fn flux_gets_a_plain_job() {
    let mut command = assert_cmd::Command::cargo_bin("presync").unwrap();
    let app = format!("{EXAMPLES}/directory/dev");
    let assert =
        command.args(["generate", &app, "--strategy", "once", "--environment", "dev"]).assert().success();
    let objects = objects(&String::from_utf8(assert.get_output().stdout.clone()).unwrap());
    let job = one(&objects, "Job", "catalog-migration-");
    assert_eq!(job["spec"].get("ttlSecondsAfterFinished"), None);
    assert_eq!(job["metadata"]["annotations"].get("argocd.argoproj.io/hook"), None);
}

/// The commands of the examples for CI run on this repository's own Applications.
#[test]
fn continuous_integration() {
    let tools = [("helm3", "helm"), ("kustomize", "kustomize")];
    let Some(programs) = Programs::with(&tools) else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let mut commands = Vec::new();
    for file in ["examples/integrations/github-actions.yml", "examples/integrations/gitlab-ci.yml"] {
        let text = read(file);
        assert!(text.contains(env!("CARGO_PKG_VERSION")), "{file}: another version");
        commands.extend(
            text.lines().filter_map(|line| line.find("presync check").map(|at| line[at..].to_owned())),
        );
    }
    let hook = &serde_yaml::from_str::<Value>(&read(".pre-commit-hooks.yaml")).unwrap()[0];
    let words = hook["args"].as_array().unwrap().iter().map(|word| format!("'{}'", word.as_str().unwrap()));
    commands.push(format!("{} {}", hook["entry"].as_str().unwrap(), words.collect::<Vec<_>>().join(" ")));
    assert_eq!(commands.len(), 3, "{commands:?}");
    let out = TempDir::new().unwrap();
    for command in commands {
        let command = command
            .replace("apps/**/*.yaml", "examples/*/applications.yaml")
            .replace("**/*.yaml", "examples/*/applications.yaml")
            .replace("=presync.xml", &format!("={}", out.path().join("presync.xml").display()));
        let output = programs.run(root, "bash", &["-c", &command]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!([0, 10].contains(&output.status.code().unwrap()), "{command}: {stderr}");
    }
    let junit = fs::read_to_string(out.path().join("presync.xml")).unwrap();
    assert!(junit.contains("<testsuite"), "{junit}");
}
