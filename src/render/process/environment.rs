//! What a child process gets of the environment: an allow-list.
//!
//! What an app owner writes can reach the environment of the tool that renders it, as `env` does in Helm's
//! `--name-template`. So a tool gets what it needs to run and to fetch, never the rest of what the sidecar has, and
//! directories of the run's own in place of the user's. What the platform adds with `childEnvironment` wins.

use std::{collections::BTreeMap, ffi::OsString, path::Path};

/// Variables of the sidecar that a child gets, in upper or lower case: how programs, names and certificates are found.
const PASSED: &[&str] = &[
    "ALL_PROXY",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_SSL_NO_VERIFY",
    "HELM_REGISTRY_CONFIG",
    "HELM_REPOSITORY_CONFIG",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "NO_PROXY",
    "PATH",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
];

/// What Argo CD tells of the destination cluster.
const PASSED_PREFIX: &str = "KUBE_";

/// How Argo CD's `provideGitCreds` hands over the repository's credentials (`util/askpass`): all of it, or nothing.
const ASKPASS: &[&str] =
    &["GIT_ASKPASS", "ARGOCD_GIT_ASKPASS_NONCE", "ARGOCD_ASK_PASS_SOCK", "ARGOCD_BINARY_NAME"];

/// What has a value of ours. Git asks nobody and reads no configuration but the repository's own.
const FIXED: &[(&str, &str)] =
    &[("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")];

/// What is a directory of the run's own. Helm runs plugins only from `HELM_PLUGINS`, whatever its other directories hold.
const OWN: &[(&str, &str)] = &[
    ("HELM_CACHE_HOME", "cache"),
    ("HELM_CONFIG_HOME", "config"),
    ("HELM_DATA_HOME", "data"),
    ("HELM_PLUGINS", "plugins"),
    ("HOME", "home"),
    ("XDG_CACHE_HOME", "home/.cache"),
    ("XDG_CONFIG_HOME", "home/.config"),
    ("XDG_DATA_HOME", "home/.local/share"),
];

/// Returns the whole environment of a child, of what the sidecar has: `added` are names that the platform adds.
pub(in crate::render) fn child(
    sidecar: &BTreeMap<String, String>,
    added: &[String],
    git_protocol: bool,
    scratch: &Path,
) -> BTreeMap<String, OsString> {
    let has_askpass = sidecar.contains_key("ARGOCD_GIT_ASKPASS_NONCE");
    let passed = |name: &str| {
        PASSED.iter().any(|passed| passed.eq_ignore_ascii_case(name))
            || name.starts_with(PASSED_PREFIX)
            || (has_askpass && ASKPASS.contains(&name))
    };
    let own = |names: &mut BTreeMap<String, OsString>, wanted: &dyn Fn(&str) -> bool| {
        let of_sidecar = sidecar.iter().filter(|(name, _)| wanted(name));
        names.extend(of_sidecar.map(|(name, value)| (name.clone(), value.into())));
    };
    let mut environment = BTreeMap::new();
    own(&mut environment, &passed);
    let protocols = if git_protocol { "https:http:ssh:git" } else { "https:http:ssh" };
    environment.insert("GIT_ALLOW_PROTOCOL".to_owned(), protocols.into());
    environment.extend(FIXED.iter().map(|&(name, value)| (name.to_owned(), value.into())));
    environment.extend(OWN.iter().map(|&(name, dir)| (name.to_owned(), scratch.join(dir).into())));
    environment.insert("TMPDIR".to_owned(), scratch.into());
    own(&mut environment, &|name| added.iter().any(|added| added == name));
    environment
}

/// Names whose values are no secret, or are in too many words to be looked for.
const PLAIN: &[&str] = &[
    "HOME", "HOSTNAME", "LANG", "LOGNAME", "OLDPWD", "PATH", "PWD", "SHELL", "SHLVL", "TERM", "TMPDIR", "TZ",
    "USER", "_",
];

