//! What several test programs share.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]
#![allow(dead_code, reason = "each program uses its part")]

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Whether a missing tool is a failure, as it is in CI: `PRESYNC_REQUIRE_TOOLS=1`.
pub(crate) fn tools_required() -> bool {
    env::var_os("PRESYNC_REQUIRE_TOOLS").is_some_and(|value| value == "1")
}

/// Where `tests/tools/build` puts a program: in `target/tools`, or in `PRESYNC_TOOLS_DIR`.
pub(crate) fn tool_path(name: &str) -> PathBuf {
    env::var_os("PRESYNC_TOOLS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"), PathBuf::from)
        .join(name)
}

/// The path of a program that `tests/tools/build` builds, such as `helm3`, `kustomize` or `decode`.
///
/// Where it is missing, the test says so and has nothing to do; where tools are required, it fails instead.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = tool_path(name);
    if path.is_file() {
        return Some(path);
    }
    let missing = missing(name);
    assert!(!tools_required(), "{missing}");
    // Not with `eprintln!`: the test passes, and its captured output would not be shown. In one piece, among others'.
    io::stderr().write_all(format!("not tested: {missing}\n").as_bytes()).unwrap();
    None
}

/// What to do about a tool that is not there.
pub(crate) fn missing(name: &str) -> String {
    format!("{} is missing: run `tests/tools/build {name}`", tool_path(name).display())
}
