//! The built-in client as a driver: through the same protocol as everybody else. With a [`Quirk`] it is a miniature, a
//! stand-in SDK with exactly one vice, by which the judge is proven.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::protocol::{Answered, Call, Hello, Offered, OptionName, Outcome, PROTOCOL, Said};
use super::quirk::Quirk;
use crate::clock::{Clock, Timestamp};
use crate::exchange::{NoResponse, Request, Response, encode_pairs};
use crate::signing::{Credentials, Scheme, SigningInput, sign_with_vices};
use crate::transport::{Endpoint, Framing, Transport, TransportOptions};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Operations of the built-in client: all that are documented.
const OPERATIONS: &[&str] = &[
    "cloudauth.InitFaceVerify",
    "cloudauth.DescribeFaceVerify",
    "verify-token.DescribeVerifyToken",
    "verify-token.DescribeVerifyResult",
    "verify-token.VerifyMaterial",
    "saf.ExecuteRequest",
    "intl.Initialize",
    "intl.InitializeV2",
    "intl.CheckResult",
];

/// Time for an answer where the caller sets none.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;

/// Milliseconds that a server may ask to wait.
const PAUSE_AT_MOST: u64 = 10_000;

/// An unpaired surrogate, as JSON writes it.
const SURROGATE: &str = r"\ud800";

/// After so long the vicious find their connections closed.
const IDLE: Duration = Duration::from_millis(200);

/// Bytes that the vicious take for an answer without end.
const EATEN: usize = 3 << 29;

const MEGABYTE: usize = 1 << 20;

/// Redirects that the vicious follow.
const REDIRECTS: usize = 3;

/// Speaks the protocol until the input ends.
pub async fn drive<R, W>(
    input: R,
    mut output: W,
    clock: Arc<dyn Clock>,
    quirk: Option<Quirk>,
    is_logging: bool,
) -> std::io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let client = Arc::new(Client {
        clock,
        quirk,
        is_logging,
        transports: Mutex::default(),
        n_requests: AtomicU64::new(0),
        cookies: Mutex::default(),
        last: Mutex::default(),
    });
    let (sender, mut answers) = mpsc::unbounded_channel::<Said>();
    let _ = sender.send(Said::Hello(hello(quirk)));
    let tasks = TaskTracker::new();
    let mut lines = input.lines();
    let mut input_open = true;
    let mut sender = Some(sender);
    loop {
        tokio::select! {
            line = lines.next_line(), if input_open => match line? {
                Some(line) => if let Some(sender) = &sender {
                    let (client, sender) = (Arc::clone(&client), sender.clone());
                    tasks.spawn(async move { client.take(&line, &sender).await });
                },
                None => {
                    input_open = false;
                    tasks.close();
                    sender = None;
                }
            },
            said = answers.recv() => match said {
                Some(said) => {
                    let mut line = serde_json::to_string(&said).unwrap_or_default();
                    line.push('\n');
                    output.write_all(line.as_bytes()).await?;
                    output.flush().await?;
                }
                None => return Ok(()),
            },
        }
    }
}

fn hello(quirk: Option<Quirk>) -> Hello {
    let offered = |_: &&str| Offered { supported: true, reason: None, parameters: None };
    Hello {
        protocol: PROTOCOL,
        driver: quirk.map_or_else(|| "builtin".to_owned(), |quirk| format!("miniature-{}", quirk.name())),
        sdk: "idvet".to_owned(),
        sdk_version: VERSION.to_owned(),
        language: "rust".to_owned(),
        language_version: "1.89".to_owned(),
        operations: OPERATIONS.iter().map(|key| ((*key).to_owned(), offered(key))).collect(),
        options: vec![
            OptionName::CaFile,
            OptionName::ConnectTimeoutMs,
            OptionName::ReadTimeoutMs,
            OptionName::MaxAttempts,
            OptionName::SecurityToken,
            OptionName::DefaultScheme,
        ],
    }
}

/// Transports by CA file and time-out.
type Transports = HashMap<(Option<String>, u64), Arc<Transport>>;

