//! New connections.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;

use super::endpoint::Endpoint;
use super::failure;
use super::metered::{Allowance, Metered};
use crate::exchange::NoResponse;

/// A request's body as connections take it.
pub(super) type Body = BoxBody<Bytes, std::convert::Infallible>;

/// A connection that takes requests.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Body>,
    /// What may still come on it.
    pub(super) allowance: Allowance,
}

/// Opens a connection; it is driven by a task of its own until it closes.
pub(super) async fn connect(endpoint: &Endpoint, tls: &Arc<ClientConfig>) -> Result<Connection, NoResponse> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(|error| failure::opening(&error, &endpoint.authority))?;
    // A request goes out in one piece; waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    let stream = if endpoint.tls { Either::Right(secure(endpoint, tls, stream).await?) } else { Either::Left(stream) };
    let allowance = Allowance::default();
    let (sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(Metered::new(stream, allowance.clone())))
        .await
        .map_err(|error| failure::of(&error))?;
    tokio::spawn(async move {
        // What ends a connection is told to whoever waits for an answer on it.
        let _ = connection.await;
    });
    Ok(Connection { sender, allowance })
}

async fn secure(
    endpoint: &Endpoint,
    tls: &Arc<ClientConfig>,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, NoResponse> {
    let name = ServerName::try_from(endpoint.host.clone()).map_err(|error| NoResponse::Tls(error.to_string()))?;
    let connector = TlsConnector::from(Arc::clone(tls));
    connector.connect(name, stream).await.map_err(|error| NoResponse::Tls(error.to_string()))
}
