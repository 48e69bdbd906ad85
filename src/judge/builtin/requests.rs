//! What the built-in client asks: requests as they are signed, and the vices of making them.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use indexmap::IndexMap;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{Client, VERSION};
use crate::clock::Timestamp;
use crate::exchange::{Request, encode_pairs};
use crate::judge::protocol::Call;
use crate::judge::quirk::Quirk;
use crate::signing::{Credentials, Scheme, SigningInput, sign_with_vices};

/// A header that the vicious sign and do not send.
const LISTED: &str = "x-extra";

impl Client {
    pub(super) fn request(&self, call: &Call, endpoint: &str, credentials: &Credentials) -> Result<Request, String> {
        let authority = endpoint.split("://").nth(1).unwrap_or_default();
        let authority = match self.has(Quirk::HostWithoutPort) {
            true => authority.split(':').next().unwrap_or_default(),
            false => authority,
        };
        let scheme = if call.operation.starts_with("intl.") { Scheme::Acs3 } else { Scheme::V1 };
        let parameters = self.texts(&call.parameters);
        let form = encode_pairs(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut request = Request {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: vec![("host".to_owned(), authority.to_owned())],
            body: form.clone().into(),
        };
        let is_in_query = matches!(self.quirk, Some(Quirk::MethodOther | Quirk::SpaceAsPlus | Quirk::TypeWithoutBody));
        if is_in_query {
            (request.body, request.target) = (Default::default(), format!("/?{form}"));
        }
        if self.has(Quirk::MethodOther) {
            request.method = "GET".to_owned();
        }
        let mut header = |name: &str, value: &str| request.headers.push((name.to_owned(), value.to_owned()));
        if !self.has(Quirk::AgentUnnamed) {
            header("user-agent", &format!("idvet/{VERSION}"));
        }
        if !self.has(Quirk::TypeLeftOut) && (!is_in_query || self.has(Quirk::TypeWithoutBody)) {
            header("content-type", "application/x-www-form-urlencoded");
        }
        let asks_json = !self.has(Quirk::JsonUnasked);
        if asks_json && scheme.is_acs3() {
            header("accept", "application/json");
        }
        for cookie in self.cookies.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            header("cookie", cookie);
        }
        if self.has(Quirk::CodingsUntrue) {
            header("accept-encoding", "gzip");
        }
        if self.has(Quirk::SecretInHeader) {
            header("x-debug", credentials.secret.expose_secret());
        }
        if scheme.is_acs3() {
            header("x-acs-action", &call.action);
            header("x-acs-version", &call.version);
        } else {
            let version = if self.has(Quirk::VersionOther) { "2018-09-16" } else { call.version.as_str() };
            let mut common = vec![("Action", call.action.as_str()), ("Version", version)];
            common.extend(asks_json.then_some(("Format", "JSON")));
            request.target = match is_in_query {
                true => format!("/?{}&{form}", encode_pairs(common)),
                false => format!("/?{}", encode_pairs(common)),
            };
        }
        let now = self.clock.now();
        let now = if self.has(Quirk::LocalTime) { Timestamp(now.0 + 8 * 3_600_000) } else { now };
        let nonce = self.nonce(now);
        let mut input = SigningInput::new(scheme, credentials, now.to_iso(), nonce);
        if self.has(Quirk::AgentSigned) {
            input.also_signed = vec!["user-agent".to_owned()];
        }
        if self.has(Quirk::HeaderListedOnly) {
            request.headers.push((LISTED.to_owned(), String::new()));
            input.also_signed = vec![LISTED.to_owned()];
        }
        let vices: Vec<_> = self.quirk.and_then(Quirk::signing).into_iter().collect();
        sign_with_vices(&mut request, &input, &vices).map_err(|error| error.to_string())?;
        self.spoil(&mut request);
        self.log(&call.action, &request, credentials);
        Ok(request)
    }

    fn nonce(&self, now: Timestamp) -> String {
        match self.quirk {
            Some(Quirk::NonceOfSeconds) => format!("{}", now.0 / 1_000),
            Some(Quirk::NonceCounted) => format!("n{}", self.n_requests.fetch_add(1, Ordering::Relaxed)),
            Some(Quirk::NonceLong) => "n".repeat(40) + &uuid::Uuid::new_v4().to_string(),
            _ => uuid::Uuid::new_v4().to_string(),
        }
    }

