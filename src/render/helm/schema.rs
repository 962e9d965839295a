//! What the schemas of charts refer to (`values.schema.json`).
//!
//! Helm loads whatever a reference names by URL, files of the sidecar too, and its errors tell what it found there
//! (`pkg/chartutil/jsonschema.go`). So a reference to a file is refused, and a schema with one to a host, from where
//! another file could be named, is not used unless the platform allows remote values.
//!
//! References are looked for at every quotation mark of a file. So neither deep nesting nor the layout of an archive can
//! hide one from presync that Helm finds.

use std::{fs::File, io::Read, path::Path};

use flate2::read::MultiGzDecoder;
use memchr::{memchr_iter, memmem};
use walkdir::WalkDir;

use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    limits,
};

/// The name of a chart's schema for its values, in subcharts too.
const NAME: &str = "values.schema.json";

/// Where the contents of an archive's files begin: at multiples of this.
const BLOCK: usize = 512;

/// What each file counts at least, in bytes, so that archives in archives come to an end.
const LEAST: usize = 64 << 10;

/// What gzip's compressed data begins with.
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// Keys whose values name other schemas. One that names the schema itself can make them relative to a file.
const KEYS: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef", "$schema", "$id", "id"];

/// A reference of a schema to another host.
#[derive(Debug)]
pub(in crate::render) struct Remote {
    reference: String,
    at: Location,
}

impl Remote {
    /// That the chart cannot be rendered with it.
    pub(in crate::render) fn refused(self) -> Problem {
        let message = format!("the chart's schema refers to `{}`", self.reference.escape_debug());
        Problem::new(Exit::RENDER, message).at(self.at).hint(HINT)
    }

    /// That the chart is rendered without its schemas.
    pub(super) fn unused(self) -> Problem {
        let reference = self.reference.escape_debug();
        let message =
            format!("the values are not validated, because a schema of the chart refers to `{reference}`");
        Problem::new(Exit::RENDER, message).at(self.at).hint(HINT)
    }
}

const HINT: &str = "copy the definitions into the schema, or let the platform set `allow.remoteValues`";

/// Looks at every schema in `dir` and in the packed charts there, and returns the first reference to another host. Each
/// reference to a file is a problem. Places are shown relative to `root`.
pub(in crate::render) fn check(dir: &Path, root: &Path) -> Result<Option<Remote>> {
    let mut problems = Problems::default();
    let mut remote = None;
    // What cannot be read is Helm's problem.
    for entry in WalkDir::new(dir).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let path = entry.path();
        let at = || Location::file(path.strip_prefix(root).unwrap_or(path).display().to_string());
        let is_schema = entry.file_name() == NAME;
        if !is_schema && path.extension().is_none_or(|extension| extension != "tgz") {
            continue;
        }
        let Ok(file) = File::open(path) else { continue };
        let mut left = limits::FILE_BYTES;
        let found = if is_schema {
            limited(file, &mut left).map(|bytes| references(&bytes).collect())
        } else {
            packed(file, &mut left)
        };
        let Some(found) = found else {
            problems.push(Problem::new(Exit::RENDER, "the chart or schema is larger than 100 MiB").at(at()));
            continue;
        };
        for reference in found {
            match reference {
                Reference::File(reference) => problems.push(refusal(&reference).at(at())),
                Reference::Remote(reference) => {
                    remote.get_or_insert_with(|| Remote { reference, at: at() });
                }
            }
        }
    }
    problems.or(remote)
}

fn refusal(reference: &str) -> Problem {
    Problem::new(Exit::RENDER, format!("`{}` refers to a file outside the chart", reference.escape_debug()))
        .hint("refer to a definition in the schema itself, as in `#/definitions/name`")
}

/// What can be read of it, or none if it is more than what is `left`.
fn limited(from: impl Read, left: &mut u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // Helm reads what stands before the broken part of an archive.
    let _ = from.take(*left + 1).read_to_end(&mut bytes);
    *left = left.checked_sub(bytes.len().max(LEAST) as u64)?;
    Some(bytes)
}

/// The references in a packed chart and those that are packed in it, if one of them has a schema.
fn packed(from: impl Read, left: &mut u64) -> Option<Vec<Reference>> {
    let bytes = limited(MultiGzDecoder::new(from), left)?;
    let mut found = Vec::new();
    if memmem::find(&bytes, NAME.as_bytes()).is_some() {
        found.extend(references(&bytes));
    }
    for start in (0..bytes.len()).step_by(BLOCK).filter(|at| bytes[*at..].starts_with(GZIP)) {
        found.extend(packed(&bytes[start..], left)?);
    }
    Some(found)
}

/// A reference to something that is not in the schema.
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    File(String),
    Remote(String),
}

