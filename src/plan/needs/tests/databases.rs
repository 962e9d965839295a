//! Databases that a Job reaches by host name.

use crate::plan::needs::tests::*;

pub(super) const POSTGRES: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres}
spec:
  serviceName: postgres-headless
  template:
    metadata: {labels: {app: postgres}}
    spec: {containers: [{name: postgres, image: 'postgres:16', envFrom: [{secretRef: {name: superuser}}]}]}
  volumeClaimTemplates: [{spec: {storageClassName: fast}}]
";
pub(super) const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: postgres}
spec: {selector: {app: postgres}, ports: [{port: 5432}]}
";
const API: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: 'shop/api:1'}, {name: pool, image: 'edoburu/pgbouncer', ports: [{containerPort: 5432}]}]}
";
const API_SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 8080}]}
";

/// Returns a Service that leads to a Deployment of this image.
fn server(name: &str, image: &str, port: u32) -> [String; 2] {
    [
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: {port}}}]}}\n"
        ),
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: main, image: '{image}'}}]}}}}}}\n"
        ),
    ]
}

pub(super) fn env(name: &str, value: &str) -> String {
    format!("containers: [{{name: m, env: [{{name: {name}, value: '{value}'}}]}}]")
}

#[test]
fn every_form_of_a_service_is_its_host() {
    for host in [
        "postgres",
        "postgres.shop",
        "postgres.shop.svc",
        "postgres.shop.svc.cluster.local",
        "postgres-0.postgres",
        "postgres-0.postgres.shop.svc.cluster.local.",
    ] {
        assert_eq!(
            found(&env("DB_HOST", host), &[SERVICE, POSTGRES]),
            [
                "Service postgres: env DB_HOST of container m, host postgres",
                "StatefulSet postgres: env DB_HOST of container m, host postgres",
            ],
            "{host}"
        );
    }
    for host in
        ["postgres.data", "postgres.data.svc", "postgres.example.com", "my-postgres", "x-0.y.postgres"]
    {
        assert_eq!(found(&env("DB_HOST", host), &[SERVICE, POSTGRES]), [""; 0], "{host}");
    }
}

#[test]
fn a_full_name_is_a_host_wherever_it_stands() {
    assert_eq!(
        names(&env("MOTTO", "see postgres.shop.svc or not"), &[SERVICE, POSTGRES]),
        ["Service postgres", "StatefulSet postgres"]
    );
    assert_eq!(names(&env("MOTTO", "see postgres.shop or not"), &[SERVICE, POSTGRES]), [""; 0]);
}

#[test]
fn a_host_is_found_in_whatever_the_pod_reads() {
    let encoded = "cG9zdGdyZXM6Ly9zaG9wOmh1bnRlcjJAcG9zdGdyZXM6NTQzMi9zaG9w";
    let secret = object("v1", "Secret", "db") + &format!("data: {{url: {encoded}, other: eA==}}\n");
    let plain = object("v1", "Secret", "db")
        + "stringData: {url: 'postgres://shop:hunter2@postgres:5432/shop', other: x}\n";
    let config = object("v1", "ConfigMap", "db")
        + "data: {url: 'postgres://shop:hunter2@postgres:5432/shop', other: x}\n";
    let file = object("v1", "ConfigMap", "db")
        + "data:\n  app.yaml: |\n    pool: 5\n    database:\n      host: postgres\n";
    for (pod, object, why) in [
        (
            "containers: [{name: m, env: [{name: URL, valueFrom: {secretKeyRef: {name: db, key: url}}}]}]",
            &secret,
            "env URL of container m, key url of Secret db, host postgres",
        ),
        (
            "containers: [{name: m, envFrom: [{secretRef: {name: db}}]}]",
            &plain,
            "envFrom of container m, key url of Secret db, host postgres",
        ),
        (
            "containers: [{name: m, envFrom: [{prefix: DB_, configMapRef: {name: db}}]}]",
            &config,
            "envFrom of container m, key url of ConfigMap db, host postgres",
        ),
        (
            "containers: [{name: m, volumeMounts: [{name: v}]}]\nvolumes: [{name: v, configMap: {name: db}}]",
            &file,
            "volume v, key app.yaml of ConfigMap db, host postgres",
        ),
        (
            "containers: [{name: m, args: [--db-host, postgres]}]",
            &file,
            "command of container m, host postgres",
        ),
        (
            "initContainers: [{name: w, command: [sh, -c, 'until nc -z postgres 5432; do sleep 1; done']}]",
            &file,
            "command of init container w, host postgres",
        ),
    ] {
        let found = found(pod, &[object, SERVICE, POSTGRES]);
        assert!(found.contains(&format!("StatefulSet postgres: {why}")), "{pod}\n{found:#?}");
        assert!(!found.iter().any(|line| line.contains("hunter2") || line.contains("://")), "{found:?}");
    }
}

