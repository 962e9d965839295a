//! From the place of a migration to edits and additions.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    error::Problems,
    manifest::{Addition, Edit},
    plan::{
        Decided, Plan, Rewrite, Warning,
        app::{
            hooks::{self, HookType},
            index::Index,
            job::{Job, text},
            workflow,
        },
        needs::{Need, Relation},
        placement::{self, Candidate, Placement},
        rewrite::{
            again::Again,
            copies,
            edits::{self, DIGEST, HookEdit, Target},
            guards,
            name::{JobNames, Name},
            trigger::{self, Action},
            ttl,
        },
    },
    settings::{JobSettings, Phase, Settings, Strategy, Trigger},
};

/// Turns the place of a migration into edits and additions.
pub(crate) struct Writer<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) names: &'a JobNames<'a>,
    pub(crate) again: &'a Again<'a>,
    pub(crate) index: &'a Index<'a>,
}

impl Writer<'_> {
    /// Rewrites one migration; what it adds and changes goes into `plan`.
    pub(crate) fn rewrite(
        &self,
        candidate: &Candidate<'_>,
        placement: &Placement,
        plan: &mut Plan,
    ) -> Result<Rewrite, Problems> {
        let Candidate { job, needs, .. } = candidate;
        let own = settings(candidate, placement);
        let settings = own.as_ref();
        let guards = guards::edits(job, &settings.guards);
        let copies = self.copies(candidate, placement, plan)?;
        let mut more: Vec<Edit> = guards.iter().map(|(edit, _)| edit.clone()).collect();
        more.extend(copies.edits);
        // Digests are of the Job as it will be: so a second run finds them right.
        let object = edited(job.object, &more);
        let as_it_will_be = Job { id: job.id, object: &object };

        let Name { value: name, changing, doubtful } = self.names.decide(&as_it_will_be, settings)?;
        plan.doubtful_names.extend(doubtful);
        let waiter = candidate.waiters.first().map(|waiter| waiter.header.label());
        let once = settings.strategy.value == Strategy::Once;
        let ttl = if once {
            Decided::new(None, "strategy `once` keeps the Job")
        } else {
            ttl::decide(self.settings, settings, waiter.as_deref(), changing.as_deref())
        };
        let target = Target {
            hook: if once { HookEdit::Plain } else { HookEdit::Hook(&placement.types.value) },
            wave: placement.wave.as_ref().map(|wave| wave.value),
            ttl: ttl.value,
            name: &name.value,
            trace: self.trace(settings.strategy.value, &placement.types.value, ttl.value),
        };
        let trigger = self.trigger(&as_it_will_be, &name.value, candidate, placement, plan)?;
        let (trigger, digest) = trigger.unzip();
        more.extend(digest.map(|digest| edits::annotate(DIGEST, &digest)));
        let edits = edits::edits(job, &target, more);

        for object in copies.objects {
            self.add_copy(job, object, plan);
        }
        let changed = !edits.is_empty();
        if changed {
            plan.edits.insert(job.id, written(job, edits));
        }
        Ok(Rewrite {
            strategy: if placement.plain && candidate.settings.strategy.value == Strategy::Hook {
                Decided::new(Strategy::Once, "as a hook it could block the sync")
            } else {
                Decided::new(settings.strategy.value, settings.strategy.source())
            },
            phase: Some(placement.types.clone()),
            wave: placement.wave.clone(),
            ttl,
            name,
            trigger,
            needs: needs.iter().map(|need| (need.header.label(), need.why().to_owned())).collect(),
            copies: copies.names,
            guards: guards.into_iter().map(|(_, what)| what).collect(),
            changed,
        })
    }

    /// Returns the copies that the settings ask for; else a warning of what a hook without its needs does.
    fn copies(
        &self,
        candidate: &Candidate<'_>,
        placement: &Placement,
        plan: &mut Plan,
    ) -> Result<copies::Copies, Problems> {
        let unmet: Vec<&Need> =
            placement.unmet.iter().filter_map(|index| candidate.needs.get(*index)).collect();
        if placement::copies_wanted(candidate.settings, placement) {
            return copies::make(candidate.job.id, candidate.wave(), &unmet, self.index);
        }
        if !unmet.is_empty() {
            let needs = unmet.iter().map(|need| need.header.label()).collect::<Vec<_>>().join(", ");
            plan.warnings.push(Warning {
                text: format!(
                    "{} {} runs in PreSync but needs {needs}: it hangs on the first install and reads old values later",
                    candidate.job.kind(),
                    candidate.job.label()
                ),
                location: self.index.location(candidate.job.id).to_string(),
                hint: Some(hint(candidate, &unmet)),
            });
        }
        Ok(copies::Copies::default())
    }

    /// Adds a copy that is not there yet; Jobs that read the same share one, in the earliest of their waves.
    fn add_copy(&self, job: &Job<'_>, object: Value, plan: &mut Plan) {
        let (kind, metadata) = (&object["kind"], &object["metadata"]);
        if self.index.find(text(kind), text(&metadata["name"]), metadata["namespace"].as_str()).is_some() {
            return;
        }
        let same = |other: &&mut Addition| {
            let other = &other.object;
            other["kind"] == *kind
                && other["metadata"]["name"] == metadata["name"]
                && other["metadata"]["namespace"] == metadata["namespace"]
        };
        match plan.additions.iter_mut().find(same) {
            Some(other) if hooks::wave(&object) < hooks::wave(&other.object) => other.object = object,
            Some(_) => {}
            None => plan.additions.push(Addition { after: job.id, object }),
        }
    }

    /// Returns the trigger's name and digest, where the Job has one.
    fn trigger(
        &self,
        job: &Job<'_>,
        name: &str,
        candidate: &Candidate<'_>,
        placement: &Placement,
        plan: &mut Plan,
    ) -> Result<Option<(Decided<String>, String)>, Problems> {
        let covers = candidate.settings.trigger.value;
        let ordinary = placement.plain || candidate.settings.strategy.value == Strategy::Once;
        if ordinary || covers == Trigger::None {
            return Ok(None);
        }
        let digest = trigger::digest(job, &candidate.needs, covers, self.index, self.again)?;
        let trigger = trigger::plan(job, name, &digest, placement.trigger, covers, self.index)?;
        match trigger.action {
            Action::Add(object) => plan.additions.push(Addition { after: job.id, object }),
            Action::Update(id, edit) => plan.edits.entry(id).or_default().push(edit),
            Action::Nothing => {}
        }
        Ok(Some((trigger.name, digest)))
    }

    fn trace(&self, strategy: Strategy, types: &[HookType], ttl: Option<u64>) -> String {
        let phase = edits::types_text(types);
        trace(&self.settings.environment.name, strategy, Some(&phase), ttl)
    }
}

