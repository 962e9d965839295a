//! `presync check`: formats, baseline, suppression, repairs.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

const JOB: &str = "# the report\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: report\nspec:\n  template:\n    spec:\n      \
                   ttlSecondsAfterFinished: 300 # five minutes\n      restartPolicy: Never\n      containers:\n        - {name: a, image: b}\n";

fn check(dir: &Path, args: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_presync"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .current_dir(dir)
        .arg("check")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn app(name: &str, text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), text).unwrap();
    dir
}

#[test]
fn several_formats_are_written_in_one_run() {
    let dir = app("job.yaml", JOB);
    fs::create_dir(dir.path().join("out")).unwrap();
    let args = [
        "--output",
        "sarif=out/a.sarif",
        "--output",
        "junit=out/a.xml",
        "--output",
        "json=out/a.json",
        "--fail-on",
        "warning",
    ];
    let (stdout, stderr, code) = check(dir.path(), &args);
    assert_eq!(code, Some(10), "{stderr}");
    assert!(stdout.contains("[misplaced-ttl]\n  at: job.yaml:9, Job report\n"), "{stdout}");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let sarif: Value = serde_json::from_str(&read("out/a.sarif")).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], 9);
    assert!(read("out/a.xml").contains("failures=\"1\""));
    let (_, _, code) = check(dir.path(), &["--baseline", "out/a.json", "--fail-on", "note"]);
    assert_eq!(code, Some(0), "the baseline knows it");
    assert_eq!(check(dir.path(), &[]).2, Some(0), "a warning does not fail by default");
}

#[test]
fn a_repair_changes_only_what_it_must() {
    let dir = app("job.yaml", JOB);
    let (stdout, stderr, code) = check(dir.path(), &["--fix"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("fixed Job report") && stdout.contains("[misplaced-ttl]"), "{stdout}");
    let fixed = fs::read_to_string(dir.path().join("job.yaml")).unwrap();
    let expected = JOB.replace("      ttlSecondsAfterFinished: 300 # five minutes\n", "").replace(
        "        - {name: a, image: b}\n",
        "        - {name: a, image: b}\n  ttlSecondsAfterFinished: 300\n",
    );
    assert_eq!(fixed, expected);
    assert!(check(dir.path(), &["--fix"]).0.contains("nothing to fix"));
}

#[test]
fn what_cannot_be_rendered_is_a_finding_and_a_problem() {
    let dir = app("job.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n");
    let (stdout, stderr, code) = check(dir.path(), &["--format", "json"]);
    assert_eq!(code, Some(5));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["apps"][0]["findings"][0]["rule"], "cannot-render");
    assert!(stderr.starts_with("error: the manifest is not valid YAML\n"), "{stderr}");
}

#[test]
fn the_settings_suppress_with_a_reason() {
    let dir = app("job.yaml", JOB);
    let ignore = "check:\n  ignore:\n    misplaced-ttl: the cluster is old\n    short-ttl: nothing here\n";
    fs::write(dir.path().join("presync.yaml"), ignore).unwrap();
    let (stdout, _, code) = check(dir.path(), &["--fail-on", "warning"]);
    assert_eq!(code, Some(10), "the unused suppression");
    assert!(stdout.contains("`short-ttl` is suppressed and finds nothing [unused-suppression]"), "{stdout}");
    assert!(!stdout.contains("[misplaced-ttl]") && stdout.contains("1 suppressed"), "{stdout}");
}

#[test]
fn rules_are_listed_and_explained() {
    let dir = tempfile::tempdir().unwrap();
    let (list, _, _) = check(dir.path(), &["--list"]);
    assert!(list.lines().count() > 25 && list.contains("\nttl-drift "), "{list}");
    let (text, _, code) = check(dir.path(), &["--explain", "ttl-drift"]);
    assert!(code == Some(0) && text.starts_with("# ttl-drift (error)\n\nFinds ordinary Jobs"), "{text}");
    let (_, stderr, code) = check(dir.path(), &["--explain", "ttl-drit"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("did you mean `ttl-drift`?"), "{stderr}");
}
