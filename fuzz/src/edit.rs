//! Split, parse, edit, join: whatever can be edited reads as the edits on what was read, for us and for Argo CD.
//!
//! The first line of the input chooses the edits; the rest is the stream.

use presync::manifest::{Addition, Changes, Edit, Manifests, ObjectId, Source, Step};
use serde_json::{Value, json};

use super::{Choices, decode, plain, split};

/// Runs one case.
pub fn run(data: &[u8]) {
    let (choices, stream) = split(data);
    let mut choices = Choices(choices);
    // Two sources now and then: between them, JSON and YAML meet.
    let sources: Vec<&[u8]> = match choices.below(4) {
        0 => stream.splitn(2, |byte| *byte == b'\x1e').collect(),
        _ => vec![stream],
    };
    let validate = choices.below(2) == 0;
    let source =
        |(i, bytes): (usize, &&[u8])| Source { name: format!("{i}.yaml"), bytes: bytes.to_vec(), validate };
    let Ok(manifests) = Manifests::read(sources.iter().enumerate().map(source).collect()) else { return };
    // Files of the app are read whole, so what Argo CD cannot read was refused.
    if validate && let Ok(output) = manifests.apply(&Changes::default()) {
        let output = output.to_vec();
        let refused = decode(&output).and_then(Result::err);
        assert_eq!(refused, None, "{}", String::from_utf8_lossy(&output));
    }
    let Some(before) = objects(&manifests) else { return };

    let mut changes = Changes::default();
    let mut expected: Vec<Vec<Value>> = before.iter().map(|(_, object)| vec![object.clone()]).collect();
    for _ in 0..choices.below(4) {
        let Some(at) = (!before.is_empty()).then(|| choices.below(before.len())) else { break };
        let id = before[at].0;
        if choices.below(4) == 0 {
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "added"}});
            expected[at].push(object.clone());
            changes.additions.push(Addition { after: id, object });
            continue;
        }
        let edit = edit(&before[at].1, &mut choices);
        if edit.apply_to(&mut expected[at][0]).is_err() {
            return;
        }
        changes.edits.entry(id).or_default().push(edit);
    }
    let Ok(output) = manifests.apply(&changes) else { return };
    let output = output.to_vec();
    let expected: Vec<Value> = expected.concat().iter().map(plain).collect();

    let again =
        Manifests::read(vec![Source { name: "out".to_owned(), bytes: output.clone(), validate: false }]);
    let again = again.ok().and_then(|again| objects(&again)).expect("the output can be read");
    let again: Vec<_> = again.iter().map(|(_, object)| plain(object)).collect();
    assert_eq!(again, expected, "{}", String::from_utf8_lossy(&output));
    // What Argo CD did not read before, it need not read now: whoever wrote it is told so by Argo CD.
    let was_read = sources.iter().all(|source| decode(source).is_none_or(|theirs| theirs.is_ok()));
    if let Some(theirs) = decode(&output).filter(|_| was_read) {
        assert_eq!(theirs, Ok(expected), "{}", String::from_utf8_lossy(&output));
    }
}

/// Every document that is an object with a kind; none when something cannot be read, or is no object.
fn objects(manifests: &Manifests) -> Option<Vec<(ObjectId, Value)>> {
    let headers = manifests.index().ok()?;
    let mut documents: Vec<_> = headers.iter().map(|header| header.id.document).collect();
    documents.dedup();
    let object = |document| {
        let id = ObjectId { document, item: None };
        let object = manifests.object(id).ok()?;
        object.get("kind")?.as_str().filter(|kind| !kind.is_empty())?;
        let items = object.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        (items == 0).then(|| (id, object.clone()))
    };
    documents.into_iter().map(object).collect()
}

/// An edit at a place of the object that the choices lead to.
fn edit(object: &Value, choices: &mut Choices<'_>) -> Edit {
    let mut path: Vec<Step> = Vec::new();
    let mut at = object;
    for _ in 0..choices.below(6) {
        match at {
            Value::Object(map) if !map.is_empty() => {
                let Some((key, value)) = map.iter().nth(choices.below(map.len())) else { break };
                path.push(Step::Key(key.clone()));
                at = value;
            }
            Value::Array(items) if !items.is_empty() => {
                let i = choices.below(items.len());
                path.push(Step::Index(i));
                at = &items[i];
            }
            _ => break,
        }
    }
    if path.is_empty() || (at.is_object() && choices.below(2) == 0) {
        path.push(
            choices.one(&["new", "argocd.argoproj.io/hook", "y", "1", "a b", "n: m", "~", "q\"'\\"]).into(),
        );
    }
    if path[0] == Step::from("kind") {
        path = vec!["metadata".into(), "new".into()];
    }
    let values = [
        json!("v"),
        json!("yes"),
        json!("0644"),
        json!(""),
        json!("a: b #c"),
        json!("line\nline\n"),
        json!(" x\n"),
        json!("\u{2028}\u{feff}\t\u{1}"),
        json!(300),
        json!(null),
        json!({}),
        json!([]),
        json!({"a": "b", "c": {"d": [1, {"e": "f"}]}}),
    ];
    match choices.below(values.len() + 6) {
        value if value < values.len() => Edit::Set { path, value: values[value].clone() },
        _ => Edit::Remove { path },
    }
}