struct Client {
    clock: Arc<dyn Clock>,
    quirk: Option<Quirk>,
    /// Requests are told of on stderr, without what is secret in them.
    is_logging: bool,
    transports: Mutex<Transports>,
    n_requests: AtomicU64,
    /// What the vicious keep.
    cookies: Mutex<Vec<String>>,
    /// When the last request began.
    last: Mutex<Option<Instant>>,
}

impl Client {
    fn has(&self, quirk: Quirk) -> bool {
        self.quirk == Some(quirk)
    }

    async fn take(&self, line: &str, sender: &mpsc::UnboundedSender<Said>) {
        let whole = line.replace(SURROGATE, r"\ufffd");
        let call: Call = match serde_json::from_str(&whole) {
            Ok(call) => call,
            Err(error) => {
                let outcome = Outcome::ClientError { kind: "NotACall".to_owned(), message: Some(error.to_string()) };
                let _ = sender.send(Said::Answer(Answered { id: String::new(), foreign: None, outcome }));
                return;
            }
        };
        let outcome = match whole != line && !self.has(Quirk::SurrogateReplaced) {
            true => refused("Argument", "a parameter holds half a surrogate pair, which is no Unicode text"),
            false => self.call(&call).await,
        };
        let foreign = outcome.kind().map(|_| self.has(Quirk::ErrorsForeign));
        let _ = sender.send(Said::Answer(Answered { id: call.id.clone(), foreign, outcome }));
    }

    async fn call(&self, call: &Call) -> Outcome {
        let credentials = self.credentials(call);
        if credentials.secret.expose_secret().is_empty() && !self.has(Quirk::EmptySecretSent) {
            return refused("Credentials", "the AccessKey secret is empty");
        }
        let mut endpoint = call.endpoint.clone();
        if !endpoint.contains("://") {
            let scheme = if self.has(Quirk::HttpByDefault) { "http" } else { "https" };
            endpoint = format!("{scheme}://{endpoint}");
        }
        if self.has(Quirk::PlainHttp) {
            endpoint = endpoint.replace("https://", "http://");
        }
        let transport = match self.transport(call) {
            Ok(transport) => transport,
            Err(reason) => return refused("Settings", &reason),
        };
        let asked = call.options.max_attempts.unwrap_or(1).max(1);
        let attempts = match self.quirk {
            Some(Quirk::RetriesUnasked) => 3,
            Some(Quirk::SwitchIgnored) => 1,
            _ => asked,
        };
        let attempts = if self.has(Quirk::OneAttemptMore) { attempts + u32::from(asked > 1) } else { attempts };
        let mut kept: Option<Request> = None;
        let mut nth = 0;
        loop {
            nth += 1;
            let request = match kept.clone().filter(|_| self.has(Quirk::RetriesUnchanged)) {
                Some(request) => request,
                None => match self.request(call, &endpoint, &credentials) {
                    Ok(request) => request,
                    Err(reason) => return refused("Request", &reason),
                },
            };
            kept = Some(request.clone());
            let answered = self.send(&transport, &endpoint, request).await;
            if nth >= attempts || !self.may_try_again(&answered) {
                return self.outcome(answered, &credentials);
            }
            let told = answered.as_ref().ok().and_then(|response| response.header("x-acs-retry-after")?.parse().ok());
            let told: u64 = told.filter(|_| !self.has(Quirk::PauseNotAsTold)).unwrap_or(0);
            let own = if self.has(Quirk::PauseLeftOut) { 0 } else { 100 * u64::from(nth) };
            tokio::time::sleep(Duration::from_millis(own.max(told.min(PAUSE_AT_MOST)))).await;
        }
    }

    /// A refusal is final; so is what may have been carried out.
    fn may_try_again(&self, answered: &Result<Response, NoResponse>) -> bool {
        match answered {
            Ok(response) => {
                let is_refusal = (400..500).contains(&response.status);
                let throttled = String::from_utf8_lossy(&response.body).contains("\"Throttling");
                response.status >= 500 || throttled || is_refusal && self.has(Quirk::RefusalsRepeated)
            }
            Err(NoResponse::Connect(_)) => true,
            Err(NoResponse::Broken(_)) => true,
            Err(_) => false,
        }
    }

