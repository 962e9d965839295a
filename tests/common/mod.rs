//! What several test programs share.

#![allow(clippy::print_stderr, reason = "a test that has nothing to do says so")]

use std::{env, path::PathBuf};

/// The path of a program that `tests/tools/build` builds, such as `helm3`, `kustomize` or `decode`.
///
/// It is looked for in `target/tools`, or in `PRESYNC_TOOLS_DIR`. Where it is missing, the test says so and has nothing
/// to do; with `PRESYNC_REQUIRE_TOOLS=1`, as in CI, it fails instead.
pub fn tool(name: &str) -> Option<PathBuf> {
    let dir = env::var_os("PRESYNC_TOOLS_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tools"), PathBuf::from);
    let path = dir.join(name);
    if path.is_file() {
        return Some(path);
    }
    let missing = format!("{} is missing: run `tests/tools/build {name}`", path.display());
    assert!(env::var_os("PRESYNC_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "{missing}");
    eprintln!("not tested: {missing}");
    None
}
