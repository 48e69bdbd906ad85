//! The closed model: virtual users who take one transaction after another, on goose.
//!
//! Goose starts the users and has them go round; what they send, how it is signed, held within limits, judged and recorded
//! is the same as in the open model. Goose's own throttle, client and figures stay unused. A user's call is due when the
//! user comes to it, so that the wait for a limit is part of its latency, and a slow service slows its users down.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::ClosedUsers;
use super::outcome::{Outcome, failure_name, judge};
use super::pick::Field;
use super::program::ReadyStep;
use super::record::{Record, Times};
use super::template::Scratch;
use super::values::{Captured, TimeTexts, Values};
use super::worker::{Common, HELD, Message, Sample, take_billable};
use crate::event::LoadClass;
use crate::exchange::{NoResponse, Request};
use crate::transport::{Framing, Transport};

/// What all users share.
struct Shared {
    common: Arc<Common>,
    transport: Transport,
    record: Mutex<Record>,
    /// Transactions and requests begun.
    transactions: std::sync::atomic::AtomicU64,
    requests: std::sync::atomic::AtomicU64,
    sampled: Vec<std::sync::atomic::AtomicU64>,
    /// Calls that may be under way at a time, each on a connection.
    connections: Semaphore,
    over_budget: std::sync::atomic::AtomicBool,
    out: Mutex<Sender<Message>>,
    /// Nanoseconds from the start of the run.
    warm_up: u64,
}

/// Runs users until their time is over, and tells what workers tell.
pub(super) fn run(common: &Arc<Common>, users: &ClosedUsers, transport: Transport, out: Sender<Message>) {
    let n_labels = common.program.labels.len();
    let shared = Arc::new(Shared {
        common: Arc::clone(common),
        transport,
        record: Mutex::new(Record::new(n_labels)),
        transactions: Default::default(),
        requests: Default::default(),
        sampled: common.program.calls.iter().map(|_| Default::default()).collect(),
        connections: Semaphore::new(common.options.connections),
        over_budget: Default::default(),
        out: Mutex::new(out.clone()),
        warm_up: users.warm_up,
    });
    let result = attack(&shared, users);
    let (second, micros) = (shared.now() / SECOND, shared.now() % SECOND / 1_000);
    shared.tell_second(second, micros);
    // Whoever hears nothing any more has ended the run.
    let over_budget = shared.over_budget.load(Ordering::Relaxed);
    let _ = out.send(Message::Done { worker: 0, over_budget, result });
}

const SECOND: u64 = 1_000_000_000;

/// How long a call waits before it tries again to open a connection that this machine had no room for.
const LACKING: Duration = Duration::from_millis(20);

fn attack(shared: &Arc<Shared>, users: &ClosedUsers) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let ticking = tokio::spawn(tick(Arc::clone(shared)));
        let attack = configured(shared, users).map_err(|error| std::io::Error::other(error.to_string()))?;
        let result = attack.execute().await;
        ticking.abort();
        // Goose has its own way of hearing Ctrl-C, and may have been first.
        if goose::is_killswitch_triggered() {
            shared.common.stop.store(true, Ordering::Relaxed);
        }
        result.map(drop).map_err(|error| std::io::Error::other(error.to_string()))
    })
}

fn configured(shared: &Arc<Shared>, users: &ClosedUsers) -> Result<GooseAttack, Box<goose::GooseError>> {
    let seconds = |nanos: u64| nanos.div_ceil(SECOND).max(1);
    let mut configuration = GooseConfiguration::default();
    // Users call the addresses of the program; goose wants to know one.
    configuration.host = Some("http://127.0.0.1".to_owned());
    configuration.users = Some(users.users as usize);
    match users.start {
        0 => configuration.increase_rate = Some("10000".to_owned()),
        start => configuration.increase_time = Some(format!("{}s", seconds(start))),
    }
    // Goose counts from when all users have started.
    configuration.run_time = Some(format!("{}s", seconds(users.length.saturating_sub(users.start))));
    configuration.no_print_metrics = true;
    configuration.no_metrics = true;
    configuration.no_telnet = true;
    configuration.quiet = 3;
    let mut attack = GooseAttack::initialize_with_config(configuration)?;
    for (position, scenario) in shared.common.program.scenarios.iter().enumerate() {
        let shared = Arc::clone(shared);
        let transaction = Transaction::new(Arc::new(move |_user| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                shared.transaction(position).await;
                Ok(())
            })
        }));
        let pause = Duration::from_nanos(users.pause);
        let scenario = Scenario::new(&format!("scenario{position}"))
            .set_weight(usize::try_from(scenario.weight).unwrap_or(1))?
            .set_wait_time(pause, pause)?
            .register_transaction(transaction);
        attack = attack.register_scenario(scenario);
    }
    Ok(attack)
}

