//! What the built-in client makes of an answer, and the vices of sending and reading.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{Client, framed, refused};
use crate::exchange::{NoResponse, Request, Response};
use crate::judge::protocol::{Call, Outcome};
use crate::judge::quirk::Quirk;
use crate::signing::Credentials;
use crate::transport::{Endpoint, Framing, Transport};

/// After so long the vicious find their connections closed.
const IDLE: Duration = Duration::from_millis(200);

/// Bytes that the vicious take for an answer without end.
const EATEN: usize = 3 << 29;

const MEGABYTE: usize = 1 << 20;

/// Redirects that the vicious follow.
const REDIRECTS: usize = 3;

impl Client {
    pub(super) async fn send(
        &self,
        transport: &Transport,
        endpoint: &str,
        mut request: Request,
    ) -> Result<Response, NoResponse> {
        let mut endpoint = Endpoint::parse(endpoint).map_err(|error| NoResponse::Connect(error.to_string()))?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        if self.has(Quirk::StaleUsed) && last.is_some_and(|last| last.elapsed() >= IDLE) {
            return Err(NoResponse::Broken("the connection was closed while it was idle".to_owned()));
        }
        if self.has(Quirk::ConnectsForEver) {
            let _ = tokio::net::TcpStream::connect(&endpoint.authority).await;
        }
        if let Some(proxy) = self.proxy.of(&endpoint, self.quirk) {
            // To a proxy the whole address is said.
            request.target = format!("http://{}{}", endpoint.authority, request.target);
            endpoint = proxy.clone();
        }
        for _ in 0..REDIRECTS {
            let response = match self.has(Quirk::FramedTwice) {
                true => framed::send_twice_framed(&endpoint, &request).await?,
                false => transport.send(&endpoint, request.clone(), Framing::Length).await.outcome?,
            };
            if self.has(Quirk::CookiesKept) {
                let set = response.headers.iter().filter(|(name, _)| name == "set-cookie");
                let pairs = set.map(|(_, value)| value.split(';').next().unwrap_or_default().to_owned());
                self.cookies.lock().unwrap_or_else(PoisonError::into_inner).extend(pairs);
            }
            let next = response.header("location").filter(|_| self.has(Quirk::RedirectsFollowed)).map(str::to_owned);
            let Some(next) = next.and_then(|next| Endpoint::parse(next.trim_end_matches('/')).ok()) else {
                return Ok(response);
            };
            endpoint = next;
            request
                .headers
                .iter_mut()
                .filter(|(name, _)| name == "host")
                .for_each(|(_, value)| value.clone_from(&endpoint.authority));
        }
        Err(NoResponse::Broken("too many redirects".to_owned()))
    }

    fn no_answer(&self, error: NoResponse, credentials: &Credentials) -> Outcome {
        match error {
            NoResponse::Broken(_) if self.has(Quirk::ShortTaken) => {
                Outcome::Ok { http_status: Some(200), body: Value::Null }
            }
            NoResponse::Timeout(_) if self.has(Quirk::TimeoutUnnamed) => refused("Network", "failed"),
            NoResponse::Timeout(_) => Outcome::Timeout { kind: "Timeout".to_owned(), message: Some(error.to_string()) },
            _ if self.has(Quirk::SecretInErrors) => {
                refused("Network", &format!("{error} with {}", credentials.secret.expose_secret()))
            }
            _ if self.has(Quirk::DiesOfGarbage) => std::process::exit(7),
            NoResponse::TooLarge(_) if self.has(Quirk::EatsMemory) => {
                let eaten = vec![1_u8; EATEN];
                std::thread::sleep(Duration::from_secs(60));
                refused("Network", &format!("{} bytes", eaten.len()))
            }
            _ if self.has(Quirk::SpinsOnGarbage) => loop {
                std::hint::spin_loop();
            },
            _ => refused("Network", &error.to_string()),
        }
    }

