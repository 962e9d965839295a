use std::collections::BTreeSet;

use super::{steps::steps, *};

/// An app under construction.
#[derive(Default)]
struct App(Vec<Resource>);

impl App {
    fn add(&mut self, label: &str, place: Place, nature: Nature, needs: &[Need]) -> Id {
        let order = kind_order(label.split(' ').next().unwrap());
        let resource = Resource { needs: needs.to_vec(), ..Resource::new(label, order, place, nature) };
        self.0.push(resource);
        self.0.len() - 1
    }

    fn passive(&mut self, label: &str, wave: i32) -> Id {
        self.add(label, Place::plain(wave), Nature::Passive, &[])
    }

    fn workload(&mut self, label: &str, wave: i32, needs: &[Need]) -> Id {
        self.add(label, Place::plain(wave), Nature::Workload, needs)
    }

    fn job(&mut self, place: Place, needs: &[Need]) -> Id {
        self.add("Job migrate", place, Nature::Job, needs)
    }

    /// Returns the app's own sync in an empty cluster in which nothing becomes Healthy from outside.
    fn first_install(&self) -> Vec<Blocked> {
        let model = Model::new(self.0.clone());
        model.run(&self.layout(), &model.nothing())
    }

    fn layout(&self) -> Layout {
        let places = self.0.iter().map(|resource| resource.place.clone()).collect();
        Layout { places, triggers: BTreeSet::new() }
    }

    /// Returns the same app with one resource elsewhere, wherever this one comes up.
    fn with(&self, changes: &[(Id, Place)]) -> Vec<Blocked> {
        let mut layout = self.layout();
        for (id, place) in changes {
            layout.places[*id] = place.clone();
        }
        Model::new(self.0.clone()).check(&layout, |_| false)
    }
}

/// Returns the end of the first line of waiting resources.
fn root(blocked: &[Blocked]) -> Option<(Id, Id)> {
    let waiting = blocked.first()?.waiting.first()?;
    Some((waiting.last, waiting.on))
}

const UP: &[Blocked] = &[];
const PRE: Phase = Phase::PreSync;

/// `sync_tasks.go` `Less`: phase, wave, kind, name.
#[test]
fn tasks_are_ordered_by_phase_wave_kind_and_name() {
    let mut app = App::default();
    let job = app.job(Place::plain(0), &[]);
    let b = app.passive("ConfigMap b", 0);
    let a = app.passive("ConfigMap a", 0);
    let custom = app.add("Cluster pg", Place::plain(0), Nature::Custom, &[]);
    let early = app.passive("ConfigMap c", -1);
    let hook = app.add("Job pre", Place::hook(PRE, 5), Nature::Job, &[]);
    let steps = steps(&app.0, |id| &app.0[id].place, &BTreeSet::new());
    let order: Vec<_> = steps.iter().flat_map(|step| step.tasks.clone()).collect();
    assert_eq!(order, [hook, early, a, b, job, custom]);
}

/// `sync_context.go` `Sync`: with one step only hooks are waited for.
#[test]
fn a_sync_of_one_step_waits_for_hooks_only() {
    let mut app = App::default();
    app.add("Ingress web", Place::plain(0), Nature::Outward, &[]);
    app.job(Place::hook(Phase::Sync, 0), &[]);
    assert_eq!(app.first_install(), UP);
}

/// `sync_context.go` `Sync`: with several steps every object of a step must be Healthy.
#[test]
fn a_sync_of_several_steps_waits_for_health() {
    let mut app = App::default();
    let ingress = app.add("Ingress web", Place::plain(0), Nature::Outward, &[]);
    app.passive("ConfigMap late", 1);
    let verdict = app.first_install();
    assert_eq!(root(&verdict), Some((ingress, ingress)), "{verdict:?}");
}

/// `sync_context.go` `Sync`: the last step, if it has no hook, ends at once.
#[test]
fn the_last_step_without_hooks_ends_at_once() {
    let mut app = App::default();
    app.passive("ConfigMap early", -1);
    app.add("Ingress web", Place::plain(0), Nature::Outward, &[]);
    assert_eq!(app.first_install(), UP);
    app.job(Place::hook(Phase::Sync, 0), &[]);
    assert!(app.first_install() != UP, "with a hook it does not");
}

