//! Random apps: planned without a panic, and what comes out can be read and holds every object that went in.

use presync::{
    argocd::App,
    manifest::{Manifests, Source},
    plan::{self, Rendering},
    settings::{Environment, Settings},
};

use super::{Choices, decode};

/// Parts of objects; `@` is a name, `#` a number.
const OBJECTS: &[&str] = &[
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: @migrate, annotations: {@A}}\nspec: {ttlSecondsAfterFinished: #, template: {metadata: {labels: {app: @}}, spec: {serviceAccountName: @, initContainers: [@C], containers: [@C, @C], volumes: [@V]}}}\n",
    "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: @migrate-\n  annotations:\n    helm.sh/hook: @H\n    helm.sh/hook-weight: \"#\"\nspec:\n  template:\n    spec:\n      containers:\n      - @C\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: @, annotations: {@A}}\nspec: {selector: {matchLabels: {app: @}}, template: {metadata: {labels: {app: @}}, spec: {initContainers: [@C], containers: [@C], volumes: [@V]}}}\n",
    "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: @}\nspec: {serviceName: @, selector: {matchLabels: {app: @}}, template: {metadata: {labels: {app: @}}, spec: {containers: [{name: db, image: \"postgres:#\"}]}}}\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: @}\nspec: {selector: {app: @}, ports: [{port: 5432}]}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: @, annotations: {@A}}\ndata: {HOST: @, URL: \"postgres://@:5432/@\"}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: @}\nstringData: {password: @}\n",
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: @}\nspec: {target: {name: @}, secretStoreRef: {name: @}}\n",
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: @}\nspec: {storageClassName: @}\n",
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: @}\n",
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: @}\nroleRef: {kind: Role, name: @}\nsubjects: [{kind: ServiceAccount, name: @}]\n",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: Job\n  metadata: {name: @migrate}\n  spec: {template: {spec: {containers: [@C]}}}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: @}\n",
    "apiVersion: example.com/v1\nkind: Unknown\nmetadata: {name: @}\nspec: {ref: {kind: Secret, name: @}}\n",
    "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{\"name\":\"@migrate\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"m\",\"image\":\"@\",\"envFrom\":[{\"configMapRef\":{\"name\":\"@\"}}]}]}}}}\n",
    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: @migrate-}\nspec: {entrypoint: main, templates: [{name: main, container: {image: @, command: [migrate]}}]}\n",
];
const NAMES: &[&str] = &["a", "shop", "db", "migrate", "shop-db", "x.y", "1", "a1b2c3d4", "shop-migrate"];
const CONTAINERS: &[&str] = &[
    "{name: m, image: \"@:#\", command: [bundle, exec, rake, \"db:migrate\"]}",
    "{name: m, image: migrate/migrate, args: [\"-database\", \"$(URL)\", up], envFrom: [{secretRef: {name: @}}]}",
    "{name: w, image: busybox, command: [sh, -c, \"until nc -z @ 5432; do sleep 1; done\"]}",
    "{name: m, image: \"@\", command: [/bin/sh, -ec, \"./wait-for @:5432 && flyway migrate\"], env: [{name: H, valueFrom: {configMapKeyRef: {name: @, key: HOST}}}]}",
    "{name: k, image: bitnami/kubectl, command: [kubectl, wait, \"deploy/@\"], volumeMounts: [{name: v, mountPath: /v}]}",
];
const VOLUMES: &[&str] = &[
    "{name: v, configMap: {name: @, optional: true}}",
    "{name: v, secret: {secretName: @}}",
    "{name: v, persistentVolumeClaim: {claimName: @}}",
    "{name: v, emptyDir: {}}",
];
const ANNOTATIONS: &[&str] = &[
    "",
    "argocd.argoproj.io/sync-wave: \"#\"",
    "argocd.argoproj.io/hook: @H",
    "argocd-presync-plugin/migration: \"true\"",
    "argocd-presync-plugin/ttl: \"#\"",
    "argocd-presync-plugin/strategy: once",
    "argocd-presync-plugin/phase: @H",
];
const HOOKS: &[&str] =
    &["PreSync", "Sync", "PostSync", "pre-install", "pre-install,pre-upgrade", "post-install", "Skip", "x"];
const NUMBERS: &[&str] = &["0", "1", "-1", "5", "300", "2147483647", "15"];

/// Runs one case.
pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let environment = choices.one(&["dev", "production", "test"]);
    let mut text = String::new();
    for _ in 0..=choices.below(5) {
        if !choices.any() {
            break;
        }
        text.push_str("---\n");
        filled(choices.one(OBJECTS), &mut choices, &mut text);
    }
    let source = |bytes| vec![Source { name: "app.yaml".to_owned(), bytes, validate: false }];
    let manifests = Manifests::read(source(text.clone().into_bytes())).expect("the app can be read");
    let environment = Environment { name: environment.to_owned(), reason: String::new() };
    let settings = Settings { environment, ..Settings::default() };
    let app = App { name: Some("shop-dev".to_owned()), ..App::default() };
    let Ok(plan) = plan::plan(&manifests, Rendering::default(), &settings, &app) else { return };
    let output = manifests.apply(&plan.changes()).expect("the plan can be applied").to_vec();
    let again = Manifests::read(source(output.clone())).expect("the output can be read");
    let (before, after) = (manifests.index().expect("an index"), again.index().expect("an index"));
    assert!(after.len() >= before.len(), "{text}\n=>\n{}", String::from_utf8_lossy(&output));
    if let Some(theirs) = decode(&output) {
        assert!(theirs.is_ok(), "{theirs:?}\n{}", String::from_utf8_lossy(&output));
    }
}

fn filled(part: &str, choices: &mut Choices<'_>, text: &mut String) {
    let mut rest = part;
    while let Some(at) = rest.find(['@', '#']) {
        text.push_str(&rest[..at]);
        let (of, length) = match &rest.as_bytes()[at..] {
            [b'#', ..] => (NUMBERS, 1),
            [b'@', b'C', ..] => (CONTAINERS, 2),
            [b'@', b'V', ..] => (VOLUMES, 2),
            [b'@', b'A', ..] => (ANNOTATIONS, 2),
            [b'@', b'H', ..] => (HOOKS, 2),
            _ => (NAMES, 1),
        };
        let chosen = choices.one(of);
        if chosen.contains(['@', '#']) {
            filled(chosen, choices, text);
        } else {
            text.push_str(chosen);
        }
        rest = &rest[at + length..];
    }
    text.push_str(rest);
}
