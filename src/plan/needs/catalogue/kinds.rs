//! What is known of the kinds of custom resources.

use crate::{
    manifest::Header,
    plan::{
        app::index::{group, is},
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
    "*.traefik.io",
    "*.traefik.containo.us",
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
    "*.kyverno.io",
    "*.velero.io",
    "*.argoproj.io",
    "*.image.toolkit.fluxcd.io",
    "*.notification.toolkit.fluxcd.io",
    "Route.route.openshift.io",
    "ImageStream.image.openshift.io",
    "BuildConfig.build.openshift.io",
    "DNSEndpoint.externaldns.k8s.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "VolumeSnapshotClass.snapshot.storage.k8s.io",
    "ScheduledBackup.postgresql.cnpg.io",
    "Backup.postgresql.cnpg.io",
];

/// Kinds of the groups above that run or make something after all.
const MAY_MATTER: &[&str] =
    &["Application.argoproj.io", "ApplicationSet.argoproj.io", "ServiceEntry.networking.istio.io"];

/// Kinds that known makers need: stores, issuers, authentication.
const NEEDED: &[&str] = &[
    "SecretStore.external-secrets.io",
    "ClusterSecretStore.external-secrets.io",
    "Password.generators.external-secrets.io",
    "Issuer.cert-manager.io",
    "ClusterIssuer.cert-manager.io",
    "VaultAuth.secrets.hashicorp.com",
    "VaultConnection.secrets.hashicorp.com",
    "KafkaTopic.kafka.strimzi.io",
    "KafkaNodePool.kafka.strimzi.io",
    "Database.postgresql.cnpg.io",
    "Database.k8s.mariadb.com",
    "User.k8s.mariadb.com",
    "Grant.k8s.mariadb.com",
    "ImageCatalog.postgresql.cnpg.io",
    "ClusterImageCatalog.postgresql.cnpg.io",
];

/// What is known of an object's kind.
pub(crate) fn knowledge(header: &Header) -> Knowledge {
    let is_of = |list: &[&str]| {
        list.iter().any(|kind| {
            kind.strip_prefix("*.").map_or_else(|| is(header, kind), |of| group(&header.api_version) == of)
        })
    };
    let maker = operators::of(header).is_some()
        || secret_controllers::SECRET_CONTROLLERS.iter().any(|producer| is(header, producer.kind))
        || is_of(NEEDED);
    if maker {
        Knowledge::Maker
    } else if is_of(HARMLESS) && !is_of(MAY_MATTER) {
        Knowledge::Harmless
    } else {
        Knowledge::Unknown
    }
}

/// Whether an object's kind comes from a definition though its group ends like Kubernetes' own.
pub(crate) fn is_extension(header: &Header) -> bool {
    let group = group(&header.api_version);
    group.ends_with(".x-k8s.io") && !is(header, "SecretProviderClass.secrets-store.csi.x-k8s.io")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::app::index::{Index, testing::manifests};

    #[test]
    fn kinds_are_known_by_their_group() {
        for (api_version, kind, expected) in [
            ("external-secrets.io/v1", "ExternalSecret", Knowledge::Maker),
            ("external-secrets.io/v1", "SecretStore", Knowledge::Maker),
            ("postgresql.cnpg.io/v1", "Cluster", Knowledge::Maker),
            ("postgresql.cnpg.io/v1", "ScheduledBackup", Knowledge::Harmless),
            ("monitoring.coreos.com/v1", "ServiceMonitor", Knowledge::Harmless),
            ("argoproj.io/v1alpha1", "AnalysisTemplate", Knowledge::Harmless),
            ("argoproj.io/v1alpha1", "Application", Knowledge::Unknown),
            ("rds.aws.upbound.io/v1beta1", "Cluster", Knowledge::Unknown),
            ("cluster.x-k8s.io/v1beta1", "Cluster", Knowledge::Unknown),
        ] {
            let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
            let manifests = manifests(&text);
            let app = Index::new(&manifests, None).unwrap();
            assert_eq!(knowledge(&app.headers()[0]), expected, "{api_version} {kind}");
        }
    }
}
