//! Jobs that wait, and what waits for them.

use crate::plan::needs::{dependents::waiters, tests::*};

fn deployment(pod: &str) -> String {
    object("apps/v1", "Deployment", "api")
        + &format!("spec:\n  template:\n    metadata: {{labels: {{app: api}}}}\n    spec: {{{pod}}}\n")
}

/// Returns what waits for the Job, as `Kind name: why`.
fn waiting(others: &[&str]) -> Vec<String> {
    let found = with_job(&app("containers: []", others), waiters).unwrap();
    found
        .iter()
        .map(|waiter| format!("{} {}: {}", waiter.header.kind, waiter.header.name, waiter.why))
        .collect()
}

#[test]
fn what_waits_for_the_job() {
    for (pod, why) in [
        (
            "initContainers: [{name: w, command: [kubectl, wait, --for=condition=complete, job/shop-migrate]}]",
            "command of init container w",
        ),
        (
            "initContainers: [{name: w, image: groundnuty/k8s-wait-for, args: [job, shop-migrate]}]",
            "command of init container w",
        ),
        (
            "initContainers: [{name: w, image: groundnuty/k8s-wait-for, args: [job, '-lapp=migrate']}]",
            "command of init container w",
        ),
        (
            "initContainers: [{name: w, image: groundnuty/k8s-wait-for, args: [pod, '-lstep=schema']}]",
            "command of init container w",
        ),
        (
            "initContainers: [{name: w, command: [sh, -c, 'until kubectl get job $J | grep 1/1; do sleep 1; done'], env: [{name: J, value: shop-migrate}]}]",
            "command of init container w",
        ),
        (
            "containers: [{name: m, env: [{name: MIGRATION_JOB, value: shop-migrate}]}]",
            "env MIGRATION_JOB of container m",
        ),
        (
            "initContainers: [{name: w, command: [python, wait.py, --until, shop-migrate]}]",
            "command of init container w",
        ),
        (
            "initContainers: [{name: w, command: [curl, 'https://kubernetes/apis/batch/v1/namespaces/shop/jobs/shop-migrate']}]",
            "command of init container w",
        ),
    ] {
        assert_eq!(waiting(&[&deployment(pod)]), [format!("Deployment api: {why}")], "{pod}");
    }
}

#[test]
fn what_does_not_wait_for_the_job() {
    for pod in [
        "initContainers: [{name: w, image: groundnuty/k8s-wait-for, args: [job, shop-migrate-data]}]",
        "initContainers: [{name: w, image: groundnuty/k8s-wait-for, args: [job, '-lapp=other']}]",
        "initContainers: [{name: w, command: [kubectl, wait, pod, '-lapp=migrate']}]",
        "containers: [{name: m, args: [--name, shop-migrate]}]",
        "containers: [{name: m, env: [{name: NAME, value: shop-migrate}]}]",
    ] {
        assert_eq!(waiting(&[&deployment(pod)]), [""; 0], "{pod}");
    }
}

#[test]
fn a_script_may_wait() {
    let script = object("v1", "ConfigMap", "start")
        + "data:\n  start.sh: |\n    kubectl wait --for=condition=complete job/shop-migrate\n    exec api\n";
    let pod = "containers: [{name: m, command: [/start/start.sh], volumeMounts: [{name: s, mountPath: /start}]}], volumes: [{name: s, configMap: {name: start}}]";
    assert_eq!(
        waiting(&[&script, &deployment(pod)]),
        ["Deployment api: volume s, key start.sh of ConfigMap start"]
    );
}

#[test]
fn a_role_may_name_the_job() {
    let role = |resources: &str, name: &str| {
        object("rbac.authorization.k8s.io/v1", "Role", "watch")
            + &format!(
                "rules: [{{apiGroups: [batch], resources: [{resources}], resourceNames: [{name}], verbs: [get]}}]\n"
            )
    };
    assert_eq!(waiting(&[&role("jobs", "shop-migrate")]), ["Role watch: resourceNames of a rule"]);
    assert_eq!(waiting(&[&role("secrets", "shop-migrate")]), [""; 0]);
    assert_eq!(waiting(&[&role("jobs", "other")]), [""; 0]);
}

#[test]
fn the_job_may_wait_for_objects_by_name_or_label() {
    let database = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: m, image: mysql}]}}}