    fn credentials(&self, call: &Call) -> Credentials {
        let token = call.credentials.security_token.clone();
        let is_empty = |token: &secrecy::SecretString| token.expose_secret().is_empty();
        let keeps_empty = self.has(Quirk::EmptyTokenSent);
        Credentials {
            access_key_id: call.credentials.access_key_id.clone(),
            secret: call.credentials.access_key_secret.clone(),
            security_token: token.filter(|token| (keeps_empty || !is_empty(token)) && !self.has(Quirk::TokenDropped)),
        }
    }

    fn transport(&self, call: &Call) -> Result<Arc<Transport>, String> {
        let wanted = call.options.read_timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
        let timeout_ms = match self.quirk {
            Some(Quirk::NoTimeout) => 3_600_000,
            Some(Quirk::TwiceTheTimeout) => 2 * wanted,
            _ => wanted,
        };
        let key = (call.options.ca_file.clone(), timeout_ms);
        let mut transports = self.transports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = transports.get(&key).filter(|_| !self.has(Quirk::ConnectionPerCall)) {
            return Ok(Arc::clone(known));
        }
        let read = |path: &String| std::fs::read_to_string(path).map_err(|error| format!("read {path}: {error}"));
        let ca_pem = call.options.ca_file.as_ref().map(read).transpose()?;
        let options = TransportOptions { ca_pem, timeout_ms, ..TransportOptions::default() };
        let transport = Arc::new(Transport::new(&options).map_err(|error| error.to_string())?);
        transports.insert(key, Arc::clone(&transport));
        Ok(transport)
    }