/// Prefixes of such names: what Argo CD tells of the app and the cluster, and where Kubernetes says services are.
const PLAIN_PREFIXES: &[&str] = &["ARGOCD_APP_", "KUBE_", "KUBERNETES_", "LC_", "PRESYNC_"];

/// Returns the values of the sidecar's variables that must not be shown.
pub(in crate::render) fn secrets(sidecar: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    let plain =
        |name: &str| PLAIN.contains(&name) || PLAIN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    sidecar
        .iter()
        .filter(move |(name, value)| !plain(name) && !Path::new(value).exists())
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_child_gets_what_is_listed_and_nothing_else() {
        let sidecar = of(&[
            ("PATH", "/bin"),
            ("https_proxy", "http://proxy"),
            ("KUBE_VERSION", "1.34.2"),
            ("KUBECONFIG", "/secret"),
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ("TOKEN", "swordfish"),
            ("ARGOCD_ENV_TOKEN", "swordfish"),
            ("HOME", "/home/argocd"),
            ("HELM_PLUGINS", "/plugins"),
            ("HELM_REGISTRY_CONFIG", "/registry.json"),
            ("GIT_ASKPASS", "askpass"),
            ("GIT_ALLOW_PROTOCOL", "file"),
        ]);
        let child = child(&sidecar, &[], false, Path::new("/run"));
        let names: Vec<_> = child.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "GIT_ALLOW_PROTOCOL",
                "GIT_CONFIG_GLOBAL",
                "GIT_CONFIG_NOSYSTEM",
                "GIT_TERMINAL_PROMPT",
                "HELM_CACHE_HOME",
                "HELM_CONFIG_HOME",
                "HELM_DATA_HOME",
                "HELM_PLUGINS",
                "HELM_REGISTRY_CONFIG",
                "HOME",
                "KUBE_VERSION",
                "PATH",
                "TMPDIR",
                "XDG_CACHE_HOME",
                "XDG_CONFIG_HOME",
                "XDG_DATA_HOME",
                "https_proxy",
            ]
        );
        assert_eq!(child["HOME"], "/run/home");
        assert_eq!(child["HELM_PLUGINS"], "/run/plugins");
        assert_eq!(child["GIT_ALLOW_PROTOCOL"], "https:http:ssh");
    }

    #[test]
    fn the_platform_can_add_and_replace() {
        let sidecar =
            of(&[("HELM_PLUGINS", "/plugins"), ("AWS_REGION", "eu-west-1"), ("TOKEN", "swordfish")]);
        let added = ["HELM_PLUGINS".to_owned(), "AWS_REGION".to_owned(), "ABSENT".to_owned()];
        let child = child(&sidecar, &added, true, Path::new("/run"));
        assert_eq!(
            (child["HELM_PLUGINS"].to_str(), child["AWS_REGION"].to_str()),
            (Some("/plugins"), Some("eu-west-1"))
        );
        assert_eq!(child["GIT_ALLOW_PROTOCOL"], "https:http:ssh:git");
        assert!(!child.contains_key("TOKEN") && !child.contains_key("ABSENT"));
    }

    #[test]
    fn credentials_of_argo_cd_come_whole() {
        let sidecar = of(&[
            ("GIT_ASKPASS", "argocd"),
            ("ARGOCD_GIT_ASKPASS_NONCE", "n"),
            ("ARGOCD_ASK_PASS_SOCK", "s"),
        ]);
        let child = child(&sidecar, &[], false, Path::new("/run"));
        assert!(ASKPASS[..3].iter().all(|name| child.contains_key(*name)));
    }

    #[test]
    fn values_that_can_be_secret_are_held_back() {
        let sidecar = of(&[
            ("TOKEN", "swordfish"),
            ("PATH", "/usr/bin:/bin"),
            ("CONFIG", "/"),
            ("KUBE_VERSION", "1.34.2"),
        ]);
        assert_eq!(secrets(&sidecar).collect::<Vec<_>>(), ["swordfish"]);
    }
}
