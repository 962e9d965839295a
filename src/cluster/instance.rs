//! The Argo CD that runs here: version, refresh interval, tracking.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::cluster::tracking::Tracking;

/// What is known of this Argo CD.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Version of the application controller, by its image; `None` when the image tells none.
    pub version: Option<Version>,
    /// Longest time between two comparisons of an app: interval and jitter; `None` when the timer is off.
    pub refresh: Option<Duration>,
    /// How it marks what it manages.
    pub tracking: Tracking,
}

/// An Argo CD version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Major.
    pub major: u32,
    /// Minor.
    pub minor: u32,
    /// Patch.
    pub patch: u32,
}

impl Version {
    /// From an image reference such as `quay.io/argoproj/argocd:v3.2.1@sha256:…`; `None` without a version tag.
    pub fn of_image(image: &str) -> Option<Self> {
        let (_, tag) = image.split('@').next()?.rsplit('/').next()?.split_once(':')?;
        let core = tag.trim_start_matches('v').split(['-', '+']).next()?;
        let mut parts = core.split('.').map(|part| part.parse().ok());
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }

    /// Whether a hook Job that its TTL deletes before Argo CD sees its end hangs the sync: the hook finalizer came with
    /// gitops-engine pull request 646, in v2.14.3 (and out again in v2.14.4) and from v3.0.0 on.
    pub fn loses_hooks(self) -> bool {
        self.major < 3 && (self.minor, self.patch) != (14, 3)
    }

    /// Whether a sync that fails or is terminated can leave hook finalizers behind: before v3.4.0 (argo-cd pull request
    /// 25916).
    pub fn leaks_finalizers(self) -> bool {
        !self.loses_hooks() && (self.major, self.minor) < (3, 4)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Instance {
    /// From the data of ConfigMap `argocd-cm` and the application controller's image.
    pub fn new(config: &BTreeMap<String, String>, image: Option<&str>, namespace: &str) -> Self {
        let version = image.and_then(Version::of_image);
        let get = |key: &str| config.get(key).map(String::as_str);
        Self {
            version,
            refresh: refresh(get("timeout.reconciliation"), get("timeout.reconciliation.jitter"), version),
            tracking: Tracking::new(
                get("application.resourceTrackingMethod")
                    .or(version.filter(|v| v.major < 3).map(|_| "label")),
                get("application.instanceLabelKey"),
                namespace,
            ),
        }
    }
}

/// Longest time between two comparisons: 120 s and 60 s of jitter by default, 180 s and none before v3.0.
/// An interval of zero turns the timer off.
fn refresh(interval: Option<&str>, jitter: Option<&str>, version: Option<Version>) -> Option<Duration> {
    let (default_interval, default_jitter) =
        if version.is_some_and(|version| version.major < 3) { (180, 0) } else { (120, 60) };
    let or = |text: Option<&str>, default| text.and_then(go_duration).unwrap_or(Duration::from_secs(default));
    let interval = or(interval, default_interval);
    (!interval.is_zero()).then(|| interval + or(jitter, default_jitter))
}

/// Returns a duration as Go writes it: `180s`, `3m`, `1h30m`, `0`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * seconds).ok()?;
        rest = &rest[unit..];
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_images_tag() {
        let of = |image: &str| Version::of_image(image).map(|version| version.to_string());
        assert_eq!(of("quay.io/argoproj/argocd:v3.2.1").as_deref(), Some("v3.2.1"));
        assert_eq!(of("registry:5000/argocd:2.14.4@sha256:00").as_deref(), Some("v2.14.4"));
        assert_eq!(of("argocd:v3.5.0-rc1").as_deref(), Some("v3.5.0"));
        assert_eq!(of("registry:5000/argocd@sha256:00"), None);
        assert_eq!(of("argocd:latest"), None);
    }

    #[test]
    fn the_versions_that_hang() {
        let loses = |minor, patch| Version { major: 2, minor, patch }.loses_hooks();
        assert!(loses(13, 9) && loses(14, 2) && loses(14, 4));
        assert!(!loses(14, 3));
        assert!(!Version { major: 3, minor: 0, patch: 0 }.loses_hooks());
        assert!(Version { major: 3, minor: 3, patch: 14 }.leaks_finalizers());
        assert!(!Version { major: 3, minor: 4, patch: 0 }.leaks_finalizers());
    }

    #[test]
    fn the_refresh_interval_counts_its_jitter() {
        let seconds = |interval, jitter| refresh(interval, jitter, None).map(|time| time.as_secs());
        assert_eq!(seconds(None, None), Some(180));
        assert_eq!(seconds(Some("3m"), Some("0s")), Some(180));
        assert_eq!(seconds(Some("1h30m"), None), Some(5460));
        assert_eq!(seconds(Some("0"), None), None);
        assert_eq!(seconds(Some("0s"), None), None);
        assert_eq!(seconds(Some("soon"), None), Some(180));
        let old = Version { major: 2, minor: 14, patch: 0 };
        assert_eq!(refresh(None, None, Some(old)), Some(Duration::from_mins(3)));
    }

    #[test]
    fn old_versions_track_by_label() {
        let tracking = |image| Instance::new(&BTreeMap::new(), Some(image), "argocd").tracking;
        assert_eq!(tracking("argocd:v2.14.0"), Tracking::new(Some("label"), None, "argocd"));
        assert_eq!(tracking("argocd:v3.0.0"), Tracking::new(Some("annotation"), None, "argocd"));
    }
}
