//! [`Tree`] to [`Value`] by the rules of go-yaml v2's decoder (`decode.go`) and sigs.k8s.io/yaml, which turns the
//! result into JSON.
//!
//! What differs from YAML as one knows it: the last of duplicate keys wins; a merge key is applied where it stands, so
//! that it overrides the entries before it; keys are resolved like values and become strings; unknown tags count for
//! nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::breaks;
use super::json::{self, is_refused};
use super::resolve::{Scalar, float_key, float_value, resolve};
use super::tree::{Content, NodeId, Style, Tree};
use crate::limits;

const CORE: &str = "tag:yaml.org,2002:";

/// Why a document has no JSON form, and where.
#[derive(Debug)]
pub(super) struct ComposeError {
    /// Byte offset into the text.
    pub offset: usize,
    pub message: String,
}

/// The same, by the node.
struct Fault {
    node: NodeId,
    message: String,
}

/// Returns the document as Argo CD understands it; null for one without content.
pub(super) fn compose(tree: &Tree<'_>) -> Result<Value, ComposeError> {
    let Some(root) = tree.root else { return Ok(Value::Null) };
    let value = Composer { tree, decoded: 0, repeated: 0, repeated_bytes: 0, depth: 0, aliases: Vec::new() }
        .value(root);
    value.map_err(|fault| ComposeError { offset: tree.start(fault.node), message: fault.message })
}

/// Returns the string that a mapping key becomes; `None` for a merge key and for what cannot be a key.
pub(super) fn key(tree: &Tree<'_>, id: NodeId) -> Option<String> {
    if is_merge(tree, id) { None } else { typed_key(tree, id).ok().map(|key| key.text) }
}

/// Whether a mapping entry with this key merges another mapping.
pub(super) fn is_merge(tree: &Tree<'_>, id: NodeId) -> bool {
    let node = tree.node(id);
    match &node.content {
        Content::Scalar { text, style } if text == "<<" => match node.tag.as_deref() {
            None => *style == Style::Plain,
            Some(tag) => tag == "!" || tag.strip_prefix(CORE) == Some("merge"),
        },
        _ => false,
    }
}

/// Go's map tells the keys `1`, `1.0` and `"1"` apart, JSON does not.
#[derive(Debug, Clone, Copy, PartialEq)]
enum KeyType {
    String,
    Bool,
    Int,
    Float,
}

struct Key {
    text: String,
    of: KeyType,
}

fn typed_key(tree: &Tree<'_>, id: NodeId) -> Result<Key, Fault> {
    let fail = |message: &str| Err(Fault { node: id, message: message.to_owned() });
    let target = match tree.node(id).content {
        Content::Alias(target) => target,
        _ => id,
    };
    let Content::Scalar { text, .. } = &tree.node(target).content else {
        return fail("a list or a map cannot be a key");
    };
    let (of, text) = match scalar(tree, target)? {
        Scalar::String => {
            let text = passable(tree, string(tree, target, text)?);
            let text = text.map_err(|message| Fault { node: id, message: message.to_owned() })?;
            // For JSON `strict` measures the key as it is written.
            if !tree.json && json::is_long_key(&text) {
                return fail("the key is longer than Argo CD can read");
            }
            (KeyType::String, text)
        }
        Scalar::Bool(bool) => (KeyType::Bool, bool.to_string()),
        Scalar::Int(int) => (KeyType::Int, int.to_string()),
        Scalar::Float(float) => (KeyType::Float, float_key(float)),
        Scalar::Uint(_) => return fail("the key is a number that is too large"),
        Scalar::Null => return fail("a key cannot be null"),
    };
    Ok(Key { text, of })
}

