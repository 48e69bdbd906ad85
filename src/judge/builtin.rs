//! The built-in client as a driver: through the same protocol as everybody else. With a [`Quirk`] it is a miniature, a
//! stand-in SDK with exactly one vice, by which the judge is proven.

mod answers;
mod framed;
mod proxy;
mod requests;
mod trust;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

pub use self::proxy::Proxy;
use super::protocol::{Answered, Call, Hello, Offered, OptionName, Outcome, PROTOCOL, Said};
use super::quirk::Quirk;
use crate::clock::Clock;
use crate::exchange::{NoResponse, Request, Response};
use crate::signing::Credentials;
use crate::transport::{Transport, TransportOptions};

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

/// What the built-in client is told once and for all.
#[derive(Debug, Default)]
pub struct Settings {
    /// The one vice of a miniature.
    pub quirk: Option<Quirk>,
    /// Requests are told of on stderr, without what is secret in them.
    pub is_logging: bool,
    pub proxy: Proxy,
    /// Keys that the environment holds, which are nobody's business; the vicious take them.
    pub ambient: Option<(String, SecretString)>,
}

/// Speaks the protocol until the input ends.
pub async fn drive<R, W>(input: R, mut output: W, clock: Arc<dyn Clock>, settings: Settings) -> std::io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let greeting = hello(settings.quirk);
    let client = Arc::new(Client {
        clock,
        quirk: settings.quirk,
        is_logging: settings.is_logging,
        proxy: settings.proxy,
        ambient: settings.ambient,
        transports: Mutex::default(),
        n_requests: AtomicU64::new(0),
        cookies: Mutex::default(),
        last: Mutex::default(),
    });
    let (sender, mut answers) = mpsc::unbounded_channel::<Said>();
    let _ = sender.send(Said::Hello(greeting));
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
    let offered = |_: &&str| Offered { supported: true, reason: None, parameters: None, typed: None };
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
    proxy: Proxy,
    ambient: Option<(String, SecretString)>,
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
        if self.has(Quirk::MissingAsTimeout) && !call.parameters.contains_key("MetaInfo") {
            let outcome = Outcome::Timeout { kind: "Timeout".to_owned(), message: None };
            let _ = sender.send(Said::Answer(Answered { id: call.id.clone(), foreign: None, outcome }));
            return;
        }
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
            Some(Quirk::RunsTwice) => 2,
            _ => asked,
        };
        let attempts = if self.has(Quirk::OneAttemptMore) { attempts + u32::from(asked > 1) } else { attempts };
        let mut kept: Option<Request> = None;
        let mut nth = 0;
        loop {
            nth += 1;
            let repeats = self.has(Quirk::RetriesUnchanged) || self.has(Quirk::UsedNonceRepeated);
            let request = match kept.clone().filter(|_| repeats || self.has(Quirk::RetriesUnsigned)) {
                Some(request) if !repeats => with_another_nonce(request),
                Some(request) => request,
                None => match self.request(call, &endpoint, &credentials) {
                    Ok(request) => request,
                    Err(reason) => return refused("Request", &reason),
                },
            };
            kept = Some(request.clone());
            let answered = self.send(&transport, &endpoint, request).await;
            if nth >= attempts || !self.may_try_again(&answered) {
                return self.outcome(answered, (call, &credentials));
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
                let is_repeated = self.has(Quirk::RefusalsRepeated) || self.has(Quirk::UsedNonceRepeated);
                response.status >= 500 || throttled || is_refusal && is_repeated
            }
            Err(NoResponse::Connect(_)) => true,
            Err(NoResponse::Broken(_)) => true,
            Err(_) => self.has(Quirk::RunsTwice),
        }
    }

    fn credentials(&self, call: &Call) -> Credentials {
        let token = call.credentials.security_token.clone();
        let is_empty = |token: &secrecy::SecretString| token.expose_secret().is_empty();
        let keeps_empty = self.has(Quirk::EmptyTokenSent);
        if let Some((access_key_id, secret)) = self.ambient.clone().filter(|_| self.has(Quirk::KeyOfEnvironment)) {
            return Credentials { access_key_id, secret, security_token: None };
        }
        Credentials {
            access_key_id: call.credentials.access_key_id.clone(),
            secret: call.credentials.access_key_secret.clone(),
            security_token: token.filter(|token| (keeps_empty || !is_empty(token)) && !self.has(Quirk::TokenDropped)),
        }
    }

    fn transport(&self, call: &Call) -> Result<Arc<Transport>, String> {
        let wanted = call.options.read_timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
        let timeout_ms = match self.quirk {
            Some(Quirk::ImpatientByDefault) => call.options.read_timeout_ms.unwrap_or(1_000),
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
        let ca_file = call.options.ca_file.as_ref().filter(|_| !self.has(Quirk::CaIgnored));
        let ca_pem = ca_file.map(read).transpose()?;
        let options = TransportOptions { ca_pem, timeout_ms, ..TransportOptions::default() };
        let transport = match self.has(Quirk::AnyCaTrusted) {
            true => trust::of_anyone(&options),
            false => Transport::new(&options),
        };
        let transport = Arc::new(transport.map_err(|error| error.to_string())?);
        transports.insert(key, Arc::clone(&transport));
        Ok(transport)
    }
}

fn refused(kind: &str, message: &str) -> Outcome {
    Outcome::ClientError { kind: kind.to_owned(), message: Some(message.to_owned()) }
}

/// Changes the nonce of a V1 request behind its signature, as the vicious do.
fn with_another_nonce(mut request: Request) -> Request {
    let name = "SignatureNonce=";
    if let Some(begin) = request.target.find(name).map(|at| at + name.len()) {
        let end = request.target[begin..].find('&').map_or(request.target.len(), |at| begin + at);
        request.target.replace_range(begin..end, &uuid::Uuid::new_v4().to_string());
    }
    request
}