";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}}\n";
    let init = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: init, labels: {app: init}}\nspec: {template: {spec: {}}}\n";
    let cluster = object("postgresql.cnpg.io/v1", "Cluster", "pg");
    let external = object("external-secrets.io/v1", "ExternalSecret", "keys");
    let api = deployment("containers: [{name: m, image: shop/api}]");
    let others = [database, service, init, &cluster, &external, &api];
    for (wait, expected) in [
        ("kubectl wait --for=condition=complete job/init", &["Job init"][..]),
        ("kubectl wait job -l app=init", &["Job init"]),
        ("kubectl rollout status sts/db", &["StatefulSet db"]),
        ("kubectl wait --for=condition=Ready pod/db-0", &["StatefulSet db"]),
        ("wait_for.sh pod -lapp=db", &["StatefulSet db"]),
        ("wait_for.sh service db", &["Service db", "StatefulSet db"]),
        ("kubectl wait --for=condition=Ready cluster/pg", &["Cluster pg"]),
        ("kubectl wait --for=condition=Ready externalsecrets keys", &["ExternalSecret keys"]),
        ("kubectl get secret keys", &["ExternalSecret keys"]),
        ("kubectl rollout status deployment/api", &[]),
    ] {
        let pod = format!("initContainers: [{{name: w, command: [sh, -c, '{wait}']}}]");
        assert_eq!(names(&pod, &others), expected, "{wait}");
    }
    let pod = "initContainers: [{name: w, command: [kubectl, rollout, status, deployment/api]}]";
    assert_eq!(awaited(&app(pod, &others)), ["Deployment api: command of init container w"]);
}

#[test]
fn another_job_may_make_a_secret_when_it_runs() {
    let job = |name: &str, pod: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{{pod}}}}}}}\n"
        )
    };
    let script = object("v1", "ConfigMap", "make")
        + "data:\n  make.sh: |\n    kubectl create secret generic tls\n    echo done\n";
    let pod = "containers: [{name: m, envFrom: [{secretRef: {name: tls}}]}]";
    for maker in [
        "containers: [{name: m, args: [create, --secret-name=tls]}]",
        "containers: [{name: m, command: [sh, -c, 'kubectl create secret generic tls --from-literal=a=b']}]",
        "containers: [{name: m, env: [{name: SECRET, value: tls}]}]",
        r#"containers: [{name: m, command: [sh, -c, "cat <<EOF | kubectl apply -f -\nkind: Secret\nmetadata: {name: tls}\nEOF"]}]"#,
        "containers: [{name: m, volumeMounts: [{name: v, mountPath: /make}]}], volumes: [{name: v, configMap: {name: make}}]",
    ] {
        let maker = job("keys", maker);
        let needs = found(pod, &[&maker, &script]);
        let expected = "Job keys: envFrom of container m, for which it seems to make Secret tls";
        assert_eq!(needs.first().map(String::as_str), Some(expected), "{maker}");
        // Nothing else provides it, is the condition.
        assert_eq!(names(pod, &[&maker, &script, &object("v1", "Secret", "tls")]), ["Secret tls"]);
    }
    for other in [
        "containers: [{name: m, envFrom: [{secretRef: {name: tls}}]}]",
        "containers: [{name: m, env: [{name: DB_HOST, value: tls}]}]",
        "containers: [{name: m, args: [rotate-secret, tls], envFrom: [{secretRef: {name: tls}}]}]",
        "containers: [{name: m, args: [--secret-name=tls-2]}]",
    ] {
        assert_eq!(names(pod, &[&job("other", other)]), [""; 0], "{other}");
    }
}

#[test]
fn the_secret_of_a_class_is_there_once_a_pod_mounts_it() {
    let class = object("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "vault")
        + "spec: {secretObjects: [{secretName: db}]}\n";
    let reads = "containers: [{name: m, envFrom: [{secretRef: {name: db}}]}]";
    let mounts = "volumes: [{name: v, csi: {volumeAttributes: {secretProviderClass: vault}}}]";
    let web = deployment(mounts);
    let why = "Deployment api: envFrom of container m, for which it makes Secret db once it is mounted";
    assert_eq!(awaited(&app(reads, &[&class, &web])), [why]);
    assert_eq!(awaited(&app(&format!("{reads}\n{mounts}"), &[&class, &web])), [""; 0]);
    assert_eq!(awaited(&app(reads, &[&class, &deployment("containers: []")])), [""; 0]);
}
