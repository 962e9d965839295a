//! The documentation says what is so: its commands run, its tables are complete.

use std::{fs, path::Path, process::Command};

use crate::common;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `console` block of the README and the guides, run as it stands; `TRYCMD=overwrite` writes the output anew.
#[test]
fn commands_print_what_the_documentation_shows() {
    let cases = trycmd::TestCases::new();
    cases.case("docs/*.md");
    // The README shows apps of every renderer.
    if let (Some(helm), Some(kustomize)) = (common::tool("helm3"), common::tool("kustomize")) {
        cases
            .env("PRESYNC_HELM", helm.to_string_lossy())
            .env("PRESYNC_KUSTOMIZE", kustomize.to_string_lossy());
        cases.case("README.md");
    }
}

/// The comment in the README is what its command prints in a clone of the fleet in which one image is newer than on main;
/// `PRESYNC_BLESS=1` writes it anew.
#[test]
fn the_comment_on_a_pull_request_is_what_the_command_prints() {
    let Some((helm, kustomize)) = common::tool("helm3").zip(common::tool("kustomize")) else { return };
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let command = readme.lines().find(|line| line.starts_with("presync diff --applications")).unwrap();
    let (before, block) = readme.split_once("\n````markdown\n").unwrap();
    let (shown, after) = block.split_once("````\n").unwrap();

    let clone = tempfile::tempdir().unwrap();
    copy(&root().join("examples/fleet"), &clone.path().join("examples/fleet"));
    for args in
        ["init --quiet --initial-branch main", "add .", "-c user.name=a -c user.email=a commit --quiet -m a"]
    {
        let git = Command::new("git").current_dir(clone.path()).args(args.split(' ')).status().unwrap();
        assert!(git.success(), "git {args}");
    }
    let mail = clone.path().join("examples/fleet/mail/production/mail.yaml");
    let text = fs::read_to_string(&mail).unwrap();
    fs::write(&mail, text.replace("4.6.2", "4.7.0").replace("4-6-2", "4-7-0")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_presync"))
        .current_dir(clone.path())
        .args(command.split(' ').skip(1).map(|word| word.trim_matches('\'')))
        .env("PRESYNC_HELM", helm)
        .env("PRESYNC_KUSTOMIZE", kustomize)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    if std::env::var_os("PRESYNC_BLESS").is_some() {
        fs::write(root().join("README.md"), format!("{before}\n````markdown\n{printed}````\n{after}"))
            .unwrap();
    } else {
        assert_eq!(shown, printed, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn every_row_of_the_decisions_has_a_case() {
    let text = fs::read_to_string(root().join("docs/decisions.md")).unwrap();
    let cases: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_suffix("` |")?.rsplit_once('`').map(|(_, case)| case))
        .filter(|case| *case != "case")
        .collect();
    assert!(cases.len() > 30, "the tables were not found");
    let missing: Vec<_> = cases
        .iter()
        .filter(|case| !root().join("tests/cases").join(case).join("case.yaml").is_file())
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// The tests that the security page names exist, and its table of limits is that of the code.
#[test]
fn every_promise_has_a_test_and_every_limit_is_documented() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let (promises, limits) = text.split_once("\n## Limits\n").unwrap();
    let tests: Vec<&str> = promises
        .lines()
        .filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| "))
        .flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2))
        .filter(|test| test.contains('/'))
        .collect();
    assert!(tests.len() > 10, "the table was not found");
    for test in tests {
        assert!(root().join(test).exists(), "there is no {test}");
    }
    let code = fs::read_to_string(root().join("src/limits.rs")).unwrap();
    let constants: Vec<&str> =
        code.lines().filter_map(|line| Some(line.strip_prefix("pub const ")?.split_once(':')?.0)).collect();
    assert!(constants.len() > 10, "the limits were not found");
    for constant in constants {
        assert!(limits.contains(&format!("`{constant}`")), "{constant} is not documented");
    }
}

/// The anchor that a heading gets where Markdown is shown: lower case, without punctuation, `-` for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The targets of a page's links, without those in code blocks.
fn links(text: &str) -> Vec<&str> {
    let mut code = false;
    let lines = text.lines().filter(|line| {
        code ^= line.trim_start().starts_with("```");
        !code
    });
    lines
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://"))
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut pages: Vec<_> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"]
        .map(|page| root().join(page))
        .into();
    for dir in ["docs", "docs/reference"] {
        pages.extend(fs::read_dir(root().join(dir)).unwrap().map(|entry| entry.unwrap().path()));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let (mut seen, mut broken) = (0, Vec::new());
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            seen += 1;
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            let headings = || {
                let text = fs::read_to_string(&target).unwrap_or_default();
                text.lines()
                    .any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == fragment)
            };
            if !target.exists() || (!fragment.is_empty() && !headings()) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(seen > 50, "the links were not found");
    assert!(broken.is_empty(), "{broken:#?}");
}
