//! The walk over text and value that finds what must be rewritten.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::Refused;
use super::text::column;
use crate::manifest::compose::{is_merge, key};
use crate::manifest::emit::Block;
use crate::manifest::tree::{Content, Entry, NodeId, Tree};

/// Collects replacements of byte ranges.
pub(super) struct Editor<'a, 't> {
    pub tree: &'a Tree<'t>,
    pub block: Block,
    splices: Vec<(Range<usize>, String)>,
}

/// What a node is to its parent.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Root,
    /// The value of a mapping's entry.
    Entry(Entry),
    Item,
}

/// How a mapping's entries, or a list's items, change; in the order of the text.
pub(super) struct Members {
    /// Which of them go.
    pub removed: Vec<bool>,
}

impl Members {
    /// Returns the last one that stays.
    pub(super) fn last_kept(&self) -> Option<usize> {
        self.removed.iter().rposition(|removed| !removed)
    }
}

impl<'a, 't> Editor<'a, 't> {
    /// Returns the text of `tree`, which reads as `before`, changed to read as `after`. To be verified by the caller.
    pub(super) fn edit(
        tree: &'a Tree<'t>,
        before: &Value,
        after: &Value,
        line_break: &str,
        literals: bool,
    ) -> Result<String, Refused> {
        let block = Block { literals, ..block_style(tree) };
        let mut editor = Self { tree, block, splices: Vec::new() };
        editor.update(tree.root.ok_or(Refused)?, before, after, Place::Root, false)?;
        editor.apply(line_break)
    }

    pub(super) fn splice(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.splices.push((range, text.into()));
    }

    /// Those at the same place stay in the order in which they were found.
    fn apply(mut self, line_break: &str) -> Result<String, Refused> {
        self.splices.sort_by_key(|(range, _)| range.start);
        let mut edited = String::with_capacity(self.tree.text.len());
        let mut done = 0;
        for (range, text) in self.splices {
            edited.push_str(self.tree.text.get(done..range.start).ok_or(Refused)?);
            edited.push_str(&text.replace('\n', line_break));
            done = range.end;
        }
        edited.push_str(&self.tree.text[done..]);
        Ok(edited)
    }

    /// Changes the node from one value to another; `flow` tells how its parent is written.
    pub(super) fn update(
        &mut self,
        id: NodeId,
        before: &Value,
        after: &Value,
        place: Place,
        flow: bool,
    ) -> Result<(), Refused> {
        if before == after {
            return Ok(());
        }
        match (&self.tree.node(id).content, before, after) {
            (Content::Mapping(_), Value::Object(before), Value::Object(after))
                if self.keeps_some(id, after) =>
            {
                self.mapping(id, before, after)
            }
            (Content::Sequence(items), Value::Array(before), Value::Array(after)) if !after.is_empty() => {
                self.sequence(id, items, before, after)
            }
            (Content::Alias(_), Value::Object(before), Value::Object(after)) if extends(before, after) => {
                self.extend_alias(id, before, after, place, flow)
            }
            _ => self.replace(id, after, place, flow),
        }
    }

    fn replace(&mut self, id: NodeId, after: &Value, place: Place, flow: bool) -> Result<(), Refused> {
        match (place, flow) {
            (Place::Root, _) => Err(Refused),
            (Place::Entry(entry), false) => {
                let text = self.block.after_colon(after, column(self.tree.text, self.tree.start(entry.key))?);
                self.replace_block_entry(entry, &text)
            }
            (Place::Item, false) => self.replace_block_item(id, after),
            (_, true) => self.replace_in_flow(id, after, place),
        }
    }

    /// Whether an entry of the mapping stays, so that there is something to put others beside.
    fn keeps_some(&self, id: NodeId, after: &Map<String, Value>) -> bool {
        self.tree.entries(id).iter().any(|entry| {
            is_merge(self.tree, entry.key)
                || key(self.tree, entry.key).is_some_and(|key| after.contains_key(&key))
        })
    }

