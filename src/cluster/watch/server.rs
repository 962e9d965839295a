//! `/metrics`, `/healthz` and `/readyz`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, time::timeout};
use tracing::debug;

use super::metrics::{self, Metrics, Watched};

/// A client that sends its request slower, or takes the answer slower, is cut off.
const CLIENT: Duration = Duration::from_secs(10);

/// Serves without end.
pub async fn serve(listener: TcpListener, watched: Arc<Watched>) -> Infallible {
    let metrics = Arc::new(Metrics::new(Arc::clone(&watched)));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors: it passes when connections end.
                debug!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (watched, metrics) = (Arc::clone(&watched), Arc::clone(&metrics));
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let answer = answer(request.method(), request.uri().path(), &watched, &metrics);
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut http = http1::Builder::new();
            let connection = http
                .keep_alive(false)
                .timer(TokioTimer::new())
                .header_read_timeout(CLIENT)
                .serve_connection(TokioIo::new(stream), answer);
            match timeout(CLIENT * 2, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(%error, "a connection failed"),
                Err(_) => debug!("a connection was too slow"),
            }
        });
    }
}

fn answer(method: &Method, path: &str, watched: &Watched, metrics: &Metrics) -> Response<Full<Bytes>> {
    let text = |code: StatusCode, text: &str| respond(code, "text/plain; charset=utf-8", text.to_owned());
    if !matches!(*method, Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
    }
    match path {
        // That it answers at all is what there is to know: a watch that ends ends the process.
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/readyz" if watched.with(|state| state.is_ready()) => text(StatusCode::OK, "ok\n"),
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "Jobs and Applications are still being listed\n"),
        "/metrics" => match metrics.text() {
            Ok(text) => respond(StatusCode::OK, metrics::CONTENT_TYPE, text),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n"),
        },
        _ => text(StatusCode::NOT_FOUND, "/metrics, /healthz, /readyz\n"),
    }
}

fn respond(code: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::watch::{facts::Change, state::State};
    use k8s_openapi::jiff::Timestamp;

    #[test]
    fn it_is_ready_when_both_lists_are_complete() {
        let watched = Arc::new(Watched::new(State::default()));
        let metrics = Metrics::new(Arc::clone(&watched));
        let status = |method: &Method, path: &str| answer(method, path, &watched, &metrics).status().as_u16();
        assert_eq!(status(&Method::GET, "/healthz"), 200);
        assert_eq!(status(&Method::GET, "/readyz"), 503);
        watched.with(|state| state.job(Change::Complete, Timestamp::UNIX_EPOCH));
        assert_eq!(status(&Method::GET, "/readyz"), 503);
        watched.with(|state| state.app(Change::Complete, Timestamp::UNIX_EPOCH));
        assert_eq!(status(&Method::GET, "/readyz"), 200);
        assert_eq!(status(&Method::GET, "/metrics"), 200);
        assert_eq!(status(&Method::POST, "/metrics"), 405);
        assert_eq!(status(&Method::GET, "/"), 404);
    }
}
