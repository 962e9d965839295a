//! Variables in an Application's texts.

/// Returns `text` with the variables that `variable` knows in place of `$NAME` and `${NAME}`; `$$` is `$`.
///
/// As Argo CD does it (`pkg/apis/application/v1alpha1/types.go`, `Env.Envsubst`) with Go's `os.Expand`: other variables
/// are empty, and a `$` that no name follows stays.
pub(crate) fn expand<'v>(text: &str, variable: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = variable_name(after);
        match name {
            Some("$") => expanded.push('$'),
            Some(name) => expanded.push_str(variable(name).unwrap_or_default()),
            None if length == 0 => expanded.push('$'),
            None => {}
        }
        rest = &after[length..];
    }
    expanded + rest
}

/// Returns the shell variable's name with which `text` begins, and how much of `text` it takes; `${}` and `${` are no names.
pub(crate) fn variable_name(text: &str) -> (Option<&str>, usize) {
    if let Some(braced) = text.strip_prefix('{') {
        return match braced.find('}') {
            None => (None, 1),
            Some(0) => (None, 2),
            Some(end) => (Some(&braced[..end]), end + 2),
        };
    }
    if text.starts_with(|c: char| "*#$@!?-".contains(c) || c.is_ascii_digit()) {
        return (Some(&text[..1]), 1);
    }
    let end = text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    ((end > 0).then_some(&text[..end]), end)
}
