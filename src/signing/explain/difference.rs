//! The first byte in which two derivations differ, and what stands there.

use percent_encoding::percent_decode_str;
use serde::Serialize;

/// The first difference of two texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub text: Text,
    /// Bytes before the first one that differs.
    pub offset: usize,
    /// What the differing byte belongs to, for example `parameter CertName`.
    pub place: String,
    pub server: Side,
    pub client: Side,
}

/// The text of a derivation in which a difference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    StringToSign,
    /// Of V1.
    CanonicalQuery,
    /// Of ACS3.
    CanonicalRequest,
}

impl Text {
    /// Returns the name people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::StringToSign => "string to sign",
            Self::CanonicalQuery => "canonical query",
            Self::CanonicalRequest => "canonical request",
        }
    }
}

/// One side of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The differing byte as text, empty when the text ends before it.
    pub byte: String,
    /// What stands before it, at most 32 characters.
    pub before: String,
    /// What stands from it on, at most 32 characters.
    pub after: String,
}

/// Bytes of context on each side.
const CONTEXT: usize = 32;

/// Compares two texts; nothing when they are equal.
pub(super) fn first_difference(text: Text, server: &str, client: &str) -> Option<Difference> {
    if server == client {
        return None;
    }
    let offset = common_prefix(server, client);
    let place = match text {
        Text::StringToSign => v1_place(server, offset),
        Text::CanonicalQuery => parameter_at(server, 0, offset, ["&", "="]),
        Text::CanonicalRequest => canonical_place(server, offset),
    };
    Some(Difference { text, offset, place, server: side(server, offset), client: side(client, offset) })
}

/// Counts the bytes that two texts have in common at their beginning.
pub(super) fn common_prefix(left: &str, right: &str) -> usize {
    left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count()
}

fn side(text: &str, offset: usize) -> Side {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let show = |range: &[u8]| String::from_utf8_lossy(range).into_owned();
    Side {
        byte: bytes.get(offset).map(|byte| show(&[*byte])).unwrap_or_default(),
        before: show(&bytes[offset.saturating_sub(CONTEXT)..offset]),
        after: show(&bytes[offset..bytes.len().min(offset + CONTEXT)]),
    }
}

/// Names what a byte of a V1 string to sign belongs to: `METHOD&%2F&name%3Dvalue%26…`.
fn v1_place(text: &str, offset: usize) -> String {
    let Some(head) = text.match_indices('&').nth(1).map(|(at, _)| at + 1) else { return "the text".to_owned() };
    if offset < head {
        let method_ends = text.find('&').unwrap_or(head);
        return if offset < method_ends { "the method" } else { "the path" }.to_owned();
    }
    parameter_at(text, head, offset, ["%26", "%3D"])
}

/// Names what a byte of a canonical request belongs to, by its line.
fn canonical_place(text: &str, offset: usize) -> String {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let (number, start) = starts.enumerate().take_while(|(_, start)| *start <= offset).last().unwrap_or((0, 0));
    let line = text[start..].lines().next().unwrap_or_default();
    match number {
        0 => "the method".to_owned(),
        1 => "the path".to_owned(),
        2 if line.is_empty() => "the query".to_owned(),
        2 => parameter_at(text, start, offset, ["&", "="]),
        _ if line.is_empty() => "the blank line behind the headers".to_owned(),
        _ if text[start..].lines().count() == 1 => "the body hash".to_owned(),
        _ => {
            line.split_once(':').map_or("the names of signed headers".to_owned(), |(name, _)| format!("header {name}"))
        }
    }
}

fn parameter_at(text: &str, start: usize, offset: usize, [between, equals]: [&str; 2]) -> String {
    let ends = text[start..].match_indices(between).map(|(at, _)| start + at + between.len());
    let begin = ends.take_while(|end| *end <= offset).last().unwrap_or(start);
    let piece = &text[begin..];
    let end = [between, equals].into_iter().filter_map(|mark| piece.find(mark)).min().unwrap_or(piece.len());
    let once = percent_decode_str(&piece[..end]).decode_utf8_lossy();
    format!("parameter {}", percent_decode_str(&once).decode_utf8_lossy())
}
