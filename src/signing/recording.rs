//! Recordings: requests as clients sent them, in the format of `fixtures/recordings/README.md` or as HTTP text.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::SecretString;
use serde::Deserialize;

use super::model::Credentials;
use crate::exchange::Request;

/// One recorded request with what its recorder knew about it.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Name of the client, empty when the recording does not say.
    pub sdk: String,
    /// Name of the case, `request` when the recording does not say.
    pub case: String,
    /// Sequence the capture belongs to, counted in its file; captures of one sequence follow each other.
    pub sequence: usize,
    /// What the caller gave, by wire name; null when the recording does not say.
    pub parameters: serde_json::Value,
    pub credentials: Option<Credentials>,
    pub request: Request,
    /// Whether the recorder found the signature valid.
    pub valid: Option<bool>,
    /// Which derivation verified for the recorder.
    pub recipe: Option<String>,
    pub canonical_request: Option<String>,
    pub string_to_sign: Option<String>,
}

/// Why a recording could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("not a recording: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a recording needs `captures`, `sequences` or `request`")]
    NoCaptures,
    #[error("body of capture {case:?} is not Base64: {source}")]
    Body { case: String, source: base64::DecodeError },
    #[error("body encoding {encoding:?} of capture {case:?} is neither utf-8 nor base64")]
    BodyEncoding { case: String, encoding: String },
    #[error("not an HTTP request: {0}")]
    Http(String),
}

/// Parses a recording of any of its shapes: `captures`, `sequences`, a single capture (an object with `request`), or
/// the text of one HTTP/1.1 request.
pub fn parse_recording(text: &str) -> Result<Vec<Capture>, RecordingError> {
    if !text.trim_start().starts_with('{') {
        return Ok(vec![parse_http_text(text)?]);
    }
    let file: File = serde_json::from_str(text)?;
    let sdk = file.sdk.unwrap_or_default();
    if let Some(sequences) = file.sequences {
        let numbered = sequences.into_iter().enumerate();
        let captures = numbered.flat_map(|(number, sequence)| {
            let sdk = sequence.sdk.unwrap_or_else(|| sdk.clone());
            sequence.captures.into_iter().map(move |capture| (sdk.clone(), number, capture))
        });
        return captures.map(|(sdk, number, capture)| capture.into_capture(sdk, number)).collect();
    }
    if let Some(captures) = file.captures {
        let numbered = captures.into_iter().enumerate();
        return numbered.map(|(number, capture)| capture.into_capture(sdk.clone(), number)).collect();
    }
    if file.request.is_none() {
        return Err(RecordingError::NoCaptures);
    }
    let single: CaptureText = serde_json::from_str(text)?;
    Ok(vec![single.into_capture(sdk, 0)?])
}

/// Parses the text of an HTTP/1.1 request; lines may end in a line feed alone.
pub fn parse_http_text(text: &str) -> Result<Capture, RecordingError> {
    let wrong = |what: &str| RecordingError::Http(what.to_owned());
    let (head, body) = match text.split_once("\r\n\r\n") {
        Some(parts) => parts,
        None => text.split_once("\n\n").unwrap_or((text, "")),
    };
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (first.next(), first.next()) else {
        return Err(wrong("the first line is not `METHOD TARGET HTTP/1.1`"));
    };
    if !first.next().is_some_and(|version| version.starts_with("HTTP/1.")) {
        return Err(wrong("the first line is not `METHOD TARGET HTTP/1.1`"));
    }
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').ok_or_else(|| wrong(&format!("{line:?} is not a header")))?;
        Ok((name.to_owned(), value.trim().to_owned()))
    });
    let headers = headers.collect::<Result<Vec<_>, RecordingError>>()?;
    let mut request =
        Request { method: method.to_owned(), target: target.to_owned(), headers, body: body.to_owned().into() };
    // An editor adds a line feed at the end of a file; a stated length tells it from the body.
    let length = request.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    if let Some(length) = length {
        request.body.truncate(length);
    }
    Ok(Capture::of(request))
}

impl Capture {
    /// Returns a capture of which nothing but the request is known.
    pub fn of(request: Request) -> Self {
        Self {
            sdk: String::new(),
            case: "request".to_owned(),
            sequence: 0,
            parameters: serde_json::Value::Null,
            credentials: None,
            request,
            valid: None,
            recipe: None,
            canonical_request: None,
            string_to_sign: None,
        }
    }
}

#[derive(Deserialize)]
struct File {
    sdk: Option<String>,
    captures: Option<Vec<CaptureText>>,
    sequences: Option<Vec<SequenceText>>,
    request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct SequenceText {
    sdk: Option<String>,
    captures: Vec<CaptureText>,
}

#[derive(Deserialize)]
struct CaptureText {
    case: Option<String>,
    #[serde(default)]
    params: serde_json::Value,
    credentials: Option<CredentialsText>,
    request: RequestText,
    #[serde(default)]
    signature: SignatureText,
}

#[derive(Deserialize)]
struct CredentialsText {
    access_key_id: String,
    access_key_secret: SecretString,
    security_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct RequestText {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: BodyText,
}

#[derive(Deserialize)]
struct BodyText {
    encoding: String,
    data: String,
}

impl Default for BodyText {
    fn default() -> Self {
        Self { encoding: "utf-8".to_owned(), data: String::new() }
    }
}

#[derive(Deserialize, Default)]
struct SignatureText {
    valid: Option<bool>,
    recipe: Option<String>,
    canonical_request: Option<String>,
    string_to_sign: Option<String>,
}

impl CaptureText {
    fn into_capture(self, sdk: String, sequence: usize) -> Result<Capture, RecordingError> {
        let case = self.case.unwrap_or_else(|| "request".to_owned());
        let body = match self.request.body.encoding.as_str() {
            "utf-8" => self.request.body.data.into_bytes(),
            "base64" => BASE64_STANDARD
                .decode(&self.request.body.data)
                .map_err(|source| RecordingError::Body { case: case.clone(), source })?,
            other => return Err(RecordingError::BodyEncoding { case, encoding: other.to_owned() }),
        };
        let RequestText { method, target, headers, .. } = self.request;
        let request = Request { method, target, headers, body: body.into() };
        let credentials = self.credentials.map(|credentials| Credentials {
            access_key_id: credentials.access_key_id,
            secret: credentials.access_key_secret,
            security_token: credentials.security_token,
        });
        let SignatureText { valid, recipe, canonical_request, string_to_sign } = self.signature;
        let parameters = self.params;
        let known = Capture { sdk, case, sequence, parameters, credentials, ..Capture::of(request) };
        Ok(Capture { valid, recipe, canonical_request, string_to_sign, ..known })
    }
}
