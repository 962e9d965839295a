//! Databases and their like, recognised by image, port and name.

/// A kind of server that workloads of an app run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KnownDatabase {
    /// Its names in images and object names; one with a slash takes the image's last two parts.
    pub(crate) names: &'static [&'static str],
    /// Ports that hardly anything else listens on.
    pub(crate) ports: &'static [u64],
    pub(crate) counts: Counts,
}

/// When a server is a need of the pod that names its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Whenever its host is named: migrations change its data, or use it as a cache.
    Named,
    /// Only where the pod waits for it: apps get its address in settings that migrations share and do not use.
    WaitedFor,
}

impl Counts {
    /// Returns the rule in words.
    #[cfg(test)]
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Named => "when its host is named",
            Self::WaitedFor => "when the pod waits for it",
        }
    }
}

/// The table, one engine a line.
#[rustfmt::skip]
pub(crate) const KNOWN_DATABASES: &[KnownDatabase] = &[
    engine(Counts::Named, &[5432], &["postgres", "postgresql", "postgis", "timescaledb", "pgvector", "spilo", "percona-distribution-postgresql", "crunchy-postgres"]),
    engine(Counts::Named, &[6432], &["pgbouncer", "pgpool", "odyssey", "pgcat", "supavisor"]),
    engine(Counts::Named, &[3306], &["mysql", "mariadb", "percona", "vitess", "vtgate"]),
    engine(Counts::Named, &[6033], &["proxysql", "maxscale", "mysql-router"]),
    engine(Counts::Named, &[27017], &["mongo", "mongodb", "mongos", "percona-server-mongodb", "ferretdb"]),
    engine(Counts::Named, &[1433], &["mssql/server", "mssql", "azure-sql-edge", "sqlserver"]),
    engine(Counts::Named, &[1521], &["oracle", "oracle-xe", "oracle-free", "database/express", "database/free", "database/enterprise"]),
    engine(Counts::Named, &[26257], &["cockroach", "cockroachdb"]),
    engine(Counts::Named, &[5433], &["yugabyte", "yugabytedb"]),
    engine(Counts::Named, &[], &["tidb", "starrocks", "doris", "dolt", "surrealdb", "questdb", "rqlite"]),
    engine(Counts::Named, &[8123], &["clickhouse"]),
    engine(Counts::Named, &[9042], &["cassandra", "scylla", "dse"]),
    engine(Counts::Named, &[7687], &["neo4j", "memgraph"]),
    engine(Counts::Named, &[5984], &["couchdb"]),
    engine(Counts::Named, &[8529], &["arangodb"]),
    engine(Counts::Named, &[8086], &["influxdb"]),
    engine(Counts::Named, &[50000], &["db2", "db2_community/db2"]),
    engine(Counts::Named, &[3050], &["firebird"]),
    engine(Counts::Named, &[9200], &["elasticsearch", "opensearch", "quickwit"]),
    engine(Counts::Named, &[8983], &["solr"]),
    engine(Counts::Named, &[7700], &["meilisearch"]),
    engine(Counts::Named, &[8108], &["typesense"]),
    engine(Counts::Named, &[6333], &["qdrant", "weaviate", "milvus"]),
    engine(Counts::Named, &[2181], &["zookeeper", "clickhouse-keeper"]),
    engine(Counts::Named, &[2379], &["etcd"]),
    engine(Counts::Named, &[8500], &["consul"]),
    engine(Counts::Named, &[6379], &["redis", "valkey", "keydb", "dragonfly", "redis-sentinel", "redis-stack"]),
    engine(Counts::Named, &[11211], &["memcached"]),
    engine(Counts::WaitedFor, &[9092], &["kafka", "cp-kafka", "redpanda"]),
    engine(Counts::WaitedFor, &[5672], &["rabbitmq", "lavinmq"]),
    engine(Counts::WaitedFor, &[4222], &["nats"]),
    engine(Counts::WaitedFor, &[6650], &["pulsar"]),
    engine(Counts::WaitedFor, &[], &["minio", "localstack", "seaweedfs"]),
    engine(Counts::WaitedFor, &[8200], &["vault", "openbao"]),
];

/// What an image's name adds to an engine's: `postgresql-repmgr`, `mongodb-sharded`, `clickhouse-server`. Anything
/// else makes another program of it: `postgres-exporter`, `mysql-backup`, `mongo-express`.
const VARIANTS: [&str; 21] = [
    "alpine",
    "cluster",
    "community",
    "db",
    "debian",
    "enterprise",
    "galera",
    "ha",
    "ha-oss",
    "management",
    "node",
    "oss",
    "repmgr",
    "replicaset",
    "server",
    "sharded",
    "single",
    "standalone",
    "ubi",
    "xtradb",
    "data",
];

