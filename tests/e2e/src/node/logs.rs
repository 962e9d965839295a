//! The port of the node from which the API server reads the logs of its pods: each printed what its annotation
//! [`LOG`](super::LOG) says.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::client::Body;
use kube::{Api, Client};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(super) struct Server {
    client: Client,
    listener: TcpListener,
    port: u16,
    tls: TlsAcceptor,
}

impl Server {
    pub(super) async fn bind(client: Client, certificates: &Path) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(certificates.join("apiserver.crt"))?;
        let key = PrivateKeyDer::from_pem_file(certificates.join("apiserver.key"))?;
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let port = listener.local_addr()?.port();
        Ok(Self { client, listener, port, tls: TlsAcceptor::from(Arc::new(config)) })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) async fn serve(self) {
        while let Ok((stream, _)) = self.listener.accept().await {
            tokio::spawn(connection(stream, self.tls.clone(), self.client.clone()));
        }
    }
}

/// Serves one connection. Whoever asks sees an error as a connection that breaks.
async fn connection(stream: TcpStream, tls: TlsAcceptor, client: Client) -> Result<()> {
    let stream = tls.accept(stream).await?;
    let service = service_fn(move |request| answer(client.clone(), request));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}

/// `GET /containerLogs/NAMESPACE/POD/CONTAINER?tailLines=N`, as a kubelet answers it.
async fn answer(client: Client, request: Request<Incoming>) -> Result<Response<Body>> {
    let mut parts = request.uri().path().split('/').skip(2);
    let (namespace, pod) = parts.next().zip(parts.next()).context("no pod")?;
    let pod = Api::<Pod>::namespaced(client, namespace).get(pod).await?;
    let log = super::annotation(&pod, super::LOG).unwrap_or_default();
    let mut options = request.uri().query().unwrap_or_default().split('&');
    let tail = options.find_map(|option| option.strip_prefix("tailLines=")?.parse().ok());
    let lines: Vec<&str> = log.lines().collect();
    let shown = &lines[lines.len().saturating_sub(tail.unwrap_or(usize::MAX))..];
    Ok(Response::new(Body::from(shown.join("\n").into_bytes())))
}
