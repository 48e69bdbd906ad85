//! One request and its response, owned whole, as they stood on the wire.
//!
//! Taken in once by `transport` or `mock`; all later code is synchronous and borrows it. Decoding and encoding of
//! query and form text live here too, since signer, verifier, mock and checks must agree on them.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// An HTTP request with everything that a signature may cover, names and order as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method as sent, for example `POST`.
    pub method: String,
    /// The request target as sent: path and raw query, for example `/?Action=InitFaceVerify`.
    pub target: String,
    /// Names and values in the order sent. Values that are not UTF-8 are decoded lossily.
    pub headers: Vec<(String, String)>,
    /// The body after removal of any transfer coding.
    pub body: Bytes,
}

/// An HTTP response, body limited by the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// A request, what came of it, and how long that took.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub request: Request,
    /// The response, or why there is none.
    pub outcome: Result<Response, NoResponse>,
    /// From the first byte sent to the last byte received, in microseconds.
    pub elapsed_micros: u64,
}

/// Why an exchange has no usable response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoResponse {
    #[error("no connection: {0}")]
    Connect(String),
    /// This machine has no file descriptor, port or memory left for a connection, which says nothing about whom it was to.
    #[error("this machine cannot open another connection: {0}")]
    Lacking(String),
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("no answer within {0} ms")]
    Timeout(u64),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is not HTTP: {0}")]
    NotHttp(String),
    #[error("the answer exceeds {0} bytes")]
    TooLarge(usize),
}

impl Request {
    /// Returns the first value of a header, by name in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Returns the path of the target, without the query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Returns the raw query: what follows the first `?`, or nothing.
    pub fn raw_query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Returns the query, form-decoded, in the order sent.
    pub fn query(&self) -> Result<Vec<(String, String)>, DecodeError> {
        decode_form(self.raw_query())
    }

    /// Returns the fields of a form body in the order sent; nothing when the body is of another kind.
    pub fn form(&self) -> Result<Vec<(String, String)>, DecodeError> {
        if !self.has_form_body() {
            return Ok(Vec::new());
        }
        let text = std::str::from_utf8(&self.body).map_err(|_| DecodeError::NotUtf8)?;
        decode_form(text)
    }

    /// Says whether the body is declared as `application/x-www-form-urlencoded`.
    pub fn has_form_body(&self) -> bool {
        self.header("content-type").is_some_and(|value| {
            let kind = value.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }
}

impl Response {
    /// Returns the first value of a header, by name in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Why query or form text could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("text that is not UTF-8 after percent-decoding")]
    NotUtf8,
}

/// Decodes `a=b&c=d` text: `+` and `%20` are both a space, a name without `=` has an empty value, empty pieces are
/// skipped, a `%` that begins no escape stands for itself.
pub fn decode_form(text: &str) -> Result<Vec<(String, String)>, DecodeError> {
    let pieces = text.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            Ok((decode_component(name)?, decode_component(value)?))
        })
        .collect()
}

fn decode_component(text: &str) -> Result<String, DecodeError> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for (idx, piece) in text.split('+').enumerate() {
        if idx > 0 {
            bytes.push(b' ');
        }
        bytes.extend(percent_encoding::percent_decode(piece.as_bytes()));
    }
    String::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8)
}

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Percent-encodes as RFC 3986 unreserved characters demand: `A-Z a-z 0-9 - _ . ~` stay, every other byte becomes
/// `%XX` in upper case (source: signing.md §0).
pub fn encode_component(text: &str) -> String {
    let mut encoded = String::new();
    push_component(&mut encoded, text);
    encoded
}

/// As [`encode_component`], behind what is there already. Pictures make texts of megabytes, so room is made once.
pub fn push_component(encoded: &mut String, text: &str) {
    let is_kept = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let n_escaped = text.bytes().filter(|byte| !is_kept(byte)).count();
    encoded.reserve(text.len() + 2 * n_escaped);
    encoded.extend(percent_encode(text.as_bytes(), ESCAPED));
}

/// Joins pairs as `enc(name)=enc(value)` with `&`, in the order given.
pub fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_component(&mut text, name);
        text.push('=');
        push_component(&mut text, value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_text_decodes_as_a_gateway_must() {
        let pairs = decode_form("a=b+c%20d&e&&f=%E5%BC%A0&g=100%&h=x=y?z").expect("decodes");
        let expected = [("a", "b c d"), ("e", ""), ("f", "张"), ("g", "100%"), ("h", "x=y?z")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(decode_form("a=%FF"), Err(DecodeError::NotUtf8));
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode_component("aZ0-_.~ +*/!'()张"), "aZ0-_.~%20%2B%2A%2F%21%27%28%29%E5%BC%A0");
        assert_eq!(encode_pairs([("a", "1"), ("b", "")]), "a=1&b=");
    }
}
