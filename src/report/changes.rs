//! What changes, object by object.

use std::{collections::BTreeMap, fmt::Write as _};

use similar::TextDiff;

use super::{masks::Masks, paint::Paint};
use crate::{
    error::Result,
    manifest::{Changes, Header, Manifests},
};

/// One document that comes, goes or changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is: `Job shop/migrate`.
    pub title: String,
    /// Where it stands in what was rendered; empty for what is new, and between two commits.
    pub location: String,
    before: String,
    after: String,
}

/// Returns what changing an app's manifests does to them.
pub fn of_rewrite(manifests: &Manifests, changes: &Changes) -> Result<Vec<Change>> {
    let headers = manifests.index()?;
    let mut masks = Masks::default();
    let mut list = Vec::new();
    for changed in manifests.changed_documents(changes)? {
        let before = masks.document(text(manifests.bytes(changed.document)));
        let of_document = headers.iter().filter(|header| header.id.document == changed.document);
        let labels: Vec<_> = of_document.map(title).collect();
        let location = headers
            .iter()
            .find(|header| header.id.document == changed.document)
            .map(|header| place(&manifests.location(header.id)))
            .unwrap_or_default();
        if let Some(after) = changed.text {
            let after = masks.document(after);
            list.push(Change { title: shown(&labels), location: location.clone(), before, after });
        }
        for (object, after) in changed.additions {
            let title = format!(
                "{} {}",
                object["kind"].as_str().unwrap_or_default(),
                object["metadata"]["name"].as_str().unwrap_or_default()
            );
            let after = masks.document(after);
            list.push(Change { title, location: String::new(), before: String::new(), after });
        }
    }
    Ok(list)
}

/// Returns what differs between two renders of an app: documents are the same when they hold the same objects.
pub fn between(before: &Manifests, after: &Manifests) -> Result<Vec<Change>> {
    let mut masks = Masks::default();
    let (old, new) = (documents(before, &mut masks)?, documents(after, &mut masks)?);
    let mut list = Vec::new();
    let change = |title: &str, before: &str, after: &str| Change {
        title: title.to_owned(),
        location: String::new(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    for (key, text) in &new {
        let before = old.get(key).map_or("", String::as_str);
        if before != text {
            list.push(change(&key.1, before, text));
        }
    }
    for (key, text) in old.iter().filter(|(key, _)| !new.contains_key(key)) {
        list.push(change(&key.1, text, ""));
    }
    Ok(list)
}

/// The texts of documents, by what they hold.
type Documents = BTreeMap<(usize, String), String>;

/// Returns the documents by what they hold; of several alike, each with its number.
fn documents(manifests: &Manifests, masks: &mut Masks) -> Result<Documents> {
    let mut labels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for header in manifests.index()? {
        labels.entry(header.id.document).or_default().push(title(&header));
    }
    let mut documents = Documents::new();
    for (document, labels) in labels {
        let title = shown(&labels);
        let same = documents.keys().filter(|(_, other)| *other == title).count();
        documents.insert((same, title), masks.document(text(manifests.bytes(document))));
    }
    Ok(documents)
}

fn title(header: &Header) -> String {
    match &header.namespace {
        Some(namespace) => format!("{} {namespace}/{}", header.kind, header.name),
        None => header.label(),
    }
}

fn shown(labels: &[String]) -> String {
    match labels {
        [] => "document without an object".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("List of {first} and {} more", rest.len()),
    }
}

fn place(location: &crate::error::Location) -> String {
    crate::error::Location { object: None, ..location.clone() }.to_string()
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches(['\n', '\r']).trim_end();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

impl Change {
    fn verb(&self) -> &'static str {
        match (self.before.is_empty(), self.after.is_empty()) {
            (true, _) => "new",
            (_, true) => "gone",
            _ => "changed",
        }
    }

    fn diff(&self, context: usize) -> String {
        let (before, after) = (trimmed(&self.before), trimmed(&self.after));
        let diff = TextDiff::from_lines(before.as_str(), after.as_str());
        diff.unified_diff().context_radius(context).to_string()
    }

    /// Returns the change on a terminal.
    pub fn text(&self, context: usize, paint: Paint) -> String {
        let place = if self.location.is_empty() {
            self.verb().to_owned()
        } else {
            format!("{}, {}", self.verb(), self.location)
        };
        let mut out = format!("{}  {}\n", paint.bold(&self.title), paint.cyan(&format!("({place})")));
        for line in self.diff(context).lines() {
            let line = match line.as_bytes().first() {
                Some(b'+') => paint.green(line),
                Some(b'-') => paint.red(line),
                Some(b'@') => paint.cyan(line),
                _ => line.to_owned(),
            };
            let _ = writeln!(out, "{line}");
        }
        out
    }

    /// Returns the change in a pull request.
    pub fn markdown(&self, context: usize) -> String {
        format!(
            "<details><summary>{} <code>{}</code></summary>\n\n```diff\n{}```\n\n</details>\n",
            self.verb(),
            self.title,
            self.diff(context)
        )
    }
}

fn trimmed(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}