/// `sync_context.go` `Sync`: a later phase makes the step before it one of several.
#[test]
fn a_later_phase_makes_the_sync_phase_wait_for_health() {
    let mut app = App::default();
    app.add("Ingress web", Place::plain(0), Nature::Outward, &[]);
    let job = app.job(Place::plain(0), &[]);
    assert_eq!(app.with(&[(job, Place::hook(Phase::Sync, 0))]), UP);
    assert_eq!(app.with(&[(job, Place::hook(PRE, 0))]), UP);
    assert!(app.with(&[(job, Place::hook(Phase::PostSync, 0))]) != UP);
}

/// The dependency trap: resources come in the Sync phase, a PreSync hook runs before.
#[test]
fn a_hook_cannot_run_before_what_its_pod_names() {
    let mut app = App::default();
    let settings = app.passive("ConfigMap settings", 0);
    let job = app.job(Place::plain(0), &[Need::Exists(settings)]);
    let verdict = app.with(&[(job, Place::hook(PRE, 0))]);
    assert_eq!(root(&verdict), Some((job, settings)), "{verdict:?}");
    assert_eq!(app.with(&[(job, Place::hook(Phase::Sync, 0))]), UP);
    let both = [(job, Place::hook(PRE, 0)), (settings, Place::hook(PRE, 0))];
    assert_eq!(app.with(&both), UP, "in one step a ConfigMap comes before a Job");
}

/// What is named has needs of its own.
#[test]
fn the_root_is_at_the_end_of_the_line() {
    let mut app = App::default();
    let secret = app.passive("Secret password", 0);
    let database = app.workload("StatefulSet db", 0, &[Need::Exists(secret)]);
    let job = app.job(Place::plain(0), &[Need::Works(database)]);
    let verdict = app.with(&[(job, Place::hook(Phase::Sync, -1)), (database, Place::plain(-2))]);
    assert_eq!(root(&verdict), Some((database, secret)), "{verdict:?}");
}

/// `health_pvc.go`, and `WaitForFirstConsumer`: a claim is bound when a pod that mounts it is scheduled.
#[test]
fn a_claim_is_bound_by_a_pod_of_its_step() {
    let mut app = App::default();
    let claim = app.add("PersistentVolumeClaim data", Place::plain(0), Nature::Claim, &[]);
    let settings = app.passive("ConfigMap settings", 0);
    let database = app.workload("Deployment db", 0, &[Need::Claim(claim)]);
    let job = app.job(Place::plain(0), &[Need::Works(database), Need::Exists(settings)]);
    let hook = (job, Place::hook(Phase::Sync, 0));
    let ahead = app.with(&[(claim, Place::plain(-1)), (database, Place::plain(-2)), hook.clone()]);
    assert_eq!(root(&ahead), Some((database, claim)), "{ahead:?}");
    let behind = app.with(&[(claim, Place::plain(-2)), (database, Place::plain(-1)), hook.clone()]);
    assert_eq!(root(&behind), Some((claim, claim)), "{behind:?}");
    let beside = app.with(&[(claim, Place::plain(-2)), (database, Place::plain(-2)), hook]);
    assert_eq!(beside, UP);
}

/// Where the rendered app waits for a claim that no pod mounts, volumes are bound at once.
#[test]
fn a_claim_that_is_waited_for_as_rendered_is_bound_at_once() {
    let mut app = App::default();
    let claim = app.add("PersistentVolumeClaim data", Place::plain(-1), Nature::Claim, &[]);
    let job = app.job(Place::plain(0), &[Need::Claim(claim)]);
    assert!(app.first_install() != UP);
    assert_eq!(app.with(&[(job, Place::hook(Phase::Sync, 0))]), UP);
}

