//! "Did you mean": the known name that is nearest to one that is not known.

/// Returns the nearest candidate, when it is near enough to be what was meant. Case, `-`, `_` and `.` do not count.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(name);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&plain, &self::plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().min(9) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["ttl", "trigger", "helm.valueFiles", "helm.values", "environment"];
        for (name, expected) in [
            ("tll", Some("ttl")),
            ("TTL", Some("ttl")),
            ("enviroment", Some("environment")),
            ("helm.value-files", Some("helm.valueFiles")),
            ("helm_values", Some("helm.values")),
            ("helm.valuesFile", Some("helm.valueFiles")),
            ("replicas", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
