//! Every row of the tables works, and `docs/dependencies.md` shows them.

use std::{env, fmt::Write as _, fs, path::Path};

use serde_json::Value;

use crate::plan::needs::{
    catalogue::{
        known_databases::KNOWN_DATABASES,
        operators::{self, OPERATORS, PARTS},
        pattern,
        secret_controllers::{CONNECTIONS, SECRET_CONTROLLERS},
    },
    tests::*,
};

/// Kind, the spec that its users write, and what the controller makes of an object `app` with it.
#[rustfmt::skip]
const PRODUCED: &[(&str, &str, &str)] = &[
    ("ExternalSecret.external-secrets.io", "{target: {name: db}}", "Secret db"),
    ("ExternalSecret.external-secrets.io", "{data: []}", "Secret app"),
    ("ClusterExternalSecret.external-secrets.io", "{externalSecretSpec: {target: {name: db}}}", "Secret db"),
    ("ClusterExternalSecret.external-secrets.io", "{externalSecretName: db}", "Secret db"),
    ("ClusterExternalSecret.external-secrets.io", "{}", "Secret app"),
    ("ExternalSecret.kubernetes-client.io", "{}", "Secret app"),
    ("SecretProviderClass.secrets-store.csi.x-k8s.io", "{secretObjects: [{secretName: other}, {secretName: db}]}", "Secret db"),
    ("VaultStaticSecret.secrets.hashicorp.com", "{destination: {name: db, create: true}}", "Secret db"),
    ("VaultDynamicSecret.secrets.hashicorp.com", "{destination: {name: db, create: true}}", "Secret db"),
    ("VaultPKISecret.secrets.hashicorp.com", "{destination: {name: db, create: true}}", "Secret db"),
    ("HCPVaultSecretsApp.secrets.hashicorp.com", "{destination: {name: db, create: true}}", "Secret db"),
    ("VaultSecret.ricoberger.de", "{path: kv/db}", "Secret app"),
    ("VaultSecret.redhatcop.redhat.io", "{output: {name: db}}", "Secret db"),
    ("Vault.vault.banzaicloud.com", "{}", "Secret app-unseal-keys"),
    ("Vault.vault.banzaicloud.com", "{}", "Secret app-tls"),
    ("AzureKeyVaultSecret.spv.no", "{output: {secret: {name: db}}}", "Secret db"),
    ("AzureKeyVaultSecret.spv.no", "{output: {configMap: {name: db}}}", "ConfigMap db"),
    ("InfisicalSecret.secrets.infisical.com", "{managedSecretReference: {secretName: db}}", "Secret db"),
    ("InfisicalSecret.secrets.infisical.com", "{managedKubeSecretReferences: [{secretName: db}]}", "Secret db"),
    ("InfisicalSecret.secrets.infisical.com", "{managedKubeConfigMapReferences: [{configMapName: db}]}", "ConfigMap db"),
    ("InfisicalDynamicSecret.secrets.infisical.com", "{managedSecretReference: {secretName: db}}", "Secret db"),
    ("InfisicalStaticSecret.secrets.infisical.com", "{targets: [{name: db}]}", "Secret db"),
    ("InfisicalStaticSecret.secrets.infisical.com", "{targets: [{name: db}]}", "ConfigMap db"),
    ("OnePasswordItem.onepassword.com", "{itemPath: vaults/a/items/b}", "Secret app"),
    ("BitwardenSecret.k8s.bitwarden.com", "{secretName: db}", "Secret db"),
    ("BitwardenSecret.lerentis.uploadfilter24.eu", "{name: db}", "Secret db"),
    ("BitwardenTemplate.lerentis.uploadfilter24.eu", "{name: db}", "Secret db"),
    ("RegistryCredential.lerentis.uploadfilter24.eu", "{name: db}", "Secret db"),
    ("DopplerSecret.secrets.doppler.com", "{managedSecret: {name: db}}", "Secret db"),
    ("SealedSecret.bitnami.com", "{encryptedData: {}}", "Secret app"),
    ("SopsSecret.isindir.github.com", "{secretTemplates: [{name: db}]}", "Secret db"),
    ("StringSecret.secretgenerator.mittwald.de", "{fields: []}", "Secret app"),
    ("SSHKeyPair.secretgenerator.mittwald.de", "{algorithm: ed25519}", "Secret app"),
    ("BasicAuth.secretgenerator.mittwald.de", "{}", "Secret app"),
    ("Password.secretgen.k14s.io", "{}", "Secret app"),
    ("Certificate.secretgen.k14s.io", "{}", "Secret app"),
    ("RSAKey.secretgen.k14s.io", "{}", "Secret app"),
    ("SSHKey.secretgen.k14s.io", "{}", "Secret app"),
    ("SecretTemplate.secretgen.carvel.dev", "{}", "Secret app"),
    ("SecretImport.secretgen.carvel.dev", "{}", "Secret app"),
    ("ClusterSecret.clustersecret.io", "{}", "Secret app"),
    ("Certificate.cert-manager.io", "{secretName: db}", "Secret db"),
    ("Bundle.trust.cert-manager.io", "{}", "Secret app"),
    ("Bundle.trust.cert-manager.io", "{}", "ConfigMap app"),
    ("PostgresUser.db.movetokube.com", "{secretName: db}", "Secret db-app"),
    ("KafkaUser.kafka.strimzi.io", "{}", "Secret app"),
    ("KafkaAccess.access.strimzi.io", "{secretName: db}", "Secret db"),
    ("KafkaAccess.access.strimzi.io", "{kafka: {name: x}}", "Secret app"),
    ("DatabaseRole.postgresql.cnpg.io", "{cluster: {name: x}}", "Secret app-client-cert"),
    ("AtlasDatabaseUser.atlas.mongodb.com", "{username: shop}", "Secret project-cluster-shop"),
    ("MongoDBUser.mongodb.com", "{connectionStringSecretName: db}", "Secret db"),
    ("MongoDBUser.mongodb.com", "{mongodbResourceRef: {name: ring}, database: shop}", "Secret ring-app-shop"),
    ("User.rabbitmq.com", "{}", "Secret app-user-credentials"),
    ("ObjectBucketClaim.objectbucket.io", "{}", "Secret app"),
    ("ObjectBucketClaim.objectbucket.io", "{}", "ConfigMap app"),
    ("CephObjectStoreUser.ceph.rook.io", "{store: files}", "Secret rook-ceph-object-user-files-app"),
    ("IAMServiceAccountKey.iam.cnrm.cloud.google.com", "{}", "Secret app"),
    ("RedisEnterpriseCluster.app.redislabs.com", "{clusterCredentialSecretName: db}", "Secret db"),
    ("RedisEnterpriseCluster.app.redislabs.com", "{}", "Secret app"),
    ("VMUser.operator.victoriametrics.com", "{}", "Secret vmuser-app"),
    ("Grafana.grafana.integreatly.org", "{}", "Secret app-admin-credentials"),
    ("GrafanaServiceAccount.grafana.integreatly.org", "{tokens: [{secretName: db}]}", "Secret db"),
    ("ServiceBinding.services.cloud.sap.com", "{secretName: db}", "Secret db"),
    ("ServiceBinding.services.cloud.sap.com", "{}", "Secret app"),
    ("PostgreSQL.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Project.aiven.io", "{}", "Secret app"),
    ("MySQL.aiven.io", "{}", "Secret app"),
    ("ServiceUser.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Cassandra.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Clickhouse.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("ClickhouseUser.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("ConnectionPool.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Kafka.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("OpenSearch.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Redis.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Valkey.aiven.io", "{connInfoSecretTarget: {name: db}}", "Secret db"),
    ("Terraform.infra.contrib.fluxcd.io", "{writeOutputsToSecret: {name: db}}", "Secret db"),
    ("Workspace.app.terraform.io", "{}", "Secret app-outputs"),
    ("Workspace.app.terraform.io", "{}", "ConfigMap app-outputs"),
    ("Module.app.terraform.io", "{}", "Secret app-module-outputs"),
    ("Module.app.terraform.io", "{}", "ConfigMap app-module-outputs"),
    ("Connection.k8s.mariadb.com", "{secretName: db}", "Secret db"),
    ("Connection.k8s.mariadb.com", "{mariaDbRef: {name: x}}", "Secret app"),
    ("RDSInstance.database.aws.crossplane.io", "{writeConnectionSecretToRef: {name: db, namespace: shop}}", "Secret db"),
    ("SQLInstance.example.org", "{publishConnectionDetailsTo: {name: db}}", "Secret db"),
];

/// Kind, spec, the host of a Service and the Secrets that the operator makes of an object `app` with it.
#[rustfmt::skip]
const OPERATED: &[(&str, &str, &[&str], &[&str])] = &[
    ("Cluster.postgresql.cnpg.io", "{managed: {services: {additional: [{serviceTemplate: {metadata: {name: db}}}]}}}", &["app-rw", "app-ro", "app-r", "db"], &["app-app", "app-superuser", "app-ca", "app-server", "app-replication"]),
    ("Pooler.postgresql.cnpg.io", "{}", &["app"], &[]),
    ("Cluster.postgresql.k8s.enterprisedb.io", "{}", &["app-rw", "app-ro", "app-r"], &["app-app", "app-superuser", "app-ca"]),
    ("Pooler.postgresql.k8s.enterprisedb.io", "{}", &["app"], &[]),
    ("postgresql.acid.zalan.do", "{teamId: acid}", &["app", "app-repl", "app-pooler", "app-pooler-repl"], &["shop.app.credentials.postgresql.acid.zalan.do"]),
    ("PostgresCluster.postgres-operator.crunchydata.com", "{}", &["app-primary", "app-replicas", "app-ha", "app-pgbouncer"], &["app-pguser-shop", "app-cluster-cert"]),
    ("PerconaPGCluster.pgv2.percona.com", "{}", &["app-primary", "app-replicas", "app-ha", "app-pgbouncer"], &["app-pguser-shop", "app-cluster-cert"]),
    ("SGCluster.stackgres.io", "{}", &["app", "app-primary", "app-replicas"], &["app"]),
    ("SGShardedCluster.stackgres.io", "{}", &["app", "app-reads", "app-shards"], &["app-binding"]),
    ("Postgres.kubedb.com", "{authSecret: {name: db}}", &["app", "app-standby"], &["app-auth", "db"]),
    ("MariaDB.k8s.mariadb.com", "{rootPasswordSecretKeyRef: {name: root, generate: true}, passwordSecretKeyRef: {name: db}}", &["app", "app-primary", "app-secondary", "app-internal"], &["app", "app-primary", "app-secondary", "app-root", "app-password", "root", "db"]),
    ("MaxScale.k8s.mariadb.com", "{}", &["app"], &[]),
    ("PerconaXtraDBCluster.pxc.percona.com", "{secretsName: db}", &["app-pxc", "app-haproxy", "app-haproxy-replicas", "app-proxysql"], &["db", "app-secrets"]),
    ("PerconaServerMySQL.ps.percona.com", "{secretsName: db}", &["app-mysql", "app-mysql-primary", "app-haproxy", "app-router"], &["db", "app-secrets"]),
    ("InnoDBCluster.mysql.oracle.com", "{}", &["app", "app-instances"], &[]),
    ("MysqlCluster.mysql.presslabs.org", "{}", &["app-mysql", "app-mysql-master", "app-mysql-replicas"], &[]),
    ("MySQL.kubedb.com", "{authSecret: {name: db}}", &["app", "app-standby"], &["app-auth", "db"]),
    ("MariaDB.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("PerconaXtraDB.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("PgBouncer.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("Pgpool.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("ProxySQL.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("Singlestore.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("ClickHouse.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("Cassandra.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("Kafka.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("RabbitMQ.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("MSSQLServer.kubedb.com", "{authSecret: {name: db}}", &["app", "app-secondary"], &["app-auth", "db"]),
    ("MySQLCluster.moco.cybozu.com", "{}", &["moco-app", "moco-app-primary", "moco-app-replica"], &["moco-app", "moco-my-cnf-app"]),
    ("NdbCluster.mysql.oracle.com", "{}", &["app-mysqld"], &["app-mysqld-root-password"]),
    ("TidbCluster.pingcap.com", "{}", &["app-tidb"], &[]),
    ("VitessCluster.planetscale.com", "{}", &["app-vtgate-625ee430", "app-zone1-vtgate-625ee430"], &[]),
    ("MongoDBCommunity.mongodbcommunity.mongodb.com", "{users: [{name: shop, db: admin, connectionStringSecretName: db}]}", &["app-svc"], &["db", "app-admin-shop"]),
    ("MongoDB.mongodb.com", "{}", &["app-svc"], &[]),
    ("PerconaServerMongoDB.psmdb.percona.com", "{secrets: {users: db}, replsets: [{name: rs0}]}", &["app-mongos", "app-rs0"], &["db", "percona-server-mongodb-users"]),
    ("MongoDB.kubedb.com", "{authSecret: {name: db}}", &["app", "app-mongos"], &["app-auth", "db"]),
    ("Cluster.apps.kubeblocks.io", "{componentSpecs: [{name: mysql}]}", &["app-mysql", "app-mysql-mysql"], &["app-conn-credential", "app-mysql-account-root"]),
    ("CrdbCluster.crdb.cockroachlabs.com", "{}", &["app", "app-public"], &[]),
    ("ClickHouseInstallation.clickhouse.altinity.com", "{}", &["clickhouse-app", "chi-app-main-0-0"], &[]),
    ("CassandraDatacenter.cassandra.datastax.com", "{clusterName: ring}", &["ring-app-service", "ring-app-all-pods-service"], &["ring-superuser"]),
    ("K8ssandraCluster.k8ssandra.io", "{cassandra: {clusterName: ring, datacenters: [{metadata: {name: dc1}}]}}", &["ring-dc1-service"], &["ring-superuser"]),
    ("ScyllaCluster.scylla.scylladb.com", "{}", &["app-client"], &[]),
    ("ScyllaDBDatacenter.scylla.scylladb.com", "{}", &["app-client"], &[]),
    ("CouchbaseCluster.couchbase.com", "{}", &["app", "app-srv", "app-ui"], &[]),
    ("ArangoDeployment.database.arangodb.com", "{}", &["app", "app-int", "app-ea"], &[]),
    ("ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com", "{}", &["keeper-app"], &[]),
    ("ZookeeperCluster.zookeeper.pravega.io", "{}", &["app-client", "app-headless"], &[]),
    ("Elasticsearch.kubedb.com", "{authSecret: {name: db}}", &["app", "app-master"], &["app-auth", "app-elastic-cred", "db"]),
    ("SolrCloud.solr.apache.org", "{}", &["app-solrcloud-common", "app-solrcloud-headless"], &["app-solrcloud-basic-auth"]),
    ("Elasticsearch.elasticsearch.k8s.elastic.co", "{}", &["app-es-http", "app-es-internal-http"], &["app-es-elastic-user", "app-es-http-certs-public"]),
    ("OpenSearchCluster.opensearch.opster.io", "{general: {serviceName: db}}", &["db"], &["app-admin-password"]),
    ("OpenSearchCluster.opensearch.org", "{general: {serviceName: db}}", &["db"], &["app-admin-password"]),
    ("Redis.redis.redis.opstreelabs.in", "{}", &["app", "app-headless", "app-additional"], &[]),
    ("RedisFailover.databases.spotahome.com", "{}", &["rfs-app", "rfrm-app", "rfrs-app"], &[]),
    ("RedisCluster.redis.redis.opstreelabs.in", "{}", &["app-master", "app-leader", "app-leader-headless", "app-follower", "app-follower-additional"], &[]),
    ("RedisReplication.redis.redis.opstreelabs.in", "{}", &["app", "app-headless", "app-additional", "app-master", "app-replica", "app-s-hl"], &[]),
    ("RedisSentinel.redis.redis.opstreelabs.in", "{}", &["app-sentinel", "app-sentinel-headless"], &[]),
    ("Redis.kubedb.com", "{authSecret: {name: db}}", &["app"], &["app-auth", "db"]),
    ("RedisEnterpriseDatabase.app.redislabs.com", "{databaseSecretName: db}", &["app"], &["redb-app", "db"]),
    ("Dragonfly.dragonflydb.io", "{serviceSpec: {name: db}}", &["db"], &[]),
    ("RabbitmqCluster.rabbitmq.com", "{}", &["app"], &["app-default-user"]),
    ("Kafka.kafka.strimzi.io", "{kafka: {listeners: [{name: tls}]}}", &["app-kafka-bootstrap", "app-kafka-brokers", "app-kafka-tls-bootstrap"], &["app-cluster-ca-cert"]),
    ("KafkaConnect.kafka.strimzi.io", "{}", &["app-connect-api"], &[]),
    ("KafkaBridge.kafka.strimzi.io", "{}", &["app-bridge-service"], &[]),
    ("Redpanda.cluster.redpanda.com", "{}", &["app", "app-external"], &[]),
    ("Keycloak.k8s.keycloak.org", "{}", &["app-service"], &["app-initial-admin"]),
    ("Tenant.minio.min.io", "{}", &["minio", "app-hl"], &[]),
    ("ApmServer.apm.k8s.elastic.co", "{}", &["app-apm-http"], &["app-apm-token", "app-apm-http-certs-public"]),
];

/// Returns an object `app` of a kind such as `Certificate.cert-manager.io`.
fn custom(kind: &str, spec: &str) -> String {
    let (kind, group) = kind.split_once('.').unwrap();
    object(&format!("{group}/v1"), kind, "app") + &format!("spec: {spec}\n")
}

/// Returns what a pattern gives for the object in the text.
fn expanded(pattern: &str, text: &str) -> Vec<String> {
    let manifests = manifests(text);
    let index = Index::new(&manifests, None).unwrap();
    let object: &Value = index.object(index.headers()[0].id).unwrap();
    pattern::expand(pattern, object)
}

fn reads(kind: &str, name: &str) -> String {
    let source = if kind == "Secret" { "secretRef" } else { "configMapRef" };
    format!("containers: [{{name: m, envFrom: [{{{source}: {{name: {name}}}}}]}}]")
}

#[test]
fn every_producer_makes_what_the_pod_reads() {
    for (kind, spec, made) in PRODUCED {
        let (makes, name) = made.split_once(' ').unwrap();
        let short = kind.split_once('.').unwrap().0;
        let others = custom(kind, spec);
        assert_eq!(
            found(&reads(makes, name), &[&others]),
            [format!("{short} app: envFrom of container m, for which it makes {made}")]
        );
        if !PARTS.iter().any(|part| part.kind == *kind) {
            assert_eq!(names(&reads(makes, "something-else"), &[&others]), [""; 0], "{kind}");
        }
    }
    let rows = SECRET_CONTROLLERS
        .iter()
        .flat_map(|row| row.names.iter().map(move |names| (row.kind, row.makes, *names)));
    for (kind, makes, pattern) in rows {
        let covered = PRODUCED.iter().any(|(sample, spec, made)| {
            let names = expanded(pattern, &custom(sample, spec));
            *sample == kind && names.iter().any(|name| pattern::matches(&format!("{makes} {name}"), made))
        });
        assert!(covered, "no sample for {kind} {makes} {pattern}");
    }
}

#[test]
fn every_operator_makes_the_services_and_secrets_of_its_row() {
    for (kind, spec, services, secrets) in OPERATED {
        let short = kind.split_once('.').unwrap().0;
        let others = custom(kind, spec);
        for service in *services {
            let pod = format!("initContainers: [{{name: w, command: [nc, -z, {service}, '5432']}}]");
            assert_eq!(names(&pod, &[&others]), [format!("{short} app")], "{kind} {service}");
        }
        for secret in *secrets {
            assert_eq!(
                names(&reads("Secret", secret), &[&others]),
                [format!("{short} app")],
                "{kind} {secret}"
            );
        }
        assert_eq!(names(&reads("Secret", "something-else"), &[&others]), [""; 0], "{kind}");
    }
    for row in OPERATORS {
        let sample = OPERATED.iter().find(|(kind, ..)| *kind == row.kind);
        let (_, spec, services, secrets) = sample.unwrap_or_else(|| panic!("no sample for {}", row.kind));
        for (patterns, covered) in [(row.services, services), (row.secrets, secrets)] {
            for pattern in patterns {
                let names = expanded(pattern, &custom(row.kind, spec));
                let hit = names.iter().any(|name| covered.iter().any(|text| pattern::matches(name, text)));
                assert!(hit, "no sample for {} {pattern}", row.kind);
            }
        }
    }
}

/// A part of a row that names its whole `app`.
fn part_of(row: &operators::Part) -> String {
    let (kind, group) = row.kind.split_once('.').unwrap();
    let field = row.name.trim_matches(['{', '}']);
    let text = if let Some(key) = field.strip_prefix("labels.") {
        format!("metadata: {{name: part, labels: {{{key}: app}}}}\n")
    } else {
        let spec = field.rsplit('.').fold("app".to_owned(), |value, key| format!("{{{key}: {value}}}"));
        format!("metadata: {{name: part}}\n{}", &spec[1..spec.len() - 1])
    };
    format!("apiVersion: {group}/v1\nkind: {kind}\n{text}\n")
}

#[test]
fn a_part_and_what_it_is_made_in_need_each_other() {
    for row in PARTS.iter().filter(|row| !row.whole.is_empty()) {
        let group = row.kind.split_once('.').unwrap().1;
        let whole = object(&format!("{group}/v1"), row.whole, "app");
        let manifests = manifests(&format!("{}---\n{whole}", part_of(row)));
        let app = Index::new(&manifests, Some("shop")).unwrap();
        let (part, whole) = (&app.headers()[0], &app.headers()[1]);
        assert_eq!(operators::wholes(part, &app).unwrap(), [whole], "{}", row.kind);
        assert_eq!(operators::parts(whole, &app).unwrap(), [part], "{}", row.kind);
    }
}

#[test]
fn a_migration_needs_what_is_made_in_a_database_outside_of_the_app() {
    for (kind, needed) in [
        ("Database.postgresql.sql.crossplane.io", true),
        ("Postgres.db.movetokube.com", true),
        ("Grant.k8s.mariadb.com", true),
        ("Database.postgresql.cnpg.io", true),
        ("KafkaTopic.kafka.strimzi.io", false),
        ("PostgresUser.db.movetokube.com", false),
    ] {
        let row = PARTS.iter().find(|row| row.kind == kind).unwrap();
        let part = if row.whole.is_empty() { custom(kind, "{}") } else { part_of(row) };
        assert_eq!(!names("containers: []", &[&part]).is_empty(), needed, "{kind}");
    }
}

#[test]
fn a_secret_that_begins_with_a_databases_name_is_its_operators() {
    let database = custom("PostgresCluster.postgres-operator.crunchydata.com", "{}");
    let secret = object("v1", "Secret", "app-settings");
    let reads = reads("Secret", "app-settings");
    assert_eq!(names(&reads, &[&database]), ["PostgresCluster app"]);
    assert_eq!(names(&reads, &[&database, &secret]), ["Secret app-settings"]);
    assert_eq!(names(&reads, &[&custom("Keycloak.k8s.keycloak.org", "{}")]), [""; 0]);
    assert_eq!(names(&reads, &[&custom("ServiceMonitor.monitoring.coreos.com", "{}")]), [""; 0]);
}

#[test]
fn an_operators_secret_of_another_namespace_is_not_this_one() {
    let claim = custom("Bucket.example.org", "{writeConnectionSecretToRef: {name: db, namespace: data}}");
    assert_eq!(names(&reads("Secret", "db"), &[&claim]), [""; 0]);
}

/// Returns a cell of code in a table; the patterns' `|` would end the cell.
fn code(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("`{}`", text.replace('|', "\\|"))).collect::<Vec<_>>().join(", ")
}

fn producers_table() -> String {
    let mut table = "| kind | makes | named |\n|---|---|---|\n".to_owned();
    for row in SECRET_CONTROLLERS {
        writeln!(table, "| `{}` | {} | {} |", row.kind, row.makes, code(row.names)).unwrap();
    }
    writeln!(table, "| every other custom resource (Crossplane) | Secret | {} |", code(CONNECTIONS)).unwrap();
    table
}

fn engines_table() -> String {
    let mut table = "| image or name | port | is a need |\n|---|---|---|\n".to_owned();
    for row in KNOWN_DATABASES {
        let ports: Vec<_> = row.ports.iter().map(ToString::to_string).collect();
        writeln!(table, "| {} | {} | {} |", code(row.names), ports.join(", "), row.counts.label()).unwrap();
    }
    table
}

fn operators_table() -> String {
    let mut table = "| kind | Services | Secrets | is a need |\n|---|---|---|---|\n".to_owned();
    for row in OPERATORS {
        let (services, secrets) = (code(row.services), code(row.secrets));
        writeln!(table, "| `{}` | {services} | {secrets} | {} |", row.kind, row.counts.label()).unwrap();
    }
    table
}

fn parts_table() -> String {
    let mut table = "| kind | made in | by the name |\n|---|---|---|\n".to_owned();
    for row in PARTS {
        let whole = if row.whole.is_empty() { "a database outside" } else { &code(&[row.whole]) };
        let name = if row.name.is_empty() { String::new() } else { code(&[row.name]) };
        writeln!(table, "| `{}` | {whole} | {name} |", row.kind).unwrap();
    }
    table
}

/// Puts a table between its markers.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- table: {name} -->\n"), "<!-- end -->");
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no table `{name}`"));
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{start}\n{table}\n{end}{after}")
}

/// `PRESYNC_BLESS=1` writes the tables anew.
#[test]
fn the_page_shows_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dependencies.md");
    let page = fs::read_to_string(&path).unwrap();
    let expected = [
        ("producers", producers_table()),
        ("engines", engines_table()),
        ("operators", operators_table()),
        ("parts", parts_table()),
    ]
    .iter()
    .fold(page.clone(), |page, (name, table)| with_table(&page, name, table));
    if env::var_os("PRESYNC_BLESS").is_some() {
        fs::write(&path, expected).unwrap();
    } else {
        assert!(page == expected, "docs/dependencies.md is stale: run the test with PRESYNC_BLESS=1");
    }
}
