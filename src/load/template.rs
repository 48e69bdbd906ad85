//! A request as constant bytes with holes: filled in and signed for each call, without a search, a sort or an escape that
//! was done before.

use std::ops::Range;

use super::values::{LONGEST_UNIQUE, SHORTEST_UNIQUE, Unique, Values};
use crate::exchange::{Request, encode_component};
use crate::request::{Blank, CaptureMarker, UniqueMarker};
use crate::signing::{RunningSigner, Scheme, SignError, claim, content_hash, verify};

/// What a hole is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    Nonce,
    Timestamp,
    Signature,
    /// SHA-256 of the body, hex.
    BodyHash,
    /// Length of the body, decimal.
    BodyLength,
    Unique(Unique),
    /// A value of an earlier answer, by slot.
    Capture(usize),
}

/// How often a value is percent-encoded where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoded {
    Not,
    Once,
    Twice,
}

/// Text with holes.
#[derive(Debug, Clone, Default)]
struct Pieces {
    text: Vec<u8>,
    /// Where each hole is in the text, in order.
    holes: Vec<(usize, Fill, Encoded)>,
}

/// A request to be filled in.
#[derive(Debug, Clone)]
pub(super) struct Template {
    head: Pieces,
    body: Pieces,
    /// What is signed; nothing in an unsigned request.
    signed: Option<Signed>,
    /// The body's hash is a hole.
    needs_hash: bool,
}

/// What is signed behind the beginning that the signer has taken.
#[derive(Debug, Clone)]
struct Signed {
    signer: RunningSigner,
    rest: Pieces,
}

/// Room that filling in needs, kept from call to call.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    signature: Vec<u8>,
    encoded_signature: Vec<u8>,
    body: Vec<u8>,
}

/// Why a request cannot be made in bulk; a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("{0}")]
    Sign(#[from] SignError),
    #[error("fill in a request whose {0} cannot be found in it again")]
    Lost(&'static str),
    #[error("use `unique({0})`: a load profile takes 16 to 128 characters")]
    Unique(usize),
    #[error("send a request in chunks: a load profile cannot")]
    Chunked,
}

/// Texts to be found in a request, and what they become.
struct Marked<'a> {
    texts: Vec<(String, Fill)>,
    timestamp: &'a str,
    signature: &'a str,
    hash: Option<&'a str>,
}

impl Template {
    /// Takes a blank apart.
    pub(super) fn new(
        blank: &Blank,
        (uniques, captures): (&[UniqueMarker], &[CaptureMarker]),
        keep_alive: bool,
    ) -> Result<Self, TemplateError> {
        let Blank { built, credentials, timestamp } = blank;
        if built.chunked {
            return Err(TemplateError::Chunked);
        }
        let request = &built.request;
        let claim = claim(request).map_err(|_| TemplateError::Lost("signature"))?;
        let derivation = verify(request, &claim, &credentials.secret).map_err(|_| TemplateError::Lost("signature"))?;
        let mut texts = markers(uniques, captures)?;
        texts.push((built.nonce.clone(), Fill::Nonce));
        let mut marked = Marked { texts, timestamp, signature: &derivation.signature, hash: None };
        let body = marked.pieces(&request.body, Encoded::Once);
        let hash = String::from_utf8_lossy(&content_hash(&request.body)).into_owned();
        let needs_hash = claim.scheme == Scheme::Acs3 && !body.holes.is_empty();
        marked.hash = needs_hash.then_some(&hash);
        let mut head = marked.pieces(request_line(request).as_bytes(), Encoded::Once);
        for (name, value) in &request.headers {
            head.push(format!("{name}: ").as_bytes());
            head.append(marked.pieces(value.as_bytes(), Encoded::Not));
            head.push(b"\r\n");
        }
        head.end(request, keep_alive);
        let signed = match claim.scheme {
            Scheme::Acs3 => marked.canonical(&derivation.canonical),
            _ => marked.pieces(derivation.string_to_sign.as_bytes(), Encoded::Twice),
        };
        let (beginning, rest) = signed.split();
        let signer = RunningSigner::new(claim.scheme, credentials, &beginning)?;
        let template = Self { head, body, signed: Some(Signed { signer, rest }), needs_hash };
        template.check()?;
        Ok(template)
    }