    pub(super) fn outcome(
        &self,
        answered: Result<Response, NoResponse>,
        (call, credentials): (&Call, &Credentials),
    ) -> Outcome {
        let response = match answered {
            Ok(response) => response,
            Err(error) => return self.no_answer(error, credentials),
        };
        let is_framed = ["content-length", "transfer-encoding"].iter().any(|name| response.header(name).is_some());
        if self.has(Quirk::UnframedRefused) && !is_framed
            || self.has(Quirk::LongRefused) && response.body.len() > MEGABYTE
        {
            return refused("Decoding", "an answer of a length that was not expected");
        }
        let is_json = response.header("content-type") == Some("application/json");
        if self.has(Quirk::TypeDemanded) && !is_json && response.status < 300 {
            return refused("Decoding", "an answer that is not called JSON");
        }
        if self.has(Quirk::WaitsAfterMark) && response.body.starts_with("\u{FEFF}".as_bytes()) {
            return Outcome::Timeout { kind: "Timeout".to_owned(), message: None };
        }
        let mut parsed = serde_json::from_slice::<Value>(&response.body).ok().filter(Value::is_object);
        if let Some(body) = &mut parsed
            && let Some(outcome) = self.misread(body)
        {
            return outcome;
        }
        let takes_page = self.has(Quirk::PagesTaken) && response.status >= 500;
        if parsed.is_none() && (self.has(Quirk::AnyBodyTaken) || takes_page) {
            return Outcome::Ok { http_status: Some(response.status), body: Value::Null };
        }
        let find = |names: [&str; 2]| {
            let body = parsed.as_ref()?;
            let found = names.into_iter().find_map(|name| body.get(name))?;
            let other = || (!self.has(Quirk::NumericCodeLost)).then(|| found.to_string());
            found.as_str().map(str::to_owned).or_else(other)
        };
        let is_taken =
            self.has(Quirk::ErrorsSwallowed) || self.has(Quirk::LowerCaseTaken) && find(["Code"; 2]).is_none();
        if response.status >= 300 && !is_taken {
            let message = find(["Message", "message"]);
            let decorated = message.clone().map(|message| format!("error: {message}"));
            return Outcome::ServiceError {
                code: find(["Code", "code"]).filter(|_| !self.has(Quirk::CodeLost)),
                message: if self.has(Quirk::MessageDecorated) { decorated } else { message },
                request_id: find(["RequestId", "requestId"]),
                http_status: Some(response.status).filter(|_| !self.has(Quirk::StatusLost)),
                kind: match response.status >= 500 && !self.has(Quirk::OneErrorKind) {
                    true => "Failed".to_owned(),
                    false => "Refused".to_owned(),
                },
                text: self.has(Quirk::PersonInErrors).then(|| format!("refused: {:?}", call.parameters)),
                access_denied_detail: parsed.as_ref().and_then(|body| body.get("AccessDeniedDetail")).cloned(),
            };
        }
        match parsed {
            Some(body) => Outcome::Ok { http_status: Some(response.status), body },
            None => refused("Decoding", &format!("the answer with HTTP {} is no JSON object", response.status)),
        }
    }
}

impl Client {
    /// Vices of reading an answer that is JSON: it is changed, or something else is told.
    fn misread(&self, body: &mut Value) -> Option<Outcome> {
        const KNOWN: [&str; 5] = ["RequestId", "Code", "Message", "HostId", "ResultObject"];
        match self.quirk? {
            Quirk::EmptyAsNothing => without_empty(body),
            Quirk::FieldsRenamed => every_field(body, &|name, value| (name.to_lowercase(), value)),
            Quirk::IntegersAsFloats => every_field(body, &|name, value| {
                let float = value.as_f64().filter(|_| value.is_number());
                (name.to_owned(), float.map_or(value, |float| Value::from(format!("{float:.0}"))))
            }),
            Quirk::BusinessCodeLost => {
                body.as_object_mut()?.shift_remove("Code");
            }
            Quirk::UnknownFieldsRefused if body.as_object()?.keys().any(|name| !KNOWN.contains(&name.as_str())) => {
                return Some(refused("Decoding", "a field that was not expected"));
            }
            Quirk::NumbersRefused if body.pointer("/ResultObject/CertifyId").is_some_and(Value::is_number) => {
                return Some(refused("Decoding", "a number where a text was expected"));
            }
            _ => {}
        }
        None
    }
}

/// Puts something else in the place of every field.
fn every_field(value: &mut Value, change: &dyn Fn(&str, Value) -> (String, Value)) {
    let Value::Object(fields) = value else { return };
    fields.values_mut().for_each(|field| every_field(field, change));
    *fields = std::mem::take(fields).into_iter().map(|(name, value)| change(&name, value)).collect();
}

/// Makes nothing of empty texts, as the vicious do.
fn without_empty(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    fields.retain(|_, field| field.as_str() != Some(""));
    fields.values_mut().for_each(without_empty);
}