#[test]
fn only_the_keys_that_the_pod_takes_are_read() {
    let config = object("v1", "ConfigMap", "db") + "data: {host: postgres, other: x}\n";
    for pod in [
        "containers: [{name: m, env: [{name: DB_HOST, valueFrom: {configMapKeyRef: {name: db, key: other}}}]}]",
        "containers: [{name: m, volumeMounts: [{name: v}]}]\nvolumes: [{name: v, configMap: {name: db, items: [{key: other, path: x}]}}]",
        "containers: [{name: m, envFrom: [{configMapRef: {name: db}}], env: [{name: host, value: elsewhere}]}]",
    ] {
        assert_eq!(names(pod, &[&config, SERVICE, POSTGRES]), ["ConfigMap db"], "{pod}");
    }
}

#[test]
fn the_database_brings_its_own_needs() {
    let others = [
        SERVICE.to_owned(),
        POSTGRES.to_owned(),
        object("v1", "Secret", "superuser"),
        object("v1", "Service", "postgres-headless"),
        object("storage.k8s.io/v1", "StorageClass", "fast"),
    ];
    assert_eq!(
        found(&env("DB_HOST", "postgres"), &others.each_ref().map(String::as_str)),
        [
            "Service postgres: env DB_HOST of container m, host postgres",
            "StatefulSet postgres: env DB_HOST of container m, host postgres",
            "Secret superuser: StatefulSet postgres: envFrom of container postgres",
            "Service postgres-headless: StatefulSet postgres: serviceName",
            "StorageClass fast: StatefulSet postgres: volumeClaimTemplates",
        ]
    );
}

#[test]
fn a_pooler_leads_to_its_database() {
    let pooler = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: pool}
spec: {template: {metadata: {labels: {app: pool}}, spec: {containers: [{name: m, image: edoburu/pgbouncer, env: [{name: DB_HOST, value: postgres}]}]}}}
";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: pool}\nspec: {selector: {app: pool}, ports: [{port: 6432}]}\n";
    assert_eq!(
        names(&env("DB_HOST", "pool"), &[service, pooler, SERVICE, POSTGRES]),
        ["Service pool", "Deployment pool", "Service postgres", "StatefulSet postgres"]
    );
}

#[test]
fn databases_that_name_each_other_end() {
    let node = |name: &str, peer: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: m, image: mariadb, env: [{{name: PEER_HOST, value: {peer}}}]}}]}}}}}}\n"
        )
    };
    let service = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}}}\n"
        )
    };
    assert_eq!(
        names(&env("DB_HOST", "a"), &[&node("a", "b"), &node("b", "a"), &service("a"), &service("b")]),
        ["Service a", "StatefulSet a", "Service b", "StatefulSet b"]
    );
}

#[test]
fn the_apps_own_workloads_are_no_needs() {
    for pod in [
        env("API_HOST", "api"),
        env("API_URL", "http://api:8080"),
        env("API_URL", "http://api.shop.svc.cluster.local:8080"),
        "initContainers: [{name: w, command: [sh, -c, 'until curl http://api:8080; do sleep 1; done']}]"
            .to_owned(),
    ] {
        assert_eq!(names(&pod, &[API_SERVICE, API]), [""; 0], "{pod}");
    }
}

#[test]
fn a_workload_that_the_pod_waits_for_is_told_apart() {
    let pod =
        "initContainers: [{name: w, command: [sh, -c, 'until curl http://api:8080; do sleep 1; done']}]";
    let manifests = app(pod, &[API_SERVICE, API]);
    assert_eq!(
        awaited(&manifests),
        [
            "Service api: command of init container w, host api",
            "Deployment api: command of init container w, host api",
        ]
    );
    let manifests = app(&env("API_URL", "http://api:8080"), &[API_SERVICE, API]);
    assert_eq!(awaited(&manifests), [""; 0]);
}

#[test]
fn a_pooler_beside_the_app_counts_by_its_own_port() {
    let pool = "apiVersion: v1\nkind: Service\nmetadata: {name: pool}\nspec: {selector: {app: api}, ports: [{port: 5432}]}\n";
    assert_eq!(names(&env("DB_HOST", "pool"), &[pool, API]), ["Service pool", "Deployment api"]);
}