fn references(bytes: &[u8]) -> impl Iterator<Item = Reference> {
    memchr_iter(b'"', bytes).filter_map(|quote| {
        let (key, rest) = string(&bytes[quote + 1..], KEYS.iter().map(|key| key.len()).max()?)?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
        let key = KEYS.iter().find(|known| **known == key)?;
        reference(key, string(value, usize::MAX)?.0)
    })
}

/// What a key's value refers to. A schema has a `file:` URL, so a relative reference names a file.
fn reference(key: &str, value: String) -> Option<Reference> {
    let scheme = value.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_file = scheme.as_deref() == Some("file");
    match (key, scheme.as_deref()) {
        // The name alone loads nothing.
        ("$id" | "id", _) => is_file.then_some(Reference::File(value)),
        // Helm has the dialects of json-schema.org itself.
        ("$schema", Some("http" | "https")) if value.contains("://json-schema.org/") => None,
        (_, Some("http" | "https")) => Some(Reference::Remote(value)),
        (_, Some("urn")) => None,
        _ if value.is_empty() || value.starts_with('#') => None,
        _ => Some(Reference::File(value)),
    }
}

/// The string of JSON that begins here, behind its quotation mark, and what follows; none if it is longer than `limit`.
fn string(bytes: &[u8], limit: usize) -> Option<(String, &[u8])> {
    let mut text = Vec::new();
    let mut at = 0;
    while text.len() <= limit {
        match *bytes.get(at)? {
            b'"' => return Some((String::from_utf8_lossy(&text).into_owned(), &bytes[at + 1..])),
            b'\\' => {
                let escape = *bytes.get(at + 1)?;
                if escape == b'u' {
                    let digits = str::from_utf8(bytes.get(at + 2..at + 6)?).ok()?;
                    let unit = u32::from_str_radix(digits, 16).ok()?;
                    let c = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += 6;
                    continue;
                }
                // Only `\/` and `\"` stand for what can be in a reference.
                text.push(escape);
                at += 2;
            }
            byte => {
                text.push(byte);
                at += 1;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn found(text: &str) -> Vec<Reference> {
        references(text.as_bytes()).collect()
    }

    #[test]
    fn a_schema_may_refer_to_itself() {
        let text = r##"{
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": "https://example.com/values.schema.json",
            "properties": {"a": {"$ref": "#/definitions/a"}, "id": {"type": "string"}, "$ref": {"type": "string"}}
        }"##;
        assert_eq!(found(text), []);
    }

    #[test]
    fn files_and_hosts_are_found_however_they_are_written() {
        for (value, text) in [
            ("file:///etc/x.json", r#"{"a": [{"$ref": "file:///etc/x.json"}]}"#),
            ("FILE:///x", r#"{"$id":"FILE:///x"}"#),
            ("../x.json", r#"{"\u0024re\u0066" : "..\/x.json"}"#),
            ("x", r#"{"$dynamicRef":"x"}"#),
            (" file:x", r#"{"$schema":"\u0020file:x"}"#),
        ] {
            assert_eq!(found(text), [Reference::File(value.to_owned())], "{text}");
        }
        let deep = format!("{}{{\"$ref\":\"/x\"", "[1e999999,".repeat(1000));
        assert_eq!(found(&deep), [Reference::File("/x".to_owned())]);
        assert_eq!(
            found(r#"{"$ref":"https://example.com/b.json"}"#),
            [Reference::Remote("https://example.com/b.json".to_owned())]
        );
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// An entry of an archive as far as it matters here: a block with the name, and the padded content.
    fn entry(name: &str, content: &[u8]) -> Vec<u8> {
        let mut entry = name.as_bytes().to_vec();
        entry.resize(BLOCK, 0);
        entry.extend(content);
        entry.resize(entry.len().next_multiple_of(BLOCK), 0);
        entry
    }

    #[test]
    fn packed_charts_are_looked_into() {
        let schema = br#"{"$ref":"file:///x"}"#;
        let bad = [Reference::File("file:///x".to_owned())];
        let found = |archive: &[u8]| packed(archive, &mut limits::FILE_BYTES.clone()).unwrap();
        let chart = gzip(&entry("s/values.schema.json", schema));
        assert_eq!(found(&chart), bad);
        assert_eq!(found(&gzip(&entry("t/charts/s.tgz", &chart))), bad, "packed twice");
        assert_eq!(found(&[&gzip(b""), &*chart].concat()), bad, "in several parts");
        assert_eq!(found(&[&*chart, b"x"].concat()), bad, "with a broken end");
        assert_eq!(found(&gzip(&entry("s/files/openapi.json", schema))), []);
        assert_eq!(packed(&*chart, &mut 100), None, "too large");
    }
}
