//! What a signature is derived from, as it can be bent to try how a client derived it.

use crate::exchange::{DecodeError, Request, encode_pairs};
use crate::signing::vice::{Vice, Vices, shifted};
use crate::signing::{Claim, Derivation, Key, acs3, v1};

/// The input of a derivation.
#[derive(Clone)]
pub(super) enum Basis {
    V1 {
        method: String,
        parameters: Vec<(String, String)>,
        /// The same without the fields of the form.
        without_form: Vec<(String, String)>,
    },
    Acs3 {
        request: Request,
        /// The hash of the body.
        actual_hash: String,
        /// The hash that the headers declare.
        declared_hash: String,
    },
}

impl Basis {
    pub(super) fn of(request: &Request, claim: &Claim) -> Result<Self, DecodeError> {
        if !claim.scheme.is_acs3() {
            let parameters = v1::parameters(request)?;
            let mut without_form = parameters.clone();
            v1::leave_out_form(&mut without_form, request)?;
            return Ok(Self::V1 { method: request.method.clone(), parameters, without_form });
        }
        request.query()?;
        let actual_hash = acs3::body_hash(claim.scheme, &request.body);
        let declared = request.header("x-acs-content-sha256").or_else(|| request.header("x-acs-content-sm3"));
        let declared_hash = declared.unwrap_or(&actual_hash).to_owned();
        Ok(Self::Acs3 { request: request.clone(), actual_hash, declared_hash })
    }

    /// Returns the basis of a client that sent `+` unescaped and meant it; nothing when the request has none.
    pub(super) fn of_raw_plus(request: &Request, claim: &Claim) -> Option<Self> {
        let body =
            std::str::from_utf8(&request.body).ok().filter(|_| request.has_form_body() && !claim.scheme.is_acs3());
        if !request.raw_query().contains('+') && !body.is_some_and(|body| body.contains('+')) {
            return None;
        }
        let mut meant = request.clone();
        meant.target = request.target.replace('+', "%2B");
        if let Some(body) = body {
            meant.body = body.replace('+', "%2B").into();
        }
        Self::of(&meant, claim).ok()
    }

    /// Derives with vices; nothing when the bent request cannot be decoded.
    pub(super) fn derive(&self, key: &Key, claim: &Claim, vices: Vices) -> Option<Derivation> {
        match self {
            Self::V1 { method, parameters, without_form } => {
                let parameters = if vices.has(Vice::FormUnsigned) { without_form } else { parameters };
                Some(v1::derive(key, claim.scheme, method, parameters, vices))
            }
            Self::Acs3 { request, actual_hash, declared_hash } => {
                let payload = if vices.has(Vice::BodyHash) { declared_hash } else { actual_hash };
                let subject = acs3::Subject { request, signed_headers: &claim.signed_headers, payload };
                acs3::derive(key, claim.scheme, &subject, &claim.access_key_id, vices).ok()
            }
        }
    }

    /// Returns the names of the signed parameters.
    pub(super) fn names(&self) -> Vec<String> {
        let pairs = match self {
            Self::V1 { parameters, .. } => parameters.clone(),
            Self::Acs3 { request, .. } => request.query().unwrap_or_default(),
        };
        pairs.into_iter().map(|(name, _)| name).filter(|name| name != "Signature").collect()
    }

    /// Returns the same without one parameter.
    pub(super) fn without(mut self, name: &str) -> Self {
        match &mut self {
            Self::V1 { parameters, without_form, .. } => {
                parameters.retain(|(key, _)| key != name);
                without_form.retain(|(key, _)| key != name);
            }
            Self::Acs3 { request, .. } => {
                let mut pairs = request.query().unwrap_or_default();
                pairs.retain(|(key, _)| key != name);
                let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                request.target = format!("{}?{}", request.path(), encode_pairs(pairs));
            }
        }
        self
    }

    /// Returns the same with its time moved; nothing when it has no well-formed time.
    pub(super) fn moved(mut self, seconds: i64) -> Option<Self> {
        let time = match &mut self {
            Self::V1 { parameters, .. } => parameters.iter_mut().find(|(name, _)| name == "Timestamp"),
            Self::Acs3 { request, .. } => {
                request.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("x-acs-date"))
            }
        };
        let (_, text) = time?;
        *text = shifted(text, seconds)?;
        Some(self)
    }
}