/// Returns the settings of a migration; one that stays an ordinary Job gets strategy `once`.
fn settings<'c>(candidate: &'c Candidate<'_>, placement: &Placement) -> Cow<'c, JobSettings> {
    if !placement.plain || candidate.settings.strategy.value == Strategy::Once {
        return Cow::Borrowed(candidate.settings);
    }
    let mut settings = candidate.settings.clone();
    settings.strategy.value = Strategy::Once;
    Cow::Owned(settings)
}

/// Returns what helps a hook that runs before its needs.
fn hint(candidate: &Candidate<'_>, unmet: &[&Need]) -> String {
    let authored = candidate.settings.phase.value == Phase::Auto;
    let phase = if authored {
        format!("annotate the Job with {ANNOTATION_PHASE}: Sync")
    } else {
        "leave `phase` on `auto`".to_owned()
    };
    let literal = |need: &&Need| {
        let mut own = need.uses.iter().filter(|used| used.by == candidate.job.id);
        need.relation == Relation::Config && own.any(|used| used.path.is_some())
    };
    if unmet.iter().all(literal) { format!("{phase}, or set `dependencies: copy`") } else { phase }
}

/// The annotation that places one Job.
const ANNOTATION_PHASE: &str = "argocd-presync-plugin/phase";

fn trace(environment: &str, strategy: Strategy, phase: Option<&str>, ttl: Option<u64>) -> String {
    let phase = phase.map(|phase| format!(", phase {phase}")).unwrap_or_default();
    let ttl = ttl.map_or_else(|| "no ttl".to_owned(), |ttl| format!("ttl {ttl}s"));
    format!("strategy {strategy}{phase}, {ttl}, environment {environment}")
}

/// Rewrites a Job by strategy `extend`: its TTL changes, and its wave where a setting gives one.
pub(crate) fn extend(job: &Job<'_>, own: &JobSettings, settings: &Settings, plan: &mut Plan) -> Rewrite {
    let ttl = ttl::decide(settings, own, None, None);
    let given = own.wave.value.filter(|wave| *wave != hooks::wave(job.object));
    let wave = given.map(|wave| Decided::new(wave, format!("wave, from the {}", own.wave.source())));
    let target = Target {
        hook: HookEdit::Unchanged,
        wave: wave.as_ref().map(|wave| wave.value),
        ttl: ttl.value,
        name: job.name(),
        trace: trace(&settings.environment.name, Strategy::Extend, None, ttl.value),
    };
    let edits = edits::edits(job, &target, Vec::new());
    let changed = !edits.is_empty();
    if changed {
        plan.edits.insert(job.id, written(job, edits));
    }
    Rewrite {
        strategy: Decided::new(Strategy::Extend, own.strategy.source()),
        phase: None,
        wave,
        ttl,
        name: Decided::new(job.name().to_owned(), "strategy `extend` keeps the name"),
        trigger: None,
        needs: Vec::new(),
        copies: Vec::new(),
        guards: Vec::new(),
        changed,
    }
}

/// Returns the edits in the terms of the object that is written.
pub(crate) fn written(job: &Job<'_>, edits: Vec<Edit>) -> Vec<Edit> {
    if job.is_workflow() { workflow::edits(edits) } else { edits }
}

fn edited(object: &Value, edits: &[Edit]) -> Value {
    let mut object = object.clone();
    for edit in edits {
        // An edit that cannot be made is reported where it is made: in the document.
        let _ = edit.apply_to(&mut object);
    }
    object
}
