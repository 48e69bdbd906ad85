//! What all cases of a run share.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use super::callbacks::CallbackListener;
use super::control::ControlClient;
use super::gate::Gate;
use super::verdict::Stop;
use super::{RunError, RunInput};
use crate::check::ResponseRows;
use crate::clock::Timestamp;
use crate::contract::Level;
use crate::plan::{Fate, PlannedCase};
use crate::redact::{Redactor, Sensitive, What};
use crate::request::{Expressions, RequestInput, ServiceKeys};
use crate::suite::{Case, Step};
use crate::target::model::Target;
use crate::transport::{Endpoint, Transport, TransportOptions};

/// Shared by all cases, read only but for gates and listener.
pub(super) struct Shared {
    pub(super) input: RunInput,
    pub(super) transport: Transport,
    pub(super) endpoints: HashMap<String, Endpoint>,
    pub(super) control_endpoint: Option<Endpoint>,
    pub(super) control: Option<ControlClient>,
    pub(super) gate: Gate,
    pub(super) redactor: Redactor,
    pub(super) expressions: Expressions,
    keys: OnceCell<ServiceKeys>,
    listener: OnceCell<CallbackListener>,
    rows: HashMap<(String, String), ResponseRows>,
}

impl Shared {
    /// Prepares a run: addresses judged, connections and redaction ready.
    pub(super) fn new(input: RunInput) -> Result<Self, RunError> {
        let target = &input.target;
        let transport = Transport::new(&TransportOptions {
            ca_pem: input.options.ca_pem.clone(),
            timeout_ms: target.budgets.timeout_ms,
            ..TransportOptions::default()
        })?;
        let used = used_apis(&input);
        let mut endpoints = HashMap::new();
        for (api, address) in target.endpoints.iter().filter(|(api, _)| used.contains(api.as_str())) {
            endpoints.insert(api.clone(), allowed(address, input.options.allow_real)?);
        }
        let control_endpoint =
            target.control.as_deref().map(|address| allowed(address, input.options.allow_real)).transpose()?;
        let expressions = Expressions::new(&request_input(&input, &ServiceKeys::default()));
        Ok(Self {
            transport,
            endpoints,
            control: control_endpoint.clone().map(ControlClient::new),
            control_endpoint,
            gate: Gate::new(&target.budgets),
            redactor: input.redactor.clone(),
            expressions,
            keys: OnceCell::new(),
            listener: OnceCell::new(),
            rows: response_rows(&input),
            input,
        })
    }

    /// Returns what requests are made from.
    pub(super) fn request_input(&self) -> RequestInput<'_> {
        request_input(&self.input, self.keys.get().unwrap_or(&NO_KEYS))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.input.options.clock.now()
    }

    pub(super) fn rows(&self, api: &str, operation: &str) -> Option<&ResponseRows> {
        // Two short keys; a nested map would save the copies and read worse.
        self.rows.get(&(api.to_owned(), operation.to_owned()))
    }

    /// Returns the level of a requirement; one that no contract declares weighs most.
    pub(super) fn level(&self, requirement: &str) -> Level {
        self.input.contracts.requirements.get(requirement).map_or(Level::Must, |found| found.level)
    }

    /// Gets ready what some cases need and most do not, so that nobody waits for what another needs.
    pub(super) async fn get_ready(&self, planned: &PlannedCase) -> Result<(), Stop> {
        self.fetch_keys(&planned.case).await?;
        if planned.listens {
            self.listener.get_or_try_init(|| self.listen()).await.map_err(Stop::Indeterminate)?;
        }
        Ok(())
    }

    /// Returns the listener for callbacks, when a case that needs it got ready.
    pub(super) fn listener(&self) -> Option<&CallbackListener> {
        self.listener.get()
    }

    /// Starts the listener, and has the target trust it where it can be told to.
    async fn listen(&self) -> Result<CallbackListener, String> {
        let listener = CallbackListener::start().await.map_err(|error| error.to_string())?;
        if let Some(control) = &self.control {
            control.trust(&self.transport, &listener.ca_pem).await?;
        }
        Ok(listener)
    }

    /// Gets the service's public keys, once for all cases, when a case is about to encrypt: making a key pair takes a server
    /// a while.
    async fn fetch_keys(&self, case: &Case) -> Result<(), Stop> {
        if !self.encrypts(case) {
            return Ok(());
        }
        let Some(control) = &self.control else {
            return Err(Stop::Lacking("the target names no control API that tells its public keys".to_owned()));
        };
        let fetch = || async {
            let keys = control.keys(&self.transport).await?;
            Ok(ServiceKeys { sm2: Some(keys.sm2_public_key), enc_token: Some(keys.enc_token_public_key) })
        };
        self.keys.get_or_try_init(fetch).await.map(drop).map_err(Stop::Indeterminate)
    }

    fn encrypts(&self, case: &Case) -> bool {
        let encrypted = |text: &String| text.contains("sm2(") || text.contains("enc_token(");
        case.steps.iter().any(|step| {
            let (baseline, more) = match step {
                Step::Call(call) => (&call.baseline, format!("{:?}{:?}", call.set, call.differs)),
                Step::Burst(burst) => (&burst.baseline, String::new()),
                _ => return false,
            };
            let baseline = self.input.suites.baseline(baseline);
            encrypted(&more) || baseline.is_some_and(|loaded| loaded.baseline.parameters.values().any(encrypted))
        })
    }
}

