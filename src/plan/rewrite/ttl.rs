//! The TTL of a finished Job: the policy of its environment, or the author's own word on the Job.

use std::time::Duration;

use crate::{
    plan::Decided,
    settings::{JobSettings, Layer, Settings, Sourced, Strategy, Ttl},
};

/// TTL of the `extend` strategy where none is set: an hour, the incident's option 3.
const EXTENDED: Duration = Duration::from_hours(1);

/// TTL of a Job whose name changes, where the policy keeps finished Jobs.
const CHANGING: Duration = Duration::from_mins(5);

/// Decides the TTL of a rewritten Job, in seconds; `None` keeps the finished Job.
///
/// `waiter` is the object that looks for the finished Job by its name, if one does; `changing` the part of the name by
/// which the next Job is another one, so that this one is never replaced.
pub(crate) fn decide(
    settings: &Settings,
    job: &JobSettings,
    waiter: Option<&str>,
    changing: Option<&str>,
) -> Decided<Option<u64>> {
    let Sourced { value, layer, .. } = &job.ttl;
    let environment = &settings.environment.name;
    let source = if *layer == Layer::BuiltIn {
        format!("the policy for environment `{environment}`")
    } else {
        format!("ttl, from the {layer}")
    };
    let Ttl::After(ttl) = *value else {
        if let Some(part) = changing.filter(|_| waiter.is_none() && *layer != Layer::Annotation) {
            let why = format!(
                "{source} keeps finished Jobs, but with {part} in the name none would ever be replaced"
            );
            return Decided::new(Some(CHANGING.as_secs()), why);
        }
        return Decided::new(None, format!("{source} keeps finished Jobs"));
    };
    if let Some(waiter) = waiter
        && *layer != Layer::Annotation
    {
        return Decided::new(None, format!("{waiter} looks for the finished Job by its name"));
    }
    match job.strategy.value {
        Strategy::Extend if *layer == Layer::BuiltIn => Decided::new(
            Some(EXTENDED.as_secs()),
            "an hour, the default of strategy `extend`; it delays the drift, it does not end it",
        ),
        Strategy::Hook if ttl < settings.ttl_floor => Decided::new(
            Some(settings.ttl_floor.as_secs()),
            format!(
                "{source} says {} s; raised to the floor, below which some Argo CD versions miss the end of a hook",
                ttl.as_secs()
            ),
        ),
        _ => Decided::new(Some(ttl.as_secs()), source),
    }
}
