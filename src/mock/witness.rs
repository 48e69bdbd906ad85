//! Requests as they came, for whoever judges the client that sent them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use super::gateway::Arrival;
use super::sync::hold;
use crate::exchange::Request;

/// Requests kept of one key; a client that sends more is told apart by the count alone.
const KEPT: usize = 2_000;

/// A request and how it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub request: Request,
    pub over_tls: bool,
    /// The same for all requests of one connection, and for no others.
    pub connection: u64,
    pub at: Instant,
    /// HTTP status and code that the mock itself answered with, before any fault.
    pub status: u16,
    pub code: Option<String>,
}

/// What was seen, by access key id; requests that name none are under the empty text.
#[derive(Debug, Default)]
pub struct Witness {
    by_key: Mutex<HashMap<String, Vec<Seen>>>,
}

impl Witness {
    pub(super) fn note(&self, key: Option<&str>, seen: Seen) {
        let mut by_key = hold(&self.by_key);
        let seen_before = by_key.entry(key.unwrap_or_default().to_owned()).or_default();
        if seen_before.len() < KEPT {
            seen_before.push(seen);
        }
    }

    /// Returns the requests of a key so far, in the order in which they came, and forgets them.
    pub fn take(&self, key: &str) -> Vec<Seen> {
        hold(&self.by_key).remove(key).unwrap_or_default()
    }

    /// Returns the requests that were refused before anybody looked at their key, but hold it somewhere, and forgets them.
    pub fn take_holding(&self, key: &str) -> Vec<Seen> {
        let mut by_key = hold(&self.by_key);
        let Some(unread) = by_key.get_mut("") else { return Vec::new() };
        unread.extract_if(.., |seen| seen.holds(key)).collect()
    }

    /// Returns how many requests of a key there are.
    pub fn count(&self, key: &str) -> usize {
        hold(&self.by_key).get(key).map_or(0, Vec::len)
    }
}

impl Seen {
    pub(super) fn new(request: Request, arrival: Arrival, connection: u64) -> Self {
        let over_tls = arrival == Arrival::Tls;
        Self { request, over_tls, connection, at: Instant::now(), status: 0, code: None }
    }

    fn holds(&self, text: &str) -> bool {
        let within = |bytes: &[u8]| bytes.windows(text.len().max(1)).any(|window| window == text.as_bytes());
        let Request { target, headers, body, .. } = &self.request;
        within(target.as_bytes()) || within(body) || headers.iter().any(|(_, value)| within(value.as_bytes()))
    }
}
