//! Network policies that let a pod's traffic through.

use crate::plan::needs::tests::*;

fn policy(name: &str, selector: &str, rules: &str) -> String {
    object("networking.k8s.io/v1", "NetworkPolicy", name)
        + &format!("spec: {{podSelector: {selector}, {rules}}}\n")
}

const SENDS: &str = "egress: [{}]";

#[test]
fn a_policy_that_selects_the_pod_is_needed() {
    for (selector, needed) in [
        ("{}", true),
        ("{matchLabels: {step: schema}}", true),
        ("{matchLabels: {job-name: shop-migrate}}", true),
        ("{matchLabels: {batch.kubernetes.io/job-name: shop-migrate}}", true),
        ("{matchLabels: {step: schema, tier: web}}", false),
        // A label of the Job, not of its pod.
        ("{matchLabels: {app: migrate}}", false),
        ("{matchExpressions: [{key: step, operator: In, values: [data, schema]}]}", true),
        ("{matchExpressions: [{key: step, operator: NotIn, values: [schema]}]}", false),
        ("{matchExpressions: [{key: step, operator: Exists}]}", true),
        ("{matchExpressions: [{key: step, operator: DoesNotExist}]}", false),
        ("{matchLabels: {step: schema}, matchExpressions: [{key: a, operator: DoesNotExist}]}", true),
        ("{matchExpressions: [{key: step, operator: Like}]}", false),
    ] {
        let found = names("containers: []", &[&policy("a", selector, SENDS)]);
        assert_eq!(!found.is_empty(), needed, "{selector}");
    }
}

#[test]
fn a_policy_that_lets_nothing_out_is_not_needed() {
    for rules in ["policyTypes: [Egress]", "egress: []", "ingress: [{}]"] {
        assert_eq!(names("containers: []", &[&policy("a", "{}", rules)]), [""; 0], "{rules}");
    }
    let elsewhere = policy("a", "{}", SENDS).replace("{name: a}", "{name: a, namespace: data}");
    assert_eq!(names("containers: []", &[&elsewhere]), [""; 0]);
}

#[test]
fn a_policy_that_lets_traffic_into_a_database_is_needed() {
    let service = object("v1", "Service", "db") + "spec: {selector: {app: db}, ports: [{port: 5432}]}\n";
    let database = object("apps/v1", "StatefulSet", "db")
        + "spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: postgres}]}}}\n";
    let policy = policy("in", "{matchLabels: {app: db}}", "ingress: [{}]");
    let pod = "containers: [{name: m, env: [{name: DB_HOST, value: db}]}]";
    let found = names(pod, &[&service, &database, &policy]);
    assert_eq!(found, ["Service db", "StatefulSet db", "NetworkPolicy in"]);
}

#[test]
fn policies_of_gke_select_pods_too() {
    let policy = object("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", "a")
        + "spec: {podSelector: {matchLabels: {step: schema}}, egress: [{matches: [{name: db.example.org}]}]}\n";
    assert_eq!(names("containers: []", &[&policy]), ["FQDNNetworkPolicy a"]);
}

#[test]
fn policies_of_cilium_select_endpoints() {
    for kind in ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"] {
        let policy = object("cilium.io/v2", kind, "a")
            + "spec: {endpointSelector: {matchLabels: {step: schema}}, egress: [{}]}\n";
        assert_eq!(names("containers: []", &[&policy]), [format!("{kind} a")]);
    }
}
