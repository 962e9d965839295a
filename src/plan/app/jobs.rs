//! The Jobs of an app, and the Argo Workflows that are decided like them.

use std::borrow::Cow;

use serde_json::Value;

use super::{index::group, job::text, workflow};
use crate::{
    error::Problems,
    manifest::{Manifests, ObjectId},
};

/// Whether it is a Job of Kubernetes' own, or an Argo Workflow: other groups have kinds of the same names.
fn is_finite(object: &Value) -> bool {
    matches!(
        (group(text(&object["apiVersion"])), text(&object["kind"])),
        ("batch", "Job") | (workflow::GROUP, workflow::KIND)
    )
}

/// Returns the Jobs of an app, and the Workflows, read as the Jobs that they are like.
pub(crate) fn jobs_of(
    manifests: &Manifests,
    workflows: bool,
) -> Result<Vec<(ObjectId, Cow<'_, Value>)>, Problems> {
    let mut ids = manifests.candidates("Job")?;
    if workflows {
        ids.extend(manifests.candidates(workflow::KIND)?);
        ids.sort_unstable();
    }
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        let object = manifests.object(id)?;
        if is_finite(object) {
            let workflow = object["kind"] == workflow::KIND;
            jobs.push((
                id,
                if workflow { Cow::Owned(workflow::as_job(object)) } else { Cow::Borrowed(object) },
            ));
        }
    }
    Ok(jobs)
}
