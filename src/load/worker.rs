//! One thread that sends what is due and takes what comes: no lock and no allocation on the way of a call.

mod answers;
mod sending;

pub(super) use sending::take_billable;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::iter::Peekable;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use mio::Events;
use slab::Slab;

use super::gate::Gate;
use super::pick::Field;
use super::program::{Program, ReadyStep};
use super::record::Record;
use super::template::Scratch;
use super::timer::{TIMER, Waiter};
use super::values::{Captured, TimeTexts};
use crate::clock::Clock;
use crate::load_profile::Arrival;
use crate::transport::RawConnection;

/// What all workers share.
pub(super) struct Common {
    pub(super) program: Program,
    pub(super) gate: Gate,
    /// Billed calls that are left.
    pub(super) billable_left: AtomicU64,
    pub(super) stop: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) begun: Instant,
    pub(super) options: Options,
}

/// Settings of a worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) salt: u64,
    pub(super) n_workers: u64,
    /// Nanoseconds for being sent, and then for the answer.
    pub(super) timeout: u64,
    /// Connections at a time, of this worker.
    pub(super) connections: usize,
    pub(super) keep_alive: bool,
    pub(super) check_every: u64,
    pub(super) retries: Option<RetryRules>,
    pub(super) body_limit: usize,
}

/// When a call is tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryRules {
    pub(super) at_most: u32,
    /// Nanoseconds.
    pub(super) wait: u64,
    pub(super) throttled: bool,
    pub(super) failed: bool,
    /// Share of all calls.
    pub(super) budget: f64,
}

/// What a worker tells.
pub(super) enum Message {
    /// The end of a second, from the run's start.
    Second { worker: usize, second: u64, micros: u64, record: Box<Record> },
    /// An answer to be held against the whole contract.
    Sample(Box<Sample>),
    /// The worker is done; true: the budget of billed calls stopped it.
    Done { worker: usize, over_budget: bool, result: io::Result<()> },
}

/// An answer to be held against the whole contract.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) call: usize,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// A transaction under way.
#[derive(Debug, Default)]
struct Transaction {
    /// Number of its arrival.
    n: u64,
    scenario: usize,
    step: usize,
    warm_up: bool,
    /// Calls of the present step so far.
    asked: u32,
    /// Retries of the present call so far.
    retries: u32,
    captures: Vec<Captured>,
}

/// A call on its way.
#[derive(Debug, Clone, Copy)]
struct Job {
    transaction: usize,
    /// Nanoseconds.
    due: u64,
    held: Held,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    No,
    ByLimit,
    ByConnection,
}

struct Connection {
    raw: RawConnection,
    address: usize,
    /// Set apart from others that had the same place before.
    serial: u64,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Connecting,
    Idle,
    Waiting {
        call: usize,
        job: Job,
        sent: u64,
        /// When its places under the limits were taken, as long as not all of it is out.
        unsent: Option<u64>,
    },
}

const SECOND: u64 = 1_000_000_000;

/// A sleeper wakes up late; the last of a wait is spent looking at the clock and the sockets.
const MARGIN: u64 = 60_000;

/// What is later than this was held by something.
pub(super) const HELD: u64 = 1_000_000;

/// Connections being opened at a time, for one address: a stall must not become a storm.
const OPENING: usize = 32;

/// How long answers are waited for when the run was stopped.
const GRACE: u64 = SECOND;

pub(super) struct Worker<'a, A: Iterator<Item = Arrival>> {
    common: &'a Common,
    number: usize,
    out: Sender<Message>,
    arrivals: Peekable<A>,
    /// How far behind its share each scenario is.
    behind: Vec<i64>,
    waiter: Waiter,
    connections: Slab<Connection>,
    serial: u64,
    idle: Vec<Vec<usize>>,
    opening: Vec<usize>,
    transactions: Slab<Transaction>,
    /// Transactions that ended, kept for their room.
    spare: Vec<Transaction>,
    /// By call.
    ready: Vec<VecDeque<Job>>,
    later: BinaryHeap<Reverse<(u64, usize)>>,
    /// When calls and openings are given up, in order; entries of what is over are passed over.
    deadlines: VecDeque<(u64, usize, u64)>,
    outstanding: usize,
    requests: u64,
    /// Of them, retries.
    retries: u64,
    second: u64,
    record: Box<Record>,
    time: TimeTexts,
    scratch: Scratch,
    fields: Vec<Field>,
    sampled: Vec<u64>,
    over_budget: bool,
    stopped_at: Option<u64>,
}

impl<'a, A: Iterator<Item = Arrival>> Worker<'a, A> {
    pub(super) fn new(common: &'a Common, number: usize, arrivals: A, out: Sender<Message>) -> io::Result<Self> {
        let program = &common.program;
        let most_fields = program.calls.iter().map(|call| call.n_fields).max().unwrap_or_default();
        Ok(Self {
            common,
            number,
            out,
            arrivals: arrivals.peekable(),
            behind: vec![0; program.scenarios.len()],
            waiter: Waiter::new()?,
            connections: Slab::new(),
            serial: 0,
            idle: vec![Vec::new(); program.addresses.len()],
            opening: vec![0; program.addresses.len()],
            transactions: Slab::new(),
            spare: Vec::new(),
            ready: program.calls.iter().map(|_| VecDeque::new()).collect(),
            later: BinaryHeap::new(),
            deadlines: VecDeque::new(),
            outstanding: 0,
            requests: 0,
            retries: 0,
            second: 0,
            record: Box::new(Record::new(program.labels.len())),
            time: TimeTexts::default(),
            scratch: Scratch::default(),
            fields: vec![Field::default(); most_fields],
            sampled: vec![0; program.calls.len()],
            over_budget: false,
            stopped_at: None,
        })
    }

