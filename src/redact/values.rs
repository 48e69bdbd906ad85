//! Redaction by value: each known secret and person in every form it may take, and the shape of an identity number.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use regex::bytes::Regex;

use crate::exchange::encode_component;

/// A value that must not be written.
#[derive(Clone, Copy)]
pub struct Sensitive<'a> {
    pub what: What,
    /// The value; `{n}` stands for any digits.
    pub text: &'a str,
}

/// What a value is, for placeholders and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    AccessKeySecret,
    SecurityToken,
    PersonName,
    IdNumber,
    /// Mobile number, e-mail address and the like.
    Contact,
}

/// The form in which a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    Plain,
    PercentEncoded,
    PercentEncodedTwice,
    JsonEscaped,
    XmlEscaped,
    Base64,
    Hex,
    /// A number of the shape of an identity number, whoever's.
    Shape,
}

/// A known value in a finished file. It does not carry the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    pub what: What,
    pub form: Form,
    /// Line from 1.
    pub line: usize,
    /// Byte in the file from 0.
    pub offset: usize,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the form {:?} at line {}", self.what.name(), self.form, self.line)
    }
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::AccessKeySecret => "AccessKeySecret",
            Self::SecurityToken => "SecurityToken",
            Self::PersonName => "person name",
            Self::IdNumber => "id number",
            Self::Contact => "contact",
        }
    }
}

/// What may follow a literal and belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    Digits,
    HexDigits,
    Base64,
}

#[derive(Clone, Copy)]
struct Literal {
    what: What,
    form: Form,
    tail: Tail,
}

/// All known values, searched for at once.
#[derive(Clone, Default)]
pub(super) struct Values {
    search: Option<AhoCorasick>,
    /// What each pattern of the search is.
    literals: Vec<Literal>,
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({} forms)", self.literals.len())
    }
}

/// 18 digits with a plausible region, date of birth and check character (GB 11643).
static ID_SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    let shape = r"(?-u)\b[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]\b";
    Regex::new(shape).expect("a constant pattern")
});

impl Values {
    pub(super) fn new<'a>(sensitive: impl IntoIterator<Item = Sensitive<'a>>) -> Self {
        let mut literals: BTreeMap<Vec<u8>, Literal> = BTreeMap::new();
        for value in sensitive {
            for (bytes, literal) in forms(value) {
                literals.entry(bytes).or_insert(literal);
            }
        }
        if literals.is_empty() {
            return Self::default();
        }
        // Of several that begin at one place the longest is meant.
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(literals.keys());
        let search = search.expect("a few thousand literals are far from any limit");
        Self { search: Some(search), literals: literals.into_values().collect() }
    }

    /// Replaces every known value.
    pub(super) fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end, literal) in found {
            out.push_str(&text[at..start]);
            out.push_str(&format!("<redacted {}>", literal.what.name()));
            at = end;
        }
        out.push_str(&text[at..]);
        Cow::Owned(out)
    }

    pub(super) fn scan(&self, bytes: &[u8]) -> Vec<Leak> {
        let mut leaks = Vec::new();
        let (mut line, mut at) = (1, 0);
        for (offset, _, literal) in self.find(bytes) {
            line += bytes[at..offset].iter().filter(|byte| **byte == b'\n').count();
            at = offset;
            leaks.push(Leak { what: literal.what, form: literal.form, line, offset });
        }
        leaks
    }

    /// Returns start, end and kind of what was found, in order, not overlapping. Matches begin and end between
    /// characters: literals are whole characters, tails are ASCII.
    fn find(&self, bytes: &[u8]) -> Vec<(usize, usize, Literal)> {
        let mut found = Vec::new();
        if let Some(search) = &self.search {
            let mut at = 0;
            while let Some(hit) = search.find(Input::new(bytes).span(at..bytes.len())) {
                let literal = self.literals[hit.pattern().as_usize()];
                at = hit.end() + tail_length(literal.tail, &bytes[hit.end()..]);
                found.push((hit.start(), at, literal));
            }
        }
        let shape = Literal { what: What::IdNumber, form: Form::Shape, tail: Tail::Nothing };
        let known = found.len();
        for hit in ID_SHAPE.find_iter(bytes) {
            let overlaps = found[..known].iter().any(|(start, end, _)| hit.start() < *end && *start < hit.end());
            if !overlaps {
                found.push((hit.start(), hit.end(), shape));
            }
        }
        if found.len() > known {
            found.sort_by_key(|(start, ..)| *start);
        }
        found
    }
}

