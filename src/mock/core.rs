//! The synchronous heart: a request in, an answer out, no input or output besides.

use std::sync::{Arc, Mutex, OnceLock};

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::account::Account;
use super::accounts::Accounts;
use super::answer::Answer;
use super::callback::{self, Callback, Caller};
use super::defect::{self, Behaviour};
use super::faults::Faults;
use super::gateway::{self, Arrival, Format, Progress, Refusal, Statuses};
use super::ids::Ids;
use super::journal::Journal;
use super::keys::Keys;
use super::links::Links;
use super::nonces::NonceMemory;
use super::operations::Operations;
use super::options::MockOptions;
use super::service::{self, Reply};
use super::throttle::Windows;
use super::variant::{self, Variant};
use crate::clock::Timestamp;
use crate::contract::Contracts;
use crate::control::{FaultKind, JournalEntry};
use crate::exchange::Request;
use crate::signing::{Scheme, Vice};
use crate::target::model::Target;
use crate::target::sandbox::SandboxIndex;

/// All families behind one gateway, without a listener.
pub struct Mock {
    pub(super) options: MockOptions,
    pub(super) sandbox: SandboxIndex,
    pub(super) accounts: Accounts,
    pub(super) operations: Operations,
    pub(super) ids: Ids,
    pub(super) keys: Keys,
    pub(super) links: Links,
    pub(super) journal: Journal,
    pub(super) faults: Faults,
    pub(super) caller: Arc<Caller>,
    pub(super) ca_pem: OnceLock<String>,
    /// Base address of the control API, once it is listened on.
    pub(super) control_url: OnceLock<String>,
    /// Nonces of all accounts together, where a variant wants that.
    pub(super) nonces_of_all: Mutex<NonceMemory>,
    /// Calls of all accounts together, where a defect wants that.
    pub(super) windows_of_all: Mutex<Windows>,
    statuses: Statuses,
    offset_ms: Arc<AtomicI64>,
    /// Requests that no account can be told of.
    strangers: AtomicU64,
    behaviour: Option<Behaviour>,
    /// How often the defect showed.
    landed: AtomicU64,
}

impl Mock {
    /// Makes a mock of the sandbox of a target and the facts of contracts.
    pub fn new(target: &Target, contracts: &Contracts, options: MockOptions) -> Result<Self, rustls::Error> {
        let ids = Ids::new(options.seed);
        let reread = variant::reread(contracts, options.variants);
        let contracts = reread.as_ref().unwrap_or(contracts);
        let rewritten = options.defect.as_ref().and_then(|defect| defect::rewrite(contracts, defect));
        let contracts = rewritten.as_ref().unwrap_or(contracts);
        Ok(Self {
            sandbox: SandboxIndex::new(target.sandbox.clone()),
            accounts: Accounts::new(),
            operations: Operations::new(contracts),
            ids,
            keys: Keys::new(ids),
            links: Links::new(ids),
            journal: Journal::default(),
            faults: Faults::default(),
            caller: Arc::new(Caller::new(options.allow_non_loopback)?),
            ca_pem: OnceLock::new(),
            control_url: OnceLock::new(),
            nonces_of_all: Mutex::default(),
            windows_of_all: Mutex::default(),
            statuses: Statuses::new(contracts),
            offset_ms: Arc::default(),
            strangers: AtomicU64::new(0),
            behaviour: options.defect.as_ref().and_then(|defect| defect.behaviour()),
            landed: AtomicU64::new(0),
            options,
        })
    }

    /// Answers a request that came over plain HTTP. Waits only for the reachability of a callback address.
    pub fn answer(&self, request: &Request) -> Answer {
        self.answer_arrived(request, Arrival::Plain)
    }

    /// Answers a request that came in a given way.
    pub fn answer_arrived(&self, request: &Request, arrival: Arrival) -> Answer {
        if let Some(answer) = service::link(self, request) {
            return answer;
        }
        let mut progress = Progress::default();
        let mut admitted = gateway::admit(self, request, arrival, &mut progress);
        if let Err(refusal) = &mut admitted
            && refusal.code == "SignatureDoesNotMatch"
            && self.breaks(Behaviour::ParametersBeforeSignature)
        {
            service::put_breach_first(self, request, refusal);
        }
        let identity = self.identify(&progress);
        let result = admitted.and_then(|call| {
            let base = base_address(request, arrival);
            let operation = self.options.defect.as_ref().map(|_| service::operation_name(&call)).unwrap_or_default();
            service::serve(self, &call, &base).map(|reply| (reply, operation, call.now))
        });
        let mut answer = match result {
            Ok((reply, operation, now)) => self.render(&progress, &identity, (reply, &operation), now),
            Err(refusal) => self.refuse(&progress, &identity, request, refusal),
        };
        answer.scheme = progress.scheme.map(Scheme::name);
        answer.access_key_id = progress.access_key_id;
        answer.action = progress.action;
        answer
    }

