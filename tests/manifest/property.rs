//! Random edits of random documents: the result must read as intended.

use presync::manifest::{Changes, Edit, Header, Manifests, ObjectId, Source, Step};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::generate::document;
use crate::oracle::applied;

pub(crate) const ROOT: ObjectId = ObjectId { document: 0, item: None };

pub(crate) fn read(text: &str) -> Result<Manifests, String> {
    let source = Source { name: "test.yaml".into(), bytes: text.into(), validate: false };
    Manifests::read(vec![source]).map_err(|problems| problems.to_string())
}

/// Where an edit strikes, before the document is known.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    depth: Index,
    turns: Vec<Index>,
    key: &'static str,
    value: Option<Value>,
}

pub(crate) fn strikes() -> impl Strategy<Value = Vec<Strike>> {
    let key = select(&["new", "argocd.argoproj.io/hook", "y", "1", "a b", "n: m", "name", "~", "q\"'\\"][..]);
    let value = select(values());
    let strike = (
        any::<Index>(),
        proptest::collection::vec(any::<Index>(), 6),
        key,
        proptest::option::weighted(0.6, value),
    )
        .prop_map(|(depth, turns, key, value)| Strike { depth, turns, key, value });
    proptest::collection::vec(strike, 1..5)
}

fn values() -> Vec<Value> {
    vec![
        json!("v"),
        json!("yes"),
        json!("0644"),
        json!(""),
        json!("a: b #c"),
        json!("line\nline\n"),
        json!("line\n\n  line"),
        json!(" x\n"),
        json!("\u{2028}\u{feff}\t\u{1}"),
        json!("{\"json\": true}"),
        json!(300),
        json!(-1.5),
        json!(true),
        json!(null),
        json!({}),
        json!([]),
        json!({"a": "b", "c": {"d": [1, {"e": "f", "g": []}]}}),
        json!([[1], "x", {"y": null}]),
    ]
}

/// The edits that strikes make of an object.
pub(crate) fn edits(object: &Value, strikes: &[Strike]) -> Vec<Edit> {
    strikes.iter().map(|strike| edit(object, strike)).collect()
}

fn edit(object: &Value, strike: &Strike) -> Edit {
    let mut path = Vec::new();
    let mut at = object;
    let depth = strike.depth.index(strike.turns.len());
    for turn in &strike.turns[..depth] {
        match at {
            Value::Object(map) if !map.is_empty() => {
                let (key, value) = map.iter().nth(turn.index(map.len())).unwrap();
                path.push(Step::Key(key.clone()));
                at = value;
            }
            Value::Array(items) if !items.is_empty() => {
                let i = turn.index(items.len());
                path.push(Step::Index(i));
                at = &items[i];
            }
            _ => break,
        }
    }
    if path.is_empty() || (at.is_object() && strike.turns[5].index(2) == 0) {
        path.push(strike.key.into());
    }
    // An object without a kind would be no object.
    if path[0] == Step::from("kind") {
        path = vec!["metadata".into(), strike.key.into()];
    }
    match &strike.value {
        Some(value) => Edit::Set { path, value: value.clone() },
        None => Edit::Remove { path },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_document_reads_as_intended(document in document(), strikes in strikes()) {
        let text = document.text();
        let manifests = read(&text).unwrap();
        let Ok(before) = manifests.object(ROOT) else {
            // The generator may write a key that cannot be one, or two that collide.
            return Err(TestCaseError::reject("not readable"));
        };
        let edits = edits(before, &strikes);
        let expected = applied(before.clone(), &edits);
        let changes = Changes { edits: [(ROOT, edits)].into(), ..Changes::default() };
        match (manifests.apply(&changes), expected) {
            (Ok(output), Some(expected)) => {
                let output = String::from_utf8(output.to_vec()).unwrap();
                let again = read(&output).unwrap();
                prop_assert_eq!(again.object(ROOT).unwrap(), &expected, "{}\n=>\n{}", text, output);
                if expected == *before {
                    prop_assert_eq!(&output, &text);
                }
            }
            (Err(problems), Some(_)) => prop_assert!(false, "{}\n{}", problems, text),
            (Ok(_), None) => prop_assert!(false, "an edit that does not fit was made"),
            (Err(_), None) => {}
        }
    }

    #[test]
    fn a_look_at_the_lines_tells_what_a_parse_tells(document in document()) {
        let text = document.text();
        let manifests = read(&text).unwrap();
        let Ok(value) = manifests.object(ROOT) else { return Err(TestCaseError::reject("not readable")) };
        let string = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let header = Header {
            id: ROOT,
            api_version: string("/apiVersion").unwrap_or_default(),
            kind: string("/kind").unwrap_or_default(),
            namespace: string("/metadata/namespace"),
            name: string("/metadata/name").unwrap_or_default(),
        };
        prop_assert_eq!(manifests.index().unwrap(), [header], "{}", text);
        // A flaw may stand in the way, but never that nothing is found.
        prop_assert!(manifests.candidates("Thing").map_or(true, |ids| ids == [ROOT]), "{}", text);
        prop_assert_eq!(manifests.candidates("Thin").unwrap(), [], "{}", text);
        prop_assert!(!manifests.is_empty());
    }

    #[test]
    fn what_is_not_edited_passes_byte_for_byte(document in document()) {
        let text = document.text();
        let manifests = read(&text).unwrap();
        prop_assert_eq!(manifests.apply(&Changes::default()).unwrap().to_vec(), text.as_bytes());
    }
}