    fn request(&self, call: &Call, endpoint: &str, credentials: &Credentials) -> Result<Request, String> {
        let authority = endpoint.split("://").nth(1).unwrap_or_default();
        let scheme = if call.operation.starts_with("intl.") { Scheme::Acs3 } else { Scheme::V1 };
        let parameters = self.texts(&call.parameters);
        let form = encode_pairs(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut request = Request {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: vec![("host".to_owned(), authority.to_owned())],
            body: form.clone().into(),
        };
        let is_get = self.has(Quirk::MethodOther);
        if is_get {
            (request.method, request.body, request.target) =
                ("GET".to_owned(), Default::default(), format!("/?{form}"));
        }
        let mut header = |name: &str, value: &str| request.headers.push((name.to_owned(), value.to_owned()));
        if !self.has(Quirk::AgentUnnamed) {
            header("user-agent", &format!("idvet/{VERSION}"));
        }
        if !self.has(Quirk::TypeLeftOut) && !is_get {
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
            request.target = match is_get {
                true => format!("/?{}&{form}", encode_pairs(common)),
                false => format!("/?{}", encode_pairs(common)),
            };
        }
        let now = self.clock.now();
        let now = if self.has(Quirk::LocalTime) { Timestamp(now.0 + 8 * 3_600_000) } else { now };
        let nonce = match self.quirk {
            Some(Quirk::NonceOfSeconds) => format!("{}", now.0 / 1_000),
            Some(Quirk::NonceCounted) => format!("n{}", self.n_requests.fetch_add(1, Ordering::Relaxed)),
            Some(Quirk::NonceLong) => "n".repeat(40) + &uuid::Uuid::new_v4().to_string(),
            _ => uuid::Uuid::new_v4().to_string(),
        };
        let mut input = SigningInput::new(scheme, credentials, now.to_iso(), nonce);
        if self.has(Quirk::AgentSigned) {
            input.also_signed = vec!["user-agent".to_owned()];
        }
        let vices: Vec<_> = self.quirk.and_then(Quirk::signing).into_iter().collect();
        sign_with_vices(&mut request, &input, &vices).map_err(|error| error.to_string())?;
        self.spoil(&mut request);
        self.log(&call.action, &request, credentials);
        Ok(request)
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
        if self.has(Quirk::SpaceAsPlus) {
            request.target = request.target.replace("%20", "+");
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
        let is_dropped = |name: &str| self.has(Quirk::UnknownDropped) && name.starts_with("Idvet");
        let known = parameters.iter().filter(|(name, _)| !is_dropped(name));
        known.filter_map(|(name, value)| Some((named(name), text(value)?))).collect()
    }

    async fn send(&self, transport: &Transport, endpoint: &str, mut request: Request) -> Result<Response, NoResponse> {
        let mut endpoint = Endpoint::parse(endpoint).map_err(|error| NoResponse::Connect(error.to_string()))?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        if self.has(Quirk::StaleUsed) && last.is_some_and(|last| last.elapsed() >= IDLE) {
            return Err(NoResponse::Broken("the connection was closed while it was idle".to_owned()));
        }
        if self.has(Quirk::ConnectsForEver) {
            let _ = tokio::net::TcpStream::connect(&endpoint.authority).await;
        }
        for _ in 0..REDIRECTS {
            let exchange = transport.send(&endpoint, request.clone(), Framing::Length).await;
            let response = exchange.outcome?;
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

    fn outcome(&self, answered: Result<Response, NoResponse>, credentials: &Credentials) -> Outcome {
        let response = match answered {
            Ok(response) => response,
            Err(NoResponse::Timeout(_)) if self.has(Quirk::TimeoutUnnamed) => return refused("Network", "failed"),
            Err(error @ NoResponse::Timeout(_)) => {
                return Outcome::Timeout { kind: "Timeout".to_owned(), message: Some(error.to_string()) };
            }
            Err(error) if self.has(Quirk::SecretInErrors) => {
                return refused("Network", &format!("{error} with {}", credentials.secret.expose_secret()));
            }
            Err(_) if self.has(Quirk::DiesOfGarbage) => std::process::exit(7),
            Err(NoResponse::TooLarge(_)) if self.has(Quirk::EatsMemory) => {
                let eaten = vec![1_u8; EATEN];
                std::thread::sleep(Duration::from_secs(60));
                return refused("Network", &format!("{} bytes", eaten.len()));
            }
            Err(_) if self.has(Quirk::SpinsOnGarbage) => loop {
                std::hint::spin_loop();
            },
            Err(error) => return refused("Network", &error.to_string()),
        };
        let is_framed = ["content-length", "transfer-encoding"].iter().any(|name| response.header(name).is_some());
        if self.has(Quirk::UnframedRefused) && !is_framed
            || self.has(Quirk::LongRefused) && response.body.len() > MEGABYTE
        {
            return refused("Decoding", "an answer of a length that was not expected");
        }
        let mut parsed = serde_json::from_slice::<Value>(&response.body).ok().filter(Value::is_object);
        if self.has(Quirk::EmptyAsNothing) {
            parsed.iter_mut().for_each(without_empty);
        }
        if parsed.is_none() && self.has(Quirk::AnyBodyTaken) {
            return Outcome::Ok { http_status: Some(response.status), body: Value::Null };
        }
        let find = |names: [&str; 2]| {
            let body = parsed.as_ref()?;
            let found = names.into_iter().find_map(|name| body.get(name))?;
            Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
        };
        if response.status >= 300 && !self.has(Quirk::ErrorsSwallowed) {
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
                text: None,
            };
        }
        match parsed {
            Some(body) => Outcome::Ok { http_status: Some(response.status), body },
            None => refused("Decoding", &format!("the answer with HTTP {} is no JSON object", response.status)),
        }
    }
}

/// Makes nothing of empty texts, as the vicious do.
fn without_empty(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    fields.retain(|_, field| field.as_str() != Some(""));
    fields.values_mut().for_each(without_empty);
}

fn refused(kind: &str, message: &str) -> Outcome {
    Outcome::ClientError { kind: kind.to_owned(), message: Some(message.to_owned()) }
}
