//! Each field that names an object, and how far it is followed.

use crate::plan::needs::tests::*;

/// Returns every ConfigMap, Secret and so on that the tests name, so that only the rule under test decides.
fn everything() -> Vec<String> {
    let core = ["ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "PersistentVolume"];
    let mut objects: Vec<_> = core.iter().map(|kind| object("v1", kind, "a")).collect();
    objects.push(object("scheduling.k8s.io/v1", "PriorityClass", "a"));
    objects.push(object("node.k8s.io/v1", "RuntimeClass", "a"));
    objects.push(object("storage.k8s.io/v1", "StorageClass", "a"));
    objects.push(object("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "a"));
    objects
}

fn found_in_everything(pod: &str) -> Vec<String> {
    let objects = everything();
    found(pod, &objects.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn every_field_of_a_pod_that_names_an_object() {
    let mounted = "containers: [{name: m, volumeMounts: [{name: v}]}]\n";
    for (pod, expected) in [
        (
            "containers: [{name: m, env: [{name: K, valueFrom: {configMapKeyRef: {name: a, key: k}}}]}]",
            "ConfigMap a: env K of container m",
        ),
        (
            "containers: [{name: m, env: [{name: K, valueFrom: {secretKeyRef: {name: a, key: k}}}]}]",
            "Secret a: env K of container m",
        ),
        (
            "initContainers: [{name: w, envFrom: [{configMapRef: {name: a}}]}]",
            "ConfigMap a: envFrom of init container w",
        ),
        ("containers: [{name: m, envFrom: [{secretRef: {name: a}}]}]", "Secret a: envFrom of container m"),
        ("imagePullSecrets: [{name: a}]", "Secret a: imagePullSecrets"),
        ("serviceAccountName: a", "ServiceAccount a: serviceAccountName"),
        ("serviceAccount: a", "ServiceAccount a: serviceAccount"),
        ("priorityClassName: a", "PriorityClass a: priorityClassName"),
        ("runtimeClassName: a", "RuntimeClass a: runtimeClassName"),
        ("volumes: [{name: v, configMap: {name: a}}]", "ConfigMap a: volume v"),
        ("volumes: [{name: v, secret: {secretName: a}}]", "Secret a: volume v"),
        ("volumes: [{name: v, projected: {sources: [{configMap: {name: a}}]}}]", "ConfigMap a: volume v"),
        ("volumes: [{name: v, projected: {sources: [{secret: {name: a}}]}}]", "Secret a: volume v"),
        (
            "volumes: [{name: v, csi: {volumeAttributes: {secretProviderClass: a}}}]",
            "SecretProviderClass a: volume v",
        ),
        ("volumes: [{name: v, csi: {nodePublishSecretRef: {name: a}}}]", "Secret a: volume v"),
        ("volumes: [{name: v, azureFile: {secretName: a}}]", "Secret a: volume v"),
        ("volumes: [{name: v, persistentVolumeClaim: {claimName: a}}]", "PersistentVolumeClaim a: volume v"),
        (
            "volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: a}}}}]",
            "StorageClass a: volume v",
        ),
    ] {
        assert_eq!(
            found_in_everything(&format!("{}{pod}", if pod.starts_with("volumes") { mounted } else { "" })),
            [expected],
            "{pod}"
        );
    }
}

#[test]
fn what_may_be_missing_is_a_need_where_it_is_rendered() {
    for (pod, need) in [
        (
            "containers: [{name: m, env: [{name: K, valueFrom: {configMapKeyRef: {name: a, key: k, optional: true}}}]}]",
            "ConfigMap a",
        ),
        ("containers: [{name: m, envFrom: [{secretRef: {name: a, optional: true}}]}]", "Secret a"),
        (
            "containers: [{name: m, volumeMounts: [{name: v}]}]\nvolumes: [{name: v, secret: {secretName: a, optional: true}}]",
            "Secret a",
        ),
        (
            "containers: [{name: m, volumeMounts: [{name: v}]}]\nvolumes: [{name: v, projected: {sources: [{configMap: {name: a, optional: true}}]}}]",
            "ConfigMap a",
        ),
    ] {
        let objects = everything();
        let objects: Vec<_> = objects.iter().map(String::as_str).collect();
        assert_eq!(names(pod, &objects), [need], "{pod}");
        let found = with_job(&app(pod, &[]), alone).unwrap();
        assert!(found.needs.is_empty() && found.missing.is_empty(), "{pod}");
    }
}

#[test]
fn what_the_pod_does_not_take_is_no_need() {
    for pod in [
        // No container mounts it.
        "containers: [{name: m}]\nvolumes: [{name: v, configMap: {name: a}}]",
        "containers: [{name: m, envFrom: [{configMapRef: {name: kube-root-ca.crt}}]}]",
        "containers: null\nvolumes: null\nserviceAccountName: ''",
    ] {
        let root = object("v1", "ConfigMap", "kube-root-ca.crt");
        let mut objects = everything();
        objects.push(root);
        let objects: Vec<_> = objects.iter().map(String::as_str).collect();
        assert_eq!(found(pod, &objects), [""; 0], "{pod}");
    }
}

#[test]
fn each_place_that_names_an_object_is_a_use_with_its_path() {
    let pod = "\
initContainers: [{name: w, envFrom: [{secretRef: {name: a}}]}]
containers: [{name: m, env: [{name: X, value: x}, {name: K, valueFrom: {secretKeyRef: {name: a, key: k}}}]}]";
    let needs = with_job(&app(pod, &[&object("v1", "Secret", "a")]), alone).unwrap().needs;
    let path = |steps: &[&str]| {
        let steps = ["spec", "template", "spec"].iter().chain(steps);
        Some(
            steps
                .map(|step| step.parse().map_or_else(|_| Step::Key((*step).to_owned()), Step::Index))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(needs.len(), 1);
    let paths: Vec<_> = needs[0].uses.iter().map(|reason| reason.path.clone()).collect();
    assert_eq!(
        paths,
        [
            path(&["initContainers", "0", "envFrom", "0", "secretRef", "name"]),
            path(&["containers", "0", "env", "1", "valueFrom", "secretKeyRef", "name"]),
        ]
    );
}

#[test]
fn the_default_service_account_counts_where_it_is_rendered() {
    assert_eq!(found("containers: []", &[]), [""; 0]);
    assert_eq!(
        found("containers: []", &[&object("v1", "ServiceAccount", "default")]),
        ["ServiceAccount default: serviceAccountName"]
    );
}

#[test]
fn a_service_account_brings_its_rights_and_its_secrets() {
    let account = object("v1", "ServiceAccount", "migrator") + "imagePullSecrets: [{name: registry}]\n";
    let binding = |kind: &str, name: &str, role: &str, subject: &str| {
        object("rbac.authorization.k8s.io/v1", kind, name)
            + &format!("roleRef: {{kind: {role}, name: {name}}}\nsubjects: [{subject}]\n")
    };
    let role = |kind: &str, name: &str| object("rbac.authorization.k8s.io/v1", kind, name);
    let others = [
        account,
        object("v1", "Secret", "registry"),
        binding("RoleBinding", "jobs", "Role", "{kind: ServiceAccount, name: migrator}"),
        role("Role", "jobs"),
        binding(
            "ClusterRoleBinding",
            "nodes",
            "ClusterRole",
            "{kind: ServiceAccount, name: migrator, namespace: shop}",
        ),
        role("ClusterRole", "nodes"),
        binding("RoleBinding", "all", "ClusterRole", "{kind: Group, name: 'system:serviceaccounts:shop'}"),
        // Another account of the same name, another name, somebody else's group.
        binding(
            "ClusterRoleBinding",
            "elsewhere",
            "ClusterRole",
            "{kind: ServiceAccount, name: migrator, namespace: data}",
        ),
        binding("RoleBinding", "api", "Role", "{kind: ServiceAccount, name: api}"),
        binding("RoleBinding", "group", "Role", "{kind: Group, name: 'system:serviceaccounts:data'}"),
        role("Role", "api"),
    ];
    assert_eq!(
        found("serviceAccountName: migrator", &others.iter().map(String::as_str).collect::<Vec<_>>()),
        [
            "ServiceAccount migrator: serviceAccountName",
            "RoleBinding jobs: serviceAccountName, a subject of the binding",
            "RoleBinding all: serviceAccountName, a subject of the binding",
            "ClusterRoleBinding nodes: serviceAccountName, a subject of the binding",
            "Secret registry: ServiceAccount migrator: imagePullSecrets",
            "Role jobs: RoleBinding jobs: roleRef",
            "ClusterRole nodes: ClusterRoleBinding nodes: roleRef",
        ]
    );
}

#[test]
fn rights_count_for_an_account_that_the_app_does_not_render() {
    let binding = object("rbac.authorization.k8s.io/v1", "RoleBinding", "jobs")
        + "subjects: [{kind: User, name: 'system:serviceaccount:shop:default'}]\n";
    assert_eq!(
        found("containers: []", &[&binding]),
        ["RoleBinding jobs: serviceAccountName, a subject of the binding"]
    );
}

#[test]
fn names_are_those_of_the_jobs_namespace() {
    let elsewhere = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: data}\n";
    let here = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\n";
    let pod = "containers: [{name: m, envFrom: [{secretRef: {name: a}}]}]";
    assert_eq!(found(pod, &[elsewhere]), [""; 0]);
    assert_eq!(found(pod, &[elsewhere, here]), ["Secret a: envFrom of container m"]);
}

#[test]
fn the_namespaces_of_the_job_and_of_its_needs() {
    assert_eq!(
        found("containers: []", &[&object("v1", "Namespace", "shop"), &object("v1", "Namespace", "data")]),
        ["Namespace shop: its namespace"]
    );
}

#[test]
fn a_claim_brings_its_class_and_volume() {
    let claim =
        object("v1", "PersistentVolumeClaim", "data") + "spec: {storageClassName: a, volumeName: a}\n";
    let mut objects = everything();
    objects.push(claim);
    assert_eq!(
        found(
            "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]",
            &objects.iter().map(String::as_str).collect::<Vec<_>>()
        ),
        [
            "PersistentVolumeClaim data: volume v",
            "StorageClass a: PersistentVolumeClaim data: spec",
            "PersistentVolume a: PersistentVolumeClaim data: spec",
        ]
    );
}

#[test]
fn a_producer_brings_what_it_needs_itself() {
    let pod = "containers: [{name: m, envFrom: [{secretRef: {name: db}}]}]";
    let external = object("external-secrets.io/v1", "ExternalSecret", "db-es")
        + "spec: {target: {name: db}, secretStoreRef: {kind: SecretStore, name: vault}}\n";
    let store = object("external-secrets.io/v1", "SecretStore", "vault")
        + "spec: {provider: {vault: {auth: {kubernetes: {serviceAccountRef: {name: reader}, secretRef: {name: token}}}}}}\n";
    let definition =
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "secretstores.external-secrets.io");
    let other = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "secretstores.example.com");
    assert_eq!(
        found(
            pod,
            &[
                &external,
                &store,
                &object("v1", "ServiceAccount", "reader"),
                &object("v1", "Secret", "token"),
                &definition,
                &other
            ]
        ),
        [
            "ExternalSecret db-es: envFrom of container m, for which it makes Secret db",
            "SecretStore vault: ExternalSecret db-es: secretStoreRef",
            "ServiceAccount reader: SecretStore vault: serviceAccountRef",
            "Secret token: SecretStore vault: secretRef",
            "CustomResourceDefinition secretstores.external-secrets.io: SecretStore vault: its kind",
        ]
    );
}

#[test]
fn a_secret_may_be_rendered_and_produced() {
    let pod = "containers: [{name: m, envFrom: [{secretRef: {name: db}}]}]";
    assert_eq!(
        found(pod, &[&object("v1", "Secret", "db"), &object("bitnami.com/v1alpha1", "SealedSecret", "db")]),
        [
            "SealedSecret db: envFrom of container m, for which it makes Secret db",
            "Secret db: envFrom of container m",
        ]
    );
}

#[test]
fn needs_that_need_each_other_end() {
    let a = object("example.com/v1", "Store", "a")
        + "spec: {peerRef: {kind: Store, name: b}, writeConnectionSecretToRef: {name: db}}\n";
    let b = object("example.com/v1", "Store", "b") + "spec: {storeRef: {name: a}}\n";
    assert_eq!(
        found("containers: [{name: m, envFrom: [{secretRef: {name: db}}]}]", &[&a, &b]),
        ["Store a: envFrom of container m, for which it makes Secret db", "Store b: Store a: peerRef",]
    );
}
