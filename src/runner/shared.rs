//! What all cases of a run share.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use secrecy::ExposeSecret;

use super::callbacks::CallbackListener;
use super::control::ControlClient;
use super::gate::Gate;
use super::{RunError, RunInput};
use crate::check::ResponseRows;
use crate::clock::Timestamp;
use crate::contract::Level;
use crate::plan::Fate;
use crate::redact::{Redactor, Sensitive, What};
use crate::request::{Expressions, RequestInput, ServiceKeys};
use crate::suite::Step;
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
    pub(super) keys: ServiceKeys,
    pub(super) listener: Option<CallbackListener>,
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
            redactor: redactor(target),
            expressions,
            keys: ServiceKeys::default(),
            listener: None,
            rows: response_rows(&input),
            input,
        })
    }

    /// Returns what requests are made from.
    pub(super) fn request_input(&self) -> RequestInput<'_> {
        request_input(&self.input, &self.keys)
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

    /// Says whether some case that runs encrypts, so that keys are needed.
    pub(super) fn encrypts(&self) -> bool {
        let running = self.input.plan.cases.iter().filter(|planned| planned.fate == Fate::Run);
        let baselines = running.flat_map(|planned| &planned.case.steps).filter_map(|step| match step {
            Step::Call(call) => {
                Some((self.input.suites.baseline(&call.baseline)?, format!("{:?}{:?}", call.set, call.differs)))
            }
            _ => None,
        });
        let encrypted = |text: &str| text.contains("sm2(") || text.contains("enc_token(");
        let mut baselines = baselines;
        baselines
            .any(|(loaded, more)| encrypted(&more) || loaded.baseline.parameters.values().any(|text| encrypted(text)))
    }
}

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