    /// Runs to the end and tells it.
    pub(super) fn run(mut self) {
        let result = self.turn_until_done();
        let micros = (self.now() - self.second * SECOND) / 1_000;
        self.tell_second(micros);
        // Whoever hears nothing any more has ended the run.
        let _ = self.out.send(Message::Done { worker: self.number, over_budget: self.over_budget, result });
    }

    fn now(&self) -> u64 {
        u64::try_from(self.common.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn turn_until_done(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        loop {
            let now = self.now();
            self.end_seconds(now);
            self.listen_to_stop(now);
            self.take_due(now);
            self.give_up(now);
            let again = self.dispatch();
            if self.is_done(now) {
                return Ok(());
            }
            let now = self.now();
            let due = self.next_due();
            let at = self.next_moment(again).min(due.saturating_sub(MARGIN));
            self.waiter.wait(&mut events, now, at)?;
            for event in &events {
                if event.token() != TIMER {
                    self.drive(event.token().0, event.is_read_closed());
                }
            }
        }
    }

    /// Returns when the next call is due.
    fn next_due(&mut self) -> u64 {
        if self.stopped_at.is_some() {
            return u64::MAX;
        }
        let arrival = self.arrivals.peek().map_or(u64::MAX, |arrival| arrival.due);
        arrival.min(self.later.peek().map_or(u64::MAX, |Reverse((due, _))| *due))
    }

    /// Returns when there is something else to do.
    fn next_moment(&self, again: u64) -> u64 {
        let deadline = self.deadlines.front().map_or(u64::MAX, |(at, ..)| *at);
        // A stop is noticed within a tenth of a second.
        let look = self.now() + SECOND / 10;
        let second = (self.second + 1) * SECOND;
        [deadline, look, second, again].into_iter().min().unwrap_or(second)
    }

    fn is_done(&mut self, now: u64) -> bool {
        let nothing_left = self.arrivals.peek().is_none() && self.transactions.is_empty();
        nothing_left || self.stopped_at.is_some_and(|at| self.outstanding == 0 || now > at + GRACE)
    }

    fn listen_to_stop(&mut self, now: u64) {
        if self.stopped_at.is_none() && self.common.stop.load(Ordering::Relaxed) {
            self.stopped_at = Some(now);
        }
    }

    /// Ends the seconds that are over.
    fn end_seconds(&mut self, now: u64) {
        while now >= (self.second + 1) * SECOND {
            self.tell_second(1_000_000);
            self.second += 1;
        }
    }

    fn tell_second(&mut self, micros: u64) {
        self.record.open = self.connections.len() as u64;
        let next = Box::new(Record::new(self.common.program.labels.len()));
        let record = std::mem::replace(&mut self.record, next);
        let _ = self.out.send(Message::Second { worker: self.number, second: self.second, micros, record });
    }

    /// Makes jobs of what is due.
    fn take_due(&mut self, now: u64) {
        if self.stopped_at.is_some() {
            return;
        }
        while let Some(arrival) = self.arrivals.next_if(|arrival| arrival.due <= now) {
            self.record.due += 1;
            let scenario = self.choose_scenario();
            let mut transaction = self.spare.pop().unwrap_or_default();
            transaction.n = arrival.n;
            transaction.scenario = scenario;
            transaction.step = 0;
            transaction.asked = 0;
            transaction.retries = 0;
            transaction.warm_up = arrival.warm_up;
            let n_captures = self.common.program.scenarios[scenario].n_captures;
            transaction.captures.resize_with(n_captures, Captured::default);
            let transaction = self.transactions.insert(transaction);
            self.go_on(transaction, arrival.due);
        }
        while self.later.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            if let Some(Reverse((due, transaction))) = self.later.pop() {
                self.make_ready(transaction, due);
            }
        }
    }

    /// Gives the arrival to the scenario whose share is furthest behind.
    fn choose_scenario(&mut self) -> usize {
        let scenarios = &self.common.program.scenarios;
        if scenarios.len() == 1 {
            return 0;
        }
        let total: u64 = scenarios.iter().map(|scenario| scenario.weight).sum();
        let mut chosen = 0;
        for (idx, scenario) in scenarios.iter().enumerate() {
            self.behind[idx] += scenario.weight as i64;
            if self.behind[idx] > self.behind[chosen] {
                chosen = idx;
            }
        }
        self.behind[chosen] -= total as i64;
        chosen
    }

    /// Brings a transaction to its next call, which is due at `due` unless it thinks before.
    fn go_on(&mut self, transaction: usize, mut due: u64) {
        let state = &mut self.transactions[transaction];
        let steps = &self.common.program.scenarios[state.scenario].steps;
        while let Some(ReadyStep::Think(length)) = steps.get(state.step) {
            due += length;
            state.step += 1;
        }
        if state.step >= steps.len() {
            self.record.finished += 1;
            self.end(transaction);
        } else {
            self.later.push(Reverse((due, transaction)));
        }
    }

    fn make_ready(&mut self, transaction: usize, due: u64) {
        let state = &self.transactions[transaction];
        if let Some(ReadyStep::Call(call)) = self.common.program.scenarios[state.scenario].steps.get(state.step) {
            self.ready[*call].push_back(Job { transaction, due, held: Held::No });
        }
    }

    fn end(&mut self, transaction: usize) {
        let ended = self.transactions.remove(transaction);
        // Room for a burst that is over is not kept for ever.
        if self.spare.len() < 4_096 {
            self.spare.push(ended);
        }
    }
}
