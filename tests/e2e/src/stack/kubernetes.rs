//! etcd, the API server, the controllers and the scheduler.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use http::Request;
use kube::Client;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::{Place, free_port};
use crate::lab;
use crate::process::Component;
use crate::wait;

/// A control plane that answers.
pub(super) struct Kubernetes {
    pub(super) client: Client,
    pub(super) kubeconfig: PathBuf,
    /// The folder with the API server's own certificate.
    pub(super) certificates: PathBuf,
}

/// Starts the control plane and waits until the API server is ready.
pub(super) async fn start(
    binaries: &Path,
    place: &Place,
    components: &mut Vec<Component>,
) -> Result<Kubernetes> {
    let (etcd, etcd_peer, api) = (free_port()?, free_port()?, free_port()?);
    let etcd = format!("http://{}:{etcd}", Ipv4Addr::LOCALHOST);
    let etcd_peer = format!("http://{}:{etcd_peer}", Ipv4Addr::LOCALHOST);
    let (signing_key, checking_key) = key_pair(place)?;
    let certificates = place.path("certificates");
    let kubeconfig = kubeconfig(place, api)?;

    let mut command = Command::new(binaries.join("etcd"));
    command.arg("--data-dir").arg(place.path("etcd"));
    command.args(["--listen-client-urls", &etcd, "--advertise-client-urls", &etcd]);
    command.args(["--listen-peer-urls", &etcd_peer, "--initial-advertise-peer-urls", &etcd_peer]);
    command.args(["--initial-cluster", &format!("default={etcd_peer}"), "--unsafe-no-fsync"]);
    components.push(Component::start("etcd", command, &place.logs)?);

    let mut command = Command::new(binaries.join("kube-apiserver"));
    command.args(["--etcd-servers", &etcd, "--bind-address", "127.0.0.1", "--secure-port", &api.to_string()]);
    // Nothing looks the API server up as a service, and without a network there is no address to advertise.
    command.args(["--advertise-address", "10.0.0.1", "--endpoint-reconciler-type", "none"]);
    command.args(["--service-cluster-ip-range", "10.0.0.0/16", "--authorization-mode", "RBAC"]);
    command.arg("--cert-dir").arg(&certificates).arg("--token-auth-file").arg(place.path(TOKENS));
    command.args(["--service-account-issuer", "https://kubernetes.default.svc"]);
    command.arg("--service-account-key-file").arg(&checking_key);
    command.arg("--service-account-signing-key-file").arg(&signing_key);
    components.push(Component::start("kube-apiserver", command, &place.logs)?);

    let client = lab::connect(&kubeconfig).await?;
    wait::until("the API server's readiness", Duration::from_mins(2), async || {
        components.iter_mut().try_for_each(Component::check)?;
        let request = Request::get("/readyz").body(Vec::new())?;
        Ok(client.request_text(request).await.is_ok().then_some(()))
    })
    .await?;

    let mut command = Command::new(binaries.join("kube-controller-manager"));
    command.arg("--kubeconfig").arg(&kubeconfig).args(ALONE);
    command.arg("--service-account-private-key-file").arg(&signing_key);
    // For the ConfigMap that every pod mounts.
    command.arg("--root-ca-file").arg(certificates.join("apiserver.crt"));
    // It would want the fake node's heartbeats.
    command.args(["--controllers", "*,-node-lifecycle-controller"]);
    components.push(Component::start("kube-controller-manager", command, &place.logs)?);

    let mut command = Command::new(binaries.join("kube-scheduler"));
    command.arg("--kubeconfig").arg(&kubeconfig).args(ALONE);
    components.push(Component::start("kube-scheduler", command, &place.logs)?);
    Ok(Kubernetes { client, kubeconfig, certificates })
}

/// For a controller that is the only one, and that many scenarios at once keep busy: the defaults would let it make 20
/// requests a second.
const ALONE: [&str; 7] =
    ["--leader-elect=false", "--secure-port", "0", "--kube-api-qps", "500", "--kube-api-burst", "1000"];

/// The file with the one token that the API server accepts.
const TOKENS: &str = "tokens.csv";

/// Writes a kubeconfig for an administrator of the API server on `port`, and the token that lets it in.
fn kubeconfig(place: &Place, port: u16) -> Result<PathBuf> {
    let mut secret = [0; 24];
    SystemRandom::new().fill(&mut secret).map_err(|_| anyhow!("no random numbers"))?;
    let token = BASE64_URL_SAFE.encode(secret);
    place.write(TOKENS, format!("{token},admin,admin,system:masters\n"))?;
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "e2e",
        // The certificate is made by the API server itself, for this run.
        "clusters": [{ "name": "e2e", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "insecure-skip-tls-verify": true } }],
        "users": [{ "name": "admin", "user": { "token": token } }],
        "contexts": [{ "name": "e2e", "context": { "cluster": "e2e", "user": "admin" } }],
    });
    place.write("kubeconfig", config.to_string()).context("cannot write the kubeconfig")
}

/// Writes a new key pair that signs and checks the tokens of service accounts. Returns the files of both.
fn key_pair(place: &Place) -> Result<(PathBuf, PathBuf)> {
    // The header of an uncompressed P-256 point as SubjectPublicKeyInfo (RFC 5480): ring gives the point alone.
    const HEADER: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let failed = "cannot make a key pair";
    let random = SystemRandom::new();
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| anyhow!(failed))?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref(), &random).map_err(|_| anyhow!(failed))?;
    let public = [HEADER, pair.public_key().as_ref()].concat();
    let pem = |label: &str, content: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(content))
    };
    let signing = place.write("service-accounts.key", pem("PRIVATE KEY", private.as_ref()))?;
    let checking = place.write("service-accounts.pub", pem("PUBLIC KEY", &public))?;
    Ok((signing, checking))
}
