//! A load run from its first event to its last.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use indexmap::IndexMap;

use super::collect::Collector;
use super::full_check::FullCheck;
use super::gate::Gate;
use super::program::{CONTROL, Program, ProgramInput};
#[cfg(feature = "redis")]
use super::shared_budget::Member;
use super::worker::{Common, Message, Options, RetryRules, Worker};
use super::{ClosedUsers, LoadError, LoadInput, closed};
use crate::event::{
    Event, LoadCapacity, LoadLimit, LoadPlanned, LoadStepPlanned, RunFinished, RunStarted, SCHEMA_VERSION, StopCause,
};
use crate::load_profile::model::{Arrivals, LoadStep, RetriedClass};
use crate::load_profile::{Demand, LimitOrigin, Limits, Shard};
use crate::request::RequestInput;
use crate::target::model::Budgets;
use crate::transport::{Endpoint, RawAddress, Transport, TransportOptions};

/// Bytes of an answer's body that are taken at most.
const BODY_LIMIT: usize = 4 << 20;

/// Runs a profile. Every event goes to `emit`.
///
/// # Errors
/// When the settings do not fit together, or the profile does not fit its limits: nothing was emitted and nothing sent.
pub fn run(input: &LoadInput, mut emit: impl FnMut(Event)) -> Result<(), LoadError> {
    let start = Instant::now() + input.options.start_in;
    let limits = limits_of(input)?;
    let addresses = addresses(input)?;
    let request = RequestInput {
        suites: &input.suites,
        contracts: &input.contracts,
        target: &input.target,
        keys: &input.options.keys,
        scheme: input.options.scheme,
        seed: input.options.seed,
        salt: input.options.salt,
    };
    let program = Program::new(&ProgramInput { profile: &input.profile, request, limits: &limits, addresses })?;
    let member = join(input, &limits)?;
    // Users share one record, whatever they run on.
    let workers = if closed_users(input).is_some() { 1 } else { input.options.workers.max(1) };
    wait(input, start);
    let common = Arc::new(Common {
        gate: Gate::new(&limits.limits, member.as_ref().map(Member::shares)),
        billable_left: AtomicU64::new(
            budgets_of_shard(&input.target.budgets, input.options.shard.n).billable_calls.unwrap_or(u64::MAX),
        ),
        stop: AtomicBool::new(input.options.stop.load(Ordering::Relaxed)),
        clock: Arc::clone(&input.options.clock),
        begun: Instant::now(),
        options: options(input, workers),
        program,
    });
    announce(input, &limits, &mut emit);
    let (out, messages) = mpsc::channel();
    if let Some(users) = closed_users(input) {
        let options = TransportOptions {
            ca_pem: input.options.ca_pem.clone(),
            timeout_ms: common.options.timeout.div_ceil(1_000_000),
            body_limit: BODY_LIMIT,
        };
        let transport = Transport::new(&options)?;
        return std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("load-users".to_owned());
            let shared = Arc::clone(&common);
            thread
                .spawn_scoped(scope, move || closed::run(&shared, &users, transport, out))
                .map_err(LoadError::Thread)?;
            collect(input, &common, &messages, &mut emit);
            Ok(())
        });
    }
    std::thread::scope(|scope| {
        for number in 0..workers {
            let shard = shard_of(input.options.shard, number, workers);
            let worker = Worker::new(&common, number, input.profile.schedule.arrivals(shard), out.clone());
            let worker = worker.map_err(LoadError::Thread);
            let started = worker.and_then(|worker| {
                let builder = std::thread::Builder::new().name(format!("load-{number}"));
                builder.spawn_scoped(scope, move || worker.run()).map_err(LoadError::Thread)
            });
            if let Err(error) = started {
                common.stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        drop(out);
        collect(input, &common, &messages, &mut emit);
        Ok(())
    })
}

/// Returns the users of a closed model, shared out among shards.
fn closed_users(input: &LoadInput) -> Option<ClosedUsers> {
    let Arrivals::Users { users, pause, start } = &input.profile.file.arrivals else { return None };
    let Shard { i, n } = input.options.shard;
    let mine = (u64::from(*users) + n - 1 - i) / n;
    Some(ClosedUsers {
        users: u32::try_from(mine).unwrap_or(*users).max(1),
        pause: pause.0,
        start: start.0,
        length: input.profile.schedule.length(),
        warm_up: input.profile.schedule.warm_up,
    })
}

/// Waits for the start, or until the run is stopped before it.
fn wait(input: &LoadInput, start: Instant) {
    while !input.options.stop.load(Ordering::Relaxed) {
        let left = start.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(std::time::Duration::from_millis(50)));
    }
}

