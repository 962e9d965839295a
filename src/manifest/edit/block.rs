//! Changes in block style.

use serde_json::Value;

use super::Refused;
use super::splice::{Editor, Members};
use super::text::{begins_line, column, line_content_end, next_line};
use crate::manifest::scan::line_start;
use crate::manifest::tree::{Content, Entry, NodeId, Style};

impl Editor<'_, '_> {
    /// Removes entries, and adds new ones below the last.
    pub(super) fn change_block_mapping(
        &mut self,
        entries: &[Entry],
        members: &Members,
        new: &[(&str, &Value)],
    ) -> Result<(), Refused> {
        let mut removed = members.removed.as_slice();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Err(Refused) };
        let text = self.tree.text;
        let first_start = self.tree.start(first.key);
        let mut entries = entries;
        if removed[0] && !begins_line(text, first_start) {
            // Behind the dash of a list: the next one that stays moves up.
            let kept = removed.iter().position(|removed| !removed).ok_or(Refused)?;
            self.splice(first_start..self.tree.start(entries[kept].key), "");
            (entries, removed) = (&entries[kept..], &removed[kept..]);
        }
        for (entry, _) in entries.iter().zip(removed).filter(|(_, removed)| **removed) {
            self.remove_lines(self.tree.start(entry.key), self.tree.entry_end(*entry))?;
        }
        if new.is_empty() {
            return Ok(());
        }
        let end = next_line(text, self.tree.entry_end(*last))?;
        let column = column(text, first_start)?;
        for (key, value) in new {
            let line = self.block.entry(key, value, column);
            self.splice(end..end, line + "\n");
        }
        Ok(())
    }

    /// Removes items, and adds new ones behind the first `kept`.
    pub(super) fn change_block_sequence(
        &mut self,
        items: &[NodeId],
        members: &Members,
        kept: usize,
        new: &[Value],
    ) -> Result<(), Refused> {
        for (item, _) in items.iter().zip(&members.removed).filter(|(_, removed)| **removed) {
            self.remove_lines(
                self.tree.node(*item).dash.ok_or(Refused)?,
                self.tree.end(*item).ok_or(Refused)?,
            )?;
        }
        if new.is_empty() {
            return Ok(());
        }
        let text = self.tree.text;
        let dash = self.tree.node(*items.first().ok_or(Refused)?).dash.ok_or(Refused)?;
        let column = column(text, dash)?;
        let at = match kept.checked_sub(1) {
            Some(last) => next_line(text, self.tree.end(items[last]).ok_or(Refused)?)?,
            None if begins_line(text, dash) => line_start(text.as_bytes(), dash),
            None => return Err(Refused),
        };
        for value in new {
            let line = self.block.item(value, column);
            self.splice(at..at, line + "\n");
        }
        Ok(())
    }

    /// Puts `new`, the text behind the colon, in the place of an entry's value. Comments on its line stay.
    pub(super) fn replace_block_entry(&mut self, entry: Entry, new: &str) -> Result<(), Refused> {
        let text = self.tree.text;
        let colon = self.tree.after_colon(entry.key).ok_or(Refused)?;
        let line_end = line_content_end(text, colon);
        let (head, body) = split_first_line(new);
        let value = self.tree.node(entry.value);
        let Some(end) = self.tree.end(entry.value) else {
            self.splice(colon..colon, head);
            self.insert_below(colon, body);
            return Ok(());
        };
        let start = self.tree.start(entry.value);
        let block = !value.flow && matches!(value.content, Content::Mapping(_) | Content::Sequence(_));
        let literal = matches!(value.content, Content::Scalar { style: Style::Block, .. });
        if block {
            // A comment behind its last line goes with that line.
            let end = line_content_end(text, end);
            if start > line_end {
                self.splice(colon..colon, head);
                self.splice(line_end..end, body);
            } else {
                self.splice(colon..end, new);
            }
        } else if literal || start > line_end {
            self.splice(colon..end, new);
        } else {
            match head.strip_prefix(' ') {
                Some(head) => self.splice(start..end, head),
                None => self.splice(colon..end, ""),
            }
            self.insert_below(end, body);
        }
        Ok(())
    }

    /// Puts a value in the place of a list's item.
    pub(super) fn replace_block_item(&mut self, item: NodeId, value: &Value) -> Result<(), Refused> {
        let text = self.tree.text;
        let end = self.tree.end(item).ok_or(Refused)?;
        let dash = self.tree.node(item).dash.ok_or(Refused)?;
        if end == dash + 1 {
            let new = format!(" {}", self.block.inline(value, column(text, dash)? + 2));
            let (head, body) = split_first_line(&new);
            self.splice(end..end, head);
            self.insert_below(end, body);
            return Ok(());
        }
        let start = self.tree.start(item);
        let new = self.block.inline(value, column(text, start)?);
        if text.get(start..end).ok_or(Refused)?.contains('\n') {
            self.splice(start..end, new);
        } else {
            let (head, body) = split_first_line(&new);
            self.splice(start..end, head);
            self.insert_below(end, body);
        }
        Ok(())
    }

    /// Inserts lines (each with a line break before it) below the line of `at`, or in the place of its blank rest.
    fn insert_below(&mut self, at: usize, lines: &str) {
        if lines.is_empty() {
            return;
        }
        let end = line_content_end(self.tree.text, at);
        let blank = self.tree.text[at..end].trim().is_empty();
        self.splice(if blank { at } else { end }..end, lines);
    }

    /// Removes the lines from that of `start`, which begins one, to that of `end`.
    fn remove_lines(&mut self, start: usize, end: usize) -> Result<(), Refused> {
        let text = self.tree.text;
        if !begins_line(text, start) {
            return Err(Refused);
        }
        self.splice(line_start(text.as_bytes(), start)..next_line(text, end)?, "");
        Ok(())
    }
}

/// Returns the text up to the first line break, and the rest with it.
fn split_first_line(text: &str) -> (&str, &str) {
    text.split_at(text.find('\n').unwrap_or(text.len()))
}
