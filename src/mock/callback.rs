//! Callbacks to the customer's server: real GET requests over TLS, tried again on the account's clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;
use url::Url;

use super::sync::hold;
use crate::clock::Timestamp;
use crate::exchange::encode_pairs;

/// Callbacks to a listener that does not answer 200, and seconds between them: two come within 3 seconds (source:
/// cloudauth-2019-03-07.md §12; the total is not documented).
const ATTEMPTS: u32 = 2;
const RETRY_SECONDS: i64 = 2;

/// Time for one callback, and for the test of reachability at init.
const CALL_TIME: Duration = Duration::from_secs(3);

/// Callbacks of one account.
#[derive(Debug, Default)]
pub(super) struct CallbackBook {
    sent: AtomicU64,
    under_way: AtomicU64,
    changed: Notify,
    scheduled: Mutex<Vec<Callback>>,
}

/// One callback that is due at a time of the account's clock.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    pub(super) url: String,
    pub(super) due: Timestamp,
    attempt: u32,
    /// Attempts in all, while none is answered with 200.
    attempts: u32,
    /// A defect: the documented method is GET.
    by_post: bool,
}

impl CallbackBook {
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    pub(super) fn scheduled(&self) -> u64 {
        hold(&self.scheduled).len() as u64
    }

    /// Waits until no callback is under way.
    pub(super) async fn idle(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.under_way.load(Ordering::Acquire) == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Takes what is due, counting it as under way from now on.
    fn take_due(&self, now: Timestamp) -> Vec<Callback> {
        let mut scheduled = hold(&self.scheduled);
        let (due, later) = scheduled.drain(..).partition(|callback| callback.due <= now);
        *scheduled = later;
        self.begin(&due);
        due
    }

    fn begin(&self, callbacks: &[Callback]) {
        self.under_way.fetch_add(callbacks.len() as u64, Ordering::AcqRel);
    }

    fn end(&self, retry: Option<Callback>) {
        hold(&self.scheduled).extend(retry);
        self.sent.fetch_add(1, Ordering::AcqRel);
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    pub(super) fn forget(&self) {
        hold(&self.scheduled).clear();
        self.sent.store(0, Ordering::Release);
    }
}

impl Callback {
    /// Returns the first callback to an address, fields added to the query that is there already.
    pub(super) fn new(url: &str, fields: &[(&str, &str)], now: Timestamp) -> Option<Self> {
        let mut address = Url::parse(url).ok()?;
        let added = encode_pairs(fields.iter().copied());
        let query = match address.query() {
            Some(own) if !own.is_empty() => format!("{own}&{added}"),
            _ => added,
        };
        address.set_query(Some(&query));
        Some(Self { url: address.into(), due: now, attempt: 1, attempts: ATTEMPTS, by_post: false })
    }

    /// Says whether the callback comes by POST.
    pub(super) fn with_post(self, by_post: bool) -> Self {
        Self { by_post, ..self }
    }

    /// Says how often the callback is tried in all.
    pub(super) fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }
}

/// The client side of callbacks.
pub(super) struct Caller {
    trusted: RwLock<(RootCertStore, Arc<ClientConfig>)>,
    allow_non_loopback: bool,
    runtime: RwLock<Option<tokio::runtime::Handle>>,
}

/// Why a callback address cannot be reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("read the address")]
    Address,
    #[error("leave this machine, which the mock was not allowed")]
    NotLoopback,
    #[error("connect: {0}")]
    Connect(#[from] std::io::Error),
    #[error("set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("speak HTTP: {0}")]
    Http(#[from] hyper::Error),
}

impl Caller {
    pub(super) fn new(allow_non_loopback: bool) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        if allow_non_loopback {
            roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        }
        let config = Arc::new(client_config(&roots)?);
        Ok(Self { trusted: RwLock::new((roots, config)), allow_non_loopback, runtime: RwLock::new(None) })
    }

    /// Tells where callbacks run; until then none are sent.
    pub(super) fn run_on(&self, handle: tokio::runtime::Handle) {
        *self.runtime.write().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    /// Trusts listeners whose certificate a CA signed. Says whether the text held a certificate.
    pub(super) fn trust(&self, ca_pem: &str) -> bool {
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(ca_pem.as_bytes()).filter_map(Result::ok).collect();
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        let (added, _) = trusted.0.add_parsable_certificates(certificates);
        if let Ok(config) = client_config(&trusted.0) {
            trusted.1 = Arc::new(config);
        }
        added > 0
    }

    /// Tests an address as init does: connects and shakes hands, without a request (source:
    /// cloudauth-2019-03-07.md §12). Blocks for at most the time of a callback.
    pub(super) fn is_reachable(&self, url: &str) -> bool {
        self.shake_hands(url).is_ok()
    }

    fn shake_hands(&self, url: &str) -> Result<(), CallError> {
        let target = Target::read(url, self.allow_non_loopback)?;
        let address = target.first_address()?;
        let mut stream = std::net::TcpStream::connect_timeout(&address, CALL_TIME)?;
        stream.set_read_timeout(Some(CALL_TIME))?;
        stream.set_write_timeout(Some(CALL_TIME))?;
        let mut session = rustls::ClientConnection::new(self.config(), target.server_name)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        session.send_close_notify();
        session.complete_io(&mut stream)?;
        Ok(())
    }

    fn config(&self) -> Arc<ClientConfig> {
        self.trusted.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Sends one callback. True when it was answered with 200.
    async fn send(&self, callback: &Callback) -> Result<bool, CallError> {
        let target = Target::read(&callback.url, self.allow_non_loopback)?;
        let stream = TcpStream::connect(target.first_address()?).await?;
        let stream = TlsConnector::from(self.config()).connect(target.server_name, stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = hyper::Request::builder()
            .method(if callback.by_post { "POST" } else { "GET" })
            .uri(&target.path_and_query)
            .header("host", &target.authority)
            .header("user-agent", "idvet-mock")
            .body(Empty::<Bytes>::new())
            .map_err(|_| CallError::Address)?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await;
        driver.abort();
        Ok(answer?.status() == hyper::StatusCode::OK)
    }
}

/// Sends what is due for an account, in the background. `now` tells the account's time when asked.
pub(super) fn dispatch<N>(caller: &Arc<Caller>, owner: &Arc<super::account::Account>, first: Option<Callback>, now: N)
where
    N: Fn() -> Timestamp + Send + Sync + Clone + 'static,
{
    let Some(runtime) = caller.runtime.read().unwrap_or_else(PoisonError::into_inner).clone() else { return };
    let mut due = owner.callbacks.take_due(now());
    let first: Vec<Callback> = first.into_iter().collect();
    owner.callbacks.begin(&first);
    due.extend(first);
    for callback in due {
        let (caller, owner, now) = (caller.clone(), owner.clone(), now.clone());
        runtime.spawn(async move { deliver(&caller, &owner, callback, now).await });
    }
}

async fn deliver<N>(caller: &Arc<Caller>, owner: &Arc<super::account::Account>, callback: Callback, now: N)
where
    N: Fn() -> Timestamp + Send + Sync + Clone + 'static,
{
    let sent = tokio::time::timeout(CALL_TIME, caller.send(&callback)).await;
    let taken = matches!(sent, Ok(Ok(true)));
    let retry = (!taken && callback.attempt < callback.attempts).then(|| Callback {
        due: callback.due.plus_seconds(RETRY_SECONDS),
        attempt: callback.attempt + 1,
        ..callback
    });
    let waits = retry.is_some();
    owner.callbacks.end(retry);
    if waits {
        // Where nobody moves the clock it moves by itself; where it was moved, the retry has gone by then.
        tokio::time::sleep(Duration::from_secs(RETRY_SECONDS.unsigned_abs()) + Duration::from_millis(20)).await;
        dispatch(caller, owner, None, now);
    }
}

/// A callback address taken apart.
struct Target {
    host: String,
    port: u16,
    authority: String,
    path_and_query: String,
    server_name: ServerName<'static>,
}

impl Target {
    fn read(url: &str, allow_non_loopback: bool) -> Result<Self, CallError> {
        let url = Url::parse(url).map_err(|_| CallError::Address)?;
        let host = url.host_str().filter(|_| url.scheme() == "https").ok_or(CallError::Address)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let ip = host.parse::<std::net::IpAddr>().ok();
        let local = ip.map_or(host == "localhost", |ip| ip.is_loopback());
        if !local && !allow_non_loopback {
            return Err(CallError::NotLoopback);
        }
        let port = url.port_or_known_default().ok_or(CallError::Address)?;
        Ok(Self {
            server_name: ServerName::try_from(host.clone()).map_err(|_| CallError::Address)?,
            authority: url.authority().to_owned(),
            path_and_query: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
            host,
            port,
        })
    }

    fn first_address(&self) -> Result<std::net::SocketAddr, CallError> {
        use std::net::ToSocketAddrs;
        (self.host.as_str(), self.port).to_socket_addrs()?.next().ok_or(CallError::Address)
    }
}

fn client_config(roots: &RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots.clone()).with_no_client_auth())
}