    /// Makes a template of a request that nobody signs, its body in no encoding.
    pub(super) fn unsigned(
        request: &Request,
        (uniques, captures): (&[UniqueMarker], &[CaptureMarker]),
        keep_alive: bool,
    ) -> Result<Self, TemplateError> {
        let marked = Marked { texts: markers(uniques, captures)?, timestamp: "", signature: "", hash: None };
        let mut head = Pieces::default();
        head.push(request_line(request).as_bytes());
        for (name, value) in &request.headers {
            head.push(format!("{name}: {value}\r\n").as_bytes());
        }
        head.end(request, keep_alive);
        Ok(Self { head, body: marked.pieces(&request.body, Encoded::Not), signed: None, needs_hash: false })
    }

    /// Nonce and time have to be in what is sent and in what is signed, and the signature in what is sent.
    fn check(&self) -> Result<(), TemplateError> {
        let Some(signed) = &self.signed else { return Ok(()) };
        let sent = |wanted: Fill| self.head.holes.iter().chain(&self.body.holes).any(|(_, fill, _)| *fill == wanted);
        let covered = |wanted: Fill| signed.rest.holes.iter().any(|(_, fill, _)| *fill == wanted);
        let lost = [(Fill::Nonce, "nonce"), (Fill::Timestamp, "time")];
        if let Some((_, name)) = lost.into_iter().find(|(fill, _)| !sent(*fill) || !covered(*fill)) {
            return Err(TemplateError::Lost(name));
        }
        if sent(Fill::Signature) { Ok(()) } else { Err(TemplateError::Lost("signature")) }
    }

    /// Puts the request behind what is in `out`, freshly signed.
    pub(super) fn fill(&self, values: &Values<'_>, scratch: &mut Scratch, out: &mut Vec<u8>) {
        let Scratch { signature, encoded_signature, body } = scratch;
        let mut made = Made::default();
        if self.needs_hash {
            body.clear();
            self.body.each(values, &made, |text| body.extend_from_slice(text));
            made.hash = content_hash(body);
        }
        signature.clear();
        encoded_signature.clear();
        if let Some(signed) = &self.signed {
            let mut signer = signed.signer.clone();
            signed.rest.each(values, &made, |text| signer.update(text));
            signer.finish(signature);
            encode_base64(signature, encoded_signature);
        }
        let mut made = Made { signature, encoded_signature, ..made };
        let mut length = 0;
        self.body.each(values, &made, |text| length += text.len());
        made.length = length;
        self.head.each(values, &made, |text| out.extend_from_slice(text));
        self.body.each(values, &made, |text| out.extend_from_slice(text));
    }
}

/// What is made for one request besides its values.
struct Made<'a> {
    signature: &'a [u8],
    encoded_signature: &'a [u8],
    hash: [u8; 64],
    length: usize,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self { signature: &[], encoded_signature: &[], hash: [b'0'; 64], length: 0 }
    }
}

impl Pieces {
    fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    fn hole(&mut self, fill: Fill, encoded: Encoded) {
        self.holes.push((self.text.len(), fill, encoded));
    }

    fn append(&mut self, other: Self) {
        let start = self.text.len();
        self.text.extend_from_slice(&other.text);
        self.holes.extend(other.holes.into_iter().map(|(at, fill, encoded)| (start + at, fill, encoded)));
    }

    /// Ends a head: what HTTP needs besides the request's own headers.
    fn end(&mut self, request: &Request, keep_alive: bool) {
        if !keep_alive {
            self.push(b"Connection: close\r\n");
        }
        if request.body.is_empty() && request.method != "POST" {
            self.push(b"\r\n");
            return;
        }
        self.push(b"Content-Length: ");
        self.hole(Fill::BodyLength, Encoded::Not);
        self.push(b"\r\n\r\n");
    }

    /// Returns what stands before the first hole, and the rest.
    fn split(mut self) -> (Vec<u8>, Self) {
        let first = self.holes.first().map_or(self.text.len(), |(at, ..)| *at);
        let rest = self.text.split_off(first);
        let holes = self.holes.into_iter().map(|(at, fill, encoded)| (at - first, fill, encoded)).collect();
        (self.text, Self { text: rest, holes })
    }