/// Ends the seconds, and the attack when the run is stopped.
async fn tick(shared: Arc<Shared>) {
    let mut second = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        while shared.now() >= (second + 1) * SECOND {
            shared.tell_second(second, 1_000_000);
            second += 1;
        }
        if shared.common.stop.load(Ordering::Relaxed) {
            goose::trigger_killswitch("the run is stopped");
        }
    }
}

/// A call that may be sent. Times are in nanoseconds from the run's start.
struct Passed<'a> {
    due: u64,
    /// When its places under the limits were taken.
    at: u64,
    /// When it was sent.
    sent: u64,
    _connection: SemaphorePermit<'a>,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.common.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn with_record<R>(&self, work: impl FnOnce(&mut Record) -> R) -> R {
        work(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, message: Message) {
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).send(message);
    }

    fn tell_second(&self, second: u64, micros: u64) {
        let next = Record::new(self.common.program.labels.len());
        let record = self.with_record(|record| std::mem::replace(record, next));
        self.tell(Message::Second { worker: 0, second, micros, record: Box::new(record) });
    }

    /// Takes one transaction from its first step to its last, or to the first that does not go well.
    async fn transaction(&self, scenario: usize) {
        if self.common.stop.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        }
        let ready = &self.common.program.scenarios[scenario];
        let number = self.transactions.fetch_add(1, Ordering::Relaxed);
        let warm_up = self.now() < self.warm_up;
        self.with_record(|record| record.due += 1);
        let mut captures = vec![Captured::default(); ready.n_captures];
        for step in &ready.steps {
            let went_well = match step {
                ReadyStep::Think(length) => {
                    tokio::time::sleep(Duration::from_nanos(*length)).await;
                    true
                }
                ReadyStep::Call(call) => self.step(*call, (number, warm_up), &mut captures).await,
            };
            if !went_well {
                self.with_record(|record| record.abandoned += 1);
                return;
            }
        }
        self.with_record(|record| record.finished += 1);
    }

    /// Makes a call until it has its answer. Returns false when the transaction is over.
    async fn step(&self, call: usize, (number, warm_up): (u64, bool), captures: &mut [Captured]) -> bool {
        let ready = &self.common.program.calls[call];
        let mut fields = vec![Field::default(); ready.n_fields];
        let mut asked = 0;
        loop {
            let due = self.now();
            let Some(passed) = self.pass(call, due).await else { return false };
            let request = self.make(call, number, captures);
            let at = passed.at;
            let outcome = self.send(call, (request, passed), warm_up, &mut fields).await;
            // The HTTP client does not tell when a request was out; it was when its answer is there.
            self.common.gate.sent(&ready.lanes, at, self.now());
            let Some(outcome) = outcome else { return false };
            if outcome.class != LoadClass::Ok || !keep(ready, &fields, captures) {
                return false;
            }
            asked += 1;
            let Some(until) = &ready.until else { return true };
            let field = &fields[until.field];
            if field.is_there && (until.is.is_empty() || until.is.contains(&field.text)) {
                return true;
            }
            if asked >= until.at_most {
                return false;
            }
            tokio::time::sleep(Duration::from_nanos(until.every)).await;
        }
    }

    /// Waits for a connection and for the limits; returns nothing when the call may not be sent any more.
    async fn pass(&self, call: usize, due: u64) -> Option<Passed<'_>> {
        let ready = &self.common.program.calls[call];
        let connection = self.connections.acquire().await.ok()?;
        let connected = self.now();
        let at = loop {
            if self.common.stop.load(Ordering::Relaxed) {
                return None;
            }
            let now = self.now();
            match self.common.gate.pass(&ready.lanes, now) {
                Ok(()) => break now,
                Err(later) => tokio::time::sleep(Duration::from_nanos(later.saturating_sub(now))).await,
            }
        };
        if ready.billable && !take_billable(&self.common.billable_left) {
            self.over_budget.store(true, Ordering::Relaxed);
            self.common.stop.store(true, Ordering::Relaxed);
            return None;
        }
        let sent = self.now();
        if ready.label.is_some() {
            self.with_record(|record| {
                record.held_by_connection += u64::from(connected > due + HELD);
                record.held_by_limit += u64::from(sent > connected + HELD);
            });
        }
        Some(Passed { due, at, sent, _connection: connection })
    }

    fn make(&self, call: usize, transaction: u64, captures: &[Captured]) -> Request {
        let ready = &self.common.program.calls[call];
        let mut time = TimeTexts::default();
        time.set(self.common.clock.now());
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let values = Values { salt: self.common.options.salt, transaction, request, time: &time, captures };
        let mut bytes = Vec::with_capacity(2_048);
        ready.template.fill(&values, &mut Scratch::default(), &mut bytes);
        read_back(&bytes)
    }

    /// Makes a call. Returns nothing when it was never sent, since this machine could not open a connection in time.
    async fn send(
        &self,
        call: usize,
        (request, mut passed): (Request, Passed<'_>),
        warm_up: bool,
        fields: &mut [Field],
    ) -> Option<Outcome> {
        let ready = &self.common.program.calls[call];
        let endpoint = &self.common.program.addresses[ready.address].endpoint;
        let answer = loop {
            match self.transport.send(endpoint, request.clone(), Framing::Length).await.outcome {
                // Whoever was to be called had no part in it: the call waits, and is dropped in the end.
                Err(NoResponse::Lacking(_)) if self.now() < passed.due + self.common.options.timeout => {
                    self.with_record(|record| record.lacking += 1);
                    tokio::time::sleep(LACKING).await;
                    passed.sent = self.now();
                }
                Err(NoResponse::Lacking(_)) => {
                    self.with_record(|record| match warm_up {
                        true => record.warm_up_dropped += 1,
                        false => record.dropped += 1,
                    });
                    return None;
                }
                answer => break answer,
            }
        };
        if let Some(label) = ready.label {
            self.with_record(|record| record.sent[label] += 1);
        }
        let outcome = match answer {
            Err(error) => Outcome::failed(failure_name(&error)),
            Ok(response) => {
                let outcome = judge(ready, response.status, &response.body, fields);
                self.sample(call, response.status, &response.body);
                outcome
            }
        };
        let times = Times { due: passed.due, sent: passed.sent, done: self.now() };
        self.with_record(|record| match ready.label {
            Some(label) => {
                let code = outcome.code.unwrap_or(&fields[0].text);
                record.put(label, (outcome.class, warm_up), code, times);
            }
            None if outcome.class != LoadClass::Ok => record.submissions_failed += 1,
            None => {}
        });
        Some(outcome)
    }

    fn sample(&self, call: usize, status: u16, body: &[u8]) {
        let every = self.common.options.check_every;
        let number = self.sampled[call].fetch_add(1, Ordering::Relaxed);
        if every > 0 && self.common.program.calls[call].checked.is_some() && number.is_multiple_of(every) {
            self.tell(Message::Sample(Box::new(Sample { call, status, body: body.to_vec() })));
        }
    }
}

/// Keeps the values that later requests name. Returns false when the answer lacks one.
fn keep(ready: &super::program::ReadyCall, fields: &[Field], captures: &mut [Captured]) -> bool {
    ready.captures.iter().enumerate().all(|(n, slot)| {
        let field = &fields[ready.capture_field(n)];
        captures[*slot].set(&field.text);
        field.is_there && !field.text.is_empty() && captures[*slot].is_plain_in_json()
    })
}

/// Reads a request that a template wrote.
fn read_back(bytes: &[u8]) -> Request {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        _ => unreachable!("templates write whole requests"),
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
        body: bytes[length..].to_vec().into(),
    }
}
