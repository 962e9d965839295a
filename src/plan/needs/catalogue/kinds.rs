//! What is known of the kinds of custom resources.

use crate::{
    manifest::Header,
    plan::{
        app::index::{Index, group, is},
        needs::catalogue::{operators, secret_controllers},
    },
};

/// What an object of a kind may be to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// It makes something by a known name, or is needed by what does.
    Maker,
    /// A pod cannot depend on it.
    Harmless,
    /// It may be anything.
    Unknown,
}

/// Kinds on which a pod cannot depend to start or to reach a database, as `Kind.group`; `*.group` is every kind of a
/// group. They route to pods, watch, scale or back them up, or say what may run.
const HARMLESS: &[&str] = &[
    "*.monitoring.coreos.com",
    "*.operator.victoriametrics.com",
    "*.monitoring.googleapis.com",
    "*.grafana.integreatly.org",
    "*.loki.grafana.com",
    "*.monitoring.grafana.com",
    "*.sloth.slok.dev",
    "*.pyrra.dev",
    "*.jaegertracing.io",
    "OpenTelemetryCollector.opentelemetry.io",
    "DatadogMonitor.datadoghq.com",
    "DatadogMetric.datadoghq.com",
    "DatadogDashboard.datadoghq.com",
    "DatadogSLO.datadoghq.com",
    "Kibana.kibana.k8s.elastic.co",
    "Beat.beat.k8s.elastic.co",
    "Agent.agent.k8s.elastic.co",
    "*.traefik.io",
    "*.traefik.containo.us",
    "*.hub.traefik.io",
    "*.gateway.kgateway.dev",
    "*.gateway.nginx.org",
    "*.apisix.apache.org",
    "*.core.haproxy.org",
    "*.ingress.v3.haproxy.org",
    "*.networking.gke.io",
    "*.networking.istio.io",
    "*.projectcontour.io",
    "*.gateway.envoyproxy.io",
    "*.gateway.networking.k8s.io",
    "*.configuration.konghq.com",
    "*.getambassador.io",
    "*.k8s.nginx.org",
    "*.elbv2.k8s.aws",
    "*.cloud.google.com",
    "*.autoscaling.k8s.io",
    "*.keda.sh",
    "PushSecret.external-secrets.io",
    "ClusterPushSecret.external-secrets.io",
    "*.kyverno.io",
    "*.constraints.gatekeeper.sh",
    "*.templates.gatekeeper.sh",
    "*.velero.io",
    "*.argoproj.io",
    "*.image.toolkit.fluxcd.io",
    "*.notification.toolkit.fluxcd.io",
    "*.source.toolkit.fluxcd.io",
    "Task.tekton.dev",
    "Pipeline.tekton.dev",
    "*.triggers.tekton.dev",
    "*.chaos-mesh.org",
    "*.litmuschaos.io",
    "Schedule.k8up.io",
    "Backup.k8up.io",
    "Route.route.openshift.io",
    "DNSEndpoint.externaldns.k8s.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "VolumeSnapshotClass.snapshot.storage.k8s.io",
    "ScheduledBackup.postgresql.cnpg.io",
    "Backup.postgresql.cnpg.io",
    "Backup.k8s.mariadb.com",
    "PerconaXtraDBClusterBackup.pxc.percona.com",
    "PerconaServerMySQLBackup.ps.percona.com",
    "PerconaServerMongoDBBackup.psmdb.percona.com",
    "PerconaPGBackup.pgv2.percona.com",
];

/// Those of them whose health Argo CD checks: `resource_customizations`. A sync may wait for it.
const CHECKED: &[&str] = &[
    "*.operator.victoriametrics.com",
    "Prometheus.monitoring.coreos.com",
    "*.grafana.integreatly.org",
    "*.jaegertracing.io",
    "OpenTelemetryCollector.opentelemetry.io",
    "DatadogMetric.datadoghq.com",
    "Beat.beat.k8s.elastic.co",
    "*.gateway.networking.k8s.io",
    "*.projectcontour.io",
    "*.networking.gke.io",
    "*.cloud.google.com",
    "*.autoscaling.k8s.io",
    "*.keda.sh",
    "*.kyverno.io",
    "*.argoproj.io",
    "*.image.toolkit.fluxcd.io",
    "*.notification.toolkit.fluxcd.io",
    "*.source.toolkit.fluxcd.io",
    "Route.route.openshift.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "PushSecret.external-secrets.io",
    "Backup.k8s.mariadb.com",
];