/// Refuses what must not be run, before anybody is called.
///
/// # Errors
/// When an address or a billed call is not allowed, the profile does not fit the limits, or cannot be split.
pub fn check_allowed(input: &LoadInput) -> Result<(), LoadError> {
    limits_of(input).map(drop)
}

/// Finds the limits, and refuses a profile that does not fit them.
pub(super) fn limits_of(input: &LoadInput) -> Result<Limits, LoadError> {
    let LoadInput { profile, contracts, target, .. } = input;
    endpoints(input)?;
    check_split(input)?;
    let beyond = profile.file.beyond_limits;
    let limits = Limits::of(&profile.calls, contracts, &target.budgets, beyond);
    let limits = match input.options.budget_server {
        Some(_) => limits,
        None => limits.split(input.options.shard.n).map_err(LoadError::OverLimits)?,
    };
    let demand = demand_of(input, &limits);
    match demand.problems.is_empty() {
        true => Ok(limits),
        false => Err(LoadError::OverLimits(demand.problems.join("; "))),
    }
}

fn demand_of(input: &LoadInput, limits: &Limits) -> Demand {
    let n = input.options.shard.n;
    Demand::of_shard(&input.profile, limits, &budgets_of_shard(&input.target.budgets, n), n)
}

/// Takes part in limits that are held together with other processes.
#[cfg(feature = "redis")]
fn join(input: &LoadInput, limits: &Limits) -> Result<Option<Member>, LoadError> {
    let Some(server) = &input.options.budget_server else { return Ok(None) };
    let needed = demand_of(input, limits).limits;
    let needed: Vec<u32> = needed.iter().map(|limit| limit.peak.most.ceil().min(f64::from(u32::MAX)) as u32).collect();
    Member::join(server, &limits.limits, &needed).map(Some)
}

#[cfg(not(feature = "redis"))]
fn join(input: &LoadInput, _limits: &Limits) -> Result<Option<Member>, LoadError> {
    match &input.options.budget_server {
        None => Ok(None),
        Some(server) => Err(LoadError::BudgetServer {
            address: server.address.clone(),
            reason: "this idvet was built without the feature `redis`".to_owned(),
        }),
    }
}

/// Nobody takes part without a server.
#[cfg(not(feature = "redis"))]
enum Member {}

#[cfg(not(feature = "redis"))]
impl Member {
    fn shares(&self) -> Arc<super::shares::Shares> {
        match *self {}
    }
}

fn check_split(input: &LoadInput) -> Result<(), LoadError> {
    let n = input.options.shard.n;
    match &input.profile.file.arrivals {
        Arrivals::Capacity { .. } if n > 1 => Err(LoadError::NotSplit(
            "a capacity search decides by what the whole endpoint did, which no shard sees".to_owned(),
        )),
        Arrivals::Users { users, .. } if u64::from(*users) < n => {
            Err(LoadError::NotSplit(format!("there are {users} users for {n} shards")))
        }
        _ => Ok(()),
    }
}

/// Returns what one of `n` processes may spend.
fn budgets_of_shard(budgets: &Budgets, n: u64) -> Budgets {
    Budgets { billable_calls: budgets.billable_calls.map(|most| most / n.max(1)), ..budgets.clone() }
}

fn options(input: &LoadInput, workers: usize) -> Options {
    let file = &input.profile.file;
    let timeout = file.timeout.map_or(input.target.budgets.timeout_ms * 1_000_000, |timeout| timeout.0);
    Options {
        salt: input.options.salt,
        n_workers: workers as u64,
        timeout: timeout.max(1),
        connections: (file.connections.at_most as usize).div_ceil(workers).max(1),
        keep_alive: file.connections.keep_alive,
        check_every: u64::from(file.check_every),
        retries: file.retries.as_ref().map(|retries| RetryRules {
            at_most: retries.at_most,
            wait: retries.wait.0,
            throttled: retries.of.contains(&RetriedClass::Throttled),
            failed: retries.of.contains(&RetriedClass::Failed),
            budget: retries.budget / 100.0,
        }),
        body_limit: BODY_LIMIT,
    }
}

/// Workers split a shard as shards split the whole: by arrival.
fn shard_of(shard: Shard, worker: usize, workers: usize) -> Shard {
    Shard { i: shard.i + shard.n * worker as u64, n: shard.n * workers as u64 }
}

