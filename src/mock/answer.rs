//! What the mock answers a request with, before it goes on the wire.

use bytes::Bytes;

use crate::exchange::Response;

/// An answer, and what the journal says of it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// Headers besides the content type; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// Code in the body, where there is one.
    pub code: Option<String>,
    pub access_key_id: Option<String>,
    pub action: Option<String>,
    /// Name of the signature scheme seen.
    pub scheme: Option<&'static str>,
    /// The account's time.
    pub at_ms: i64,
}

impl Answer {
    /// Returns an answer that is no API call's: a page, a picture, a control result.
    pub fn plain(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
            code: None,
            access_key_id: None,
            action: None,
            scheme: None,
            at_ms: 0,
        }
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns the answer as an exchange holds it.
    pub fn to_response(&self) -> Response {
        let mut headers = vec![("content-type".to_owned(), self.content_type.to_owned())];
        headers.extend(self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Response { status: self.status, headers, body: self.body.clone() }
    }
}