/// Kinds of the groups above that run or make something after all.
const MAY_MATTER: &[&str] = &[
    "Application.argoproj.io",
    "ApplicationSet.argoproj.io",
    // What a pod may reach through its proxy.
    "ServiceEntry.networking.istio.io",
    "Sidecar.networking.istio.io",
    // The nodes of pods that select it.
    "ComputeClass.cloud.google.com",
    // Their rules generate Secrets, ConfigMaps and NetworkPolicies.
    "Policy.kyverno.io",
    "ClusterPolicy.kyverno.io",
];

/// Kinds that known makers need: stores, issuers, authentication.
const NEEDED: &[&str] = &[
    "SecretStore.external-secrets.io",
    "ClusterSecretStore.external-secrets.io",
    "*.generators.external-secrets.io",
    "Issuer.cert-manager.io",
    "ClusterIssuer.cert-manager.io",
    "VaultAuth.secrets.hashicorp.com",
    "VaultConnection.secrets.hashicorp.com",
    "VaultAuthGlobal.secrets.hashicorp.com",
    "HCPAuth.secrets.hashicorp.com",
    "SecretTransformation.secrets.hashicorp.com",
    "KafkaConnector.kafka.strimzi.io",
    "*.rabbitmq.com",
    "*.stackgres.io",
    "*.atlas.mongodb.com",
    "Database.aiven.io",
    "KafkaTopic.aiven.io",
    "ObjectStore.barmancloud.cnpg.io",
    "ImageCatalog.postgresql.cnpg.io",
    "ClusterImageCatalog.postgresql.cnpg.io",
    "InfisicalAuth.secrets.infisical.com",
    "InfisicalConnection.secrets.infisical.com",
    "FQDNNetworkPolicy.networking.gke.io",
    "CiliumNetworkPolicy.cilium.io",
    "CiliumClusterwideNetworkPolicy.cilium.io",
];

/// Returns what is known of an object's kind: what the platform says, else the tables.
pub(crate) fn knowledge(header: &Header, app: &Index<'_>) -> Knowledge {
    if let Some(rule) = app.rules_of(header).next() {
        return if rule.harmless { Knowledge::Harmless } else { Knowledge::Maker };
    }
    let maker = operators::of(header).is_some()
        || secret_controllers::SECRET_CONTROLLERS.iter().any(|producer| is(header, producer.kind))
        || operators::PARTS.iter().any(|part| is(header, part.kind))
        || is_of(header, NEEDED);
    if maker {
        Knowledge::Maker
    } else if is_of(header, HARMLESS) && !is_of(header, MAY_MATTER) {
        Knowledge::Harmless
    } else {
        Knowledge::Unknown
    }
}

/// Whether an object of an unknown kind may be, or make, a database: its kind or its group says so.
pub(crate) fn may_be_a_database(header: &Header, app: &Index<'_>) -> bool {
    let kind = format!("{}.{}", header.kind, group(&header.api_version)).to_lowercase();
    let says = DATABASE_PARTS.iter().any(|part| kind.contains(part))
        || kind.split(['.', '-']).any(|word| DATABASE_WORDS.contains(&word));
    says && knowledge(header, app) == Knowledge::Unknown
}

/// What the kind or the group of a database has in its name.
const DATABASE_PARTS: [&str; 9] =
    ["cassandra", "cockroach", "database", "dbcluster", "dbinstance", "maria", "mongo", "postgres", "sql"];

/// Words of a group that say so as a whole.
const DATABASE_WORDS: [&str; 5] = ["db", "documentdb", "rds", "redis", "spanner"];

fn is_of(header: &Header, list: &[&str]) -> bool {
    list.iter().any(|kind| {
        kind.strip_prefix("*.").map_or_else(|| is(header, kind), |of| group(&header.api_version) == of)
    })
}

/// Whether Argo CD checks the health of an object on which no pod depends.
pub(crate) fn has_health(header: &Header) -> bool {
    is_of(header, CHECKED)
}

