//! Changes in flow style and JSON.

use serde_json::Value;

use super::Refused;
use super::splice::{Editor, Members, Place};
use super::text::{begins_line, indentation};
use crate::manifest::emit::{Flow, Lines};
use crate::manifest::tree::{Content, NodeId};

impl Editor<'_, '_> {
    /// Removes entries, and adds new ones behind the last.
    pub(super) fn change_flow_mapping(
        &mut self,
        id: NodeId,
        members: &Members,
        new: &[(&str, &Value)],
    ) -> Result<(), Refused> {
        let tree = self.tree;
        let bounds: Vec<_> =
            tree.entries(id).iter().map(|entry| (tree.start(entry.key), tree.entry_end(*entry))).collect();
        self.remove_in_flow(&bounds, members)?;
        let (_, end) = *bounds.last().ok_or(Refused)?;
        let style = self.style(id)?;
        let mut blank = self.blank_behind_empty(end);
        for (key, value) in new {
            self.splice(end..end, format!("{blank}{}{}", style.separator(), style.entry(key, value)));
            blank = "";
        }
        Ok(())
    }

    /// Removes items, and adds new ones behind the first `kept`.
    pub(super) fn change_flow_sequence(
        &mut self,
        id: NodeId,
        items: &[NodeId],
        members: &Members,
        kept: usize,
        new: &[Value],
    ) -> Result<(), Refused> {
        let tree = self.tree;
        let bounds: Vec<_> = items
            .iter()
            .map(|item| Some((tree.start(*item), tree.end(*item)?)))
            .collect::<Option<_>>()
            .ok_or(Refused)?;
        self.remove_in_flow(&bounds, members)?;
        let style = self.style(id)?;
        let mut blank = kept.checked_sub(1).map_or("", |last| self.blank_behind_empty(bounds[last].1));
        for value in new {
            let value = style.value(value);
            match kept.checked_sub(1) {
                Some(last) => {
                    let end = bounds[last].1;
                    self.splice(end..end, format!("{blank}{}{value}", style.separator()));
                    blank = "";
                }
                None => self.splice(bounds[0].0..bounds[0].0, value + &style.separator()),
            }
        }
        Ok(())
    }

    /// Puts a value in the place of another, or behind the colon where there was none.
    pub(super) fn replace_in_flow(&mut self, id: NodeId, value: &Value, place: Place) -> Result<(), Refused> {
        let tree = self.tree;
        let start = tree.start(id);
        let style = match place {
            Place::Entry(entry) => self.style_at(tree.start(entry.key), tree.start(entry.key)),
            Place::Item | Place::Root => self.style_at(start, start),
        };
        let text = style.value(value);
        match (tree.end(id), place) {
            (Some(end), _) => self.splice(start..end, text),
            (None, Place::Entry(entry)) => {
                let end = tree.entry_end(entry);
                let colon = if tree.after_colon(entry.key).is_some() { "" } else { ":" };
                self.splice(end..end, format!("{colon} {text}"));
            }
            (None, _) => return Err(Refused),
        }
        Ok(())
    }

    /// Removes the members that go: each takes the comma behind it along, the last ones the comma before them.
    fn remove_in_flow(&mut self, bounds: &[(usize, usize)], members: &Members) -> Result<(), Refused> {
        if !members.removed.contains(&true) {
            return Ok(());
        }
        let last = members.last_kept().ok_or(Refused)?;
        for i in (0..last).filter(|i| members.removed[*i]) {
            self.splice(bounds[i].0..bounds[i + 1].0, "");
        }
        let (_, end) = *bounds.last().ok_or(Refused)?;
        if last + 1 < bounds.len() {
            self.splice(bounds[last].1..end, self.blank_behind_empty(bounds[last].1));
        }
        Ok(())
    }

    /// Returns the blank that an empty value needs behind its colon, its tag or its anchor: to Argo CD's reader, `{a:}`
    /// holds the key `a:`, and a tag goes on up to the next blank.
    fn blank_behind_empty(&self, end: usize) -> &'static str {
        let text = &self.tree.text[..end];
        let word = text.rsplit([' ', '\t', '\n', ',', '{', '[']).next().unwrap_or_default();
        if text.ends_with(':') || word.starts_with(['!', '&']) { " " } else { "" }
    }

    /// Returns how a collection is written, for its new members.
    fn style(&self, id: NodeId) -> Result<Flow, Refused> {
        let tree = self.tree;
        let open = tree.node(id).span.start;
        if !tree.text[open..].starts_with(['{', '[']) {
            return Err(Refused);
        }
        let member = match &tree.node(id).content {
            Content::Mapping(entries) => entries.first().map(|entry| tree.start(entry.key)),
            Content::Sequence(items) => items.first().map(|item| tree.start(*item)),
            _ => None,
        };
        Ok(self.style_at(open, member.ok_or(Refused)?))
    }

    /// Returns the style of a member, in a collection that opens at `open`.
    fn style_at(&self, open: usize, member: usize) -> Flow {
        let text = self.tree.text;
        let root = self.tree.root.map_or(0, |root| self.tree.start(root));
        let json = text[member..].starts_with('"')
            || text[root..].trim_start_matches(['{', '[', ' ', '\t', '\r', '\n']).starts_with('"');
        let column = indentation(text, member);
        let step = column.saturating_sub(indentation(text, open));
        let lines =
            begins_line(text, member).then_some(Lines { column, step: if step == 0 { 2 } else { step } });
        let compact = lines.is_none()
            && text[member..].lines().next().is_some_and(|line| !line.contains(": ") && line.contains(':'));
        Flow { json, spaced: !compact, lines }
    }
}