    fn mapping(
        &mut self,
        id: NodeId,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), Refused> {
        let flow = self.tree.node(id).flow;
        let entries = self.tree.entries(id);
        let keys: Vec<_> = entries.iter().map(|entry| key(self.tree, entry.key)).collect();
        // The last of duplicates counts.
        let last: HashMap<&str, usize> =
            (0..).zip(&keys).filter_map(|(i, key)| Some((key.as_deref()?, i))).collect();
        for (i, entry) in entries.iter().enumerate() {
            let Some(key) = keys[i].as_deref().filter(|key| last.get(key) == Some(&i)) else { continue };
            if let (Some(before), Some(after)) = (before.get(key), after.get(key)) {
                self.update(entry.value, before, after, Place::Entry(*entry), flow)?;
            }
        }
        let gone = |key: &Option<String>| key.as_ref().is_some_and(|key| !after.contains_key(key));
        let members = Members { removed: keys.iter().map(gone).collect() };
        // What a merge gave is overridden by an entry at the end.
        let new: Vec<(&str, &Value)> = after
            .iter()
            .filter(|(key, value)| !last.contains_key(key.as_str()) && before.get(*key) != Some(value))
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        if flow {
            self.change_flow_mapping(id, &members, &new)
        } else {
            self.change_block_mapping(entries, &members, &new)
        }
    }

    fn sequence(
        &mut self,
        id: NodeId,
        items: &[NodeId],
        before: &[Value],
        after: &[Value],
    ) -> Result<(), Refused> {
        if items.len() != before.len() {
            return Err(Refused);
        }
        let flow = self.tree.node(id).flow;
        // What is the same at both ends stays; what is between changes item by item, and the rest goes or comes.
        let head = before.iter().zip(after).take_while(|(before, after)| before == after).count();
        let (before_rest, after_rest) = (&before[head..], &after[head..]);
        let tail = before_rest
            .iter()
            .rev()
            .zip(after_rest.iter().rev())
            .take_while(|(before, after)| before == after)
            .count();
        let changed = before_rest.len().min(after_rest.len()) - tail;
        for i in head..head + changed {
            self.update(items[i], &before[i], &after[i], Place::Item, flow)?;
        }
        let kept = head + changed;
        let removed = (0..items.len()).map(|i| (kept..items.len() - tail).contains(&i)).collect();
        let members = Members { removed };
        let new = &after[kept..after.len() - tail];
        if flow {
            self.change_flow_sequence(id, items, &members, kept, new)
        } else {
            self.change_block_sequence(items, &members, kept, new)
        }
    }

    /// `*anchor` becomes a map that merges it and adds what is new, so that the tie to the anchor stays.
    fn extend_alias(
        &mut self,
        id: NodeId,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        place: Place,
        flow: bool,
    ) -> Result<(), Refused> {
        let (Place::Entry(entry), false) = (place, flow) else {
            return self.replace(id, &Value::Object(after.clone()), place, flow);
        };
        let text = self.tree.text;
        let alias = &text[self.tree.node(id).span.clone()];
        let column = column(text, self.tree.start(entry.key))?;
        let new = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
        let mut lines = format!("\n{:indent$}<<: {alias}", "", indent = column + self.block.step);
        for (key, value) in new {
            lines.push('\n');
            lines.push_str(&self.block.entry(key, value, column + self.block.step));
        }
        self.replace_block_entry(entry, &lines)
    }
}

/// Whether every key stays, so that the change can be made by overriding.
fn extends(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    before.keys().all(|key| after.contains_key(key))
}

/// Returns how the document indents, told by the first map and the first list that stand under a key.
fn block_style(tree: &Tree<'_>) -> Block {
    let mut step = None;
    let mut list_indent = None;
    let mappings = tree.nodes.iter().enumerate().filter(|(_, node)| !node.flow);
    for entry in mappings.flat_map(|(id, _)| tree.entries(id)) {
        let value = tree.node(entry.value);
        let seen = match &value.content {
            Content::Mapping(entries) if !entries.is_empty() && !value.flow => &mut step,
            Content::Sequence(items) if !items.is_empty() && !value.flow => &mut list_indent,
            _ => continue,
        };
        if seen.is_none() {
            *seen = indent_of(tree, *entry);
        }
        if step.is_some() && list_indent.is_some() {
            break;
        }
    }
    let default = Block::default();
    Block {
        step: step.filter(|step| *step > 0).unwrap_or(default.step),
        list_indent: list_indent.unwrap_or(default.list_indent),
        ..default
    }
}

/// Returns how far a block collection stands to the right of its key.
fn indent_of(tree: &Tree<'_>, entry: Entry) -> Option<usize> {
    let key = column(tree.text, tree.start(entry.key)).ok()?;
    let value = column(tree.text, tree.start(entry.value)).ok()?;
    value.checked_sub(key)
}
