//! The manifest engine: YAML bytes in, YAML bytes out; what is not edited is passed through byte for byte.
//!
//! The reader that counts is Argo CD's own: apimachinery's line splitter, then go-yaml v2 (YAML 1.1, the last of
//! duplicate keys wins). [`Manifests`] cuts its sources as that reader does, finds objects with as little parsing as
//! possible, composes values by that reader's rules, and changes documents by replacing only the bytes that an edit
//! needs. Every changed document is read again and must be what the edits make of it.
//!
//! ```text
//! bytes ─ split ─ scan (which documents matter?) ─ parse ─ compose ─> Value
//!                                                    └─ edit (splice, verify, else emit) ─ join ─> bytes
//! ```

mod breaks;
mod changes;
mod compose;
mod edit;
mod emit;
mod join;
mod json;
mod locate;
mod manifests;
mod model;
mod output;
mod parse;
mod problem;
mod resolve;
mod scan;
mod shape;
mod source;
mod split;
mod strict;
mod tree;

pub use changes::{Addition, Changes, Edit, Header, ObjectId, Step};
pub(crate) use emit::{must_be_escaped, to_json, to_yaml};
pub use join::ChangedDocument;
pub use manifests::Manifests;
pub use output::Output;
pub use source::Source;