#[test]
fn a_database_that_waits_for_the_job_is_no_need() {
    let waiting = POSTGRES.replace(
        "spec: {containers:",
        "spec: {initContainers: [{name: w, image: groundnuty/k8s-wait-for, args: [job, shop-migrate]}], containers:",
    );
    assert_eq!(names(&env("DB_HOST", "postgres"), &[SERVICE, &waiting]), [""; 0]);
}

#[test]
fn a_cache_counts_where_its_host_is_named() {
    let redis = server("redis", "redis:7", 6379);
    let others = redis.each_ref().map(String::as_str);
    let config = object("v1", "ConfigMap", "env") + "data: {REDIS_HOST: redis}\n";
    let with_config = [&others[..], &[config.as_str()]].concat();
    for (pod, others, counts) in [
        (env("REDIS_URL", "redis://redis:6379/0"), &others[..], true),
        (env("WAIT_HOSTS", "redis:6379"), &others[..], true),
        ("containers: [{name: m, command: [sh, -c, 'migrate --cache redis:6379']}]".to_owned(), &others[..], true),
        ("initContainers: [{name: w, image: busybox, command: [nc, -z, redis, '6379']}]".to_owned(), &others[..], true),
        ("initContainers: [{name: w, image: jwilder/dockerize, args: [-wait, 'tcp://redis:6379']}]".to_owned(), &others[..], true),
        (
            "containers: [{name: m, env: [{name: R, value: redis}], command: [sh, -c, 'until nc -z $R 6379; do :; done; migrate']}]".to_owned(),
            &others[..],
            true,
        ),
        (
            "initContainers: [{name: w, envFrom: [{configMapRef: {name: env}}], command: [sh, -c, 'until nc -z ${REDIS_HOST} 6379; do :; done']}]".to_owned(),
            &with_config[..],
            true,
        ),
        (
            "initContainers: [{name: w, envFrom: [{configMapRef: {name: env}}], command: [rake, 'db:create']}]".to_owned(),
            &with_config[..],
            true,
        ),
    ] {
        assert_eq!(names(&pod, others).contains(&"Deployment redis".to_owned()), counts, "{pod}");
    }
}

#[test]
fn what_a_database_needs_comes_along() {
    let keeper = server("keeper", "clickhouse/clickhouse-keeper", 2181);
    let database = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ch}
spec: {template: {metadata: {labels: {app: ch}}, spec: {containers: [{name: m, image: clickhouse/clickhouse-server, env: [{name: KEEPER_HOST, value: keeper}]}]}}}
";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: ch}\nspec: {selector: {app: ch}}\n";
    let [keeper_service, keeper] = keeper.each_ref().map(String::as_str);
    assert_eq!(
        names(&env("DB_HOST", "ch"), &[keeper_service, keeper, database, service]),
        ["Service ch", "StatefulSet ch", "Service keeper", "Deployment keeper"]
    );
}

#[test]
fn a_database_is_recognised_without_its_image() {
    let custom = |kind: &str, name: &str, port: &str| {
        [
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{selector: {{app: db}}, ports: [{port}]}}\n"
            ),
            format!(
                "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: m, image: 'example.com/platform/base:3'}}]}}}}}}\n"
            ),
        ]
    };
    for (kind, name, port, counts) in [
        ("Deployment", "store", "{port: 5432}", true),
        ("Deployment", "store", "{port: 80, name: mysql}", true),
        ("StatefulSet", "shop-mysql", "{port: 80}", true),
        ("Deployment", "shop-mysql", "{port: 80}", false),
        ("StatefulSet", "store", "{port: 80}", false),
    ] {
        let others = custom(kind, name, port);
        let found = names(&env("DB_HOST", "db"), &others.each_ref().map(String::as_str));
        assert_eq!(found.len(), if counts { 2 } else { 0 }, "{kind} {name} {port}");
    }
}

#[test]
fn a_service_without_selector_is_an_alias_or_leads_outside() {
    let external = |name: &str, spec: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    };
    let endpoints = object("v1", "Endpoints", "db");
    for (service, expected) in [
        (external("db", "type: ExternalName, externalName: x.rds.amazonaws.com"), &["Service db"][..]),
        (external("db", "ports: [{port: 5432}]"), &["Service db", "Endpoints db"]),
        (external("db", "type: ExternalName, externalName: shop.example.com"), &["Service db"]),
        (
            external("db", "type: ExternalName, externalName: postgres.shop.svc.cluster.local"),
            &["Service db", "Service postgres", "StatefulSet postgres"],
        ),
    ] {
        let others: &[&str] =
            if service.contains("port:") { &[&service, &endpoints] } else { &[&service, SERVICE, POSTGRES] };
        assert_eq!(names(&env("DB_HOST", "db"), others), expected, "{service}");
    }
}
