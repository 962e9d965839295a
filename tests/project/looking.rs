//! Local runs: the app as Argo CD would have it, whole repositories, other commits.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::common;

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: shop-migrate\nspec:\n  ttlSecondsAfterFinished: 100\n  \
                   template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: migrate\n          \
                   image: example.com/shop:1.0.0\n          command: [rails, \"db:migrate\"]\n";

/// A clone with files, removed at the end.
struct Clone(tempfile::TempDir);

impl Clone {
    fn new(files: &[(&str, &str)]) -> Self {
        let clone = Self(tempfile::tempdir().unwrap());
        clone.git(&["init", "--quiet", "--initial-branch=main"]);
        clone.write(files);
        clone
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = self.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        self.git(&[&identity[..], &["commit", "--quiet", "--message=a"]].concat());
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.0.path()).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn run(&self, dir: &str, args: &[&str]) -> Output {
        presync(&self.path().join(dir), args, &[])
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run("", &[args, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }
}

fn presync(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_presync"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(env.iter().copied())
        .current_dir(dir)
        .args(args)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn application(name: &str, path: &str, rest: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\nspec:\n  \
         project: retail\n  destination:\n    namespace: shop\n  source:\n    repoURL: https://git.example.com/r.git\n    \
         path: {path}\n{rest}"
    )
}

#[test]
fn the_path_is_that_in_the_clone_wherever_the_command_runs() {
    let clone = Clone::new(&[("apps/shop-dev/job.yaml", JOB)]);
    for (dir, arg) in [("", "apps/shop-dev"), ("apps/shop-dev", "."), ("apps", "shop-dev/../shop-dev")] {
        let json = text(&clone.run(dir, &["explain", arg, "--format", "json"]));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["apps"][0]["path"], "apps/shop-dev", "{dir}");
        assert_eq!(json["apps"][0]["environment"]["value"], "dev", "{dir}");
    }
}

/// It shows in a name that holds the commit: there the hash is certainly generated.
#[test]
fn the_commit_is_read_without_git_whatever_holds_it() {
    let clone = Clone::new(&[("apps/shop/job.yaml", JOB)]);
    let commit = clone.git(&["rev-parse", "HEAD"]);
    let is_read_in = |root: &Path| {
        let job = JOB.replace("shop-migrate", &format!("shop-migrate-{}", &commit[..12]));
        fs::write(root.join("apps/shop/job.yaml"), job).unwrap();
        let output = presync(&root.join("apps/shop"), &["generate"], &[("PATH", "")]);
        text(&output).contains("name: shop-migrate\n")
    };
    assert!(is_read_in(&clone.path()), "a branch");
    clone.git(&["pack-refs", "--all"]);
    assert!(is_read_in(&clone.path()), "a packed branch");
    let other = tempfile::tempdir().unwrap();
    clone.git(&["worktree", "add", "--quiet", "-b", "other", other.path().to_str().unwrap()]);
    assert!(is_read_in(other.path()), "a worktree");
    clone.git(&["checkout", "--quiet", "--detach"]);
    assert!(is_read_in(&clone.path()), "no branch");
    clone.git(&["checkout", "--quiet", "--orphan", "empty"]);
    assert!(!is_read_in(&clone.path()), "no commit");
}

/// The same bytes as with the environment that Argo CD would set.
#[test]
fn an_application_is_rendered_as_argo_cd_would() {
    let plugin = "    plugin:\n      name: presync\n      env: [{name: TAG, value: \"$ARGOCD_APP_NAME\"}]\n      parameters:\n        \
                  - {name: ttl, string: 2h}\n";
    let clone = Clone::new(&[
        ("apps/shop/job.yaml", JOB),
        ("argocd/shop.yaml", &application("shop-staging", "apps/shop", plugin)),
    ]);
    let local = text(&clone.run("argocd", &["generate", "--application", "shop.yaml"]));
    let head = clone.git(&["rev-parse", "HEAD"]);
    let env = [
        ("ARGOCD_APP_NAME", "shop-staging"),
        ("ARGOCD_APP_NAMESPACE", "shop"),
        ("ARGOCD_APP_PROJECT_NAME", "retail"),
        ("ARGOCD_APP_REVISION", head.trim()),
        ("ARGOCD_APP_SOURCE_PATH", "apps/shop"),
        ("ARGOCD_APP_PARAMETERS", r#"[{"name":"ttl","string":"2h"}]"#),
        ("ARGOCD_ENV_TAG", "shop-staging"),
    ];
    let remote = text(&presync(&clone.path().join("apps/shop"), &["generate"], &env));
    assert_eq!(local, remote);
    assert!(local.contains("ttlSecondsAfterFinished: 7200"), "{local}");
    let json = clone.json(&["explain", "--application", "argocd/shop.yaml#shop-staging"]);
    let ttl = &json["apps"][0]["jobs"][0]["rewrite"]["ttl"];
    assert_eq!((&ttl["value"], &ttl["setting"]["layer"]), (&"7200".into(), &"parameter".into()), "{json}");
    assert_eq!(ttl["setting"]["file"], "argocd/shop.yaml");
}

#[test]
fn a_whole_repository_is_one_table_and_what_is_not_ours_is_said() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: all\nspec:\n  generators:\n    - git:\n        \
               directories: [{path: \"apps/*\"}]\n  template:\n    metadata:\n      name: \"{{path.basename}}-prod\"\n    spec:\n      \
               source: {repoURL: \"https://git.example.com/r.git\", path: \"{{path}}\"}\n";
    let chart = "    chart: redis\n".to_owned();
    let clone = Clone::new(&[
        ("apps/a/job.yaml", JOB),
        ("apps/b/job.yaml", JOB),
        ("argocd/set.yaml", set),
        ("argocd/redis.yaml", &application("redis", "''", &chart)),
        ("argocd/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
    ]);
    let output = text(&clone.run("apps", &["explain", "--applications", "argocd/**"]));
    let lines: Vec<_> = output.lines().collect();
    assert!(lines[0].starts_with("app     environment"), "{output}");
    assert!(lines[1].starts_with("a-prod  production") && lines[2].starts_with("b-prod"), "{output}");
    assert!(output.contains("`redis` is a chart"), "{output}");
    assert!(clone.run("", &["explain", "--applications", "none/*"]).status.code() == Some(2));
}

#[test]
fn what_cannot_be_looked_at_is_said_once_and_hides_nothing() {
    let plugin = "    plugin: {name: presync}\n";
    let clone = Clone::new(&[
        ("apps/a/job.yaml", "kind: [\n"),
        ("apps/b/job.yaml", JOB),
        ("argocd/a.yaml", &application("a", "apps/a", plugin)),
        ("argocd/b.yaml", &application("b", "apps/b", plugin)),
        ("argocd/c.yaml", &application("c", "apps/c", plugin)),
    ]);
    let fleet = ["--applications", "argocd/*.yaml"];
    let run = |args: &[&str]| {
        let output = clone.run("", &[args, &fleet[..]].concat());
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (stdout, stderr) = run(&["check"]);
    assert_eq!(stderr, "warning: c was not looked at: there is no directory `apps/c` in this clone\n");
    assert!(stdout.contains("[cannot-render]") && stdout.contains("\nb    "), "{stdout}");
    let (stdout, _) = run(&["explain", "--format", "markdown", "--summary"]);
    assert!(stdout.contains("| not looked at | why |"), "{stdout}");

    clone.write(&[("apps/a/job.yaml", JOB), ("apps/b/job.yaml", &JOB.replace("1.0.0", "1.1.0"))]);
    let against = ["diff", "--against", "HEAD~1", "--format", "markdown"];
    let (stdout, stderr) = run(&against);
    assert!(stdout.contains("### a\n") && stderr.contains("all of it is shown as new"), "{stdout}{stderr}");
    clone.write(&[("apps/a/job.yaml", "kind: [\n")]);
    let (stdout, stderr) = run(&["diff", "--against", "HEAD~2", "--format", "markdown"]);
    let row = stdout.lines().find(|line| line.starts_with("| b |")).unwrap();
    assert!(row.ends_with("| 2 |"), "{stdout}");
    assert!(!stderr.contains("shown as new"), "{stderr}");
}

#[test]
fn another_commit_is_compared_and_nothing_of_the_clone_changes() {
    let clone = Clone::new(&[("apps/a/job.yaml", JOB), ("apps/b/job.yaml", JOB)]);
    clone.write(&[("apps/a/job.yaml", &JOB.replace("1.0.0", "1.1.0")), ("apps/c/job.yaml", JOB)]);
    let status = || clone.git(&["status", "--porcelain=v2", "--branch"]) + &clone.git(&["worktree", "list"]);
    let before = status();
    let dirs = ["apps/a", "apps/b", "apps/c"];
    let run = |args: &[&str]| clone.run("", &[&["diff"][..], &dirs, &["--against", "HEAD~1"], args].concat());
    let diff = text(&run(&[]));
    assert!(
        diff.contains("## apps/a") && diff.contains("+          image: example.com/shop:1.1.0"),
        "{diff}"
    );
    assert!(!diff.contains("## apps/b") && diff.contains("Job shop-migrate  (new"), "{diff}");
    let only = [&["explain"][..], &dirs, &["--only", "changed", "--against", "HEAD~1"]].concat();
    let apps = clone.json(&only)["apps"].clone();
    let names: Vec<_> = apps.as_array().unwrap().iter().map(|app| app["name"].clone()).collect();
    assert_eq!(names, ["apps/a", "apps/c"]);
    assert_eq!(status(), before);
    assert_eq!(run(&["--exit-code"]).status.code(), Some(1));
    let same = ["diff", "apps/b", "--against", "HEAD~1", "--exit-code"];
    assert_eq!(clone.run("", &same).status.code(), Some(0));
    let wrong = ["diff", "apps/b", "--against", "none", "--exit-code"];
    assert_eq!(clone.run("", &wrong).status.code(), Some(2));
}

#[test]
fn environments_stand_side_by_side() {
    let clone = Clone::new(&[("apps/a/job.yaml", JOB)]);
    let output = text(&clone.run("", &["explain", "apps/a", "--environments", "dev,production"]));
    let ttl = output.lines().find(|line| line.trim_start().starts_with("ttl")).unwrap();
    assert_eq!(ttl.split_whitespace().collect::<Vec<_>>(), ["ttl", "300", "s", "keep"]);
}

#[test]
fn without_a_job_the_command_says_what_it_saw_and_where_apps_are() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let clone =
        Clone::new(&[("a.yaml", map), ("apps/shop/job.yaml", JOB), ("apps/chart/Chart.yaml", "name: a\n")]);
    let output = text(&clone.run("", &["explain"]));
    assert!(output.contains("No Job among 1 rendered object: 1 ConfigMap"), "{output}");
    assert!(output.contains("apps lie below: `apps/chart`, `apps/shop`"), "{output}");
    let empty = clone.run("apps", &["explain"]);
    assert_eq!(empty.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&empty.stderr).contains("apps lie below: `chart`, `shop`"));
}

/// What Argo CD tells the plugin about each Application of the fleet: file, name, path, destination namespace, parameters.
fn fleet() -> Vec<(&'static str, String, String, String, Value)> {
    let mut apps = Vec::new();
    for environment in ["dev", "staging", "production"] {
        for service in ["accounts", "orders", "payments"] {
            let files = json!([format!("{service}.yaml"), format!("{environment}.yaml")]);
            apps.push((
                "shop",
                format!("{service}-{environment}"),
                "charts/service".to_owned(),
                format!("shop-{environment}"),
                json!([{"name": "helm.valueFiles", "array": files}]),
            ));
        }
        for (app, path) in [("mail", "mail"), ("search", "search/overlays")] {
            let name = format!("{app}-{environment}");
            apps.push((app, name.clone(), format!("{path}/{environment}"), name, Value::Null));
        }
    }
    for (app, environment, namespace) in [
        ("gateway", "production", "gateway"),
        ("grafana", "production", "grafana"),
        ("ledger", "production", "ledger"),
        ("ledger", "staging", "ledger-staging"),
    ] {
        let (name, path) = (format!("{app}-{environment}"), format!("{app}/{environment}"));
        apps.push(("platform", name, path, namespace.to_owned(), Value::Null));
    }
    let native = json!([
        {"name": "helm.releaseName", "string": "reports"},
        {"name": "helm.valueFiles", "array": ["production.yaml"]},
        {"name": "helm.parameters", "map": {"image.name": "reports", "image.tag": "3.1.4"}},
    ]);
    apps.push(("reports", "reports-production".into(), "charts/service".into(), "reports".into(), native));
    apps
}

#[test]
fn every_application_of_the_fleet_renders_as_in_the_sidecar() {
    let Some((helm, kustomize)) = common::tool("helm3").zip(common::tool("kustomize")) else { return };
    let tools =
        [("PRESYNC_HELM", helm.to_str().unwrap()), ("PRESYNC_KUSTOMIZE", kustomize.to_str().unwrap())];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let apps = fleet();
    assert_eq!(apps.len(), 20);
    for (file, name, path, namespace, parameters) in apps {
        let (path, parameters) = (format!("examples/fleet/{path}"), parameters.to_string());
        let said = [
            ("ARGOCD_APP_NAME", name.as_str()),
            ("ARGOCD_APP_NAMESPACE", &namespace),
            ("ARGOCD_APP_PROJECT_NAME", "default"),
            ("ARGOCD_APP_SOURCE_PATH", &path),
            ("ARGOCD_APP_PARAMETERS", &parameters),
            ("KUBE_VERSION", "1.34.2"),
        ];
        let sidecar = presync(&root.join(&path), &["generate"], &[&tools[..], &said].concat());
        let application = format!("examples/fleet/argocd/{file}.yaml#{name}");
        let args = ["generate", "--application", &application, "--kube-version", "1.34.2"];
        let local = presync(root, &args, &tools);
        assert!(local.status.success() && sidecar.status.success(), "{}{}", text(&local), text(&sidecar));
        assert_eq!(
            String::from_utf8_lossy(&local.stdout),
            String::from_utf8_lossy(&sidecar.stdout),
            "{name}"
        );
    }
}

/// Inputs that users get wrong: each error says what to do, on one screen, without a panic.
#[test]
fn every_mistake_on_the_command_line_has_a_hint() {
    let app = application("one", "apps/a", "");
    let twice = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  generators: [{list: {elements: \
                 [{d: a}, {d: b}]}}]\n  template: {metadata: {name: same}, spec: {source: {repoURL: x, path: apps/a}}}\n";
    let clone = Clone::new(&[
        ("apps/a/job.yaml", JOB),
        ("one.yaml", &app),
        ("twice.yaml", twice),
        ("out.yaml", &application("out", "../out", "")),
        ("windows.yaml", &application("windows", "apps\\a", "")),
        ("unnamed.yaml", &app.replace("name: one", "name: 1")),
    ]);
    for (args, message) in [
        (&["generate", "nowhere"][..], "cannot open the app's directory `nowhere`"),
        (&["explain", "one.yaml"], "`one.yaml` is not a directory"),
        (&["diff", "apps/a/job.yaml"], "`apps/a/job.yaml` is not a directory"),
        (&["check", "--application", "one.yaml#two"], "there is no Application `two` in `one.yaml`"),
        (&["check", "--application", "apps/a/job.yaml"], "there is no Application in `apps/a/job.yaml`"),
        (&["check", "--applications", "none/*.yaml"], "no Application was found"),
        (&["check", "--application", "twice.yaml"], "makes several Applications of the name `same`"),
        (&["check", "--application", "out.yaml"], "`../out` is not a path inside the repository"),
        (&["check", "--application", "windows.yaml"], "there is no directory `apps\\a` in this clone"),
        (&["diff", "--against", "gone", "apps/a"], "there is no revision `gone` in the clone"),
        (&["explain", "--job", "gone", "apps/a"], "there is no Job `gone`"),
        (&["explain", "--environments", "dev", "apps/a", "apps/a"], "`--environments` shows one app"),
        (&["check", "--explain", "ttl-drit"], "there is no rule `ttl-drit`"),
        (&["adopt", "apps/a/job.yaml"], "there is no Application in `apps/a/job.yaml`"),
    ] {
        let output = clone.run("", args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && stderr.contains(message), "{args:?}\n{stderr}");
        assert_eq!(stderr.matches("error: ").count(), 1, "{args:?}\n{stderr}");
        assert!(stderr.contains("\nhint: "), "{args:?}\n{stderr}");
    }
    let unnamed = clone.run("", &["check", "--application", "unnamed.yaml"]);
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("is not a string; quote the value"));
}

#[test]
fn a_pull_request_gets_no_secret_and_a_terminal_no_command() {
    let secret = |value: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: {value}\n")
    };
    let job = JOB.replace("name: shop-migrate", "name: \"shop\\u001b[2Jmigrate\"");
    let clone = Clone::new(&[("app/job.yaml", &job), ("app/secret.yaml", &secret("hunter2"))]);
    fs::write(clone.path().join("app/secret.yaml"), secret("correct-horse")).unwrap();
    let diff = text(&clone.run("", &["diff", "--against", "HEAD", "--format", "markdown", "app"]));
    assert!(diff.contains("Secret s") && diff.contains("(value 2)"), "{diff}");
    assert!(!diff.contains("hunter2") && !diff.contains("correct-horse"), "{diff}");
    let explain = text(&clone.run("", &["explain", "app"]));
    assert!(explain.contains("migrate") && !explain.contains('\u{1b}'), "{explain:?}");
    clone.write(&[]);
    let same = text(&clone.run("", &["diff", "--against", "HEAD", "--format", "markdown", "app"]));
    assert_eq!(same, "No differences.\n");
}