/// A pod is not created without its ServiceAccount, so it binds no claim either.
#[test]
fn a_pod_without_its_account_is_not_scheduled() {
    let mut app = App::default();
    let claim = app.add("PersistentVolumeClaim data", Place::plain(-1), Nature::Claim, &[]);
    let account = app.passive("ServiceAccount db", 0);
    app.workload("Deployment db", -1, &[Need::Claim(claim), Need::Account(account)]);
    assert!(app.first_install() != UP);
}

/// `runTasks`: a failed apply fails the sync.
#[test]
fn the_api_server_refuses_what_has_no_namespace() {
    let mut app = App::default();
    let namespace = app.add("Namespace shop", Place::plain(0), Nature::Passive, &[]);
    let job = app.job(Place::plain(0), &[Need::Accepted(namespace)]);
    assert_eq!(app.first_install(), UP, "in one step a Namespace comes first");
    let verdict = app.with(&[(job, Place::hook(PRE, 0))]);
    assert_eq!(root(&verdict), Some((job, namespace)), "{verdict:?}");
}

/// A custom resource does its work once its controller runs.
#[test]
fn a_custom_resource_needs_its_operator() {
    let mut app = App::default();
    let operator = app.workload("Deployment operator", 0, &[]);
    let cluster = app.add("Cluster pg", Place::plain(0), Nature::Custom, &[Need::Works(operator)]);
    let job = app.job(Place::plain(0), &[Need::Works(cluster)]);
    let hook = (job, Place::hook(Phase::Sync, -1));
    let alone = app.with(&[(cluster, Place::plain(-2)), hook.clone()]);
    assert_eq!(root(&alone), Some((cluster, operator)), "{alone:?}");
    let together = [(cluster, Place::plain(-2)), (operator, Place::plain(-2)), hook];
    assert_eq!(app.with(&together), UP);
}

/// A Job that makes a Secret is done before its Secret is used.
#[test]
fn a_job_that_makes_a_secret_comes_first() {
    let mut app = App::default();
    let maker = app.add("Job tokens", Place::hook(PRE, 1), Nature::Job, &[]);
    let job = app.job(Place::plain(0), &[Need::Works(maker)]);
    assert_eq!(app.with(&[(job, Place::hook(PRE, 1))]), UP);
    assert!(app.with(&[(job, Place::hook(PRE, 0))]) != UP);
}

/// An object of an unknown kind may make what the app does not render.
#[test]
fn an_unknown_object_keeps_behind_it_what_refers_to_the_outside() {
    let mut app = App::default();
    let unknown = app.add("Thing t", Place::plain(0), Nature::Unknown, &[]);
    let job = app.job(Place::plain(0), &[]);
    assert_eq!(app.with(&[(job, Place::hook(PRE, 0))]), UP, "everything is rendered");
    app.0[job].outside = true;
    let verdict = app.with(&[(job, Place::hook(PRE, 0))]);
    assert_eq!(root(&verdict), Some((job, unknown)), "{verdict:?}");
    assert_eq!(app.with(&[(job, Place::hook(Phase::Sync, 0))]), UP);
}

/// An author who puts a Job behind an object of an unknown kind, or behind workloads, has a reason.
#[test]
fn the_order_of_the_author_is_kept() {
    let mut app = App::default();
    let unknown = app.add("Thing t", Place::plain(1), Nature::Unknown, &[]);
    let job = app.job(Place::plain(2), &[]);
    let verdict = app.with(&[(job, Place::hook(PRE, 2))]);
    assert_eq!(root(&verdict), Some((job, unknown)), "{verdict:?}");

    let mut app = App::default();
    let web = app.workload("Deployment web", 1, &[]);
    let job = app.job(Place::plain(2), &[]);
    assert_eq!(app.with(&[(job, Place::hook(PRE, 2))]), UP, "no order is claimed");
    app.0[job].ordered = true;
    let verdict = app.with(&[(job, Place::hook(PRE, 2))]);
    assert_eq!(root(&verdict), Some((job, web)), "{verdict:?}");
}

