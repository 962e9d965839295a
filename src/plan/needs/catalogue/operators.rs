//! Databases that an operator runs from a custom resource: their Services and Secrets are not rendered, but named by
//! convention.

use crate::{
    error::Result,
    manifest::Header,
    plan::{
        app::index::{Index, is, is_custom},
        needs::catalogue::{known_databases::Counts, pattern},
    },
};

/// One kind of the table; the names are patterns.
pub(crate) struct Operator {
    /// As `Index::find` takes it.
    pub(crate) kind: &'static str,
    pub(crate) counts: Counts,
    pub(crate) services: &'static [&'static str],
    pub(crate) secrets: &'static [&'static str],
}

/// The table, one kind a line: the Services that lead to the database, the Secrets that the operator makes.
#[rustfmt::skip]
pub(crate) const OPERATORS: &[Operator] = &[
    // PostgreSQL.
    database("Cluster.postgresql.cnpg.io", &["{name}-rw", "{name}-ro", "{name}-r", "{spec.managed.services.additional.*.serviceTemplate.metadata.name}"], &["{name}-app", "{name}-superuser", "{name}-ca", "{name}-server", "{name}-replication"]),
    database("Pooler.postgresql.cnpg.io", &["{name}"], &[]),
    database("Cluster.postgresql.k8s.enterprisedb.io", &["{name}-rw", "{name}-ro", "{name}-r"], &["{name}-app", "{name}-superuser", "{name}-ca"]),
    database("Pooler.postgresql.k8s.enterprisedb.io", &["{name}"], &[]),
    database("postgresql.acid.zalan.do", &["{name}", "{name}-repl", "{name}-pooler", "{name}-pooler-repl"], &["*.{name}.credentials.postgresql.acid.zalan.do"]),
    database("PostgresCluster.postgres-operator.crunchydata.com", &["{name}-primary", "{name}-replicas", "{name}-ha", "{name}-pgbouncer"], &["{name}-pguser-*", "{name}-cluster-cert"]),
    database("PerconaPGCluster.pgv2.percona.com", &["{name}-primary", "{name}-replicas", "{name}-ha", "{name}-pgbouncer"], &["{name}-pguser-*", "{name}-cluster-cert"]),
    database("SGCluster.stackgres.io", &["{name}", "{name}-primary", "{name}-replicas"], &["{name}"]),
    database("SGShardedCluster.stackgres.io", &["{name}", "{name}-reads", "{name}-shards"], &["{name}-binding"]),
    database("Postgres.kubedb.com", &["{name}", "{name}-standby"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("PgBouncer.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("Pgpool.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    // MySQL and MariaDB.
    database("MariaDB.k8s.mariadb.com", &["{name}", "{name}-primary", "{name}-secondary", "{name}-internal"], &["{name}", "{name}-primary", "{name}-secondary", "{name}-root", "{name}-password", "{spec.rootPasswordSecretKeyRef.name}", "{spec.passwordSecretKeyRef.name}"]),
    database("MaxScale.k8s.mariadb.com", &["{name}"], &[]),
    database("PerconaXtraDBCluster.pxc.percona.com", &["{name}-pxc", "{name}-haproxy", "{name}-haproxy-replicas", "{name}-proxysql"], &["{spec.secretsName}", "{name}-secrets"]),
    database("PerconaServerMySQL.ps.percona.com", &["{name}-mysql", "{name}-mysql-primary", "{name}-haproxy", "{name}-router"], &["{spec.secretsName}", "{name}-secrets"]),
    database("InnoDBCluster.mysql.oracle.com", &["{name}", "{name}-instances"], &[]),
    database("MysqlCluster.mysql.presslabs.org", &["{name}-mysql", "{name}-mysql-master", "{name}-mysql-replicas"], &[]),
    database("MySQL.kubedb.com", &["{name}", "{name}-standby"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("MariaDB.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("PerconaXtraDB.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("ProxySQL.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("Singlestore.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("MySQLCluster.moco.cybozu.com", &["moco-{name}", "moco-{name}-primary", "moco-{name}-replica"], &["moco-{name}", "moco-my-cnf-{name}"]),
    database("NdbCluster.mysql.oracle.com", &["{name}-mysqld"], &["{name}-mysqld-root-password"]),
    database("TidbCluster.pingcap.com", &["{name}-tidb"], &[]),
    database("VitessCluster.planetscale.com", &["{name}-vtgate-*", "{name}-*-vtgate-*"], &[]),
    // MongoDB.
    database("MongoDBCommunity.mongodbcommunity.mongodb.com", &["{name}-svc"], &["{spec.users.*.connectionStringSecretName}", "{name}-{spec.users.*.db}-{spec.users.*.name}", "{name}-admin-{spec.users.*.name}"]),
    database("MongoDB.mongodb.com", &["{name}-svc"], &[]),
    database("PerconaServerMongoDB.psmdb.percona.com", &["{name}-mongos", "{name}-{spec.replsets.*.name}"], &["{spec.secrets.users}", "percona-server-mongodb-users"]),
    database("MongoDB.kubedb.com", &["{name}", "{name}-mongos"], &["{name}-auth", "{spec.authSecret.name}"]),
    // Others.
    database("Cluster.apps.kubeblocks.io", &["{name}-{spec.componentSpecs.*.name}", "{name}-{spec.componentSpecs.*.name}-*"], &["{name}-conn-credential", "{name}-{spec.componentSpecs.*.name}-account-*"]),
    database("CrdbCluster.crdb.cockroachlabs.com", &["{name}", "{name}-public"], &[]),
    database("ClickHouseInstallation.clickhouse.altinity.com", &["clickhouse-{name}", "chi-{name}-*"], &[]),
    database("CassandraDatacenter.cassandra.datastax.com", &["{spec.clusterName}-{name}-service", "{spec.clusterName}-{name}-all-pods-service"], &["{spec.clusterName}-superuser"]),
    database("K8ssandraCluster.k8ssandra.io", &["{spec.cassandra.clusterName|name}-{spec.cassandra.datacenters.*.metadata.name}-service"], &["{spec.cassandra.clusterName|name}-superuser"]),
    database("ScyllaCluster.scylla.scylladb.com", &["{name}-client"], &[]),
    database("ScyllaDBDatacenter.scylla.scylladb.com", &["{name}-client"], &[]),
    database("MSSQLServer.kubedb.com", &["{name}", "{name}-secondary"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("ClickHouse.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("Cassandra.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("CouchbaseCluster.couchbase.com", &["{name}", "{name}-srv", "{name}-ui"], &[]),
    database("ArangoDeployment.database.arangodb.com", &["{name}", "{name}-int", "{name}-ea"], &[]),
    other(Counts::Named, "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com", &["keeper-{name}"], &[]),
    other(Counts::Named, "ZookeeperCluster.zookeeper.pravega.io", &["{name}-client", "{name}-headless"], &[]),
    // Search.
    other(Counts::Named, "Elasticsearch.elasticsearch.k8s.elastic.co", &["{name}-es-http", "{name}-es-internal-http"], &["{name}-es-elastic-user", "{name}-es-http-certs-public"]),
    other(Counts::Named, "OpenSearchCluster.opensearch.opster.io", &["{spec.general.serviceName}"], &["{name}-admin-password"]),
    other(Counts::Named, "OpenSearchCluster.opensearch.org", &["{spec.general.serviceName}"], &["{name}-admin-password"]),
    other(Counts::Named, "Elasticsearch.kubedb.com", &["{name}", "{name}-master"], &["{name}-auth", "{name}-elastic-cred", "{spec.authSecret.name}"]),
    other(Counts::Named, "SolrCloud.solr.apache.org", &["{name}-solrcloud-common", "{name}-solrcloud-headless"], &["{name}-solrcloud-basic-auth"]),
    // Caches.
    database("Redis.redis.redis.opstreelabs.in", &["{name}", "{name}-headless", "{name}-additional"], &[]),
    database("RedisFailover.databases.spotahome.com", &["rfs-{name}", "rfrm-{name}", "rfrs-{name}"], &[]),
    database("RedisCluster.redis.redis.opstreelabs.in", &["{name}-master", "{name}-leader", "{name}-leader-*", "{name}-follower", "{name}-follower-*"], &[]),
    database("RedisReplication.redis.redis.opstreelabs.in", &["{name}", "{name}-headless", "{name}-additional", "{name}-master", "{name}-replica", "{name}-s-hl"], &[]),
    database("RedisSentinel.redis.redis.opstreelabs.in", &["{name}-sentinel", "{name}-sentinel-*"], &[]),
    database("Redis.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    database("RedisEnterpriseDatabase.app.redislabs.com", &["{name}"], &["redb-{name}", "{spec.databaseSecretName}"]),
    database("Dragonfly.dragonflydb.io", &["{spec.serviceSpec.name|name}"], &[]),
    // Brokers.
    other(Counts::WaitedFor, "RabbitmqCluster.rabbitmq.com", &["{name}"], &["{name}-default-user"]),
    other(Counts::WaitedFor, "Kafka.kafka.strimzi.io", &["{name}-kafka-bootstrap", "{name}-kafka-brokers", "{name}-kafka-{spec.kafka.listeners.*.name}-bootstrap"], &["{name}-cluster-ca-cert"]),
    other(Counts::WaitedFor, "KafkaConnect.kafka.strimzi.io", &["{name}-connect-api"], &[]),
    other(Counts::WaitedFor, "KafkaBridge.kafka.strimzi.io", &["{name}-bridge-service"], &[]),
    other(Counts::WaitedFor, "Redpanda.cluster.redpanda.com", &["{name}", "{name}-external"], &[]),
    other(Counts::WaitedFor, "Kafka.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    other(Counts::WaitedFor, "RabbitMQ.kubedb.com", &["{name}"], &["{name}-auth", "{spec.authSecret.name}"]),
    // Identity, object stores, traces.
    other(Counts::WaitedFor, "Keycloak.k8s.keycloak.org", &["{name}-service"], &["{name}-initial-admin"]),
    other(Counts::WaitedFor, "Tenant.minio.min.io", &["minio", "{name}-hl"], &[]),
    other(Counts::WaitedFor, "ApmServer.apm.k8s.elastic.co", &["{name}-apm-http"], &["{name}-apm-token", "{name}-apm-http-certs-public"]),
];

/// What a controller makes inside a database or a broker, one kind a line: whoever uses that needs it.
#[rustfmt::skip]
pub(crate) const PARTS: &[Part] = &[
    part("Database.postgresql.cnpg.io", "Cluster", "{spec.cluster.name}"),
    part("DatabaseRole.postgresql.cnpg.io", "Cluster", "{spec.cluster.name}"),
    part("Publication.postgresql.cnpg.io", "Cluster", "{spec.cluster.name}"),
    part("Subscription.postgresql.cnpg.io", "Cluster", "{spec.cluster.name}"),
    part("Database.k8s.mariadb.com", "MariaDB", "{spec.mariaDbRef.name}"),
    part("User.k8s.mariadb.com", "MariaDB", "{spec.mariaDbRef.name}"),
    part("Grant.k8s.mariadb.com", "MariaDB", "{spec.mariaDbRef.name}"),
    part("MysqlDatabase.mysql.presslabs.org", "MysqlCluster", "{spec.clusterRef.name}"),
    part("MysqlUser.mysql.presslabs.org", "MysqlCluster", "{spec.clusterRef.name}"),
    part("MongoDBUser.mongodb.com", "MongoDB", "{spec.mongodbResourceRef.name}"),
    part("KafkaNodePool.kafka.strimzi.io", "Kafka", "{labels.strimzi.io/cluster}"),
    part("KafkaTopic.kafka.strimzi.io", "Kafka", "{labels.strimzi.io/cluster}"),
    part("KafkaUser.kafka.strimzi.io", "Kafka", "{labels.strimzi.io/cluster}"),
    part("KeycloakRealmImport.k8s.keycloak.org", "Keycloak", "{spec.keycloakCRName}"),
    part("PostgresUser.db.movetokube.com", "Postgres", "{spec.database}"),
    // In a database that no custom resource runs.
    part("Postgres.db.movetokube.com", "", ""),
    part("Database.postgresql.sql.crossplane.io", "", ""),
    part("Role.postgresql.sql.crossplane.io", "", ""),
    part("Grant.postgresql.sql.crossplane.io", "", ""),
    part("Schema.postgresql.sql.crossplane.io", "", ""),
    part("Extension.postgresql.sql.crossplane.io", "", ""),
    part("Database.postgresql.sql.m.crossplane.io", "", ""),
    part("Role.postgresql.sql.m.crossplane.io", "", ""),
    part("Grant.postgresql.sql.m.crossplane.io", "", ""),
    part("Schema.postgresql.sql.m.crossplane.io", "", ""),
    part("Extension.postgresql.sql.m.crossplane.io", "", ""),
    part("Database.mysql.sql.crossplane.io", "", ""),
    part("User.mysql.sql.crossplane.io", "", ""),
    part("Grant.mysql.sql.crossplane.io", "", ""),
    part("Database.mysql.sql.m.crossplane.io", "", ""),
    part("User.mysql.sql.m.crossplane.io", "", ""),
    part("Grant.mysql.sql.m.crossplane.io", "", ""),
    part("Database.mssql.sql.crossplane.io", "", ""),
    part("User.mssql.sql.crossplane.io", "", ""),
    part("Grant.mssql.sql.crossplane.io", "", ""),
    part("Database.mssql.sql.m.crossplane.io", "", ""),
    part("User.mssql.sql.m.crossplane.io", "", ""),
    part("Grant.mssql.sql.m.crossplane.io", "", ""),
];

/// One kind of [`PARTS`].
pub(crate) struct Part {
    /// As `Index::find` takes it.
    pub(crate) kind: &'static str,
    /// The kind of what it is made in, of the same group; empty where that is no custom resource.
    pub(crate) whole: &'static str,
    /// The name of what it is made in; see `pattern`.
    pub(crate) name: &'static str,
}

impl Part {
    /// Returns the kind of what it is made in, as `Index::find` takes it.
    fn whole(&self) -> Option<String> {
        let (_, group) = self.kind.split_once('.').filter(|_| !self.whole.is_empty())?;
        Some(format!("{}.{group}", self.whole))
    }
}

const fn part(kind: &'static str, whole: &'static str, name: &'static str) -> Part {
    Part { kind, whole, name }
}

const fn database(
    kind: &'static str,
    services: &'static [&'static str],
    secrets: &'static [&'static str],
) -> Operator {
    other(Counts::Named, kind, services, secrets)
}

const fn other(
    counts: Counts,
    kind: &'static str,
    services: &'static [&'static str],
    secrets: &'static [&'static str],
) -> Operator {
    Operator { kind, counts, services, secrets }
}

/// Returns the table's entry for an object.
pub(crate) fn of(header: &Header) -> Option<&'static Operator> {
    // Every object of the app is asked about, and most are Kubernetes' own.
    is_custom(header).then(|| OPERATORS.iter().find(|operator| is(header, operator.kind)))?
}

/// Returns the databases whose operator may make a Secret or ConfigMap of this name though the table does not say so: it
/// begins with theirs, as nearly all that operators make does.
pub(crate) fn seeming<'v>(
    name: &str,
    namespace: Option<&str>,
    app: &'v Index<'_>,
) -> impl Iterator<Item = &'v Header> {
    let derived = |of: &Header| name.strip_prefix(of.name.as_str()).is_some_and(|rest| rest.starts_with('-'));
    let database = |header: &Header| of(header).is_some_and(|operator| operator.counts == Counts::Named);
    app.custom().filter(move |header| derived(header) && database(header) && app.reaches(header, namespace))
}

/// Returns what is made inside of an object.
pub(crate) fn parts<'v>(of: &Header, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let mut found = Vec::new();
    for part in PARTS.iter().filter(|part| part.whole().is_some_and(|whole| is(of, &whole))) {
        for header in app.of_kind(part.kind) {
            if app.same_namespace(header.namespace.as_deref(), of.namespace.as_deref())
                && pattern::expand(part.name, app.object(header.id)?).contains(&of.name)
            {
                found.push(header);
            }
        }
    }
    Ok(found)
}

/// Returns what an object is made in.
pub(crate) fn wholes<'v>(of: &Header, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let mut found = Vec::new();
    for part in PARTS.iter().filter(|part| is(of, part.kind)) {
        let Some(whole) = part.whole() else { continue };
        for name in pattern::expand(part.name, app.object(of.id)?) {
            found.extend(app.find_all(&whole, &name, of.namespace.as_deref()));
        }
    }
    Ok(found)
}

/// Returns what is made in a database that the app does not render.
pub(crate) fn outside<'v>(namespace: Option<&str>, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let of_database = |part: &&Part| {
        let operator = part.whole().and_then(|whole| OPERATORS.iter().find(|it| it.kind == whole));
        part.whole.is_empty() || operator.is_some_and(|operator| operator.counts == Counts::Named)
    };
    let mut found = Vec::new();
    for part in PARTS.iter().filter(of_database) {
        for header in app.of_kind(part.kind).filter(|header| app.reaches(header, namespace)) {
            if wholes(header, app)?.is_empty() {
                found.push(header);
            }
        }
    }
    Ok(found)
}