/// Returns the endpoints of the APIs that are called.
fn endpoints(input: &LoadInput) -> Result<Vec<(String, Endpoint)>, LoadError> {
    let mut endpoints: Vec<(String, Endpoint)> = Vec::new();
    for call in &input.profile.calls {
        if !endpoints.iter().any(|(api, _)| *api == call.api) {
            let address = input.target.endpoints.get(&call.api);
            let address = address.ok_or_else(|| LoadError::NoEndpoint(call.api.clone()))?;
            endpoints.push((call.api.clone(), allowed(input, &call.api, address)?));
        }
    }
    Ok(endpoints)
}

/// Returns the endpoint of the control API, where a step submits.
fn control_endpoint(input: &LoadInput) -> Result<Option<(String, Endpoint)>, LoadError> {
    let mut steps = input.profile.file.scenarios.iter().flat_map(|scenario| &scenario.steps);
    if !steps.any(|step| matches!(step, LoadStep::Submit(_))) {
        return Ok(None);
    }
    let missing = "a control API, which steps that submit need,".to_owned();
    let address = input.target.control.as_deref().ok_or(LoadError::NoEndpoint(missing))?;
    Ok(Some((CONTROL.to_owned(), allowed(input, CONTROL, address)?)))
}

fn allowed(input: &LoadInput, api: &str, address: &str) -> Result<Endpoint, LoadError> {
    let endpoint = Endpoint::parse(address)?;
    if !endpoint.is_loopback() {
        check_beyond_this_machine(input, api, address)?;
    }
    Ok(endpoint)
}

/// Refuses what only this machine's own servers may be asked.
fn check_beyond_this_machine(input: &LoadInput, api: &str, address: &str) -> Result<(), LoadError> {
    if !input.options.allow_real {
        return Err(LoadError::NotAllowed(address.to_owned()));
    }
    if input.profile.file.beyond_limits {
        return Err(LoadError::BeyondLimits(address.to_owned()));
    }
    let billed = input.profile.calls.iter().find(|call| call.billable && call.api == api);
    match (billed, input.target.budgets.billable_calls) {
        (Some(call), None) => {
            Err(LoadError::Unbudgeted { address: address.to_owned(), operation: call.operation.clone() })
        }
        _ => Ok(()),
    }
}

fn addresses(input: &LoadInput) -> Result<Vec<(String, RawAddress)>, LoadError> {
    let options = TransportOptions { ca_pem: input.options.ca_pem.clone(), ..TransportOptions::default() };
    let tls = options.tls()?;
    let mut addresses = Vec::new();
    for (name, endpoint) in endpoints(input)?.into_iter().chain(control_endpoint(input)?) {
        let address = resolve(&endpoint)?;
        let unusable = |error: crate::exchange::NoResponse| LoadError::Unresolved {
            host: endpoint.host.clone(),
            reason: error.to_string(),
        };
        let raw = RawAddress::new(endpoint.clone(), address, &tls).map_err(unusable)?;
        addresses.push((name, raw));
    }
    Ok(addresses)
}

/// Takes the first address that accepts a connection, or the first there is.
fn resolve(endpoint: &Endpoint) -> Result<SocketAddr, LoadError> {
    let unresolved = |reason: String| LoadError::Unresolved { host: endpoint.host.clone(), reason };
    let found = (endpoint.host.as_str(), endpoint.port).to_socket_addrs();
    let found: Vec<SocketAddr> = found.map_err(|error| unresolved(error.to_string()))?.collect();
    let patience = std::time::Duration::from_secs(3);
    let reached = found.iter().find(|address| std::net::TcpStream::connect_timeout(address, patience).is_ok());
    reached.or(found.first()).copied().ok_or_else(|| unresolved("it has no address".to_owned()))
}

