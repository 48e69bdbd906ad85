//! Asks a server whose address was typed for its control API.

use crate::control::{CONTROL_FORMAT, DISCOVERY_PATH, Discovery};
use crate::exchange::Request;
use crate::transport::{Endpoint, Framing, Transport, TransportOptions};

/// Milliseconds a server has to say where its control API is; it is asked once, before anything else.
const PATIENCE_MS: u64 = 3_000;

/// What a server says of its control API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Its base address.
    At(String),
    /// It answers, but not with an address that may be followed.
    Nothing,
    /// Nobody answers; the run will say so.
    NoAnswer,
}

/// Asks for the address of the control API. Whatever else is answered means that there is none: nobody has to know this
/// path. Only a control API on this machine is followed: the server says where, and may not send us elsewhere.
pub(super) async fn discover(url: &str, ca_pem: Option<&String>) -> Told {
    let endpoint = match Endpoint::parse(url) {
        Ok(endpoint) if endpoint.is_loopback() => endpoint,
        _ => return Told::Nothing,
    };
    let options = TransportOptions { ca_pem: ca_pem.cloned(), timeout_ms: PATIENCE_MS, body_limit: 4_096 };
    let Ok(transport) = Transport::new(&options) else { return Told::NoAnswer };
    let request = Request {
        method: "GET".to_owned(),
        target: DISCOVERY_PATH.to_owned(),
        headers: vec![("host".to_owned(), endpoint.authority.clone())],
        body: bytes::Bytes::new(),
    };
    let Ok(response) = transport.send(&endpoint, request, Framing::Length).await.outcome else {
        return Told::NoAnswer;
    };
    let told = serde_json::from_slice::<Discovery>(&response.body).ok();
    let told = told.filter(|told| response.status == 200 && told.format == CONTROL_FORMAT);
    let is_near = |told: &Discovery| Endpoint::parse(&told.control).is_ok_and(|control| control.is_loopback());
    told.filter(is_near).map_or(Told::Nothing, |told| Told::At(told.control))
}
