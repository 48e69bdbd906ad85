//! What a mock is started with.

use std::net::SocketAddr;
use std::sync::Arc;

use super::arrivals::ArrivalLog;
use super::defect::Defect;
use super::latency::Latency;
use super::variant::Variants;
use super::witness::Witness;
use crate::clock::Clock;

/// Settings of one mock. The defaults of [`MockOptions::new`] are those of the embedded mock.
#[derive(Clone)]
pub struct MockOptions {
    /// Where the API families are served, all on one address.
    pub listen: SocketAddr,
    /// Where the control API is served.
    pub control_listen: SocketAddr,
    /// Serves HTTPS with a certificate of the mock's own CA.
    pub tls: bool,
    /// That certificate is over, since long.
    pub expired: bool,
    /// Refuses calls over plain HTTP with `InvalidProtocol.NeedSsl`. Always so for plain calls to an HTTPS address.
    pub require_tls: bool,
    /// Sets freshness, nonces, tokens and callbacks aside, so that recorded requests can be sent again.
    pub replay: bool,
    /// Limits calls a second as documented.
    pub throttle: bool,
    /// Allows listening on, and calling back to, addresses beyond this machine.
    pub allow_non_loopback: bool,
    /// Threads that serve calls, each with its own event loop; absent: the runtime that starts the mock.
    pub threads: Option<usize>,
    /// All ids are derived from it.
    pub seed: u64,
    /// Other readings of what the documents leave open.
    pub variants: Variants,
    /// Keeps every request for whoever judges the clients.
    pub witness: Option<Arc<Witness>>,
    /// How long answers take, by action; an empty action means all others.
    pub latencies: Vec<(String, Latency)>,
    /// Notes when calls came.
    pub arrivals: Option<Arc<ArrivalLog>>,
    /// A breach of one requirement.
    pub defect: Option<Arc<Defect>>,
    pub clock: Arc<dyn Clock>,
}

impl MockOptions {
    /// Returns the settings of a mock on free loopback ports over plain HTTP.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: any_port,
            control_listen: any_port,
            tls: false,
            expired: false,
            require_tls: false,
            replay: false,
            throttle: true,
            allow_non_loopback: false,
            threads: None,
            seed: 0,
            variants: Variants::default(),
            witness: None,
            latencies: Vec::new(),
            arrivals: None,
            defect: None,
            clock,
        }
    }
}
