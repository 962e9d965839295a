//! Jobs of the app that make ConfigMaps and Secrets when they run.

use super::hosts;
use super::reading::{self, Source};
use super::references;
use crate::error::Result;
use crate::manifest::{Header, ObjectId};
use crate::plan::view::View;

/// The other Jobs whose commands or spelled-out variables name an object that nothing else provides.
///
/// Who only reads it names it in a field of its own, not in its command.
pub(super) fn of<'v>(
    name: &str,
    namespace: Option<&str>,
    except: ObjectId,
    app: &'v View<'_>,
) -> Result<Vec<&'v Header>> {
    let mut found = Vec::new();
    let jobs = app.of_kind("Job").filter(|header| header.id != except && app.reaches(header, namespace));
    for header in jobs.filter(|header| app.mentions(header, name)) {
        let pod = &app.object(header.id)?["spec"]["template"]["spec"];
        let texts = reading::texts(pod, &references::of_pod(pod), header.namespace.as_deref(), app)?;
        if texts.iter().any(|text| text.source != Source::Data && hosts::has_name(&text.content, name)) {
            found.push(header);
        }
    }
    Ok(found)
}
