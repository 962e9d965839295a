//! A second parser as the judge: libyaml, which Argo CD's reader is a port of.

use libyaml_safer::{EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};
use proptest::prelude::*;

use super::*;

#[path = "../../../tests/manifest/generate.rs"]
mod generate;

/// Returns what the tree says, as a list of events.
fn ours(text: &str) -> Option<Vec<String>> {
    let tree = parse(text, false).ok()?;
    let mut events = Vec::new();
    if let Some(root) = tree.root {
        describe(&tree, root, &mut events);
    }
    Some(events)
}

fn describe(tree: &Tree<'_>, id: NodeId, events: &mut Vec<String>) {
    let node = tree.node(id);
    let tag = node.tag.as_deref().unwrap_or_default();
    match &node.content {
        Content::Scalar { style: Style::Plain, .. } if node.span.is_empty() => {
            events.push(format!("{tag} Plain "));
        }
        Content::Scalar { text, style } => events.push(format!("{tag} {style:?} {text}")),
        // The anchor's name is in the text.
        Content::Alias(_) => events.push(tree.text[node.span.clone()].to_owned()),
        Content::Sequence(items) => {
            events.push(format!("{tag} [ {}", node.flow));
            for item in items {
                describe(tree, *item, events);
            }
            events.push("]".to_owned());
        }
        Content::Mapping(entries) => {
            events.push(format!("{tag} {{ {}", node.flow));
            for entry in entries {
                describe(tree, entry.key, events);
                describe(tree, entry.value, events);
            }
            events.push("}".to_owned());
        }
    }
}

/// Returns what libyaml says of the first document, with line breaks as Argo CD's line reader hands them on.
fn libyaml(text: &str) -> Option<Vec<String>> {
    let mut text = text.replace("\r\n", "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut input = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut events = Vec::new();
    loop {
        let event = match parser.parse().ok()?.data {
            EventData::DocumentEnd { .. } | EventData::StreamEnd => return Some(events),
            EventData::Alias { anchor } => format!("*{anchor}"),
            EventData::Scalar { tag, value, style, .. } => {
                let style = match style {
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                    _ => Style::Plain,
                };
                format!("{} {style:?} {value}", tag.unwrap_or_default())
            }
            EventData::SequenceStart { tag, style, .. } => {
                format!("{} [ {}", tag.unwrap_or_default(), style == SequenceStyle::Flow)
            }
            EventData::MappingStart { tag, style, .. } => {
                format!("{} {{ {}", tag.unwrap_or_default(), style == MappingStyle::Flow)
            }
            EventData::SequenceEnd => "]".to_owned(),
            EventData::MappingEnd => "}".to_owned(),
            _ => continue,
        };
        events.push(event);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn libyaml_sees_the_same(document in generate::document()) {
        let text = document.text();
        // Go's port is older than this one, and `strict` follows it: it does not know a `?` in flow style.
        if let Some(ours) = ours(&text) {
            prop_assert_eq!(Some(ours), libyaml(&text), "{}", text);
        }
    }
}

/// Every node's bytes are where the tree says.
#[test]
fn nodes_know_their_place() {
    let text =
        "a: &x !!str b # c\nc:\n- d\n-\n  - |\n    e\n\n- {f: [g], h: *x}\nq: >+\n  i\n\n\nl: 'm\n  n'\no:\n";
    let tree = parse(text, false).unwrap();
    let bytes = |id| tree.end(id).map(|end| &text[tree.start(id)..end]);
    let at = |keys: &[&str]| {
        keys.iter().fold(tree.root.unwrap(), |id, step| match &tree.node(id).content {
            Content::Sequence(items) => items[step.parse::<usize>().unwrap()],
            _ => tree.entries(id).iter().find(|entry| bytes(entry.key) == Some(step)).unwrap().value,
        })
    };
    assert_eq!(bytes(at(&[])), Some(text.strip_suffix('\n').unwrap()));
    assert_eq!(bytes(at(&["a"])), Some("&x !!str b"));
    assert_eq!(bytes(at(&["c"])), Some("- d\n-\n  - |\n    e\n\n- {f: [g], h: *x}"));
    assert_eq!(bytes(at(&["c", "1"])), Some("- |\n    e"));
    assert_eq!(bytes(at(&["c", "1", "0"])), Some("|\n    e"));
    assert_eq!(bytes(at(&["c", "2", "f"])), Some("[g]"));
    assert_eq!(bytes(at(&["c", "2", "h"])), Some("*x"));
    assert_eq!(bytes(at(&["q"])), Some(">+\n  i\n\n"));
    assert_eq!(bytes(at(&["l"])), Some("'m\n  n'"));
    assert_eq!(bytes(at(&["o"])), None);
}
