//! Signatures made wrong: in the derivation (a vice of the signer) or by an edit behind it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::{Request, encode_component};
use crate::signing::Vice;
use crate::suite::Tamper;

/// Returns the vice that a tampering is, where it lies in the derivation.
pub(super) fn vice(tampering: Tamper) -> Option<Vice> {
    Some(match tampering {
        Tamper::WrongSecret => Vice::WrongSecret,
        Tamper::KeySuffix => Vice::KeySuffix,
        Tamper::WrongMethod => Vice::WrongMethod,
        Tamper::SpaceAsPlus => Vice::SpaceAsPlus,
        Tamper::TildeEscaped => Vice::TildeEscaped,
        Tamper::AsteriskRaw => Vice::AsteriskRaw,
        Tamper::Unsorted => Vice::Unsorted,
        Tamper::DoubleEncoded => Vice::DoubleEncoded,
        Tamper::EmptyLeftOut => Vice::EmptyLeftOut,
        Tamper::TokenUnsigned => Vice::TokenUnsigned,
        Tamper::BodyHash => Vice::BodyHash,
        Tamper::HostUnsigned => Vice::HostUnsigned,
        Tamper::HeaderUnsigned => Vice::HeaderUnsigned,
        Tamper::OtherAlgorithm => Vice::OtherAlgorithm,
        Tamper::Flipped
        | Tamper::LetterCase
        | Tamper::ParameterChanged
        | Tamper::ParameterAdded
        | Tamper::ParameterRemoved
        | Tamper::Empty
        | Tamper::BodyChanged
        | Tamper::HeaderChanged => return None,
    })
}

/// Edits a signed request where the tampering lies behind the derivation. `parameter` is one that may be changed.
pub(super) fn edit(tampering: Tamper, request: &mut Request, parameter: Option<&str>) {
    match tampering {
        Tamper::Flipped => replace_signature(request, flipped),
        Tamper::LetterCase => replace_signature(request, other_case),
        Tamper::Empty => replace_signature(request, |_| String::new()),
        Tamper::ParameterChanged => edit_parameter(request, parameter, |pair| Some(format!("{pair}x"))),
        Tamper::ParameterRemoved => edit_parameter(request, parameter, |_| None),
        Tamper::ParameterAdded => edit_text(request, |text| format!("{text}&IdvetAdded=1")),
        Tamper::BodyChanged => request.body = [&request.body[..], b"x"].concat().into(),
        Tamper::HeaderChanged => change_header(request),
        _ => {}
    }
}

/// Replaces the signature, in the header under ACS3, in query or form under V1.
pub(super) fn replace_signature(request: &mut Request, change: impl Fn(&str) -> String) {
    if let Some((_, value)) = request.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        let Some(at) = value.find("Signature=").map(|at| at + "Signature=".len()) else { return };
        let length = value[at..].find(',').unwrap_or(value.len() - at);
        let changed = change(&value[at..at + length]);
        value.replace_range(at..at + length, &changed);
        return;
    }
    let replaced = |text: &str| {
        let pieces = text.split('&').map(|piece| match piece.strip_prefix("Signature=") {
            None => piece.to_owned(),
            Some(raw) => {
                let decoded = percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned();
                format!("Signature={}", encode_component(&change(&decoded)))
            }
        });
        pieces.collect::<Vec<_>>().join("&")
    };
    let query = replaced(request.raw_query());
    if !query.is_empty() {
        request.target = format!("{}?{query}", request.path());
    }
    if request.has_form_body() {
        request.body = replaced(&String::from_utf8_lossy(&request.body)).into();
    }
}

fn flipped(signature: &str) -> String {
    // Hex under ACS3; another digit keeps it hex.
    if signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let last = if signature.ends_with('0') { '1' } else { '0' };
        return format!("{}{last}", &signature[..63]);
    }
    let mut bytes = STANDARD.decode(signature).unwrap_or_default();
    if let Some(first) = bytes.first_mut() {
        *first ^= 1;
    }
    STANDARD.encode(bytes)
}

fn other_case(signature: &str) -> String {
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    signature.chars().map(swap).collect()
}

/// Edits the pair of a parameter, in the form where there is one with it, else in the query.
fn edit_parameter(request: &mut Request, parameter: Option<&str>, change: impl Fn(&str) -> Option<String>) {
    let Some(parameter) = parameter else { return };
    let prefix = format!("{}=", encode_component(parameter));
    edit_text(request, |text| {
        let pieces = text.split('&').filter_map(|piece| match piece.starts_with(&prefix) {
            true => change(piece),
            false => Some(piece.to_owned()),
        });
        pieces.collect::<Vec<_>>().join("&")
    });
}

fn edit_text(request: &mut Request, change: impl Fn(&str) -> String) {
    if request.has_form_body() && !request.body.is_empty() {
        request.body = change(&String::from_utf8_lossy(&request.body)).into();
    } else {
        request.target = format!("{}?{}", request.path(), change(request.raw_query()));
    }
}

fn change_header(request: &mut Request) {
    let nonce = request.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("x-acs-signature-nonce"));
    if let Some((_, value)) = nonce {
        value.push('0');
    }
}