fn tail_length(tail: Tail, rest: &[u8]) -> usize {
    let belongs = |byte: &u8| match tail {
        Tail::Nothing => false,
        Tail::Digits => byte.is_ascii_digit(),
        Tail::HexDigits => byte.is_ascii_hexdigit(),
        Tail::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'),
    };
    rest.iter().take_while(|byte| belongs(byte)).count()
}

/// Shorter values would hit innocent text: they are left to redaction by name.
fn is_long_enough(text: &str) -> bool {
    text.chars().count() >= 2 && text.len() >= 4
}

fn forms(value: Sensitive<'_>) -> Vec<(Vec<u8>, Literal)> {
    let (text, pooled) = match value.text.split_once("{n}") {
        Some((prefix, _)) => (prefix, true),
        None => (value.text, false),
    };
    if !is_long_enough(text) {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut add = |form: Form, tail: Tail, text: String| {
        let tail = if pooled || tail == Tail::Base64 { tail } else { Tail::Nothing };
        all.push((text.into_bytes(), Literal { what: value.what, form, tail }));
    };
    add(Form::Plain, Tail::Digits, text.to_owned());
    let once = encode_component(text);
    let twice = encode_component(&once);
    add(Form::PercentEncoded, Tail::Digits, once.replace("%20", "+"));
    for (form, encoded) in [(Form::PercentEncoded, once), (Form::PercentEncodedTwice, twice)] {
        add(form, Tail::Digits, lower_escapes(&encoded));
        add(form, Tail::Digits, encoded);
    }
    for escaped in json_escapes(text) {
        add(Form::JsonEscaped, Tail::Digits, escaped);
    }
    add(Form::XmlEscaped, Tail::Digits, text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
    add(Form::Hex, Tail::HexDigits, hex::encode(text));
    add(Form::Hex, Tail::HexDigits, hex::encode_upper(text));
    for encoded in base64_cores(text) {
        add(Form::Base64, Tail::Base64, encoded);
    }
    all
}

fn lower_escapes(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut digits_left = 0_u8;
    for char in encoded.chars() {
        out.push(if digits_left > 0 { char.to_ascii_lowercase() } else { char });
        digits_left = if char == '%' { 2 } else { digits_left.saturating_sub(1) };
    }
    out
}

/// `\uXXXX` in both letter cases, for JSON and for JSON inside a JSON string.
fn json_escapes(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for backslash in ["\\", "\\\\"] {
        let mut escaped = String::new();
        for char in text.chars() {
            if char.is_ascii() {
                escaped.push(char);
                continue;
            }
            for unit in char.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("{backslash}u{unit:04x}"));
            }
        }
        let upper: Vec<String> = escaped.split("\\u").enumerate().map(|(idx, piece)| upper_head(idx, piece)).collect();
        all.push(upper.join("\\u"));
        all.push(escaped);
    }
    all
}

fn upper_head(idx: usize, piece: &str) -> String {
    let head = if idx == 0 { 0 } else { 4.min(piece.len()) };
    format!("{}{}", piece[..head].to_ascii_uppercase(), &piece[head..])
}

/// The characters of Base64 text that the value alone decides, for each of the three places it may begin at.
fn base64_cores(text: &str) -> Vec<String> {
    const SHORTEST: usize = 6;
    let mut all = Vec::new();
    for lead in 0..3 {
        let mut bytes = vec![0; lead];
        bytes.extend_from_slice(text.as_bytes());
        let first = (lead * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        if last < first + SHORTEST {
            continue;
        }
        for engine in [&STANDARD, &URL_SAFE] {
            all.push(engine.encode(&bytes)[first..last].to_owned());
        }
    }
    all
}
