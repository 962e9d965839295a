//! What is said of a place: what speaks for it, and what stood against the one before.

use super::{
    Candidate,
    choices::{Choices, Reason},
    ladder::{Objection, Placed, Rung},
    model::{Id, Nature, Phase, Waiting},
};

/// Returns why a migration runs where it does.
pub(super) fn phase(at: usize, candidate: &Candidate<'_>, choices: &Choices, placed: &Placed) -> String {
    let (rung, objections) = &placed.steps[at];
    let told = Told { candidate, choices, placed };
    match &choices.reasons[*rung] {
        Reason::Fixed(why) => why.clone(),
        Reason::Best if candidate.needs.is_empty() => "needs nothing that this app renders".to_owned(),
        Reason::Best => "all that it needs of this app are earlier hooks".to_owned(),
        Reason::Early => objections.last().map_or_else(String::new, |last| told.objection(*last)),
        Reason::Own => {
            // With its trigger beside it, the place is the same, and so is what speaks for it.
            let here = |other: &Rung| other.place() == choices.migration.rungs[*rung].place();
            let first = choices.migration.rungs.iter().position(here).unwrap_or(0);
            match (&choices.reasons[first], first.checked_sub(1).and_then(|before| objections.get(before))) {
                (Reason::Fixed(why), _) => why.clone(),
                (_, Some(objection)) => format!("in its author's place: {}", told.objection(*objection)),
                (_, None) => "in its author's place".to_owned(),
            }
        }
        Reason::Plain => {
            let last = objections.last().map_or_else(String::new, |last| told.objection(*last));
            format!("an ordinary Job in its author's place: {last}")
        }
    }
}

struct Told<'t, 'a> {
    candidate: &'t Candidate<'a>,
    choices: &'t Choices,
    placed: &'t Placed,
}

impl Told<'_, '_> {
    fn objection(&self, objection: Objection) -> String {
        match objection {
            Objection::Waits(waiting) => self.waits(waiting),
            Objection::Fixed(id) => self.fixed(id),
            Objection::Order(id) => {
                let phase = self.placed.layout.places[id].first().0;
                let phase = if phase == Phase::PostSync { "PostSync" } else { "Sync" };
                format!("runs after {}, which is in the {phase} phase", self.label(id))
            }
        }
    }

    fn fixed(&self, id: Id) -> String {
        let (label, resource) = (self.label(id), &self.placed.model.resources()[id]);
        if resource.nature == Nature::Unknown {
            format!("{label}, of a kind that presync does not know, is not moved")
        } else if resource.place.is_hook() {
            format!("{label}, a hook of its author's, is not moved")
        } else {
            format!("{label} is not moved: its namespace is neither the destination nor rendered")
        }
    }

    fn waits(&self, waiting: Waiting) -> String {
        let (job, on) = (self.choices.migration.id, waiting.on);
        let label = self.label(on);
        if waiting.last == on {
            return format!("the sync would wait until {label} is Healthy");
        }
        if waiting.last != job {
            return format!("{} would wait for {label}", self.label(waiting.last));
        }
        if let Some(need) = self.candidate.needs.iter().find(|need| need.header.label() == label) {
            return format!("needs {label} of this app ({})", need.why());
        }
        let resources = self.placed.model.resources();
        let (own, other) = (&resources[job].place, &resources[on].place);
        if other.first() < own.first() {
            return format!("its author put it into wave {}, after {label}", own.wave);
        }
        if resources[on].nature == Nature::Unknown {
            let missing = self.candidate.missing.iter().find(|missing| missing.by == self.candidate.job.id);
            let what = missing.map_or("what it refers to", |missing| missing.why.as_str());
            return format!("{label}, of a kind that presync does not know, may make {what}");
        }
        format!("would wait for {label}")
    }

    fn label(&self, id: Id) -> &str {
        self.placed.model.label(id)
    }
}

/// Returns why the wave of a migration is what it is.
pub(super) fn wave(candidate: &Candidate<'_>, wave: i32, rung: &Rung, reason: &Reason) -> String {
    let set = &candidate.settings.wave;
    if set.value == Some(wave) {
        return format!("wave, from the {}", set.source());
    }
    let why = match (rung, reason) {
        (Rung::Early, _) if candidate.needs.is_empty() => "before the workloads",
        (Rung::Early, _) => "after what it needs and before the workloads",
        (_, Reason::Fixed(_)) if !candidate.awaits.is_empty() => "that of what its pod waits for",
        (_, Reason::Fixed(_)) => "after the workloads",
        _ => "its author's",
    };
    why.to_owned()
}