/// An unknown object that nothing waits for as rendered may never be Healthy.
#[test]
fn a_step_must_not_begin_to_wait_for_an_unknown_object() {
    let mut app = App::default();
    app.passive("ConfigMap a", 0);
    let unknown = app.add("Thing t", Place::plain(0), Nature::Unknown, &[]);
    let job = app.job(Place::plain(0), &[]);
    let verdict = app.with(&[(job, Place::hook(Phase::Sync, 1))]);
    assert_eq!(root(&verdict), Some((unknown, unknown)), "{verdict:?}");
}

/// Where the rendered app hangs on a first install, it is judged by the state in which it comes up: an upgrade.
#[test]
fn what_comes_up_only_on_an_upgrade_still_does() {
    let mut app = App::default();
    let settings = app.passive("ConfigMap settings", 0);
    let job = app.job(Place::hook(PRE, 0), &[Need::Exists(settings)]);
    assert!(app.first_install() != UP);
    assert_eq!(app.with(&[]), UP);
    assert_eq!(app.with(&[(job, Place::hook(Phase::Sync, 0))]), UP);
    let later = app.with(&[(settings, Place::plain(1)), (job, Place::hook(Phase::Sync, 0))]);
    assert_eq!(later, UP, "the settings are there from an earlier version");
}

/// Two that wait for each other come up only where one of them is there already.
#[test]
fn a_circle_is_broken_by_what_is_there() {
    let mut app = App::default();
    let web = app.workload("Deployment web", 0, &[]);
    let job = app.job(Place::hook(Phase::Sync, 0), &[Need::Works(web)]);
    app.0[web].needs.push(Need::Works(job));
    assert!(app.first_install() != UP);
    assert_eq!(app.with(&[]), UP);
}

/// A resource that never works is told though the sync ends.
#[test]
fn a_sync_that_ends_is_not_enough() {
    let mut app = App::default();
    let settings = app.passive("ConfigMap settings", 0);
    let web = app.workload("Deployment web", 0, &[Need::Exists(settings)]);
    app.add("Job last", Place::plain(0), Nature::Job, &[Need::Works(web)]);
    app.0[web].needs.push(Need::Works(2));
    let blocked = app.first_install();
    let waiting: Vec<_> = blocked[0].waiting.iter().map(|waiting| waiting.id).collect();
    assert_eq!((blocked[0].step, waiting), (None, vec![web, 2]));
}

/// A hook of several phases runs in each of them.
#[test]
fn a_hook_of_two_phases_is_two_tasks() {
    let mut app = App::default();
    let place = Place { hook: vec![PRE, Phase::PostSync], wave: 0 };
    app.add("Job check", place, Nature::Job, &[]);
    app.passive("ConfigMap a", 0);
    let phases: Vec<_> =
        steps(&app.0, |id| &app.0[id].place, &BTreeSet::new()).iter().map(|step| step.phase).collect();
    assert_eq!(phases, [PRE, Phase::Sync, Phase::PostSync]);
}

/// The trigger is an ordinary resource: in a wave of its own it makes a step.
#[test]
fn a_trigger_may_make_a_step_of_its_own() {
    let mut app = App::default();
    app.add("Ingress web", Place::plain(-5), Nature::Outward, &[]);
    let job = app.job(Place::plain(-5), &[]);
    let check = |wave| {
        let mut layout = app.layout();
        layout.places[job] = Place::hook(PRE, 0);
        layout.triggers.insert(wave);
        Model::new(app.0.clone()).check(&layout, |_| false)
    };
    assert_eq!(check(-5), UP);
    assert!(check(0) != UP);
}

/// All that blocks is found at once.
#[test]
fn a_run_goes_on_behind_what_blocks() {
    let mut app = App::default();
    let settings = app.passive("ConfigMap settings", 0);
    let first = app.job(Place::plain(0), &[Need::Exists(settings)]);
    let second = app.job(Place::plain(0), &[Need::Exists(settings)]);
    let blocked = app.with(&[(first, Place::hook(PRE, 0)), (second, Place::hook(PRE, 1))]);
    let waiting: Vec<_> = blocked.iter().flat_map(|step| &step.waiting).map(|waiting| waiting.id).collect();
    assert_eq!(waiting, [first, second]);
}