/// Returns what a scalar node means, its tag considered (`resolve` in go-yaml's `resolve.go`).
fn scalar(tree: &Tree<'_>, id: NodeId) -> Result<Scalar, Fault> {
    let node = tree.node(id);
    let Content::Scalar { text, style } = &node.content else { return Ok(Scalar::Null) };
    let text = if node.span.is_empty() && *style == Style::Plain { "" } else { text };
    let Some(tag) = node.tag.as_deref() else {
        return Ok(if *style == Style::Plain { resolve(text) } else { Scalar::String });
    };
    let Some(kind @ ("bool" | "float" | "int" | "null")) = tag.strip_prefix(CORE) else {
        return Ok(Scalar::String);
    };
    match (kind, resolve(text)) {
        ("bool", scalar @ Scalar::Bool(_))
        | ("float", scalar @ Scalar::Float(_))
        | ("int", scalar @ (Scalar::Int(_) | Scalar::Uint(_)))
        | ("null", scalar @ Scalar::Null) => Ok(scalar),
        #[expect(clippy::cast_precision_loss, reason = "as Argo CD's reader does")]
        ("float", Scalar::Int(int)) => Ok(Scalar::Float(int as f64)),
        _ => Err(Fault {
            node: id,
            message: format!("the value is not of the type that its tag !!{kind} asks for"),
        }),
    }
}

/// Returns the text of a scalar that is a string; `!!binary` is decoded.
fn string(tree: &Tree<'_>, id: NodeId, text: &str) -> Result<String, Fault> {
    let node = tree.node(id);
    if node.tag.as_deref().and_then(|tag| tag.strip_prefix(CORE)) != Some("binary") {
        return Ok(breaks::folded(tree, node, text).unwrap_or_else(|| text.to_owned()));
    }
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match STANDARD.decode(text) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(Fault { node: id, message: "the !!binary value is not base64".to_owned() }),
    }
}

