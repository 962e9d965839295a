//! Stamps the commit and the date of the source into the program, for `presync --version`.
//!
//! In this order: `PRESYNC_COMMIT` and `SOURCE_DATE_EPOCH` of the environment; the file that `cargo package` puts into
//! a published crate; git. Deterministic: the time of the build is never used. What none of them knows is `unknown`.

use std::{env, fs, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PRESYNC_COMMIT");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // A development build is not stamped: each commit would compile everything again.
    let git = env::var("PROFILE").is_ok_and(|profile| profile == "release") && Path::new(".git").exists();
    if git {
        for path in ["HEAD", "logs/HEAD"].iter().filter_map(|file| output(&["rev-parse", "--git-path", file]))
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let ask = |format: &str| git.then(|| output(&["show", "--no-patch", format, "HEAD"])).flatten();
    let commit = variable("PRESYNC_COMMIT").or_else(packaged).or_else(|| ask("--format=%H"));
    let seconds = variable("SOURCE_DATE_EPOCH").or_else(|| ask("--format=%ct"));
    let date = seconds.and_then(|seconds| seconds.parse().ok()).map(date);
    println!("cargo::rustc-env=PRESYNC_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=PRESYNC_DATE={}", date.as_deref().unwrap_or("unknown"));
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the commit that `cargo package` recorded.
fn packaged() -> Option<String> {
    let text = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    Some(rest.split('"').next()?.to_owned())
}

/// Returns what git prints; `None` where there is no git, or it refuses.
fn output(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Returns the day in UTC, by Howard Hinnant's `civil_from_days`.
fn date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
