//! The listener for callbacks: HTTPS on a loopback port, certificate by a CA of its own, one path a case.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::RunError;

/// A callback as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) method: String,
    /// Raw query.
    pub(super) query: String,
}

#[derive(Debug, Default)]
struct Mailbox {
    answer: Option<u16>,
    received: Vec<Received>,
}

type Mailboxes = Arc<Mutex<HashMap<String, Mailbox>>>;

/// A running listener; it stops when dropped.
#[derive(Debug)]
pub(super) struct CallbackListener {
    address: SocketAddr,
    pub(super) ca_pem: String,
    mailboxes: Mailboxes,
    _stop: DropGuard,
}

impl CallbackListener {
    /// Starts a listener on a free loopback port.
    pub(super) async fn start() -> Result<Self, RunError> {
        let failed = |error: &dyn std::fmt::Display| RunError::Listener(error.to_string());
        let (acceptor, ca_pem) = identity()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let (mailboxes, stop) = (Mailboxes::default(), CancellationToken::new());
        tokio::spawn(stop.clone().run_until_cancelled_owned(serve(listener, acceptor, Arc::clone(&mailboxes))));
        Ok(Self { address, ca_pem, mailboxes, _stop: stop.drop_guard() })
    }

    /// Returns the address of a case's mailbox.
    pub(super) fn url(&self, mailbox: &str) -> String {
        format!("https://{}/callback/{mailbox}", self.address)
    }

    /// Sets the status that callbacks to a mailbox are answered with.
    pub(super) fn answer_with(&self, mailbox: &str, status: u16) {
        lock(&self.mailboxes).entry(mailbox.to_owned()).or_default().answer = Some(status);
    }

    /// Returns what came so far.
    pub(super) fn received(&self, mailbox: &str) -> Vec<Received> {
        lock(&self.mailboxes).get(mailbox).map(|mailbox| mailbox.received.clone()).unwrap_or_default()
    }
}

fn lock(mailboxes: &Mailboxes) -> MutexGuard<'_, HashMap<String, Mailbox>> {
    mailboxes.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, mailboxes: Mailboxes) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (acceptor, mailboxes) = (acceptor.clone(), Arc::clone(&mailboxes));
        tokio::spawn(async move {
            // Whoever only tries the port, or distrusts the certificate, says nothing we could record.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| {
                let response = received(&mailboxes, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn received<B>(mailboxes: &Mailboxes, request: &http::Request<B>) -> http::Response<Full<Bytes>> {
    let status = match request.uri().path().strip_prefix("/callback/") {
        None => 404,
        Some(name) => {
            let mut mailboxes = lock(mailboxes);
            let mailbox = mailboxes.entry(name.to_owned()).or_default();
            let query = request.uri().query().unwrap_or_default().to_owned();
            // A request without a query tests whether the address is there and reports nothing.
            if !query.is_empty() {
                mailbox.received.push(Received { method: request.method().to_string(), query });
            }
            mailbox.answer.unwrap_or(200)
        }
    };
    let mut response = http::Response::new(Full::new(Bytes::from_static(b"ok")));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::OK);
    response
}

fn identity() -> Result<(TlsAcceptor, String), RunError> {
    let failed = |error: rcgen::Error| RunError::Listener(error.to_string());
    let ca_key = KeyPair::generate().map_err(failed)?;
    let mut ca = CertificateParams::new(Vec::new()).map_err(failed)?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, "idvet callback CA");
    let ca_certificate = ca.self_signed(&ca_key).map_err(failed)?;
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().map_err(failed)?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).and_then(|leaf| leaf.signed_by(&key, &issuer)).map_err(failed)?;
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| RunError::Listener(error.to_owned()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| RunError::Listener(error.to_string()))?;
    Ok((TlsAcceptor::from(Arc::new(config)), ca_certificate.pem()))
}
