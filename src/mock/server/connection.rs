//! One connection: HTTP/1.1 requests in, answers out, within limits of size and time.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;

use super::body::AnswerBody;
use super::wire::{Fate, Socket, Wire};
use crate::exchange;

/// What a client may send, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(in crate::mock) struct Limits {
    /// Bytes of a body (source: signing.md §1.1, 8 MB).
    pub(in crate::mock) body_bytes: usize,
    /// Bytes of request line and headers.
    pub(in crate::mock) head_bytes: usize,
    /// Time between requests and until a head is complete (source: signing.md §6, `keep-alive: timeout=25`).
    pub(in crate::mock) head_time: Duration,
    /// Time until a body is complete.
    pub(in crate::mock) body_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 * 1024 * 1024,
            head_bytes: 256 * 1024,
            head_time: Duration::from_secs(25),
            body_time: Duration::from_secs(20),
        }
    }
}

/// A request as received, or why it could not be.
pub(in crate::mock) enum Received {
    Whole(exchange::Request),
    TooLarge,
    TooSlow,
    Broken,
}

/// What goes out; no reply at all leaves the connection hanging until the client gives up.
pub(in crate::mock) type Reply = Response<AnswerBody>;

/// Answers requests. One handler serves all connections of a listener.
pub(in crate::mock) trait Handler: Send + Sync + 'static {
    /// Answers a request; `tls` says how it came, `fate` lets the answer end the connection badly.
    fn handle(&self, received: Received, tls: bool, fate: &Fate) -> impl Future<Output = Reply> + Send;

    /// Says whether header names go out in title case.
    fn title_case(&self) -> bool {
        false
    }

    /// Says whether requests are wanted as they come, besides what is read of them.
    fn hears(&self) -> bool {
        false
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// Serves a connection until its end, or until the mock stops.
pub(super) async fn serve<H: Handler, S: Socket>(stream: S, tls: bool, handler: Arc<H>, stop: CancellationToken) {
    let limits = handler.limits();
    let fate = Fate::new(handler.hears());
    let io = TokioIo::new(Wire::new(stream, fate.clone()));
    let service = service_fn(|request| {
        let (handler, fate) = (handler.clone(), fate.clone());
        async move {
            let received = receive(request, limits).await;
            Ok::<_, Infallible>(handler.handle(received, tls, &fate).await)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(limits.head_bytes);
    builder.title_case_headers(handler.title_case());
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    // A connection that breaks concerns its client alone.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(Duration::from_millis(300), connection).await;
        }
    }
}

async fn receive(request: Request<Incoming>, limits: Limits) -> Received {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(limits.body_time, collect(body, limits.body_bytes)).await {
        Err(_) => return Received::TooSlow,
        Ok(Err(other)) => return other,
        Ok(Ok(body)) => body,
    };
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    Received::Whole(exchange::Request { method: parts.method.as_str().to_owned(), target, headers, body })
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Received> {
    let announced = hyper::body::Body::size_hint(&body).lower();
    if announced == 0 && hyper::body::Body::is_end_stream(&body) {
        return Ok(Bytes::new());
    }
    if announced > limit as u64 {
        return Err(Received::TooLarge);
    }
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Received::Broken)?.into_data() else { continue };
        if whole.len() + data.len() + first.as_ref().map_or(0, Bytes::len) > limit {
            return Err(Received::TooLarge);
        }
        // Most bodies come in one piece, which needs no copy.
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            earlier => {
                whole.extend_from_slice(earlier.as_deref().unwrap_or_default());
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// Returns a bare reply with a status and no body.
pub(super) fn bare(status: StatusCode) -> Reply {
    let mut reply = Response::new(AnswerBody::whole(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

/// Returns the reply to a request that could not be received whole.
pub(in crate::mock) fn refuse_received(received: &Received) -> Reply {
    bare(match received {
        Received::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Received::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Received::Whole(_) | Received::Broken => StatusCode::BAD_REQUEST,
    })
}