    /// Hands text and filled holes, in order.
    fn each(&self, values: &Values<'_>, made: &Made<'_>, mut take: impl FnMut(&[u8])) {
        let mut from = 0;
        for (at, fill, encoded) in &self.holes {
            take(&self.text[from..*at]);
            from = *at;
            match fill {
                Fill::Nonce => take(&values.nonce()),
                Fill::Timestamp => take(values.time.text(*encoded).as_bytes()),
                Fill::Signature if *encoded == Encoded::Not => take(made.signature),
                Fill::Signature => take(made.encoded_signature),
                Fill::BodyHash => take(&made.hash),
                Fill::BodyLength => take(decimal(made.length, &mut [0; 20])),
                Fill::Unique(unique) => take(values.unique(*unique, &mut [0; LONGEST_UNIQUE])),
                Fill::Capture(slot) => {
                    take(values.captures.get(*slot).map_or("", |value| value.text(*encoded)).as_bytes())
                }
            }
        }
        take(&self.text[from..]);
    }
}

fn decimal(mut number: usize, room: &mut [u8; 20]) -> &[u8] {
    let mut from = room.len();
    loop {
        from -= 1;
        room[from] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &room[from..];
        }
    }
}

/// Percent-encodes Base64 (or hex, which stays).
fn encode_base64(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'+' => out.extend_from_slice(b"%2B"),
            b'/' => out.extend_from_slice(b"%2F"),
            b'=' => out.extend_from_slice(b"%3D"),
            byte => out.push(*byte),
        }
    }
}

fn request_line(request: &Request) -> String {
    format!("{} {} HTTP/1.1\r\n", request.method, request.target)
}

fn markers(uniques: &[UniqueMarker], captures: &[CaptureMarker]) -> Result<Vec<(String, Fill)>, TemplateError> {
    let mut texts = Vec::new();
    for (index, marker) in uniques.iter().enumerate() {
        let length = marker.text.len();
        if !(SHORTEST_UNIQUE..=LONGEST_UNIQUE).contains(&length) {
            return Err(TemplateError::Unique(length));
        }
        let unique = Unique { index, length, of_transaction: marker.labelled };
        texts.push((marker.text.clone(), Fill::Unique(unique)));
    }
    texts.extend(captures.iter().enumerate().map(|(slot, marker)| (marker.text.clone(), Fill::Capture(slot))));
    Ok(texts)
}

impl Marked<'_> {
    /// Finds the marked texts in a text whose values are so encoded.
    fn pieces(&self, text: &[u8], encoded: Encoded) -> Pieces {
        let encode = |plain: &str| match encoded {
            Encoded::Not => plain.to_owned(),
            Encoded::Once => encode_component(plain),
            Encoded::Twice => encode_component(&encode_component(plain)),
        };
        // Markers are letters and digits, and a nonce has hyphens: no encoding changes them.
        let mut wanted: Vec<(String, Fill)> = self.texts.clone();
        wanted.push((encode(self.timestamp), Fill::Timestamp));
        wanted.push((encode(self.signature), Fill::Signature));
        wanted.extend(self.hash.map(|hash| (hash.to_owned(), Fill::BodyHash)));
        wanted.retain(|(text, _)| !text.is_empty());
        let mut pieces = Pieces::default();
        let mut rest = text;
        loop {
            let found =
                wanted.iter().filter_map(|(text, fill)| Some((find(rest, text.as_bytes())?, text.len(), *fill)));
            let Some((range, fill)) = found.map(|(at, length, fill)| (at..at + length, fill)).min_by_key(first) else {
                pieces.push(rest);
                return pieces;
            };
            pieces.push(&rest[..range.start]);
            pieces.hole(fill, encoded);
            rest = &rest[range.end..];
        }
    }

    /// As [`Self::pieces`] for a canonical request, whose third line is an encoded query.
    fn canonical(&self, text: &str) -> Pieces {
        let mut pieces = Pieces::default();
        for (line, text) in text.split_inclusive('\n').enumerate() {
            pieces.append(self.pieces(text.as_bytes(), if line == 2 { Encoded::Once } else { Encoded::Not }));
        }
        pieces
    }
}

/// The first place wins, and of two there the longer one.
fn first((range, _): &(Range<usize>, Fill)) -> (usize, std::cmp::Reverse<usize>) {
    (range.start, std::cmp::Reverse(range.len()))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

impl super::values::TimeTexts {
    fn text(&self, encoded: Encoded) -> &str {
        match encoded {
            Encoded::Not => &self.plain,
            Encoded::Once => &self.once,
            Encoded::Twice => &self.twice,
        }
    }
}

impl super::values::Captured {
    fn text(&self, encoded: Encoded) -> &str {
        match encoded {
            Encoded::Not => &self.plain,
            Encoded::Once => self.once(),
            Encoded::Twice => self.twice(),
        }
    }
}
