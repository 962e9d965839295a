//! `.helmignore`: which files Helm does not read (`pkg/ignore/rules.go`).

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

/// The rules of a chart.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    matcher: GlobMatcher,
    negated: bool,
    only_directories: bool,
    /// The rule is for a whole path, not for a name alone.
    is_path: bool,
}

impl Rules {
    /// Returns the rules in the text of a `.helmignore`, and Helm's own. Helm refuses a rule that cannot be read, and
    /// then excuses nothing.
    pub(super) fn new(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let rules = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).chain(["templates/.?*"]);
        rules.map(Rule::read).collect::<Option<_>>().map_or_else(Self::default, Self)
    }

    /// Whether Helm passes over `path`, relative to the chart, or over a directory that holds it.
    pub(super) fn ignore(&self, path: &Path) -> bool {
        let above = path.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty());
        self.matches(path, false) || above.into_iter().any(|directory| self.matches(directory, true))
    }

    /// The first rule decides that matches, or that is negated and does not.
    fn matches(&self, path: &Path, is_directory: bool) -> bool {
        self.0.iter().any(|rule| {
            let applies = !rule.only_directories || is_directory;
            let name = if rule.is_path { Some(path) } else { path.file_name().map(Path::new) };
            (applies && name.is_some_and(|name| rule.matcher.is_match(name))) != rule.negated
        })
    }
}

impl Rule {
    fn read(line: &str) -> Option<Self> {
        if line.contains("**") {
            return None;
        }
        let (negated, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line));
        let (only_directories, line) = line.strip_suffix('/').map_or((false, line), |line| (true, line));
        // Go's `filepath.Match` knows no braces.
        let glob = line.trim_start_matches('/').replace('{', "[{]").replace('}', "[}]");
        let matcher = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build().ok()?;
        let matcher = matcher.compile_matcher();
        Some(Self { matcher, negated, only_directories, is_path: line.contains('/') })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_those_of_helm() {
        for (rules, path, ignored) in [
            ("", "docs/l.md", false),
            ("docs/", "docs/l.md", true),
            ("docs", "docs/l.md", true),
            ("docs/", "docs", false),
            ("*.md", "docs/l.md", true),
            ("/l.md", "docs/l.md", false),
            ("docs/*.md", "docs/l.md", true),
            ("docs/*.md", "a/docs/l.md", false),
            ("# docs/\n\n l.md \n", "docs/l.md", true),
            ("a.md\n{l}.md", "docs/l.md", false),
            ("**/l.md\nl.md", "l.md", false),
            ("!l.md", "docs/x.md", true),
            ("[^k].md", "l.md", true),
            ("", "templates/.hidden", true),
            ("", "templates/x/.hidden", false),
        ] {
            assert_eq!(Rules::new(rules).ignore(Path::new(path)), ignored, "{rules:?} {path}");
        }
    }
}
