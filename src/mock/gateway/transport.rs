//! First stages: how the call came, and with which method.

use super::refusal::Refusal;
use crate::exchange::Request;

/// How a request reached the mock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Plain HTTP to an address that serves it.
    Plain,
    /// Plain HTTP where only HTTPS is served.
    PlainRefused,
    Tls,
}

/// Refuses plain calls where HTTPS is demanded (source: gateway-errors.json, InvalidProtocol.NeedSsl).
pub(super) fn check_transport(arrival: Arrival) -> Result<(), Refusal> {
    match arrival {
        Arrival::PlainRefused => Err(Refusal::of("InvalidProtocol.NeedSsl")),
        Arrival::Plain | Arrival::Tls => Ok(()),
    }
}

/// Takes GET and POST. The narrower lists of single operations are what documents print, not what gateways refuse:
/// API metadata admits both everywhere.
pub(super) fn check_method(request: &Request) -> Result<(), Refusal> {
    match request.method.as_str() {
        "GET" | "POST" => Ok(()),
        _ => Err(Refusal::of("UnsupportedHTTPMethod")),
    }
}
