//! The golden cases about order, on a real Argo CD: each comes up on a first install, and when the app and its migrations
//! change. Without presync each comes up on a first install too, so that what is shown is that presync breaks nothing.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::app::{App, SOON};
use e2e::catalog::LASTING;
use e2e::migrations::Seen;
use e2e::scenario::Scenario;
use e2e::wait;
use futures::StreamExt as _;
use futures::stream::iter;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::ROOT;

/// A golden case.
struct Case {
    /// The folder under `tests/cases`.
    name: &'static str,
    /// What the commands of its Jobs wait for, and the Secrets that they make: a Job, an annotation for the fake node, and
    /// its value.
    runs: &'static [(&'static str, &'static str, &'static str)],
    /// Parameters of the plugin.
    parameters: &'static [(&'static str, &'static str)],
    /// It comes up without presync.
    native: bool,
    /// Argo CD takes what the operator writes for a difference, with presync and without it.
    drifts: bool,
}

const MIGRATE: &str = "catalog-migrate";
const WAITS: &str = "e2e.presync/waits";
const MAKES: &str = "e2e.presync/makes";

const fn case(name: &'static str, runs: &'static [(&'static str, &'static str, &'static str)]) -> Case {
    Case { name, runs, parameters: &[], native: true, drifts: false }
}

/// How many run at the same time, beside all other scenarios.
const AT_ONCE: usize = 16;

const CASES: &[Case] = &[
    case("order-after-a-canary", &[]),
    case("order-after-a-cloud-resource", &[]),
    case("order-after-an-application", &[]),
    case("order-annotation-of-an-injector", &[(MIGRATE, WAITS, "configmap/agent")]),
    case("order-authored-hook-in-the-way", &[(MIGRATE, WAITS, "statefulset/pg")]),
    Case { parameters: &[("phase", "Sync")], native: false, ..case("order-authored-presync-phase", &[]) },
    case("order-awaited-job", &[("catalog-keys", MAKES, "key"), (MIGRATE, WAITS, "job/catalog-keys")]),
    case("order-cache", &[(MIGRATE, WAITS, "deployment/redis")]),
    case("order-claim-of-a-database", &[(MIGRATE, WAITS, "deployment/pg")]),
    Case { drifts: true, ..case("order-config-map-filled-by-a-resource", &[]) },
    case("order-foreign-namespace", &[]),
    Case {
        native: false,
        ..case(
            "order-maker-of-a-secret",
            &[("catalog-secret", MAKES, "conn"), (MIGRATE, WAITS, "statefulset/pg")],
        )
    },
    case("order-needs-are-argocd-hooks", &[]),
    case("order-needs-are-helm-hooks", &[]),
    case("order-needs-are-helm-hooks-and-a-database", &[]),
    case("order-only-what-runs-counts", &[]),
    case("order-operator-in-the-app", &[]),
    case("order-optional-but-rendered", &[(MIGRATE, WAITS, "configmap/settings")]),
    case("order-ordinary-job", &[]),
    case("order-restarts-a-workload", &[(MIGRATE, WAITS, "deployment/catalog")]),
    case("order-secret-named-by-a-resource", &[]),
    case(
        "order-waits-in-a-script",
        &[
            (MIGRATE, WAITS, "deployment/catalog"),
            ("catalog-migrate-script", WAITS, "deployment/catalog"),
            ("catalog-migrate-selector", WAITS, "deployment/catalog"),
        ],
    ),
    case("phase-after-workloads", &[("catalog-migration", WAITS, "deployment/catalog")]),
    case("phase-awaits", &[("catalog-migration", WAITS, "deployment/catalog")]),
    case("phase-needs", &[]),
    Case { native: false, ..case("phase-order", &[]) },
    case("phase-post", &[]),
    case("waves-claim", &[]),
    case("waves-fixed", &[]),
    case("waves-room", &[]),
];

pub(crate) async fn cases_come_up(scenario: &Scenario) -> Result<()> {
    if scenario.lab().sidecar.is_none() {
        // Somebody else's cluster has no such operators.
        return Ok(());
    }
    let cases = || CASES.iter().enumerate();
    let presync = cases().map(|(number, case)| comes_up(scenario, number, case, true));
    let native = cases().filter(|(_, case)| case.native);
    let native = native.map(|(number, case)| comes_up(scenario, number, case, false));
    let results: Vec<Result<()>> =
        iter(presync).chain(iter(native)).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<String> =
        results.into_iter().filter_map(|result| Some(format!("{:#}", result.err()?))).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(())
}

/// One case, through presync or without it.
async fn comes_up(scenario: &Scenario, number: usize, case: &Case, presync: bool) -> Result<()> {
    let (role, way) =
        if presync { (format!("{number}"), "through presync") } else { (format!("{number}-n"), "native") };
    let name = format!("{}-{role}", scenario.name());
    let text = |workloads: &str, jobs: &str| case.text(&name, workloads, jobs);
    let app =
        scenario.app(&role).file("app.yaml", text("catalog:1", "catalog:1")?).automated(false).retry(5, "2s");
    // What no object of the case makes.
    let app = app.secret("outside", "url", "x");
    let parameters: Vec<_> = [("environment", "dev")].iter().chain(case.parameters).copied().collect();
    let app = if presync { app.presync(&parameters) } else { app };
    let app = scenario.create(app).await?;
    case.up(&app).await.with_context(|| format!("{} {way}: the first install", case.name))?;
    let runs = app.migrations.all().len();
    // A plain Job cannot change.
    let jobs = if presync { "catalog:2" } else { "catalog:1" };
    app.commit("next", &[("app.yaml", Some(text("catalog:2", jobs)?.as_str()))]).await?;
    case.up(&app).await.with_context(|| format!("{} {way}: the upgrade", case.name))?;
    let again = app.migrations.all().len() > runs;
    // The Job of this case is in another namespace.
    ensure!(
        !presync || again || case.name == "order-foreign-namespace",
        "{}: its migrations ran again:\n{}",
        case.name,
        app.migrations
    );
    Ok(())
}

impl Case {
    /// Waits until it is deployed, and all that was to run has run.
    async fn up(&self, app: &App) -> Result<()> {
        if self.drifts {
            app.synced().await?;
        } else {
            app.at_rest().await?;
        }
        // The sync of a plain Job can end before the Job does.
        let complete = |job: &Seen| job.gone || job.outcome() == Some("Complete");
        wait::until("the end of all Jobs", SOON, async || {
            Ok(app.migrations.all().iter().all(complete).then_some(()))
        })
        .await
        .with_context(|| format!("{}", app.migrations))
    }

    /// Its manifests for an Application, whose workloads and Jobs run these images.
    fn text(&self, app: &str, workloads: &str, jobs: &str) -> Result<String> {
        let path = format!("{ROOT}/tests/cases/{}/stdin", self.name);
        let text = fs::read_to_string(&path).with_context(|| path.clone())?;
        // What is not in the Application's own namespace has a name of its own.
        let text = text.replace("namespace: build", &format!("namespace: {app}-build"));
        let text = text.replace("name: pg, namespace: argocd", &format!("name: {app}-pg, namespace: argocd"));
        let text = text.replace("namespace: catalog}", &format!("namespace: {app}}}"));
        let documents = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
        let mut documents = documents.collect::<Result<Vec<_>, _>>()?;
        for document in &mut documents {
            let image = if document["kind"] == "Job" { jobs } else { workloads };
            self.adjust(document, app, image);
        }
        let documents: Vec<String> = documents.iter().map(serde_yaml::to_string).collect::<Result<_, _>>()?;
        Ok(documents.join("---\n"))
    }

    fn adjust(&self, document: &mut Value, app: &str, image: &str) {
        let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let is_job = document["kind"] == "Job";
        if is_job {
            let spec = &mut document["spec"];
            for (_, annotation, value) in self.runs.iter().filter(|(job, _, _)| *job == name) {
                spec["template"]["metadata"]["annotations"][*annotation] = json!(value);
            }
            if spec["ttlSecondsAfterFinished"].is_number() {
                spec["ttlSecondsAfterFinished"] = json!(LASTING.as_secs());
            }
        }
        let containers = document.pointer_mut("/spec/template/spec/containers");
        for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
            if container["image"].as_str().is_some_and(|image| image.contains("catalog:")) {
                container["image"] = json!(image);
            }
        }
        if document["kind"].as_str().is_some_and(|kind| kind.starts_with("ClusterRole")) {
            // It has no namespace: the cases run side by side.
            document["metadata"]["name"] = json!(format!("{app}-{name}"));
            let renamed = document["metadata"]["name"].clone();
            if let Some(role) = document.pointer_mut("/roleRef/name") {
                *role = renamed;
            }
        }
        if document["kind"] == "Application" {
            document["spec"]["destination"] = json!({});
        }
    }
}
