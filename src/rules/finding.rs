//! What is found.

use std::fmt;

use crate::{
    error::Location,
    manifest::{Edit, ObjectId, Step},
};

/// How bad a finding is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// It drifts, piles up, or loses something.
    Warning,
    /// A sync hangs or fails, or a migration does not run.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A finding about one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is here.
    pub severity: Severity,
    /// What is wrong, a sentence fragment.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The object, `Kind namespace/name`.
    pub object: String,
    /// Which object it is.
    pub id: Option<ObjectId>,
    /// The field.
    pub path: Vec<Step>,
    /// Where it is in what was rendered.
    pub location: Location,
    /// The edits that repair it, where they are certain.
    pub fix: Vec<Edit>,
    /// The output is free of it.
    pub repaired: bool,
    /// Why it is not to be reported.
    pub suppressed: Option<String>,
}
