//! A proxy before the API server that makes trouble.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::BoxFuture;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is told before each `PATCH` goes through: its number, counted from 0, its path and its body.
pub type Before = Arc<dyn Fn(usize, String, Value) -> BoxFuture<'static, Result<Trouble>> + Send + Sync>;

/// What happens to a `PATCH`.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// Nothing more.
    None,
    /// It goes through, its answer does not come back, and nothing is answered for so long.
    Away(Duration),
    /// It does not go through, and this is its status.
    Refused(u16),
}

/// A running proxy. Dropping it ends it.
pub struct Proxy {
    kubeconfig: NamedTempFile,
    state: Arc<State>,
    server: JoinHandle<()>,
}

struct State {
    client: Client,
    before: Before,
    patches: AtomicUsize,
    away: watch::Sender<Option<Instant>>,
}

impl Proxy {
    /// Starts a proxy to the API server of `client`, with that client's permissions.
    pub async fn start(client: Client, before: Before) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port")?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{ "name": "proxy", "cluster": { "server": format!("http://{}", listener.local_addr()?) } }],
            "users": [{ "name": "nobody", "user": {} }],
            "contexts": [{ "name": "proxy", "context": { "cluster": "proxy", "user": "nobody" } }],
        });
        let mut kubeconfig = NamedTempFile::new()?;
        kubeconfig.write_all(config.to_string().as_bytes())?;
        let away = watch::Sender::new(None);
        let state = Arc::new(State { client, before, patches: AtomicUsize::new(0), away });
        let serving = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if !serving.is_away() {
                    tokio::spawn(serve(stream, Arc::clone(&serving)));
                }
            }
        });
        Ok(Self { kubeconfig, state, server })
    }

    /// A kubeconfig that leads through the proxy.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// How many `PATCH`es came.
    pub fn patches(&self) -> usize {
        self.state.patches.load(Ordering::SeqCst)
    }

    /// Breaks every connection, and answers nothing for so long.
    pub fn leave(&self, time: Duration) {
        self.state.away.send_replace(Some(Instant::now() + time));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves one connection until either side ends it.
async fn serve(stream: TcpStream, state: Arc<State>) {
    let mut away = state.away.subscribe();
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { state.answer(request).await }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection => {}
        _ = away.changed() => {}
    }
}

impl State {
    fn is_away(&self) -> bool {
        self.away.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// An error breaks the connection without an answer.
    async fn answer(&self, request: Request<Incoming>) -> Result<http::Response<Body>> {
        let (mut parts, body) = request.into_parts();
        // The client to the API server brings its own.
        parts.headers.remove(http::header::HOST);
        let body = body.collect().await?.to_bytes();
        let mut trouble = Trouble::None;
        if parts.method == Method::PATCH {
            let number = self.patches.fetch_add(1, Ordering::SeqCst);
            let path = parts.uri.path().to_owned();
            trouble = (self.before)(number, path, serde_json::from_slice(&body)?).await?;
        }
        if let Trouble::Refused(code) = trouble {
            let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                "reason": "Refused", "message": "refused by the proxy" });
            return Ok(http::Response::builder()
                .status(code)
                .body(Body::from(status.to_string().into_bytes()))?);
        }
        let answer = self.client.send(Request::from_parts(parts, Body::from(body.to_vec()))).await?;
        if let Trouble::Away(time) = trouble {
            self.away.send_replace(Some(Instant::now() + time));
            anyhow::bail!("away");
        }
        Ok(answer)
    }
}

/// Lets everything through.
pub fn no_trouble() -> Before {
    Arc::new(|_, _, _| Box::pin(async { Ok(Trouble::None) }))
}
