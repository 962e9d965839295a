//! Random documents, written in every style that YAML has, and random edits of them.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A node with the way in which it is written.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// The text of a scalar, as it stands in the document; fit for flow style too.
    Inline(&'static str),
    /// A block scalar's header and lines.
    Block(&'static str, &'static [&'static str]),
    Map(Vec<(&'static str, Node)>, Style),
    List(Vec<Node>, Style),
    /// A node with an anchor, and a reference to one of the anchors before it.
    Anchored(Box<Node>),
    Alias(usize),
    /// A map that merges one of the anchors before it, at the start or at the end.
    Merge(usize, bool, Vec<(&'static str, Node)>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    flow: Option<Flow>,
    /// Blank line, comment line or trailing comment, by bits.
    noise: u8,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Flow {
    Tight,
    Spaced,
    Lines,
}

/// How the whole document is written.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    step: usize,
    list_indent: usize,
    crlf: bool,
    bom: bool,
    final_line_break: bool,
    head: &'static str,
    tail: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub root: Vec<(&'static str, Node)>,
    pub layout: Layout,
}

const SCALARS: &[&str] = &[
    "x",
    "yes",
    "'yes'",
    "\"no\"",
    "n",
    "012",
    "0o12",
    "0x1F",
    "1_000",
    "1e3",
    "1.0",
    "-0",
    "12:30",
    "2024-01-01",
    "~",
    "null",
    "true",
    "''",
    "\"\"",
    "'it''s'",
    "\"a \\\"b\\\" \\u00e9\\n\"",
    "a b",
    "a:b",
    "http://x/y?z",
    "\"# no\"",
    "a#b",
    "!!str 12",
    "! 12",
    "!local x",
    "!!int 7",
    "\"{{ x }}\"",
    "é",
    "'a: b'",
    "-1",
    ".5",
    "+1",
    "09",
    "=",
    "<<",
    "a\\b",
    "--x",
    "'-'",
    "\"\\ta\"",
    "0b11",
    "1__0",
    ".e",
    "{}",
    "[]",
    "9223372036854775808",
    "PreSync",
    "v1",
    "@",
];

const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "name",
    "labels",
    "'q'",
    "\"d q\"",
    "y",
    "on",
    "1",
    "0x10",
    "1.5",
    "app.kubernetes.io/name",
    "argocd.argoproj.io/hook",
    "\"e\\\"f\"",
    "long-key",
    "~x",
    "é",
    "namespace",
    "kind",
];

fn style() -> impl Strategy<Value = Style> {
    let flow = prop_oneof![
        5 => Just(None),
        1 => select(&[Some(Flow::Tight), Some(Flow::Spaced), Some(Flow::Lines)][..]),
    ];
    (flow, prop_oneof![2 => Just(0), 1 => 0..8u8]).prop_map(|(flow, noise)| Style { flow, noise })
}

fn scalar() -> impl Strategy<Value = Node> {
    const BLOCKS: &[(&str, &[&str])] = &[
        ("|", &["one", "two"]),
        ("|-", &["one", "", " two"]),
        ("|+", &["one", "", ""]),
        (">", &["one", "two", "", "three"]),
        (">-", &["one # not a comment", "--- no"]),
        ("|", &["one", "", "", ""]),
        ("| # comment", &["a: b"]),
        ("|2", &["  x"]),
        ("|", &[]),
    ];
    prop_oneof![
        8 => select(SCALARS).prop_filter("not a scalar", |text| *text != "@").prop_map(Node::Inline),
        1 => Just(Node::Inline("")),
        1 => select(BLOCKS).prop_map(|(header, lines)| Node::Block(header, lines)),
        1 => any::<proptest::sample::Index>().prop_map(|index| Node::Alias(index.index(1 << 16))),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        let entry = (select(KEYS), inner.clone());
        prop_oneof![
            6 => (vec(entry.clone(), 0..5), style()).prop_map(|(entries, style)| Node::Map(entries, style)),
            3 => (vec(inner.clone(), 0..4), style()).prop_map(|(items, style)| Node::List(items, style)),
            1 => inner.prop_map(|node| Node::Anchored(Box::new(node))),
            1 => (any::<u8>(), any::<bool>(), vec(entry, 0..3))
                .prop_map(|(anchor, first, entries)| Node::Merge(anchor.into(), first, entries)),
        ]
    })
}

fn layout() -> impl Strategy<Value = Layout> {
    let head = select(&["", "# head\n", "\n# head\n\n", "# Source: c/templates/x.yaml\n"][..]);
    let tail = select(&["", "# tail\n", "\n\n", "...\n"][..]);
    (1..5usize, any::<bool>(), 0..10u8, 0..10u8, 0..4u8, head, tail).prop_map(
        |(step, indented, crlf, bom, last, head, tail)| Layout {
            step,
            list_indent: if indented { step } else { 0 },
            crlf: crlf == 0,
            bom: bom == 0,
            final_line_break: last > 0,
            head,
            tail,
        },
    )
}

/// A document that looks like a Kubernetes object from above.
pub(crate) fn document() -> impl Strategy<Value = Document> {
    let metadata = (vec((select(KEYS), node()), 0..4), style());
    let annotations = prop_oneof![
        Just(Node::Inline("")),
        Just(Node::Inline("{}")),
        Just(Node::Inline("null")),
        (vec((select(KEYS), scalar()), 1..4), style()).prop_map(|(entries, style)| Node::Map(entries, style)),
    ];
    // All the same to a reader, and less and less plain to a search for the word.
    let kinds = select(
        &[
            "Thing",
            "\"Thing\"",
            "'Thing'  # c",
            "\"T\\x68ing\"",
            "!!str Thing",
            "&k Thing",
            "\"T\\\n  hing\"",
        ][..],
    );
    let kind = prop_oneof![3 => Just("Thing"), 1 => kinds];
    let rest = vec((select(&["spec", "data", "a", "items2", "metadata"][..]), node()), 0..4);
    (kind, metadata, proptest::option::of(annotations), rest, layout()).prop_map(
        |(kind, (mut fields, style), annotations, rest, layout)| {
            fields.insert(0, ("name", Node::Inline("x")));
            fields.extend(annotations.map(|annotations| ("annotations", annotations)));
            let mut root = vec![("apiVersion", Node::Inline("v1")), ("kind", Node::Inline(kind))];
            root.push(("metadata", Node::Map(fields, style)));
            root.extend(rest);
            Document { root, layout }
        },
    )
}

impl Document {
    pub(crate) fn text(&self) -> String {
        let mut writer =
            Writer { layout: &self.layout, text: self.layout.head.to_owned(), anchors: Vec::new(), open: 0 };
        writer.entries(&self.root, 0, 0, false);
        writer.text.push_str(self.layout.tail);
        let mut text = writer.text;
        if !self.layout.final_line_break {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if self.layout.crlf {
            text = text.replace('\n', "\r\n");
        }
        if self.layout.bom {
            text.insert(0, '\u{feff}');
        }
        text
    }
}

struct Writer<'a> {
    layout: &'a Layout,
    text: String,
    /// Whether each anchor stands for a map; those that are still open cannot be used.
    anchors: Vec<bool>,
    open: usize,
}

impl Writer<'_> {
    fn line(&mut self, column: usize, text: &str) {
        writeln!(self.text, "{:column$}{text}", "").unwrap();
    }

    fn noise(&mut self, column: usize, bits: u8) {
        if bits & 1 != 0 {
            self.text.push('\n');
        }
        if bits & 2 != 0 {
            self.line(column, "# comment");
        }
    }

    /// Block entries; the first one may begin in the middle of a line.
    fn entries(&mut self, entries: &[(&'static str, Node)], column: usize, noise: u8, inline: bool) {
        for (i, (key, node)) in entries.iter().enumerate() {
            if i > 0 || !inline {
                self.noise(column, if i == 1 { noise } else { 0 });
                write!(self.text, "{:column$}", "").unwrap();
            }
            write!(self.text, "{key}:").unwrap();
            self.value(node, column, noise);
        }
    }

    /// What stands behind a colon, with the line break at the end.
    fn value(&mut self, node: &Node, column: usize, noise: u8) {
        let comment = if noise & 4 != 0 { " # trailing" } else { "" };
        match node {
            Node::Map(entries, style) if style.flow.is_none() && !entries.is_empty() => {
                writeln!(self.text, "{comment}").unwrap();
                self.entries(entries, column + self.layout.step, style.noise, false);
            }
            Node::Merge(anchor, first, entries) => {
                writeln!(self.text, "{comment}").unwrap();
                self.merge(*anchor, *first, entries, column + self.layout.step);
            }
            Node::List(items, style) if style.flow.is_none() && !items.is_empty() => {
                writeln!(self.text, "{comment}").unwrap();
                self.items(items, column + self.layout.list_indent, style.noise);
            }
            Node::Block(header, lines) => {
                writeln!(self.text, " {header}").unwrap();
                self.block_lines(header, lines, column);
            }
            Node::Anchored(inner) if !matches!(**inner, Node::Alias(_) | Node::Anchored(_)) => {
                let id = self.anchor(inner);
                write!(self.text, " &a{id}").unwrap();
                self.open += 1;
                self.value(inner, column, noise);
                self.open -= 1;
            }
            node => {
                let flow = self.flow(node, column + self.layout.step);
                let blank = if flow.is_empty() { "" } else { " " };
                writeln!(self.text, "{blank}{flow}{comment}").unwrap();
            }
        }
    }

    fn block_lines(&mut self, header: &str, lines: &[&str], column: usize) {
        let column = if header.contains('2') { column + 2 } else { column + self.layout.step };
        for line in lines {
            if line.is_empty() { self.text.push('\n') } else { self.line(column, line) }
        }
    }

    fn items(&mut self, items: &[Node], column: usize, noise: u8) {
        for (i, item) in items.iter().enumerate() {
            self.noise(column, if i == 1 { noise } else { 0 });
            write!(self.text, "{:column$}-", "").unwrap();
            match item {
                Node::Map(entries, style) if style.flow.is_none() && !entries.is_empty() => {
                    self.text.push(' ');
                    self.entries(entries, column + 2, style.noise, true);
                }
                item => self.value(item, column, noise),
            }
        }
    }

    fn merge(&mut self, anchor: usize, first: bool, entries: &[(&'static str, Node)], column: usize) {
        let maps: Vec<_> = (0..self.usable()).filter(|id| self.anchors[*id]).collect();
        let merge = match maps.get(anchor % maps.len().max(1)) {
            Some(id) => format!("<<: *a{id}"),
            None => "<<: {m: 1}".to_owned(),
        };
        if first {
            self.line(column, &merge);
        }
        self.entries(entries, column, 0, false);
        if !first {
            self.line(column, &merge);
        }
    }

    fn usable(&self) -> usize {
        self.anchors.len() - self.open
    }

    fn anchor(&mut self, node: &Node) -> usize {
        self.anchors.push(matches!(node, Node::Map(..) | Node::Merge(..)));
        self.anchors.len() - 1
    }

    /// Everything that fits behind a colon or dash without a block.
    fn flow(&self, node: &Node, column: usize) -> String {
        match node {
            Node::Inline(text) => (*text).to_owned(),
            Node::Block(_, lines) => format!("\"{}\"", lines.join(" ")),
            Node::Alias(index) => match self.usable() {
                0 => "x".to_owned(),
                usable => format!("*a{} ", index % usable).trim_end().to_owned(),
            },
            Node::Anchored(inner) => self.flow(inner, column),
            Node::Merge(_, _, entries) => {
                self.flow(&Node::Map(entries.clone(), Style { flow: Some(Flow::Spaced), noise: 0 }), column)
            }
            Node::Map(entries, style) => {
                let members: Vec<_> = entries
                    .iter()
                    .map(|(key, node)| format!("{key}: {}", self.flow(node, column + 2)))
                    .collect();
                bracket('{', &members, '}', style.flow, column)
            }
            Node::List(items, style) => {
                let text = |node| match self.flow(node, column + 2) {
                    text if text.is_empty() => "''".to_owned(),
                    text => text,
                };
                let members: Vec<_> = items.iter().map(text).collect();
                bracket('[', &members, ']', style.flow, column)
            }
        }
    }
}

fn bracket(open: char, members: &[String], close: char, flow: Option<Flow>, column: usize) -> String {
    let members = members
        .iter()
        .map(|member| if member.starts_with('*') { format!("{member} ") } else { member.clone() });
    let members: Vec<_> = members.collect();
    match flow {
        _ if members.is_empty() => format!("{open}{close}"),
        Some(Flow::Lines) => {
            let inner = column + 2;
            format!(
                "{open}\n{:inner$}{}\n{:column$}{close}",
                "",
                members.join(&format!(",\n{:inner$}", "")),
                ""
            )
        }
        Some(Flow::Tight) => format!("{open}{}{close}", members.join(",")),
        _ => format!("{open}{}{close}", members.join(", ")),
    }
}
