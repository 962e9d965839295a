//! Argo CD's own decoder as the judge.

use presync::manifest::{Changes, Manifests, ObjectId};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::generate::document;
use crate::oracle::{Decoder, applied};
use crate::property::{ROOT, edits, read, strikes};

/// Every document's value, as the engine reads it.
fn documents(manifests: &Manifests) -> Result<Vec<Value>, String> {
    let mut ids: Vec<_> = manifests
        .index()
        .map_err(|problems| problems.to_string())?
        .iter()
        .map(|header| header.id.document)
        .collect();
    ids.dedup();
    ids.into_iter()
        .map(|document| {
            manifests
                .object(ObjectId { document, item: None })
                .cloned()
                .map_err(|problems| problems.to_string())
        })
        .collect()
}

#[test]
fn random_documents_and_edits_are_read_as_argo_cd_reads_them() {
    let Some(mut decoder) = Decoder::start() else { return };
    let mut runner = TestRunner::new(Config::default());
    let strategy = (document(), strikes());
    let (mut read_by_both, mut refused_by_both, mut edited) = (0, 0, 0);
    for _ in 0..2000 {
        let (document, strikes) = strategy.new_tree(&mut runner).unwrap().current();
        let text = document.text();
        let manifests = read(&text).unwrap();
        let before = match (decoder.decode(text.as_bytes()), documents(&manifests)) {
            (Ok(theirs), Ok(ours)) => {
                assert_eq!(ours, theirs, "{text}");
                read_by_both += 1;
                ours
            }
            (Err(_), Err(_)) => {
                refused_by_both += 1;
                continue;
            }
            (theirs, ours) => {
                eprintln!("DISAGREE {theirs:?}\n{ours:?}\n{text}");
                continue;
            }
        };
        let Some(object) = before.first() else { continue };
        let edits = edits(object, &strikes);
        let expected = applied(object.clone(), &edits);
        let changes = Changes { edits: [(ROOT, edits)].into(), ..Changes::default() };
        if let (Ok(output), Some(expected)) = (manifests.apply(&changes), expected) {
            match decoder.decode(&output.to_vec()) {
                Ok(objects) => assert_eq!(
                    objects,
                    [expected],
                    "{text}\n=>\n{}",
                    String::from_utf8_lossy(&output.to_vec())
                ),
                Err(e) => {
                    eprintln!("EDITED REFUSED {e}\n{text}\n=>\n{}", String::from_utf8_lossy(&output.to_vec()))
                }
            }
            edited += 1;
        }
    }
    eprintln!("{read_by_both} read, {refused_by_both} refused by both, {edited} edited");
}
