//! What the program says of itself and brings along: version, installation, completions, manual pages.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use assert_cmd::{Command, assert::Assert};
use tempfile::TempDir;

fn presync(arguments: &[&str]) -> Assert {
    Command::cargo_bin("presync").unwrap().args(arguments).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o7777
}

/// What the program embeds is in `src`, or beside the manifest: else neither the crate nor the images have it.
#[test]
fn the_program_embeds_only_what_is_packaged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(root.join("src")).into_iter().flatten() {
        let is_test = entry.path().components().any(|part| part.as_os_str() == "tests");
        if is_test || entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        for name in text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            seen += 1;
            let file = entry.path().with_file_name(name).canonicalize().unwrap();
            let packaged = file.starts_with(root.join("src")) || file == root.join("plugin.yaml");
            assert!(packaged, "{} embeds {name}", entry.path().display());
        }
    }
    assert!(seen > 4, "the embedded files were not found");
}

#[test]
fn the_version_names_commit_date_and_features() {
    let text = stdout(&presync(&["--version"]).success());
    let lines: Vec<(&str, &str)> = text.lines().map(|line| line.split_once(' ').unwrap()).collect();
    let [(name, version), (commit, _), (date, _), (features, with)] = lines[..] else { panic!("{text}") };
    assert_eq!((name, version), ("presync", env!("CARGO_PKG_VERSION")));
    assert_eq!((commit, date, features), ("commit:", "date:", "features:"));
    assert_eq!(with, if cfg!(feature = "cluster") { "cluster" } else { "none" });
    assert_eq!(stdout(&presync(&["-V"]).success()), format!("presync {version}\n"));
}

#[test]
fn an_installation_runs_and_replaces_an_earlier_one() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().to_str().unwrap();
    fs::write(dir.path().join("presync"), "an earlier version").unwrap();
    for _ in 0..2 {
        assert_eq!(stdout(&presync(&["install", path]).success()), "");
    }
    let mut files: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["plugin.yaml", "presync"], "nothing else stays behind");
    let [program, plugin] = ["presync", "plugin.yaml"].map(|name| dir.path().join(name));
    assert_eq!([mode(&program), mode(&plugin)], [0o755, 0o644]);
    assert_eq!(fs::read_to_string(plugin).unwrap(), include_str!("../../plugin.yaml"));
    Command::new(program).arg("--version").assert().success();
}

#[test]
fn an_installation_says_what_is_wrong_with_the_directory() {
    let error = presync(&["install", "/nonexistent/presync"]).code(1);
    assert_eq!(
        String::from_utf8_lossy(&error.get_output().stderr),
        "error: the directory to install into does not exist\n  at: /nonexistent/presync\n\
         hint: create it, or mount a volume there\n"
    );
    let dir = tempfile::Builder::new().prefix("occupied").tempdir().unwrap();
    for name in ["presync", "plugin.yaml"] {
        fs::create_dir_all(dir.path().join(name).join("occupied")).unwrap();
    }
    let error = presync(&["install", dir.path().to_str().unwrap()]).code(1);
    let stderr = String::from_utf8_lossy(&error.get_output().stderr).into_owned();
    assert!(stderr.contains("cannot install `presync`"), "{stderr}");
    assert!(stderr.contains("cannot install `plugin.yaml`"), "{stderr}");
    assert!(!stderr.contains(".tmp"), "no random name: {stderr}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary file stays behind");
}

#[test]
fn completions_offer_what_help_shows() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&presync(&["completions", shell]).success());
        for word in ["generate", "environment", "ttl", "PreSync"] {
            assert!(script.contains(word), "{shell} without {word}");
        }
        assert!(!script.contains("watchdog "), "{shell} offers a hidden command");
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let dir = TempDir::new().unwrap();
    presync(&["man", dir.path().to_str().unwrap()]).success();
    let help = stdout(&presync(&["--help"]).success());
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"generate"), "{help}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let page = dir.path().join(format!("presync-{name}.1"));
        assert!(fs::read_to_string(&page).is_ok_and(|text| text.starts_with(".ie")), "{}", page.display());
    }
    assert!(dir.path().join("presync.1").is_file());
    presync(&["man", "/nonexistent"]).code(1);
}

/// The sidecar's build: whoever types the runbook's commands there learns where they are.
#[cfg(not(feature = "cluster"))]
#[test]
fn the_sidecar_says_where_the_cluster_commands_are() {
    for arguments in [&["doctor"][..], &["doctor", "--help"], &["repair", "catalog-dev", "--yes"], &["watch"]]
    {
        let error = presync(arguments).code(2);
        let stderr = String::from_utf8_lossy(&error.get_output().stderr).into_owned();
        assert!(
            stderr.starts_with(&format!("error: this build of presync has no `{}` command\n", arguments[0]))
        );
        assert!(stderr.contains("-cluster` or from a release archive"), "{stderr}");
    }
}
