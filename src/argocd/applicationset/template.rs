//! The plain templates of ApplicationSets: `{{name}}`, as `valyala/fasttemplate` reads them.

use serde_json::Value;

use super::Params;

/// Returns `text` with the parameters in place; what names no parameter stays, as in Argo CD.
pub(super) fn render(text: &str, params: &Params) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else { break };
        let (tag, end) = (&rest[start + 2..start + length], start + length + 2);
        out.push_str(&rest[..start]);
        match params.get(tag.trim()) {
            Some(Value::String(value)) => out.push_str(value),
            Some(value) => out.push_str(&value.to_string()),
            None => out.push_str(&rest[start..end]),
        }
        rest = &rest[end..];
    }
    out + rest
}