    fn log(&self, action: &str, request: &Request, credentials: &Credentials) {
        if !self.is_logging {
            return;
        }
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        let token = credentials.security_token.as_ref().filter(|_| self.has(Quirk::TokenInLog));
        let token = token.map_or("", |token| token.expose_secret());
        eprintln!("> {action} {} {} {} {token}", request.method, request.path(), names.join(" "));
    }

    /// Vices of what is behind the signature.
    fn spoil(&self, request: &mut Request) {
        if self.has(Quirk::HeaderInjected) {
            let is_token = |pair: &&mut (String, String)| pair.0 == "x-acs-security-token";
            let value = request.headers.iter_mut().find(is_token).map(|pair| &mut pair.1);
            let behind = value.and_then(|value| {
                let (token, behind) = value.split_once("\r\n")?;
                let behind = behind.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
                *value = token.to_owned();
                behind
            });
            request.headers.extend(behind);
        }
        request.headers.retain(|(name, _)| name != LISTED);
        if self.has(Quirk::SignedTwice) {
            request.headers.push(("authorization".to_owned(), "none".to_owned()));
        }
        let rewritten = match self.quirk {
            Some(Quirk::SpaceAsPlus) => Some(("%20", "+")),
            Some(Quirk::UnreservedEscaped) => Some(("-", "%2D")),
            Some(Quirk::ReservedBare) => Some(("%3A", ":")),
            Some(Quirk::AlgorithmUnnamed) => Some(("SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-MD5")),
            _ => None,
        };
        if let Some((as_it_is, as_sent)) = rewritten {
            request.target = request.target.replace(as_it_is, as_sent);
        }
        if self.has(Quirk::EscapesLower) {
            let mut pieces = request.target.split('%');
            let head = pieces.next().unwrap_or_default().to_owned();
            let rest = pieces.map(|piece| format!("%{}{}", piece[..2].to_ascii_lowercase(), &piece[2..]));
            request.target = head + &rest.collect::<String>();
        }
    }

    /// Parameters as texts: what is nothing is not sent.
    fn texts(&self, parameters: &IndexMap<String, Value>) -> Vec<(String, String)> {
        let text = |value: &Value| match value {
            Value::Null => self.has(Quirk::NothingSent).then(|| "null".to_owned()),
            Value::String(text) if text.is_empty() && self.has(Quirk::EmptyDropped) => None,
            Value::String(text) if self.has(Quirk::Trimmed) => Some(text.trim().to_owned()),
            Value::String(text) if self.has(Quirk::ControlDropped) => {
                Some(text.chars().filter(|char| !char.is_control()).collect())
            }
            Value::String(text) if self.has(Quirk::BmpOnly) => Some(text.replace(|char| char > '\u{FFFF}', "?")),
            Value::String(text) if self.has(Quirk::JsonRewritten) => {
                let json = serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
                Some(json.map_or_else(|| text.clone(), |json| json.to_string()))
            }
            Value::String(text) if self.has(Quirk::LongCut) => Some(text.chars().take(65_535).collect()),
            Value::String(text) => Some(text.clone()),
            Value::Array(items) if self.has(Quirk::ListsAsShown) => Some(format!("{items:?}")),
            Value::Bool(is) if self.has(Quirk::BooleansCapital) => Some(if *is { "True" } else { "False" }.to_owned()),
            Value::Number(number) if self.has(Quirk::NumbersAsFloats) => {
                number.as_f64().map(|float| format!("{float:.0}"))
            }
            other => Some(other.to_string()),
        };
        let named = |name: &str| match self.has(Quirk::NamesLower) {
            true => name.to_ascii_lowercase(),
            false => name.to_owned(),
        };
        let text = |name: &str, value: &Value| match name {
            "Service" if self.has(Quirk::ServiceOther) => Some("face_verify".to_owned()),
            _ => text(value),
        };
        let is_dropped = |name: &str| self.has(Quirk::UnknownDropped) && name.starts_with("Idvet");
        let known = parameters.iter().filter(|(name, _)| !is_dropped(name));
        known.filter_map(|(name, value)| Some((named(name), text(name, value)?))).collect()
    }
}
