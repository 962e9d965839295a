//! Golden cases: each directory under `tests/cases` is one run of the program.
//!
//! * `case.yaml`: what the case shows, its arguments, environment, exit code, and the tools it needs;
//! * `input/`: the directory it runs in; `stdin`: what it reads there; `bin/`: programs that stand before `PATH`;
//! * `stdout`, `stderr`: what it must print, to the byte.
//!
//! Every case runs twice and must print the same. What a successful `generate` prints goes through `generate -` once
//! more and must come out unchanged. `PRESYNC_BLESS=1` writes the expectations anew.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed case says so by panicking")]

mod case;
#[path = "../common/mod.rs"]
mod common;

use std::{path::Path, process::ExitCode};

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<String> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let trials = names.into_iter().map(|name| {
        let case = case::Case::read(&cases.join(&name));
        let missing = case.missing_tool();
        let ignored = missing.is_some() && !common::tools_required();
        Trial::test(name, move || case.check().map_err(Into::into)).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