/// Whether an object's kind comes from a definition though its group ends like Kubernetes' own.
pub(crate) fn is_extension(header: &Header) -> bool {
    let group = group(&header.api_version);
    group.ends_with(".x-k8s.io") && !is(header, "SecretProviderClass.secrets-store.csi.x-k8s.io")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::app::index::testing::manifests, settings::KindRule};

    #[test]
    fn the_platform_knows_its_own_kinds() {
        let manifests = manifests("apiVersion: example.org/v1\nkind: Tenant\nmetadata: {name: a}\n");
        let rule = KindRule { kind: "Tenant.example.org".into(), ..KindRule::default() };
        let known = |rules: &[KindRule]| {
            let app = Index::new(&manifests, None).unwrap().with_kinds(rules);
            knowledge(&app.headers()[0], &app)
        };
        assert_eq!(known(&[]), Knowledge::Unknown);
        assert_eq!(known(&[KindRule { harmless: true, ..rule.clone() }]), Knowledge::Harmless);
        assert_eq!(known(&[KindRule { secrets: vec!["{name}".into()], ..rule }]), Knowledge::Maker);
    }

    #[test]
    fn a_kind_may_say_that_it_is_a_database() {
        for (api_version, kind, says) in [
            ("platform.example.org/v1", "PostgresInstance", true),
            ("platform.example.org/v1", "MySQLInstance", true),
            ("rds.aws.upbound.io/v1beta1", "Instance", true),
            ("rds.services.k8s.aws/v1alpha1", "DBInstance", true),
            ("sql.cnrm.cloud.google.com/v1beta1", "SQLInstance", true),
            ("db.example.org/v1", "XShop", true),
            ("platform.example.org/v1", "Dashboard", false),
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease", false),
            // Known: whether it is a need is found out otherwise.
            ("postgresql.cnpg.io/v1", "Cluster", false),
            ("monitoring.coreos.com/v1", "ServiceMonitor", false),
        ] {
            let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
            let manifests = manifests(&text);
            let app = Index::new(&manifests, None).unwrap();
            assert_eq!(may_be_a_database(&app.headers()[0], &app), says, "{api_version} {kind}");
        }
    }

    #[test]
    fn what_is_checked_is_harmless() {
        for checked in CHECKED {
            let group = checked.split_once('.').unwrap().1;
            assert!(
                HARMLESS.contains(checked) || HARMLESS.contains(&format!("*.{group}").as_str()),
                "{checked}"
            );
        }
    }

    #[test]
    fn no_kind_is_listed_twice() {
        let all = || HARMLESS.iter().chain(NEEDED);
        let kinds: std::collections::BTreeSet<_> = all().collect();
        assert_eq!(kinds.len(), all().count());
    }

    #[test]
    fn kinds_are_known_by_their_group() {
        for (api_version, kind, expected) in [
            ("external-secrets.io/v1", "ExternalSecret", Knowledge::Maker),
            ("external-secrets.io/v1", "SecretStore", Knowledge::Maker),
            ("postgresql.cnpg.io/v1", "Cluster", Knowledge::Maker),
            ("postgresql.cnpg.io/v1", "ScheduledBackup", Knowledge::Harmless),
            ("barmancloud.cnpg.io/v1", "ObjectStore", Knowledge::Maker),
            ("generators.external-secrets.io/v1alpha1", "Password", Knowledge::Maker),
            ("rabbitmq.com/v1beta1", "Vhost", Knowledge::Maker),
            ("kyverno.io/v1", "ClusterPolicy", Knowledge::Unknown),
            ("kyverno.io/v2", "PolicyException", Knowledge::Harmless),
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease", Knowledge::Unknown),
            ("source.toolkit.fluxcd.io/v1", "HelmRepository", Knowledge::Harmless),
            ("cilium.io/v2", "CiliumNetworkPolicy", Knowledge::Maker),
            ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", Knowledge::Maker),
            ("networking.gke.io/v1", "ManagedCertificate", Knowledge::Harmless),
            ("operator.victoriametrics.com/v1beta1", "VMUser", Knowledge::Maker),
            ("operator.victoriametrics.com/v1beta1", "VMServiceScrape", Knowledge::Harmless),
            ("networking.istio.io/v1", "VirtualService", Knowledge::Harmless),
            ("networking.istio.io/v1", "Sidecar", Knowledge::Unknown),
            ("image.openshift.io/v1", "ImageStream", Knowledge::Unknown),
            ("cilium.io/v2", "CiliumEgressGatewayPolicy", Knowledge::Unknown),
            ("monitoring.coreos.com/v1", "ServiceMonitor", Knowledge::Harmless),
            ("argoproj.io/v1alpha1", "AnalysisTemplate", Knowledge::Harmless),
            ("argoproj.io/v1alpha1", "Application", Knowledge::Unknown),
            ("rds.aws.upbound.io/v1beta1", "Cluster", Knowledge::Unknown),
            ("cluster.x-k8s.io/v1beta1", "Cluster", Knowledge::Unknown),
        ] {
            let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
            let manifests = manifests(&text);
            let app = Index::new(&manifests, None).unwrap();
            assert_eq!(knowledge(&app.headers()[0], &app), expected, "{api_version} {kind}");
        }
    }
}
