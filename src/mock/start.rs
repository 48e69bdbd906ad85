//! Puts a mock behind listeners, and takes it down again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::api::Api;
use super::control::Control;
use super::core::Mock;
use super::latency::Latencies;
use super::options::MockOptions;
use super::server::{Age, Listener, TlsError, bind, make_identity};
use crate::contract::Contracts;
use crate::target::model::Target;

/// Why a mock could not start.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    #[error("listen on {0}: only loopback addresses are allowed unless asked otherwise")]
    NotLoopback(SocketAddr),
    #[error("listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{0}")]
    Tls(#[from] TlsError),
    #[error("set up TLS for callbacks: {0}")]
    Callbacks(#[from] rustls::Error),
    #[error("start a thread: {0}")]
    Thread(std::io::Error),
}

/// A mock that serves. It stops when told to, or when dropped.
pub struct RunningMock {
    mock: Arc<Mock>,
    address: SocketAddr,
    control: SocketAddr,
    tls: bool,
    stop: CancellationToken,
    tasks: TaskTracker,
    threads: Vec<JoinHandle<()>>,
}

/// Starts a mock of a target's sandbox on the present runtime.
pub async fn start(target: &Target, contracts: Arc<Contracts>, options: MockOptions) -> Result<RunningMock, MockError> {
    let (listen, control_listen, tls) = (options.listen, options.control_listen, options.tls);
    let (threads, anywhere) = (options.threads, options.allow_non_loopback);
    for address in [listen, control_listen] {
        if !anywhere && !address.ip().is_loopback() {
            return Err(MockError::NotLoopback(address));
        }
    }
    let mock = Arc::new(Mock::new(target, &contracts, options)?);
    mock.caller.run_on(tokio::runtime::Handle::current());
    let bound = |address| bind(address).map_err(|source| MockError::Listen { address, source });
    let ((api_socket, address), (control_socket, control)) = (bound(listen)?, bound(control_listen)?);
    let _ = mock.control_url.set(format!("http://{control}"));
    let age = if mock.options.expired { Age::Over } else { Age::Valid };
    let acceptor = if tls {
        let hosts = contracts.by_api.values().flat_map(|contract| &contract.hosts).map(|host| host.host.clone());
        let identity = make_identity(address.ip(), &hosts.collect::<Vec<_>>(), age)?;
        let _ = mock.ca_pem.set(identity.ca_pem);
        Some(identity.acceptor)
    } else {
        None
    };
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let mut running = RunningMock { mock: mock.clone(), address, control, tls, stop, tasks, threads: Vec::new() };
    let handler = Arc::new(Control { mock: mock.clone() });
    running.listener(handler, None).spawn(control_socket).map_err(MockError::Thread)?;
    let latencies = &mock.options.latencies;
    let latencies = (!latencies.is_empty()).then(|| Latencies::new(latencies));
    let handler = Arc::new(Api { mock, latencies, tls_only: tls });
    match threads {
        None => running.listener(handler, acceptor).spawn(api_socket).map_err(MockError::Thread)?,
        Some(n_threads) => {
            for _ in 0..n_threads.max(1) {
                let mut listener = running.listener(handler.clone(), acceptor.clone());
                // Each thread waits for its own connections.
                listener.tasks = TaskTracker::new();
                let socket = api_socket.try_clone().map_err(MockError::Thread)?;
                running.threads.push(listener.spawn_thread(socket).map_err(MockError::Thread)?);
            }
        }
    }
    Ok(running)
}

impl RunningMock {
    fn listener<H>(&self, handler: Arc<H>, tls: Option<tokio_rustls::TlsAcceptor>) -> Listener<H> {
        Listener { handler, tls, stop: self.stop.clone(), tasks: self.tasks.clone() }
    }

    /// Returns the base address of all API families, for example `http://127.0.0.1:40001`.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address)
    }

    /// Returns the base address of the control API.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Returns the address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the CA of the HTTPS address, PEM.
    pub fn ca_pem(&self) -> Option<&str> {
        self.mock.ca_pem.get().map(String::as_str)
    }

    /// Returns the heart of the mock.
    pub fn mock(&self) -> &Arc<Mock> {
        &self.mock
    }

    /// Stops listening and waits, for a moment, until open calls have ended.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await;
        for thread in std::mem::take(&mut self.threads) {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        if let Some(arrivals) = &self.mock.options.arrivals {
            arrivals.flush();
        }
    }
}

impl Drop for RunningMock {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
