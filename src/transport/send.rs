//! One request out, one answer in, within limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use rustls::ClientConfig;

use super::connect::{Body, Connection, connect};
use super::endpoint::Endpoint;
use super::failure;
use super::options::{TransportError, TransportOptions};
use super::pool::Pool;
use crate::exchange::{Exchange, NoResponse, Request, Response};

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// With Content-Length.
    #[default]
    Length,
    /// In chunked transfer coding.
    Chunked,
}

/// Bytes before an answer's body: its head, and what may come before it (1xx).
const HEAD_LIMIT: usize = 1 << 20;

/// Sends requests over connections that are kept open.
pub struct Transport {
    tls: Arc<ClientConfig>,
    timeout: Duration,
    body_limit: usize,
    pool: Pool,
}

impl Transport {
    /// Makes a transport.
    pub fn new(options: &TransportOptions) -> Result<Self, TransportError> {
        Ok(Self::with_tls(options, options.tls()?))
    }

    /// Makes a transport whose trust is somebody else's choice.
    pub(crate) fn with_tls(options: &TransportOptions, tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            timeout: Duration::from_millis(options.timeout_ms),
            body_limit: options.body_limit,
            pool: Pool::default(),
        }
    }

    /// Connects, with TLS where the endpoint has it, and keeps the connection for the first request.
    pub async fn probe(&self, endpoint: &Endpoint) -> Result<(), NoResponse> {
        let late = || NoResponse::Timeout(u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX));
        let connection =
            tokio::time::timeout(self.timeout, connect(endpoint, &self.tls)).await.map_err(|_| late())??;
        self.pool.keep(endpoint, connection);
        Ok(())
    }

    /// Sends a request as it stands; its headers have to name the host.
    pub async fn send(&self, endpoint: &Endpoint, request: Request, framing: Framing) -> Exchange {
        let begun = Instant::now();
        let outcome = match tokio::time::timeout(self.timeout, self.exchange(endpoint, &request, framing)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(NoResponse::Timeout(u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX))),
        };
        let elapsed_micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        Exchange { request, outcome, elapsed_micros }
    }

    async fn exchange(&self, endpoint: &Endpoint, request: &Request, framing: Framing) -> Result<Response, NoResponse> {
        if let Some(mut connection) = self.pool.take(endpoint).await {
            match self.round_trip(&mut connection, wire_request(request, framing)?).await {
                // The connection went away while it was idle: nothing of the request was sent.
                Err(Failure::Unsent) => {}
                Err(Failure::No(error)) => return Err(error),
                Ok(response) => return Ok(self.done(endpoint, connection, response)),
            }
        }
        let mut connection = connect(endpoint, &self.tls).await?;
        match self.round_trip(&mut connection, wire_request(request, framing)?).await {
            Ok(response) => Ok(self.done(endpoint, connection, response)),
            Err(Failure::Unsent) => Err(NoResponse::Broken("it closed before the request was sent".to_owned())),
            Err(Failure::No(error)) => Err(error),
        }
    }

    fn done(&self, endpoint: &Endpoint, connection: Connection, response: Response) -> Response {
        self.pool.keep(endpoint, connection);
        response
    }

    async fn round_trip(&self, connection: &mut Connection, request: http::Request<Body>) -> Result<Response, Failure> {
        connection.allowance.set(HEAD_LIMIT);
        let response =
            connection.sender.send_request(request).await.map_err(|error| {
                if error.is_canceled() { Failure::Unsent } else { Failure::No(failure::of(&error)) }
            })?;
        // Small chunks take several times their content.
        connection.allowance.set(HEAD_LIMIT + 8 * self.body_limit);
        let (head, body) = response.into_parts();
        let body = self.read(body).await.map_err(Failure::No)?;
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        connection.allowance.set(0);
        Ok(Response { status: head.status.as_u16(), headers, body })
    }

    async fn read(&self, mut body: Incoming) -> Result<Bytes, NoResponse> {
        if body.size_hint().lower() > self.body_limit as u64 {
            return Err(NoResponse::TooLarge(self.body_limit));
        }
        let mut taken = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| failure::of(&error))?;
            let Ok(data) = frame.into_data() else { continue };
            if taken.len() + data.len() > self.body_limit {
                return Err(NoResponse::TooLarge(self.body_limit));
            }
            taken.extend_from_slice(&data);
        }
        Ok(taken.freeze())
    }
}

enum Failure {
    Unsent,
    No(NoResponse),
}

fn wire_request(request: &Request, framing: Framing) -> Result<http::Request<Body>, NoResponse> {
    let unsendable = |error: http::Error| NoResponse::Broken(format!("the request cannot be sent: {error}"));
    let mut wire = http::Request::builder().method(request.method.as_str()).uri(request.target.as_str());
    for (name, value) in &request.headers {
        // Framing is the transport's business.
        if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("transfer-encoding") {
            wire = wire.header(name.as_str(), value.as_bytes());
        }
    }
    wire.body(body(&request.body, framing)).map_err(unsendable)
}

fn body(bytes: &Bytes, framing: Framing) -> Body {
    match framing {
        Framing::Length => Full::new(bytes.clone()).boxed(),
        Framing::Chunked => {
            let half = bytes.len() / 2;
            let pieces = [bytes.slice(..half), bytes.slice(half..)].into_iter().filter(|piece| !piece.is_empty());
            StreamBody::new(stream::iter(pieces.map(|piece| Ok(Frame::data(piece))).collect::<Vec<_>>())).boxed()
        }
    }
}
