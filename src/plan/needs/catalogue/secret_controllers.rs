//! Objects from which a controller makes ConfigMaps and Secrets in the cluster.

use crate::{
    error::Result,
    manifest::Header,
    plan::{
        app::index::{Index, is},
        needs::catalogue::{operators, pattern},
    },
};

/// One kind of the table.
pub(crate) struct Producer {
    /// As `Index::find` takes it.
    pub(crate) kind: &'static str,
    /// The kind of what it makes.
    pub(crate) makes: &'static str,
    /// The names of what it makes; see `pattern`.
    pub(crate) names: &'static [&'static str],
}

/// What controllers make, one kind a line. The rule of [`CONNECTION`] holds for every custom resource beside it.
#[rustfmt::skip]
pub(crate) const SECRET_CONTROLLERS: &[Producer] = &[
    // External secret stores.
    secrets("ExternalSecret.external-secrets.io", &["{spec.target.name|name}"]),
    secrets("ClusterExternalSecret.external-secrets.io", &["{spec.externalSecretSpec.target.name|spec.externalSecretName|name}"]),
    secrets("ExternalSecret.kubernetes-client.io", &["{name}"]),
    secrets("SecretProviderClass.secrets-store.csi.x-k8s.io", &["{spec.secretObjects.*.secretName}"]),
    secrets("VaultStaticSecret.secrets.hashicorp.com", &["{spec.destination.name}"]),
    secrets("VaultDynamicSecret.secrets.hashicorp.com", &["{spec.destination.name}"]),
    secrets("VaultPKISecret.secrets.hashicorp.com", &["{spec.destination.name}"]),
    secrets("HCPVaultSecretsApp.secrets.hashicorp.com", &["{spec.destination.name}"]),
    secrets("VaultSecret.ricoberger.de", &["{name}"]),
    secrets("VaultSecret.redhatcop.redhat.io", &["{spec.output.name}"]),
    secrets("Vault.vault.banzaicloud.com", &["{name}-unseal-keys", "{name}-tls"]),
    secrets("AzureKeyVaultSecret.spv.no", &["{spec.output.secret.name}"]),
    config_maps("AzureKeyVaultSecret.spv.no", &["{spec.output.configMap.name}"]),
    secrets("InfisicalSecret.secrets.infisical.com", &["{spec.managedSecretReference.secretName}", "{spec.managedKubeSecretReferences.*.secretName}"]),
    config_maps("InfisicalSecret.secrets.infisical.com", &["{spec.managedKubeConfigMapReferences.*.configMapName}"]),
    secrets("InfisicalDynamicSecret.secrets.infisical.com", &["{spec.managedSecretReference.secretName}"]),
    secrets("InfisicalStaticSecret.secrets.infisical.com", &["{spec.targets.*.name}"]),
    config_maps("InfisicalStaticSecret.secrets.infisical.com", &["{spec.targets.*.name}"]),
    secrets("OnePasswordItem.onepassword.com", &["{name}"]),
    secrets("BitwardenSecret.k8s.bitwarden.com", &["{spec.secretName}"]),
    secrets("BitwardenSecret.lerentis.uploadfilter24.eu", &["{spec.name}"]),
    secrets("BitwardenTemplate.lerentis.uploadfilter24.eu", &["{spec.name}"]),
    secrets("RegistryCredential.lerentis.uploadfilter24.eu", &["{spec.name}"]),
    secrets("DopplerSecret.secrets.doppler.com", &["{spec.managedSecret.name}"]),
    // Secrets kept encrypted in Git.
    secrets("SealedSecret.bitnami.com", &["{name}"]),
    secrets("SopsSecret.isindir.github.com", &["{spec.secretTemplates.*.name}"]),
    // Generated passwords and copies.
    secrets("StringSecret.secretgenerator.mittwald.de", &["{name}"]),
    secrets("SSHKeyPair.secretgenerator.mittwald.de", &["{name}"]),
    secrets("BasicAuth.secretgenerator.mittwald.de", &["{name}"]),
    secrets("Password.secretgen.k14s.io", &["{name}"]),
    secrets("Certificate.secretgen.k14s.io", &["{name}"]),
    secrets("RSAKey.secretgen.k14s.io", &["{name}"]),
    secrets("SSHKey.secretgen.k14s.io", &["{name}"]),
    secrets("SecretTemplate.secretgen.carvel.dev", &["{name}"]),
    secrets("SecretImport.secretgen.carvel.dev", &["{name}"]),
    secrets("ClusterSecret.clustersecret.io", &["{name}"]),
    // Certificates.
    secrets("Certificate.cert-manager.io", &["{spec.secretName}"]),
    secrets("Bundle.trust.cert-manager.io", &["{name}"]),
    config_maps("Bundle.trust.cert-manager.io", &["{name}"]),
    // Credentials of services.
    secrets("PostgresUser.db.movetokube.com", &["{spec.secretName}-{name}"]),
    secrets("KafkaUser.kafka.strimzi.io", &["{name}"]),
    secrets("KafkaAccess.access.strimzi.io", &["{spec.secretName|name}"]),
    secrets("DatabaseRole.postgresql.cnpg.io", &["{name}-client-cert"]),
    secrets("AtlasDatabaseUser.atlas.mongodb.com", &["*-{spec.username}"]),
    secrets("MongoDBUser.mongodb.com", &["{spec.connectionStringSecretName}", "{spec.mongodbResourceRef.name}-{name}-{spec.database}"]),
    secrets("Connection.k8s.mariadb.com", &["{spec.secretName|name}"]),
    secrets("User.rabbitmq.com", &["{name}-user-credentials"]),
    secrets("ObjectBucketClaim.objectbucket.io", &["{name}"]),
    config_maps("ObjectBucketClaim.objectbucket.io", &["{name}"]),
    secrets("CephObjectStoreUser.ceph.rook.io", &["rook-ceph-object-user-{spec.store}-{name}"]),
    secrets("IAMServiceAccountKey.iam.cnrm.cloud.google.com", &["{name}"]),
    secrets("RedisEnterpriseCluster.app.redislabs.com", &["{spec.clusterCredentialSecretName|name}"]),
    secrets("VMUser.operator.victoriametrics.com", &["vmuser-{name}"]),
    secrets("Grafana.grafana.integreatly.org", &["{name}-admin-credentials"]),
    secrets("GrafanaServiceAccount.grafana.integreatly.org", &["{spec.tokens.*.secretName}"]),
    secrets("ServiceBinding.services.cloud.sap.com", &["{spec.secretName|name}"]),
    secrets("PostgreSQL.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("Project.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("MySQL.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("ServiceUser.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("Cassandra.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("Clickhouse.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("ClickhouseUser.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("ConnectionPool.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("Kafka.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("OpenSearch.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("Redis.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    secrets("Valkey.aiven.io", &["{spec.connInfoSecretTarget.name|name}"]),
    // Outputs of Terraform.
    secrets("Terraform.infra.contrib.fluxcd.io", &["{spec.writeOutputsToSecret.name}"]),
    secrets("Workspace.app.terraform.io", &["{name}-outputs"]),
    config_maps("Workspace.app.terraform.io", &["{name}-outputs"]),
    secrets("Module.app.terraform.io", &["{name}-module-outputs"]),
    config_maps("Module.app.terraform.io", &["{name}-module-outputs"]),
];

/// Where every Crossplane resource and claim names its connection Secret, whatever its kind.
pub(crate) const CONNECTIONS: &[&str] =
    &["{spec.writeConnectionSecretToRef.name}", "{spec.publishConnectionDetailsTo.name}"];

const fn secrets(kind: &'static str, names: &'static [&'static str]) -> Producer {
    Producer { kind, makes: "Secret", names }
}

const fn config_maps(kind: &'static str, names: &'static [&'static str]) -> Producer {
    Producer { kind, makes: "ConfigMap", names }
}

/// What the app's objects make in the cluster.
pub(crate) struct SecretControllers<'v, 'a> {
    app: &'v Index<'a>,
    made: Vec<Made<'v>>,
}

struct Made<'v> {
    kind: &'static str,
    /// See `pattern::matches`.
    name: String,
    /// Where; none where the producer's own namespace says it.
    namespace: Option<&'v str>,
    by: &'v Header,
}

impl<'v, 'a> SecretControllers<'v, 'a> {
    pub(crate) fn new(app: &'v Index<'a>) -> Result<Self> {
        let mut made = Vec::new();
        for by in app.custom() {
            let of_kind = SECRET_CONTROLLERS.iter().filter(|producer| is(by, producer.kind));
            let tables: Vec<_> = of_kind
                .map(|producer| (producer.makes, producer.names))
                .chain(operators::of(by).map(|operator| ("Secret", operator.secrets)))
                .chain(makes_connection(by, app).then_some(("Secret", CONNECTIONS)))
                .collect();
            let of_platform: Vec<_> = app.rules_of(by).collect();
            if tables.is_empty() && of_platform.is_empty() {
                continue;
            }
            let object = app.object(by.id)?;
            let namespace = object["spec"]["writeConnectionSecretToRef"]["namespace"].as_str();
            let tables =
                tables.into_iter().flat_map(|(kind, names)| names.iter().map(move |name| (kind, *name)));
            let of_platform = of_platform.into_iter().flat_map(|rule| {
                let (secrets, maps) = (rule.secrets.iter(), rule.config_maps.iter());
                secrets
                    .map(|name| ("Secret", name.as_str()))
                    .chain(maps.map(|name| ("ConfigMap", name.as_str())))
            });
            for (kind, pattern) in tables.chain(of_platform) {
                let names = pattern::expand(pattern, object);
                made.extend(names.into_iter().map(|name| Made { kind, name, namespace, by }));
            }
        }
        Ok(Self { app, made })
    }

    /// Returns the objects from which a controller makes the ConfigMap or Secret of this name and namespace.
    pub(crate) fn of(&self, kind: &str, name: &str, namespace: Option<&str>) -> Vec<&'v Header> {
        let reaches = |made: &Made<'_>| match made.namespace {
            Some(written) => self.app.same_namespace(Some(written), namespace),
            None => self.app.reaches(made.by, namespace),
        };
        let makes =
            |made: &&Made<'_>| made.kind == kind && pattern::matches(&made.name, name) && reaches(made);
        let mut found: Vec<_> = self.made.iter().filter(makes).map(|made| made.by).collect();
        found.dedup();
        found
    }
}

fn makes_connection(header: &Header, app: &Index<'_>) -> bool {
    ["writeConnectionSecretToRef", "publishConnectionDetailsTo"]
        .iter()
        .any(|field| app.mentions(header, field))
}
