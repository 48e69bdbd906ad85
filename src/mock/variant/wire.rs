//! Readings of HTTP itself: version, life of connections, framing, headers.

use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::Version;

use super::{Variant, Variants};
use crate::mock::server::Reply;

/// Headers of earlier years and of other gateways (source: signing.md §6).
const MORE: [(&str, &str); 9] = [
    ("access-control-allow-methods", "POST, GET, OPTIONS, PUT, DELETE"),
    ("access-control-allow-headers", "X-Requested-With, X-Sequence, _aop_secret, _aop_signature, x-acs-action"),
    ("access-control-max-age", "172800"),
    ("etag", "1aQSL+YdCZ0FhbsOAPaNLCA0"),
    ("server", "Tengine"),
    ("x-ratelimit-user-api", "Limit:50,Remain:49,TimeLeft:1000,Reset:1"),
    ("set-cookie", "acw_tc=0a; path=/; HttpOnly"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-empty", ""),
];

/// Headers that no client needs.
const DISPENSABLE: [&str; 5] =
    ["keep-alive", "access-control-allow-origin", "access-control-expose-headers", "vary", "x-acs-trace-id"];

/// Sends an answer the way variants do.
pub(in crate::mock) fn rewire(variants: Variants, mut reply: Reply) -> Reply {
    if variants.is_empty() {
        return reply;
    }
    let has = |variant| variants.has(variant);
    if has(Variant::Http10) {
        *reply.version_mut() = Version::HTTP_10;
    }
    if has(Variant::ConnectionClose) {
        reply.headers_mut().remove("keep-alive");
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if has(Variant::MoreHeaders) {
        MORE.iter().for_each(|(name, value)| {
            reply.headers_mut().append(*name, HeaderValue::from_static(value));
        });
    }
    if has(Variant::FewerHeaders) {
        DISPENSABLE.iter().for_each(|name| {
            reply.headers_mut().remove(*name);
        });
    }
    if has(Variant::ReasonPhrase) {
        reply.extensions_mut().insert(hyper::ext::ReasonPhrase::from_static(b"As You Like It"));
    }
    if has(Variant::Chunked) { reply.map(crate::mock::server::AnswerBody::in_pieces) } else { reply }
}