/// What is known of the service's keys before they are asked for.
static NO_KEYS: ServiceKeys = ServiceKeys { sm2: None, enc_token: None };

fn request_input<'a>(input: &'a RunInput, keys: &'a ServiceKeys) -> RequestInput<'a> {
    RequestInput {
        suites: &input.suites,
        contracts: &input.contracts,
        target: &input.target,
        keys,
        scheme: input.options.scheme,
        seed: input.plan.seed,
        salt: input.options.salt,
    }
}

/// The typed guard: an address beyond this machine is an endpoint only when it was allowed.
fn allowed(address: &str, allow_real: bool) -> Result<Endpoint, RunError> {
    let endpoint = Endpoint::parse(address)?;
    match allow_real || endpoint.is_loopback() {
        true => Ok(endpoint),
        false => Err(RunError::NotAllowed(address.to_owned())),
    }
}

fn used_apis(input: &RunInput) -> HashSet<&str> {
    let running = input.plan.cases.iter().filter(|planned| planned.fate == Fate::Run);
    let baselines = running.flat_map(|planned| &planned.case.steps).filter_map(|step| match step {
        Step::Call(call) => input.suites.baseline(&call.baseline),
        Step::Burst(burst) => input.suites.baseline(&burst.baseline),
        _ => None,
    });
    baselines.map(|loaded| loaded.api.as_str()).collect()
}

fn response_rows(input: &RunInput) -> HashMap<(String, String), ResponseRows> {
    let operations = input.contracts.by_api.iter().flat_map(|(api, contract)| {
        contract
            .operations
            .iter()
            .map(move |operation| ((api.clone(), operation.name.clone()), ResponseRows::new(api, operation)))
    });
    operations.collect()
}

/// Returns what knows the secrets and persons of a target's sandbox.
pub fn redactor(target: &Target) -> Redactor {
    let sandbox = &target.sandbox;
    let secrets = sandbox.accounts.iter().flat_map(|account| {
        let secret = account.access_key_secret.as_ref().map(|secret| (What::AccessKeySecret, secret.expose_secret()));
        let token = account.security_token.as_ref().map(|token| (What::SecurityToken, token.expose_secret()));
        secret.into_iter().chain(token)
    });
    let persons = sandbox
        .persons
        .iter()
        .flat_map(|person| [(What::PersonName, person.name.as_str()), (What::IdNumber, person.id_number.as_str())]);
    let known: Vec<(What, &str)> = secrets.chain(persons).filter(|(_, text)| !text.is_empty()).collect();
    Redactor::new(known.iter().map(|(what, text)| Sensitive { what: *what, text }))
}

/// Shared by tasks.
pub(super) type SharedRun = Arc<Shared>;