    fn render(
        &self,
        progress: &Progress,
        identity: &RequestIdentity,
        (reply, operation): (Reply, &str),
        now: Timestamp,
    ) -> Answer {
        let format = progress.format.unwrap_or(Format::Json);
        let mut body = Map::with_capacity(reply.body.len() + 1);
        body.insert("RequestId".to_owned(), Value::from(identity.request_id.as_str()));
        body.extend(reply.body);
        let mut status = reply.status;
        self.spoil(operation, &mut status, &mut body);
        let root = match format {
            Format::Json => String::new(),
            Format::Xml => format!("{}Response", progress.action.as_deref().unwrap_or_default()),
        };
        let body = self.write_body(progress, &root, body, false);
        let mut answer = Answer::plain(status, self.content_type(format), Bytes::from(body));
        answer.code = reply.code;
        answer.at_ms = now.0;
        identity.stamp(answer)
    }

    fn refuse(&self, progress: &Progress, id: &RequestIdentity, request: &Request, mut refusal: Refusal) -> Answer {
        self.statuses.apply(&mut refusal);
        variant::redress(self.options.variants, &mut refusal);
        let format = progress.format.unwrap_or(Format::Json);
        let host = request.header("host").unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let mut body = gateway::body::error_body(&refusal, &id.request_id, host, product_of(self, request));
        if self.breaks(Behaviour::HostIdLeftOut) {
            body.shift_remove("HostId");
        }
        self.spoil(progress.action.as_deref().unwrap_or_default(), &mut refusal.status, &mut body);
        let body = self.write_body(progress, "Error", body, refusal.status == 403);
        let mut answer = Answer::plain(refusal.status, self.content_type(format), Bytes::from(body));
        if let Some(milliseconds) = refusal.retry_after_ms {
            answer = answer.with_header("x-acs-retry-after", milliseconds.to_string());
        }
        let now = self.global_now();
        answer.at_ms = progress.account.as_ref().map_or(now, |account| account.now(now)).0;
        answer.code = Some(refusal.code.into_owned());
        id.stamp(answer)
    }

    /// Writes the body of an answer, `root` being its XML root; `denied` says that permission was refused.
    fn write_body(&self, progress: &Progress, root: &str, mut body: Map<String, Value>, denied: bool) -> Vec<u8> {
        let (format, variants) = (progress.format.unwrap_or(Format::Json), self.options.variants);
        if variants.is_empty() {
            return gateway::body::render(format, root, &body);
        }
        let action = progress.action.as_deref().unwrap_or_default();
        variant::dress(variants, action, self.operations.response_rows(action), denied, &mut body);
        variant::write_body(variants, format, root, &body)
    }

    /// Says whether the mock behaves wrongly in a way, and takes note that it did.
    pub(super) fn breaks(&self, behaviour: Behaviour) -> bool {
        let broken = self.behaviour == Some(behaviour);
        if broken {
            self.landed.fetch_add(1, Ordering::Relaxed);
        }
        broken
    }

    /// Says whether the defect showed: an answer was, or a decision went, as it would not have without it. One in the rows
    /// that the mock was started from shows in no single place.
    pub fn has_landed(&self) -> bool {
        self.landed.load(Ordering::Relaxed) > 0
    }