pub(super) fn announce(input: &LoadInput, limits: &Limits, emit: &mut impl FnMut(Event)) {
    let LoadInput { profile, target, options, .. } = input;
    emit(Event::RunStarted(RunStarted {
        schema_version: SCHEMA_VERSION,
        tool: format!("idvet {}", env!("CARGO_PKG_VERSION")),
        command: "load".to_owned(),
        subject: target.name.clone(),
        seed: options.seed,
        arguments: options.arguments.clone(),
        strict: false,
        would_catch: None,
        started_at: options.clock.now().to_iso(),
    }));
    let labels = profile.labels();
    let position = |label: &String| labels.iter().position(|known| known == label);
    let steps = labels.iter().filter_map(|label| profile.calls.iter().find(|call| call.label == *label));
    let planned_limits = limits.limits.iter().enumerate().map(|(idx, limit)| {
        let counted = profile.calls.iter().zip(&limits.of_call).filter(|(_, of_call)| of_call.contains(&idx));
        let mut steps: Vec<u32> = counted.filter_map(|(call, _)| u32::try_from(position(&call.label)?).ok()).collect();
        steps.dedup();
        LoadLimit {
            name: limit.name(),
            per_second: limit.per_second,
            documented: limit.origin == LimitOrigin::Documented,
            is_shared: options.budget_server.is_some(),
            steps,
        }
    });
    let Shard { i, n } = options.shard;
    emit(Event::LoadPlanned(LoadPlanned {
        profile: profile.name.clone(),
        title_en: profile.file.title.en.clone(),
        title_zh: profile.file.title.zh.clone(),
        steps: steps
            .map(|call| LoadStepPlanned {
                step: call.label.clone(),
                api: call.api.clone(),
                operation: call.operation.clone(),
            })
            .collect(),
        limits: planned_limits.collect(),
        thresholds: profile.file.thresholds.clone(),
        arrivals: profile.schedule.expected_in_all(),
        length_nanos: profile.schedule.length(),
        warm_up_nanos: profile.schedule.warm_up,
        shard: (n > 1).then(|| format!("{i}/{n}")),
        check_every: profile.file.check_every,
        beyond_limits: profile.file.beyond_limits,
        capacity: profile.file.arrivals.search().map(|search| LoadCapacity {
            from: search.from,
            to: search.to,
            step: search.step,
            resolution: search.resolution,
            repeats: search.repeats,
        }),
    }));
}

/// Tells what workers tell, until all are done.
fn collect(input: &LoadInput, common: &Common, messages: &Receiver<Message>, emit: &mut impl FnMut(Event)) {
    let mut collector = Collector::new(usize::try_from(common.options.n_workers).unwrap_or(1));
    let mut full_check = FullCheck::new(&input.contracts, &input.target, &input.redactor, &common.program);
    let mut sent = vec![0; common.program.labels.len()];
    let mut over_budget = false;
    let mut broken = None;
    while !collector.all_done() {
        // Workers look at one switch of their own; the user's is looked at here.
        let patience = std::time::Duration::from_millis(100);
        match messages.recv_timeout(patience) {
            Ok(Message::Second { worker, second, micros, record }) => collector.put(worker, second, micros, *record),
            Ok(Message::Sample(sample)) => {
                let (is_wrong, wrong) = full_check.check(*sample);
                collector.checked += 1;
                collector.wrong += u64::from(is_wrong);
                wrong.into_iter().for_each(|wrong| emit(Event::LoadWrong(wrong)));
            }
            Ok(Message::Done { worker, over_budget: over, result }) => {
                over_budget |= over;
                broken = broken.or_else(|| result.err().map(|error| error.to_string()));
                collector.done(worker);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if input.options.stop.load(Ordering::Relaxed) || broken.is_some() {
            common.stop.store(true, Ordering::Relaxed);
        }
        while let Some((mut interval, of_labels)) = collector.next() {
            interval.shares = common.gate.shares();
            sent.iter_mut().zip(of_labels).for_each(|(sum, sent)| *sum += sent);
            emit(Event::LoadInterval(interval));
        }
    }
    let stopped = if over_budget {
        Some((StopCause::Budget, "the budget of billed calls is spent".to_owned()))
    } else if let Some(error) = broken {
        Some((StopCause::Internal, format!("wait for sockets: {error}")))
    } else if input.options.stop.load(Ordering::Relaxed) {
        Some((StopCause::Interrupted, "stopped before every arrival was due".to_owned()))
    } else {
        None
    };
    emit(finished(input, common, &sent, stopped));
}

fn finished(input: &LoadInput, common: &Common, sent: &[u64], stopped: Option<(StopCause, String)>) -> Event {
    let mut calls: IndexMap<String, u64> = IndexMap::new();
    let mut billable_calls = 0;
    for (label, sent) in common.program.labels.iter().zip(sent) {
        let Some(call) = input.profile.calls.iter().find(|call| call.label == *label) else { continue };
        *calls.entry(call.api.clone()).or_default() += sent;
        billable_calls += if call.billable { *sent } else { 0 };
    }
    calls.sort_keys();
    let (cause, reason) = stopped.unzip();
    Event::RunFinished(RunFinished {
        partial: cause.is_some(),
        cause,
        reason,
        calls,
        billable_calls,
        elapsed_micros: u64::try_from(common.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    })
}
