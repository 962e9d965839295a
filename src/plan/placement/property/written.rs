//! Random apps as manifests, with the model's verdict, for the end-to-end suite: `make model`.

use std::fmt::Write as _;

use super::super::model::{Model, Nature, Need, Phase, Resource};
use super::{app::App, number, random::Random, rendered};

/// Writes so many apps into the folder that `PRESYNC_RANDOM_FOLDER` names. Those with objects that the suite has no
/// stand-in for are passed over.
#[test]
#[ignore = "writes files for the end-to-end suite"]
fn random_apps_are_written() {
    let folder = std::path::PathBuf::from(std::env::var_os("PRESYNC_RANDOM_FOLDER").unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let (mut left, mut seed) = (number("PRESYNC_RANDOM_APPS", 200), number("PRESYNC_RANDOM_SEED", 1));
    while left > 0 {
        let app = App::new(&mut Random::new(seed));
        if app.truth.iter().all(has_stand_in) {
            let model = Model::new(app.truth.clone());
            let blocked = model.run(&rendered(&app), &model.nothing());
            let verdict = if blocked.first().is_some_and(|it| it.step.is_some()) { "blocks" } else { "ends" };
            let why = blocked.first().map(|it| it.waiting[0]);
            let why = why.map(|it| format!(": {} waits for {}", model.label(it.last), model.label(it.on)));
            let text = format!("# {verdict}{}\n{}", why.unwrap_or_default(), manifests(&app.truth));
            std::fs::write(folder.join(format!("{seed}.yaml")), text).unwrap();
            left -= 1;
        }
        seed += 1;
    }
}

fn kind(resource: &Resource) -> &str {
    resource.label.split(' ').next().unwrap_or_default()
}

fn has_stand_in(resource: &Resource) -> bool {
    match resource.nature {
        Nature::Passive => matches!(kind(resource), "ConfigMap" | "ServiceAccount"),
        Nature::Claim | Nature::Workload | Nature::Job => true,
        Nature::Outward => kind(resource) == "Ingress",
        Nature::Custom | Nature::Unknown | Nature::Barrier => false,
    }
}

fn name(resource: &Resource) -> String {
    resource.label.to_lowercase().replace(' ', "-")
}

fn manifests(resources: &[Resource]) -> String {
    let mut text = String::new();
    for resource in resources {
        let metadata = metadata(resource);
        let _ = match kind(resource) {
            "ConfigMap" => writeln!(text, "---\napiVersion: v1\nkind: ConfigMap\n{metadata}data: {{a: b}}"),
            "ServiceAccount" => writeln!(text, "---\napiVersion: v1\nkind: ServiceAccount\n{metadata}"),
            "PersistentVolumeClaim" => writeln!(
                text,
                "---\napiVersion: v1\nkind: PersistentVolumeClaim\n{metadata}spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}"
            ),
            "Ingress" => writeln!(
                text,
                "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n{metadata}spec: {{defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}}}"
            ),
            "Job" => writeln!(
                text,
                "---\napiVersion: batch/v1\nkind: Job\n{metadata}spec:\n  template: {}",
                pod(resource, resources, "restartPolicy: Never, ")
            ),
            _ => writeln!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\n{metadata}spec:\n  selector: {{matchLabels: {{app: {0}}}}}\n  template: {1}",
                name(resource),
                pod(resource, resources, "")
            ),
        };
    }
    text
}

fn metadata(resource: &Resource) -> String {
    let phases: Vec<&str> = resource
        .place
        .hook
        .iter()
        .map(|phase| match phase {
            Phase::PreSync => "PreSync",
            Phase::Sync => "Sync",
            Phase::PostSync => "PostSync",
        })
        .collect();
    let hook = if phases.is_empty() {
        String::new()
    } else {
        format!("argocd.argoproj.io/hook: {}, ", phases.join(","))
    };
    format!(
        "metadata: {{name: {}, annotations: {{{hook}argocd.argoproj.io/sync-wave: \"{}\"}}}}\n",
        name(resource),
        resource.place.wave
    )
}

/// Returns the template of a pod with what it needs: objects that it names, and commands that wait.
fn pod(resource: &Resource, resources: &[Resource], more: &str) -> String {
    let (mut account, mut from, mut volumes, mut waits) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for need in &resource.needs {
        let other = &resources[need.on()];
        match need {
            Need::Account(_) => account = format!("serviceAccountName: {}, ", name(other)),
            Need::Claim(_) => {
                volumes
                    .push(format!("{{name: {0}, persistentVolumeClaim: {{claimName: {0}}}}}", name(other)));
            }
            Need::Works(_) => {
                let kind = if kind(other) == "Job" { "job" } else { "deployment" };
                waits.push(format!("{kind}/{}", name(other)));
            }
            Need::Exists(_) | Need::Accepted(_) => {
                from.push(format!("{{configMapRef: {{name: {}}}}}", name(other)));
            }
        }
    }
    volumes.sort();
    volumes.dedup();
    format!(
        "{{metadata: {{labels: {{app: {0}}}, annotations: {{e2e.presync/waits: \"{1}\"}}}}, spec: {{{more}{account}volumes: [{2}], containers: [{{name: a, image: \"a:1\", envFrom: [{3}]}}]}}}}",
        name(resource),
        waits.join(","),
        volumes.join(", "),
        from.join(", ")
    )
}