    /// Returns how signatures of a scheme are derived, where that is wrong.
    pub(super) fn derives_with(&self, scheme: Scheme) -> Option<Vice> {
        match self.behaviour {
            Some(Behaviour::SignatureWith(vice)) if !scheme.is_acs3() => Some(vice),
            Some(Behaviour::Acs3With(vice)) if scheme.is_acs3() => Some(vice),
            _ => None,
        }
        .inspect(|_| {
            self.landed.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Says whether a solution of the older flow is refused although it is served.
    pub(super) fn refuses_solution(&self, solution: &str) -> bool {
        matches!(self.behaviour, Some(behaviour @ Behaviour::SolutionRefused(refused)) if refused == solution && self.breaks(behaviour))
    }

    fn spoil(&self, operation: &str, status: &mut u16, body: &mut Map<String, Value>) {
        let Some(defect) = &self.options.defect else { return };
        if defect.spoil(operation, status, body) {
            self.landed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn content_type(&self, format: Format) -> &'static str {
        if self.breaks(Behaviour::ContentTypeOther) { "text/plain" } else { format.content_type() }
    }

    /// Says whether a variant is in force.
    pub(super) fn reads(&self, variant: Variant) -> bool {
        self.options.variants.has(variant)
    }

    /// Returns the instant that lifetimes are compared with: a variant counts the very last one in.
    pub(super) fn edge(&self, now: Timestamp) -> Timestamp {
        if self.reads(Variant::LifetimeEdge) { Timestamp(now.0 - 1) } else { now }
    }

    /// Returns the ids of an answer: of the account's own count where there is one, so that cases that run side by
    /// side get the same ids in every run.
    fn identify(&self, progress: &Progress) -> RequestIdentity {
        let (scope, number) = match &progress.account {
            Some(account) => (account.key_id.as_str(), account.next_request()),
            None => ("", self.strangers.fetch_add(1, Ordering::Relaxed)),
        };
        let number = if self.breaks(Behaviour::RequestIdRepeated) { 0 } else { number };
        let bytes = self.ids.bytes("trace", scope, number);
        let mut request_id = self.ids.request_id(scope, number);
        if self.reads(Variant::RequestIdVersion) {
            request_id.replace_range(14..15, "4");
        }
        let in_header = if self.breaks(Behaviour::RequestIdHeaderOther) {
            self.ids.request_id(scope, number + 1_000_000)
        } else {
            request_id.clone()
        };
        RequestIdentity { request_id, in_header, trace_id: hex::encode(&bytes[..16]) }
    }

    /// Says what becomes of the next calls of an account, one after another.
    pub fn script(&self, access_key_id: &str, kinds: Vec<FaultKind>) {
        self.faults.script(access_key_id, kinds);
    }

    /// Takes back what [`Mock::script`] said and has not happened yet.
    pub fn forget_script(&self, access_key_id: &str) {
        self.faults.forget(access_key_id);
    }

    /// Returns everybody's time: the clock of the machine and what `POST /clock` added for all.
    pub(super) fn global_now(&self) -> Timestamp {
        Timestamp(self.options.clock.now().0.saturating_add(self.offset_ms.load(Ordering::Relaxed)))
    }

    /// Moves everybody's time.
    pub(super) fn advance(&self, seconds: i64) {
        self.offset_ms.fetch_add(seconds.saturating_mul(1_000), Ordering::Relaxed);
    }

    /// Takes back what moved everybody's time.
    pub(super) fn reset_clock(&self) {
        self.offset_ms.store(0, Ordering::Relaxed);
    }

    /// Sends a callback, if there is a new one, and all that are due for an account.
    pub(super) fn call_back(&self, account: &Arc<Account>, first: Option<Callback>) {
        if self.options.replay {
            return;
        }
        let (clock, offset, owner) = (self.options.clock.clone(), self.offset_ms.clone(), account.clone());
        let now = move || {
            let global = clock.now().0.saturating_add(offset.load(Ordering::Relaxed));
            owner.now(Timestamp(global))
        };
        callback::dispatch(&self.caller, account, first, now);
    }

    /// Writes an answer into the journal.
    pub(super) fn record(&self, answer: &Answer) {
        self.journal.add(JournalEntry {
            number: 0,
            at_ms: answer.at_ms,
            access_key_id: answer.access_key_id.clone(),
            action: answer.action.clone(),
            http_status: answer.status,
            code: answer.code.clone(),
            scheme: answer.scheme.map(str::to_owned),
        });
    }
}

/// Ids that an answer carries in body and headers (source: signing.md §6).
struct RequestIdentity {
    request_id: String,
    /// The same, unless a defect says otherwise.
    in_header: String,
    trace_id: String,
}

impl RequestIdentity {
    fn stamp(&self, answer: Answer) -> Answer {
        answer
            .with_header("x-acs-request-id", self.in_header.as_str())
            .with_header("x-acs-trace-id", self.trace_id.as_str())
    }
}

/// Returns the address that links in an answer begin with: the one the client used.
fn base_address(request: &Request, arrival: Arrival) -> String {
    let scheme = if arrival == Arrival::Tls { "https" } else { "http" };
    format!("{scheme}://{}", request.header("host").unwrap_or("127.0.0.1"))
}

/// Names the product in `Recommend`, by the version asked for.
fn product_of<'a>(mock: &'a Mock, request: &Request) -> &'a str {
    let version = request.header("x-acs-version").map(str::to_owned);
    let version = version.or_else(|| {
        let parameters = crate::signing::parameters(request).unwrap_or_default();
        parameters.into_iter().find(|(name, _)| name == "Version").map(|(_, value)| value)
    });
    mock.operations.product(&version.unwrap_or_default())
}
