//! Databases that an operator makes, and what its objects say of them.

use super::databases::{POSTGRES, SERVICE, env};
use crate::plan::needs::tests::*;

#[test]
fn an_operators_database_is_found_by_its_convention() {
    let cluster = object("postgresql.cnpg.io/v1", "Cluster", "pg")
        + "spec: {bootstrap: {initdb: {secret: {name: owner}}}, instances: 3}\n";
    let database =
        object("postgresql.cnpg.io/v1", "Database", "shop") + "spec: {cluster: {name: pg}, name: shop}\n";
    let other = object("postgresql.cnpg.io/v1", "Database", "other") + "spec: {cluster: {name: other}}\n";
    let definition =
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "clusters.postgresql.cnpg.io");
    let owner = object("v1", "Secret", "owner");
    assert_eq!(
        found(&env("DB_HOST", "pg-rw"), &[&cluster, &database, &other, &definition, &owner]),
        [
            "Cluster pg: env DB_HOST of container m, host pg-rw",
            "Secret owner: Cluster pg: secret",
            "Database shop: Cluster pg: the operator makes it in this database",
            "CustomResourceDefinition clusters.postgresql.cnpg.io: Cluster pg: its kind",
        ]
    );
    assert_eq!(names(&env("DB_HOST", "pg"), &[&cluster]), [""; 0]);
    // Cluster API's kind of the same name.
    assert_eq!(names(&env("DB_HOST", "pg-rw"), &[&object("cluster.x-k8s.io/v1", "Cluster", "pg")]), [""; 0]);
}

#[test]
fn a_service_of_the_app_may_take_an_operators_pods() {
    let cluster = object("postgresql.cnpg.io/v1", "Cluster", "pg");
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {cnpg.io/cluster: pg, role: primary}}\n";
    assert_eq!(names(&env("DB_HOST", "db"), &[&cluster, service]), ["Service db", "Cluster pg"]);
}

#[test]
fn the_secret_of_a_database_brings_the_database() {
    let cluster = object("postgresql.cnpg.io/v1", "Cluster", "pg");
    let pod = "containers: [{name: m, envFrom: [{secretRef: {name: pg-app}}]}]";
    let needs = with_job(&app(pod, &[&cluster]), alone).unwrap().needs;
    assert_eq!(lines(&needs), ["Cluster pg: envFrom of container m, for which it makes Secret pg-app"]);
    assert_eq!(needs[0].relation, Relation::Database);
}

#[test]
fn a_host_is_found_in_a_producers_template() {
    let external = |template: &str| {
        object("external-secrets.io/v1", "ExternalSecret", "db")
            + &format!("spec: {{target: {{{template}}}}}\n")
    };
    let vault = object("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", "vault")
        + "spec: {destination: {name: db, transformation: {templates: {url: {text: 'mysql://{{ .p }}@postgres/x'}}}}}\n";
    let variable = |key: &str| {
        format!(
            "containers: [{{name: m, env: [{{name: DB_HOST, valueFrom: {{secretKeyRef: {{name: db, key: {key}}}}}}}]}}]"
        )
    };
    for (pod, producer, counts) in [
        (
            reads_all(),
            external("template: {data: {url: 'postgres://{{ .user }}:{{ .p }}@postgres:5432/x'}}"),
            true,
        ),
        (reads_all(), external("template: {templateFrom: [{literal: 'host: postgres'}]}"), true),
        (reads_all(), external("name: db, deletionPolicy: postgres"), false),
        (reads_all(), vault, true),
        (variable("host"), external("template: {data: {host: postgres}}"), true),
        (variable("host"), external("template: {data: {other: postgres}}"), false),
    ] {
        let found = names(&pod, &[&producer, SERVICE, POSTGRES]);
        assert_eq!(found.contains(&"StatefulSet postgres".to_owned()), counts, "{pod} {producer}");
    }
}

fn reads_all() -> String {
    "containers: [{name: m, envFrom: [{secretRef: {name: db}}]}]".to_owned()
}
