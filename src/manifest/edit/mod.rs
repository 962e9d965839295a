//! Editing one document so that nothing else in it changes.
//!
//! The edits are applied to the value that the text reads as; then only the places where text and value differ are
//! rewritten ([`splice`]). The result is read again and must be that value. Where it is not (an anchor that is used
//! elsewhere, a merge key that overrides), the document is written anew, and checked in the same way.

mod block;
mod flow;
mod splice;
mod text;

use std::borrow::Cow;

use serde_json::Value;

use super::changes::{Edit, Step};
use super::compose::{ComposeError, compose};
use super::emit::{Block, Flow};
use super::model;
use super::parse::{SyntaxError, parse};
use super::tree::Tree;
use splice::Editor;

/// Why a document cannot be edited.
#[derive(Debug)]
pub(super) enum EditError {
    Syntax(SyntaxError),
    Compose(ComposeError),
    /// The edit does not fit the object; the reason as a sentence fragment.
    Model(String),
    /// Neither the spliced nor the rewritten document reads as it should.
    Unverified,
}

/// The layout has no place for the change; the document must be written anew.
#[derive(Debug)]
struct Refused;

/// Returns the document after the edits, or `None` when they change nothing. Edits of a list's item come with its number.
///
/// `reads_as` is the document's value, if it was read before.
pub(super) fn edit(
    text: &str,
    json: bool,
    reads_as: Option<&Value>,
    edits: &[(Option<usize>, &[Edit])],
) -> Result<Option<String>, EditError> {
    // The reader ends every document with a line break; so layout knows only whole lines.
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let added = if json || text.ends_with('\n') { "" } else { line_break };
    let text = if added.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}{added}")) };

    let tree = parse(&text, json).map_err(EditError::Syntax)?;
    let before = match reads_as.filter(|_| added.is_empty()) {
        Some(value) => Cow::Borrowed(value),
        None => Cow::Owned(compose(&tree).map_err(EditError::Compose)?),
    };
    let after = wanted(&before, edits)?;
    if after == *before {
        return Ok(None);
    }
    let mut attempts =
        [true, false].into_iter().map(|literals| spliced(&tree, &before, &after, line_break, literals));
    let edited = attempts.find_map(Result::ok).or_else(|| {
        let mut attempts =
            [true, false].into_iter().map(|literals| rewritten(&tree, &after, line_break, literals));
        attempts.find_map(Result::ok)
    });
    let edited = edited.ok_or(EditError::Unverified)?;
    // A blank last line may belong to a block scalar.
    let without = edited.strip_suffix(added).filter(|without| !without.ends_with('\n'));
    Ok(Some(without.map(str::to_owned).unwrap_or(edited)))
}

fn wanted(before: &Value, edits: &[(Option<usize>, &[Edit])]) -> Result<Value, EditError> {
    let mut value = before.clone();
    for (item, edits) in edits {
        for edit in *edits {
            let edit = match item {
                Some(item) => below(edit, &["items".into(), Step::Index(*item)]),
                None => edit.clone(),
            };
            model::apply(&mut value, &edit).map_err(EditError::Model)?;
        }
    }
    Ok(value)
}

fn below(edit: &Edit, prefix: &[Step]) -> Edit {
    let join = |path: &[Step]| [prefix, path].concat();
    match edit {
        Edit::Set { path, value } => Edit::Set { path: join(path), value: value.clone() },
        Edit::Remove { path } => Edit::Remove { path: join(path) },
    }
}

fn spliced(
    tree: &Tree<'_>,
    before: &Value,
    after: &Value,
    line_break: &str,
    literals: bool,
) -> Result<String, Refused> {
    verified(Editor::edit(tree, before, after, line_break, literals)?, tree.json, after)
}

/// Returns the whole document anew, between the comments above and below it.
fn rewritten(tree: &Tree<'_>, after: &Value, line_break: &str, literals: bool) -> Result<String, Refused> {
    if tree.json {
        let style = if tree.text.contains('\n') { Flow::PRETTY_JSON } else { Flow::COMPACT_JSON };
        return verified(style.value(after), true, after);
    }
    let root = tree.root.ok_or(Refused)?;
    let head = &tree.text[..tree.start(root)];
    let tail =
        tree.end(root).and_then(|end| text::next_line(tree.text, end).ok()).map_or("", |at| &tree.text[at..]);
    let body = Block { literals, ..Block::default() }.document(after).replace('\n', line_break);
    verified(format!("{head}{body}{tail}"), false, after)
}

fn verified(edited: String, json: bool, after: &Value) -> Result<String, Refused> {
    let reads_as = parse(&edited, json).ok().and_then(|tree| compose(&tree).ok());
    if reads_as.as_ref() == Some(after) { Ok(edited) } else { Err(Refused) }
}
