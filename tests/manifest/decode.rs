//! Random documents and edits, with Argo CD's own decoder as the judge.

use std::cell::{Cell, RefCell};

use presync::manifest::{Changes, Manifests, ObjectId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::generate::document;
use crate::oracle::{Decoder, applied};
use crate::property::{ROOT, edits, read, strikes};

/// Every document's value, as the engine reads it.
fn documents(manifests: &Manifests) -> Result<Vec<Value>, String> {
    let headers = manifests.index().map_err(|problems| problems.to_string())?;
    let mut documents: Vec<_> = headers.iter().map(|header| header.id.document).collect();
    documents.dedup();
    let value = |document| manifests.object(ObjectId { document, item: None }).cloned();
    documents.into_iter().map(|document| value(document).map_err(|problems| problems.to_string())).collect()
}

#[test]
fn argo_cd_reads_what_the_engine_reads_and_what_edits_mean() {
    let Some(decoder) = Decoder::start() else { return };
    let decoder = RefCell::new(decoder);
    let (read_alike, edited) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config { cases: 3000, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(document(), strikes()), |(document, strikes)| {
        let text = document.text();
        let manifests = read(&text).unwrap();
        let theirs = decoder.borrow_mut().decode(text.as_bytes());
        let ours = documents(&manifests);
        let (Ok(theirs), Ok(ours)) = (&theirs, &ours) else {
            prop_assert!(theirs.is_err() && ours.is_err(), "{:?}\n{:?}\n{}", theirs, ours, text);
            return Err(TestCaseError::reject("not readable"));
        };
        prop_assert_eq!(ours, theirs, "{}", text);
        read_alike.set(read_alike.get() + 1);

        let edits = edits(&ours[0], &strikes);
        let Some(expected) = applied(ours[0].clone(), &edits) else { return Ok(()) };
        let changes = Changes { edits: [(ROOT, edits)].into(), ..Changes::default() };
        let output = manifests.apply(&changes).unwrap().to_vec();
        let theirs = decoder.borrow_mut().decode(&output);
        prop_assert_eq!(theirs, Ok(vec![expected]), "{}\n=>\n{}", text, String::from_utf8_lossy(&output));
        edited.set(edited.get() + 1);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    eprintln!("{} documents read alike, {} of them edited", read_alike.get(), edited.get());
    assert!(edited.get() > 1000, "the generator gives documents that can be edited");
}