const fn engine(counts: Counts, ports: &'static [u64], names: &'static [&'static str]) -> KnownDatabase {
    KnownDatabase { names, ports, counts }
}

/// Returns the engine that an image runs: the longest name that fits.
pub(crate) fn of_image(image: &str) -> Option<&'static KnownDatabase> {
    let image = image.to_lowercase();
    let path = image.split('@').next().unwrap_or_default();
    let tag = path.rfind(':').filter(|at| !path[*at..].contains('/'));
    let path = &path[..tag.unwrap_or(path.len())];
    let last = path.rsplit('/').next().unwrap_or_default();
    let fits = |name: &str| {
        if name.contains('/') {
            return path == name || path.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        }
        last == name
            || last.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_variant)
    };
    let names =
        KNOWN_DATABASES.iter().flat_map(|engine| engine.names.iter().map(move |name| (engine, *name)));
    names.filter(|(_, name)| fits(name)).max_by_key(|(_, name)| name.len()).map(|(engine, _)| engine)
}

/// Returns the engine that listens on a port.
pub(crate) fn of_port(port: u64) -> Option<&'static KnownDatabase> {
    KNOWN_DATABASES.iter().find(|engine| engine.ports.contains(&port))
}

/// Returns the engine that a name has among its words: `shop-mysql`, `tcp-postgresql`.
pub(crate) fn of_name(name: &str) -> Option<&'static KnownDatabase> {
    let words: Vec<_> = name.split(['-', '.']).collect();
    KNOWN_DATABASES.iter().find(|engine| engine.names.iter().any(|known| words.contains(known)))
}

fn is_variant(rest: &str) -> bool {
    let version = |word: &str| {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        word.len() - digits.len() <= 3 && digits.starts_with(|c: char| c.is_ascii_digit())
    };
    rest.split(['-', '_']).all(|word| VARIANTS.contains(&word) || version(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_databases() {
        for (image, name) in [
            ("postgres", "postgres"),
            ("postgres:16-alpine", "postgres"),
            ("docker.io/bitnami/postgresql:16.2.0-debian-12-r8@sha256:abc", "postgresql"),
            ("registry.example.com:5000/mirror/bitnami/postgresql-repmgr:16", "postgresql"),
            ("postgis/postgis:15-3.4", "postgis"),
            ("timescale/timescaledb-ha:pg16", "timescaledb"),
            ("ghcr.io/zalando/spilo-15:3.0-p1", "spilo"),
            ("edoburu/pgbouncer", "pgbouncer"),
            ("mysql/mysql-server:8.0", "mysql"),
            ("bitnami/mariadb-galera", "mariadb"),
            ("percona/percona-xtradb-cluster:8.0", "percona"),
            ("percona/percona-server-mongodb:6", "mongodb"),
            ("mongo:7", "mongo"),
            ("bitnami/mongodb-sharded:7", "mongodb"),
            ("mcr.microsoft.com/mssql/server:2022-latest", "mssql"),
            ("gvenzl/oracle-xe", "oracle"),
            ("container-registry.oracle.com/database/express:21", "oracle"),
            ("cockroachdb/cockroach:v24.1.0", "cockroach"),
            ("clickhouse/clickhouse-server", "clickhouse"),
            ("altinity/clickhouse-keeper", "zookeeper"),
            ("scylladb/scylla", "cassandra"),
            ("yugabytedb/yugabyte", "yugabyte"),
            ("docker.elastic.co/elasticsearch/elasticsearch:8.14.0", "elasticsearch"),
            ("redis:7", "redis"),
            ("rabbitmq:3-management", "rabbitmq"),
        ] {
            let found = of_image(image).unwrap_or_else(|| panic!("{image}"));
            assert!(found.names.contains(&name), "{image}: {:?}", found.names);
        }
    }

    #[test]
    fn images_of_other_programs() {
        for image in [
            "",
            "shop/api:1.2",
            "prometheuscommunity/postgres-exporter",
            "supabase/postgres-meta",
            "mongo-express",
            "postgrest/postgrest",
            "dpage/pgadmin4",
            "ghcr.io/zalando/postgres-operator",
            "mysql-backup",
            "redis-commander",
            "localhost:5432/api",
        ] {
            assert_eq!(of_image(image), None, "{image}");
        }
    }

    #[test]
    fn every_engine_is_found_by_each_of_its_names_and_ports() {
        for engine in KNOWN_DATABASES {
            for name in engine.names {
                assert_eq!(of_image(&format!("example.com/{name}:1")), Some(engine), "{name}");
            }
            for port in engine.ports {
                assert_eq!(of_port(*port), Some(engine), "{port}");
            }
        }
    }

    #[test]
    fn names_are_read_word_by_word() {
        assert!(of_name("shop-mysql").is_some_and(|engine| engine.names.contains(&"mysql")));
        assert!(of_name("tcp-postgresql").is_some());
        assert_eq!(of_name("mysqlish-api"), None);
    }
}