/// Returns a string that survives the second reading: the repo-server reads as YAML the JSON that the first reading
/// gave, and these characters stand in that JSON unescaped. What is JSON from the start keeps its escapes.
fn passable(tree: &Tree<'_>, text: String) -> Result<String, &'static str> {
    if !tree.json && text.contains(is_refused) {
        Err("the string contains a control character that Argo CD cannot read")
    } else {
        Ok(text)
    }
}

/// A map under construction, with the keys that were not strings in YAML.
#[derive(Default)]
struct Fields {
    map: Map<String, Value>,
    typed: Vec<(String, KeyType)>,
}

impl Fields {
    /// Inserts, the last one winning; `false` when two keys differ for Go and not for JSON, because then it is up to
    /// chance which one Argo CD takes.
    fn insert(&mut self, key: Key, value: Value) -> bool {
        // Of strings alone, no two are the same and of different types.
        let known = if key.of == KeyType::String && self.typed.is_empty() {
            None
        } else {
            self.map.contains_key(&key.text).then(|| {
                let typed = self.typed.iter().find(|(text, _)| *text == key.text);
                typed.map_or(KeyType::String, |(_, of)| *of)
            })
        };
        if known.is_some_and(|known| known != key.of) {
            return false;
        }
        if known.is_none() && key.of != KeyType::String {
            self.typed.push((key.text.clone(), key.of));
        }
        self.map.insert(key.text, value);
        true
    }
}

struct Composer<'a, 't> {
    tree: &'a Tree<'t>,
    /// Nodes visited, those behind an alias once for each visit.
    decoded: usize,
    /// Those of them that were behind an alias.
    repeated: usize,
    /// What they take, in bytes.
    repeated_bytes: usize,
    /// The collections around the node.
    depth: usize,
    /// The alias nodes that are being followed.
    aliases: Vec<NodeId>,
}

impl Composer<'_, '_> {
    fn value(&mut self, id: NodeId) -> Result<Value, Fault> {
        self.below(id, |composer| composer.content(id))
    }

    /// Counts the node and goes one level down for as long as `read` takes.
    fn below<T>(&mut self, id: NodeId, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.count(id)?;
        self.depth += 1;
        if self.depth > limits::DOCUMENT_DEPTH {
            return Err(Fault { node: id, message: "the document is nested too deeply".to_owned() });
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn content(&mut self, id: NodeId) -> Result<Value, Fault> {
        match &self.tree.node(id).content {
            Content::Scalar { text, .. } => self.scalar(id, text),
            Content::Sequence(items) => {
                items.iter().map(|item| self.value(*item)).collect::<Result<_, _>>().map(Value::Array)
            }
            Content::Mapping(_) => {
                let mut fields = Fields::default();
                self.fill(id, &mut fields)?;
                Ok(Value::Object(fields.map))
            }
            Content::Alias(target) => self.follow(id, |composer| composer.value(*target)),
        }
    }

    fn scalar(&self, id: NodeId, text: &str) -> Result<Value, Fault> {
        let fail = |message: &str| Fault { node: id, message: message.to_owned() };
        Ok(match scalar(self.tree, id)? {
            Scalar::Null => Value::Null,
            Scalar::Bool(bool) => Value::Bool(bool),
            Scalar::Int(int) => Value::from(int),
            // Unstructured objects hold integers that fit into an int64, and floats.
            #[expect(clippy::cast_precision_loss, reason = "as Kubernetes reads it")]
            Scalar::Uint(int) => Value::from(int as f64),
            Scalar::Float(float) => {
                float_value(float).ok_or_else(|| fail("JSON has no infinity and no NaN"))?
            }
            Scalar::String => Value::String(passable(self.tree, string(self.tree, id, text)?).map_err(fail)?),
        })
    }

    fn fill(&mut self, mapping: NodeId, fields: &mut Fields) -> Result<(), Fault> {
        for entry in self.tree.entries(mapping) {
            if is_merge(self.tree, entry.key) {
                self.merge(entry.value, fields)?;
                continue;
            }
            self.count(entry.key)?;
            let key = typed_key(self.tree, entry.key)?;
            let value = self.value(entry.value)?;
            if !fields.insert(key, value) {
                let message =
                    "the key has the same name as another one that is of a different type".to_owned();
                return Err(Fault { node: entry.key, message });
            }
        }
        Ok(())
    }

    /// Merges a mapping, or a list of them of which the earlier ones take precedence.
    fn merge(&mut self, id: NodeId, fields: &mut Fields) -> Result<(), Fault> {
        match &self.tree.node(id).content {
            Content::Sequence(items) => items.iter().rev().try_for_each(|item| self.merge_one(*item, fields)),
            _ => self.merge_one(id, fields),
        }
    }

    fn merge_one(&mut self, id: NodeId, fields: &mut Fields) -> Result<(), Fault> {
        self.below(id, |composer| composer.merge_content(id, fields))
    }

    fn merge_content(&mut self, id: NodeId, fields: &mut Fields) -> Result<(), Fault> {
        match self.tree.node(id).content {
            Content::Mapping(_) => self.fill(id, fields),
            Content::Alias(target) if matches!(self.tree.node(target).content, Content::Mapping(_)) => self
                .follow(id, |composer| {
                    composer.count(target)?;
                    composer.fill(target, fields)
                }),
            _ => Err(Fault { node: id, message: "only a map, or a list of maps, can be merged".to_owned() }),
        }
    }

    fn follow<T>(
        &mut self,
        alias: NodeId,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.aliases.contains(&alias) {
            return Err(Fault { node: alias, message: "the anchor's value contains itself".to_owned() });
        }
        self.aliases.push(alias);
        let result = read(self);
        self.aliases.pop();
        result
    }

    /// go-yaml's defence against documents that grow without end (`unmarshal` in `decode.go`).
    fn count(&mut self, node: NodeId) -> Result<(), Fault> {
        self.decoded += 1;
        if !self.aliases.is_empty() {
            self.repeated += 1;
            let text = match &self.tree.node(node).content {
                Content::Scalar { text, .. } => text.len(),
                _ => 0,
            };
            self.repeated_bytes += text.max(32);
        }
        if self.repeated_bytes > limits::ALIAS_BYTES {
            let message =
                format!("the document's aliases repeat more than {} MiB", limits::ALIAS_BYTES >> 20);
            return Err(Fault { node, message });
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let ratio = self.repeated as f64 / self.decoded as f64;
        if self.repeated > 100 && self.decoded > 1000 && ratio > allowed_ratio(self.decoded) {
            return Err(Fault { node, message: "the document contains excessive aliasing".to_owned() });
        }
        Ok(())
    }
}

/// Returns the share of nodes that may stand behind aliases: 99 % in a small document, 10 % in a very large one.
fn allowed_ratio(decoded: usize) -> f64 {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let place = (decoded.clamp(LOW, HIGH) - LOW) as f64 / (HIGH - LOW) as f64;
    0.99 - 0.89 * place
}
