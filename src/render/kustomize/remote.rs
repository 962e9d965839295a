//! What kustomize takes for a remote base or file (`api/internal/git/repospec.go`, `api/internal/loader/fileloader.go`).
//!
//! It hands the parts to `git` as arguments, so a `ref` that begins with `-` is an option, with which `git` runs a program;
//! and a URL with `file:` reads wherever it points.

use crate::{
    error::{Problem, Result},
    exit::Exit,
};

/// Whether kustomize takes `entry` for remote. One that is not https or ssh, or holds an option for git, is a problem.
pub(super) fn check(entry: &str, git_protocol: bool) -> Result<bool, Problem> {
    let refused = |why: &str| {
        Problem::new(Exit::RENDER, format!("the remote `{}` {why}", shown(entry)))
            .hint("use an https or ssh URL with a plain `ref`, or copy the files into the repository")
    };
    let bare = strip_prefix(entry, "git::").unwrap_or(entry);
    let (scheme, rest) = match scheme(bare) {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, bare),
    };
    let is_remote = scheme.is_some() || user(bare).is_some() || is_github(bare) || bare.len() < entry.len();
    if !is_remote {
        return Ok(false);
    }
    let allowed = |scheme: &str| matches!(scheme, "https" | "ssh") || (git_protocol && scheme == "git");
    if scheme.as_deref().is_some_and(|scheme| !allowed(scheme)) {
        return Err(refused("is neither https nor ssh"));
    }
    if entry.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(refused("holds a blank"));
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = user(place).unwrap_or(place);
    let host = host.rsplit_once('@').filter(|(user, _)| !user.contains('/')).map_or(host, |(_, host)| host);
    let path = host.split_once(['/', ':']).map_or("", |(_, path)| path);
    if host.is_empty() || host.starts_with('-') || path.trim_start_matches(['/', ':']).starts_with('-') {
        return Err(refused("holds an option in the place of a host or path"));
    }
    for value in query.split(['&', ';']).filter_map(|pair| pair.split_once('=')).map(|(_, value)| value) {
        match decoded(value) {
            Some(value) if !value.trim_start().starts_with('-') => {}
            _ => return Err(refused("holds an option in the place of a `ref`")),
        }
    }
    Ok(true)
}

/// Returns the scheme, in lower case, and what follows it: with `//`, or `::` as git's helpers have it, or for the ones
/// that any reader knows with a colon alone.
fn scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_name = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let scheme = scheme.to_ascii_lowercase();
    let is_known = matches!(scheme.as_str(), "http" | "https" | "file" | "ssh" | "git");
    (is_name && (rest.starts_with("//") || rest.starts_with(':') || is_known))
        .then(|| (scheme, rest.trim_start_matches([':', '/'])))
}

/// Returns what follows `user@`, as in `git@host:path`.
fn user(text: &str) -> Option<&str> {
    let (user, rest) = text.split_once('@')?;
    let is_name = user.starts_with(|c: char| c.is_ascii_alphabetic())
        && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_name.then_some(rest)
}

fn is_github(text: &str) -> bool {
    ["github.com/", "github.com:"].iter().any(|host| strip_prefix(text, host).is_some())
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Returns a value of a query, with `%` and `+` read; none when that cannot be.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Returns the entry without a password that may stand in it.
fn shown(entry: &str) -> String {
    let entry = entry.escape_debug().to_string();
    match entry.rsplit_once('@') {
        Some((before, after)) if before.contains("://") => {
            let scheme = before.split("://").next().unwrap_or_default();
            format!("{scheme}://…@{after}")
        }
        _ => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_over_https_and_ssh_are_remote() {
        for entry in [
            "https://github.com/org/repo//path?ref=v1",
            "HTTPS://example.com/org/repo.git/path?ref=v1&submodules=false&timeout=10s",
            "https://user@dev.azure.com/org/project/_git/repo?version=main",
            "ssh://git@example.com:2222/org/repo.git",
            "git@github.com:org/repo.git//base?ref=feature%2Fx",
            "github.com/org/repo?ref=main",
            "git::https://example.com/org/repo.git",
            "https://raw.example.com/x.yaml",
        ] {
            assert!(check(entry, false).unwrap(), "{entry}");
        }
    }

    #[test]
    fn paths_are_not_remote() {
        for entry in [
            "base",
            "../../base",
            "./a.yaml",
            "a:b.yaml",
            "a@b/c",
            "kind: X\napiVersion: builtin\n",
            "{kind: X}",
        ] {
            let is_user = entry == "a@b/c";
            assert_eq!(check(entry, false).unwrap(), is_user, "{entry}");
        }
    }

    #[test]
    fn other_protocols_and_options_for_git_are_problems() {
        for entry in [
            "file:///nowhere?ref=--upload-pack=touch%20/tmp/x%20%23",
            "FILE://x",
            "file:x",
            "http://example.com/x.yaml",
            "git://example.com/x",
            "ext::sh -c id",
            "git::file:///x",
            "git::ext::sh",
            "https://example.com/org/repo?ref=--upload-pack=x",
            "https://example.com/org/repo?ref=v1&version=%2D-exec",
            "https://example.com/org/repo?ref=%zz",
            "https://example.com/org/repo?ref=+-x",
            "ssh://-oProxyCommand=id/x",
            "ssh://git@-oProxyCommand=id/x",
            "git@-oProxyCommand=id:x",
            "git@example.com:-x",
            "https://example.com/a b",
            "https://example.com/x?ref=--upload-pack=x: 1",
        ] {
            assert!(check(entry, false).is_err(), "{entry}");
        }
        assert!(check("git://example.com/x", true).unwrap());
    }

    #[test]
    fn a_password_is_not_shown() {
        let problem = check("http://bob:swordfish@example.com/x", false).unwrap_err();
        assert_eq!(problem.message, "the remote `http://…@example.com/x` is neither https nor ssh");
    }
}
