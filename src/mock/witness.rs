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

    /// Returns the requests that were refused before anybody looked at their key, but hold it somewhere, and forgets them:
    /// those that came over TLS, or those that did not.
    pub fn take_holding(&self, key: &str, over_tls: bool) -> Vec<Seen> {
        let mut by_key = hold(&self.by_key);
        let Some(unread) = by_key.get_mut("") else { return Vec::new() };
        unread.extract_if(.., |seen| seen.over_tls == over_tls && seen.holds(key)).collect()
    }

    /// Returns how many requests of a key there are.
    pub fn count(&self, key: &str) -> usize {
        hold(&self.by_key).get(key).map_or(0, Vec::len)
    }
}

impl Seen {
    pub(super) fn new(mut request: Request, heard: &[u8], arrival: Arrival, connection: u64) -> Self {
        let over_tls = arrival == Arrival::Tls;
        // The server reads two ways of framing as one, and repeated lengths too.
        if let Some(headers) = headers_of(heard) {
            request.headers = headers;
        }
        Self { request, over_tls, connection, at: Instant::now(), status: 0, code: None }
    }

    fn holds(&self, key: &str) -> bool {
        let within = |bytes: &[u8]| is_within(key.as_bytes(), bytes);
        let Request { target, headers, body, .. } = &self.request;
        within(target.as_bytes()) || within(body) || headers.iter().any(|(_, value)| within(value.as_bytes()))
    }
}

/// Says whether bytes hold a key id, and not just one that begins or ends like it.
fn is_within(key: &[u8], bytes: &[u8]) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    bytes.windows(key.len().max(1)).enumerate().any(|(at, window)| {
        window == key
            && !is_part(bytes.get(at + key.len()))
            && !at.checked_sub(1).is_some_and(|at| is_part(bytes.get(at)))
    })
}

/// Returns the headers of a request as it came, names in lower case; nothing where its head did not come whole.
fn headers_of(heard: &[u8]) -> Option<Vec<(String, String)>> {
    // An empty line in front is of the request before (source: RFC 9112 §2.2).
    let begin = heard.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let heard = &heard[begin..];
    let end = heard.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&heard[..end]);
    let lines = head.split("\r\n").skip(1);
    let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    lines.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_one_that_begins_like_it() {
        for (text, wanted) in [
            ("AccessKeyId=idvet-1&Action=a", true),
            ("a=1&AccessKeyId=idvet-1", true),
            ("Credential=idvet-1,SignedHeaders=a", true),
            ("AccessKeyId=idvet-12&Action=a", false),
            ("AccessKeyId=x-idvet-1", false),
            ("AccessKeyId=idvet-12&Also=idvet-1", true),
        ] {
            assert_eq!(is_within(b"idvet-1", text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn headers_are_those_that_came() {
        let heard = b"POST / HTTP/1.1\r\nHost: a:1\r\nContent-Length: 2\r\nTransfer-Encoding:  chunked\r\n\r\n2\r\nab";
        let pairs = [("host", "a:1"), ("content-length", "2"), ("transfer-encoding", "chunked")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers_of(heard), Some(pairs.to_vec()));
        assert_eq!(headers_of(&[b"\r\n", &heard[..]].concat()), Some(pairs.to_vec()));
        assert_eq!(headers_of(b"POST / HTTP/1.1\r\nHost: a"), None);
    }
}
