//! Turning native source blocks into the plugin's, in an Application's file: only the block's lines change, and its
//! comments stay with what they speak of.

mod block;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    native::{BLOCKS, Lost, native},
    source::Sources,
};
use crate::{
    error::{Location, Result},
    manifest::{Changes, Edit, Manifests, ObjectId, Source, Step},
};

/// A file after adoption.
#[derive(Debug, Default, PartialEq)]
pub struct Adopted {
    /// The new text.
    pub text: String,
    /// The Applications whose source is the plugin's now.
    pub changed: Vec<String>,
    /// How many Applications and ApplicationSets the file holds.
    pub found: usize,
    /// What has no equivalent.
    pub notes: Vec<Note>,
    /// Comments inside a block were lost, because it is not written in block style.
    pub comments_lost: bool,
}

/// A field without an equivalent.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The Application.
    pub application: String,
    /// Where its source stands.
    pub location: Location,
    /// The field and what to do.
    pub lost: Lost,
}

/// A source to turn into the plugin's.
struct Site {
    object: ObjectId,
    path: Vec<Step>,
    block: Option<&'static str>,
    parameters: Vec<Value>,
}

/// Turns the native sources of a file's Applications and ApplicationSets into the plugin's. One that has something that
/// matters and has no equivalent stays as it is. `may_adopt` says why a source must stay, by its path.
pub fn adopt(
    text: &str,
    shown: &str,
    may_adopt: impl Fn(&str, &str) -> std::result::Result<(), Lost>,
) -> Result<Adopted> {
    let manifests = read(text, shown)?;
    let mut adopted = Adopted::default();
    let mut sites = Vec::new();
    for header in manifests.index()? {
        let base: &[&str] = match header.kind.as_str() {
            "Application" => &["spec"],
            "ApplicationSet" => &["spec", "template", "spec"],
            _ => continue,
        };
        if !header.api_version.starts_with("argoproj.io/") {
            continue;
        }
        adopted.found += 1;
        let object = manifests.object(header.id)?;
        let spec = base.iter().fold(object, |value, key| &value[key]);
        let base: Vec<Step> = base.iter().map(|key| Step::from(*key)).collect();
        let before = sites.len();
        for (path, source) in sources(spec, &base) {
            let all: Vec<Value> =
                sources(spec, &base).into_iter().map(|(_, source)| source.clone()).collect();
            let (site, lost) = site(header.id, path.clone(), source, &all, &header.name, &may_adopt);
            let location = manifests.location_of(header.id, &path);
            let note = |lost| Note { application: header.name.clone(), location: location.clone(), lost };
            adopted.notes.extend(lost.into_iter().map(note));
            sites.extend(site);
        }
        if sites.len() > before {
            adopted.changed.push(header.name);
        }
    }
    (adopted.text, adopted.comments_lost) = rewritten(text, shown, &manifests, &sites)?;
    Ok(adopted)
}

fn read(text: &str, shown: &str) -> Result<Manifests> {
    Manifests::read(vec![Source { name: shown.to_owned(), bytes: text.into(), validate: true }])
}

fn sources<'v>(spec: &'v Value, base: &[Step]) -> Vec<(Vec<Step>, &'v Value)> {
    let under = |steps: &[Step]| base.iter().chain(steps).cloned().collect();
    match spec["sources"].as_array() {
        Some(sources) if !sources.is_empty() => (0..)
            .zip(sources)
            .map(|(i, source)| (under(&["sources".into(), Step::Index(i)]), source))
            .collect(),
        _ if spec["source"].is_object() => vec![(under(&["source".into()]), &spec["source"])],
        _ => Vec::new(),
    }
}

/// Returns how a source is adopted; `None` when it is not native, or must stay.
fn site(
    object: ObjectId,
    path: Vec<Step>,
    source: &Value,
    all: &[Value],
    name: &str,
    may_adopt: &impl Fn(&str, &str) -> std::result::Result<(), Lost>,
) -> (Option<Site>, Vec<Lost>) {
    let Some(dir) = source["path"].as_str().filter(|path| !path.is_empty()) else {
        let chart = source["chart"].as_str().map(|chart| Lost {
            field: "chart".to_owned(),
            why: format!(
                "`{chart}` comes from a repository of charts; put it into a Git repository as a dependency"
            ),
            matters: true,
        });
        return (None, chart.into_iter().collect());
    };
    if source["plugin"].is_object() {
        return (None, Vec::new());
    }
    let native = native(source, &Sources(all));
    let mut lost = native.lost;
    lost.extend(may_adopt(dir, name).err());
    let mut blocks = BLOCKS.iter().filter(|block| source.get(**block).is_some());
    let block = blocks.next().copied();
    if blocks.next().is_some() {
        lost.push(Lost {
            field: "source".to_owned(),
            why: "it has several blocks, which Argo CD refuses; remove all but one".to_owned(),
            matters: true,
        });
    }
    let stays = lost.iter().any(|lost| lost.matters);
    let site = (!stays).then_some(Site { object, path, block, parameters: native.parameters });
    (site, lost)
}

/// Returns the file's new text, and whether comments were lost.
fn rewritten(text: &str, shown: &str, manifests: &Manifests, sites: &[Site]) -> Result<(String, bool)> {
    let mut edits: BTreeMap<ObjectId, Vec<Edit>> = BTreeMap::new();
    for site in sites {
        edits.entry(site.object).or_default().extend(site.edits());
    }
    let mut expected = Vec::new();
    for header in manifests.index()? {
        let mut value = manifests.object(header.id)?.clone();
        for edit in edits.get(&header.id).into_iter().flatten() {
            // The editor below gives the same error, with its place.
            let _ = edit.apply_to(&mut value);
        }
        expected.push(value);
    }
    if let Some(spliced) = spliced(text, manifests, sites)
        && let Ok(read) = read(&spliced, shown)
        && let Ok(headers) = read.index()
        && headers.iter().map(|header| read.object(header.id).ok()).eq(expected.iter().map(Some))
    {
        return Ok((spliced, false));
    }
    let bytes = manifests.apply(&Changes { edits, additions: Vec::new() })?.to_vec();
    let after = String::from_utf8_lossy(&bytes).into_owned();
    let lost = text.matches('#').count() > after.matches('#').count();
    Ok((after, lost))
}

/// Returns the text with each block's lines replaced, from the last to the first; none when one is not in block style.
fn spliced(text: &str, manifests: &Manifests, sites: &[Site]) -> Option<String> {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut placed = Vec::new();
    for site in sites {
        let path: Vec<Step> = site.path.iter().cloned().chain([Step::from(site.block?)]).collect();
        placed.push((manifests.location_of(site.object, &path).line? - 1, site));
    }
    placed.sort_by_key(|(line, _)| std::cmp::Reverse(*line));
    for (line, site) in placed {
        block::replace(&mut lines, line, site.block?, &site.parameters)?;
    }
    Some(lines.join("\n"))
}

impl Site {
    fn edits(&self) -> Vec<Edit> {
        let at = |key: &str| self.path.iter().cloned().chain([Step::from(key)]).collect::<Vec<_>>();
        let mut edits: Vec<_> = self.block.iter().map(|block| Edit::Remove { path: at(block) }).collect();
        let mut plugin = json!({"name": "presync"});
        if !self.parameters.is_empty() {
            plugin["parameters"] = self.parameters.clone().into();
        }
        edits.push(Edit::Set { path: at("plugin"), value: plugin });
        edits
    }
}

#[cfg(test)]
mod tests;
