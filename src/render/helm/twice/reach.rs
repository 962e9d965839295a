//! Which templates give another result each time they are rendered.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{Part, parts};

/// What a template, or a part of one that has a name, calls.
#[derive(Debug, Default)]
struct Calls<'t> {
    /// It calls the clock or a source of random values itself.
    volatile: bool,
    /// The named templates that it includes.
    includes: BTreeSet<&'t str>,
    /// It includes a template or a file whose name it computes: `include (print $.Template.BasePath "/secret.yaml") .`.
    computed: bool,
}

/// The templates of a chart, by their paths.
#[derive(Debug, Default)]
pub(super) struct Templates<'t> {
    files: BTreeMap<&'t str, Calls<'t>>,
    named: BTreeMap<&'t str, Calls<'t>>,
}

impl<'t> Templates<'t> {
    /// Reads the templates of a chart: path and text.
    pub(super) fn read(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut templates = Self::default();
        for (path, text) in files {
            templates.add(path, text);
        }
        templates
    }

    /// All that a file holds counts for the file; from a `define` on also for the template of that name.
    fn add(&mut self, path: &'t str, text: &'t str) {
        let mut file = Calls::default();
        let mut defined: Option<(&str, Calls<'_>)> = None;
        let parts = parts(text);
        for (at, part) in parts.iter().enumerate() {
            let Part::Word(word, _) = *part else { continue };
            let name = match parts.get(at + 1) {
                Some(Part::Literal(name)) => Some(*name),
                _ => None,
            };
            match (word, name) {
                ("define", Some(name)) => {
                    self.named.extend(defined.replace((name, Calls::default())));
                }
                ("include" | "template" | "block", Some(name)) => {
                    file.includes.insert(name);
                    if let Some((_, calls)) = &mut defined {
                        calls.includes.insert(name);
                    }
                }
                ("include" | "template", None) => {
                    file.computed = true;
                    if let Some((_, calls)) = &mut defined {
                        calls.computed = true;
                    }
                }
                _ if is_volatile(word) => {
                    file.volatile = true;
                    if let Some((_, calls)) = &mut defined {
                        calls.volatile = true;
                    }
                }
                _ => {}
            }
        }
        self.named.extend(defined);
        self.files.insert(path, file);
    }

    /// Whether the file, with all that it includes, gives another result each time. A file that is not known may.
    pub(super) fn is_volatile(&self, path: &str) -> bool {
        let Some(file) = self.files.get(path) else { return true };
        let mut seen = BTreeSet::new();
        let mut next = vec![file];
        while let Some(calls) = next.pop() {
            if calls.volatile || (calls.computed && self.has_volatile()) {
                return true;
            }
            next.extend(
                calls
                    .includes
                    .iter()
                    .filter(|name| seen.insert(**name))
                    .filter_map(|name| self.named.get(name)),
            );
        }
        false
    }

    /// Whether any template of the chart calls the clock or a source of random values.
    fn has_volatile(&self) -> bool {
        self.files.values().chain(self.named.values()).any(|calls| calls.volatile)
    }
}

/// Sprig's functions whose result is not that of their arguments alone (`functions.go`, `nonhermeticFunctions`, and the
/// random salts and keys). `.Release.Revision` is not among them: `helm template` always says 1.
fn is_volatile(word: &str) -> bool {
    word == "now"
        || word.starts_with("rand")
        || word.starts_with("gen")
        || matches!(word, "uuidv4" | "shuffle" | "htpasswd" | "bcrypt" | "encryptAES" | "ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_includes_counts() {
        let templates = Templates::read([
            ("a.yaml", "name: {{ include \"shop.name\" . }}"),
            ("b.yaml", "name: {{ include \"shop.suffixed\" . }}"),
            ("c.yaml", "name: {{ .Release.Name }}-{{ randAlphaNum 5 | lower }}"),
            ("d.yaml", "name: {{ .Values.now }}-{{ .Release.Revision }}"),
            (
                "_helpers.tpl",
                "{{- define \"shop.name\" }}shop{{ end }}{{ define \"shop.suffixed\" }}{{ template \"stamp\" }}{{ end }}\
                 {{ define \"stamp\" }}{{ now | unixEpoch }}{{ end }}{{ define \"loop\" }}{{ include \"loop\" . }}{{ end }}",
            ),
            ("e.yaml", "{{ include \"loop\" . }}{{ include (printf \"x.%s\" .Values.a) . }}"),
        ]);
        let volatile: Vec<_> = ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml", "unknown.yaml"]
            .into_iter()
            .filter(|path| templates.is_volatile(path))
            .collect();
        assert_eq!(volatile, ["b.yaml", "c.yaml", "e.yaml", "unknown.yaml"]);
        let computed = "{{ include (print $.Template.BasePath \"/secret.yaml\") . | sha256sum }}";
        let stable = Templates::read([("a.yaml", computed), ("secret.yaml", "key: {{ .Values.key }}")]);
        assert!(!stable.is_volatile("a.yaml"));
    }
}
