//! The way back: answers, failures, what waited too long, and where each brings its transaction.

use std::cmp::Reverse;

use super::{Job, Message, Sample, State, Worker};
use crate::event::LoadClass;
use crate::exchange::NoResponse;
use crate::load::outcome::{Outcome, failure_name, judge};
use crate::load::record::Times;
use crate::load_profile::Arrival;
use crate::transport::{Driven, ResponseHead};

impl<A: Iterator<Item = Arrival>> Worker<'_, A> {
    /// Does what a connection is ready for.
    pub(super) fn drive(&mut self, key: usize, read_closed: bool) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.raw.drive() {
            Driven::Waiting => {
                if matches!(connection.state, State::Connecting) && connection.raw.is_ready() {
                    connection.state = State::Idle;
                    let address = connection.address;
                    self.opening[address] -= 1;
                    self.idle[address].push(key);
                }
                self.note_sent(key, false);
            }
            Driven::Answered(head) => self.answered(key, head, read_closed),
            Driven::Ended(error) => self.fail(key, &error),
        }
    }

    /// Tells the limits when a request was out that could not be written at once, or that nothing more will be written of.
    fn note_sent(&mut self, key: usize, is_over: bool) {
        let now = self.now();
        let connection = &mut self.connections[key];
        let is_out = is_over || connection.raw.has_sent_all();
        if let State::Waiting { call, unsent, .. } = &mut connection.state
            && let Some(passed) = unsent.take_if(|_| is_out)
        {
            self.common.gate.sent(&self.common.program.calls[*call].lanes, passed, now);
        }
    }

    fn answered(&mut self, key: usize, head: ResponseHead, read_closed: bool) {
        let done = self.now();
        self.note_sent(key, true);
        let connection = &mut self.connections[key];
        let State::Waiting { call, job, sent, .. } = connection.state else { return };
        let ready = &self.common.program.calls[call];
        let fields = &mut self.fields[..ready.n_fields];
        let outcome = judge(ready, head.status, connection.raw.body(), fields);
        self.sampled[call] += 1;
        let every = self.common.options.check_every;
        if every > 0 && ready.checked.is_some() && (self.sampled[call] - 1).is_multiple_of(every) {
            let sample = Sample { call, status: head.status, body: connection.raw.body().to_vec() };
            let _ = self.out.send(Message::Sample(Box::new(sample)));
        }
        if self.common.options.keep_alive && head.keep_alive && !read_closed && connection.raw.has_sent_all() {
            connection.raw.reuse();
            connection.state = State::Idle;
            self.idle[connection.address].push(key);
        } else {
            self.close(key);
        }
        self.outstanding -= 1;
        self.complete(call, job, &outcome, Times { due: job.due, sent, done });
    }

    /// Notes what became of a call, and goes on with its transaction.
    fn complete(&mut self, call: usize, job: Job, outcome: &Outcome, times: Times) {
        let ready = &self.common.program.calls[call];
        let state = &mut self.transactions[job.transaction];
        if let Some(label) = ready.label {
            let code = outcome.code.unwrap_or(&self.fields[0].text);
            self.record.put(label, (outcome.class, state.warm_up), code, times);
        }
        if ready.label.is_none() && outcome.class != LoadClass::Ok {
            self.record.submissions_failed += 1;
        }
        if self.tries_again(outcome.class, job.transaction, times.done) {
            return;
        }
        if outcome.class != LoadClass::Ok || !self.keep_values(call, job.transaction) {
            self.record.abandoned += 1;
            self.end(job.transaction);
            return;
        }
        let state = &mut self.transactions[job.transaction];
        if let Some(until) = &ready.until {
            state.asked += 1;
            let field = &self.fields[until.field];
            let has_it = field.is_there && (until.is.is_empty() || until.is.contains(&field.text));
            if !has_it && state.asked < until.at_most {
                self.later.push(Reverse((times.done + until.every, job.transaction)));
                return;
            }
            if !has_it {
                self.record.abandoned += 1;
                self.end(job.transaction);
                return;
            }
        }
        state.asked = 0;
        state.retries = 0;
        state.step += 1;
        self.go_on(job.transaction, times.done);
    }

    /// Has a call made again later, where the profile says so and its budget has room.
    fn tries_again(&mut self, class: LoadClass, transaction: usize, done: u64) -> bool {
        let Some(rules) = self.common.options.retries else { return false };
        let is_retried = match class {
            LoadClass::Throttled => rules.throttled,
            LoadClass::Failed => rules.failed,
            LoadClass::Ok | LoadClass::Refused => false,
        };
        let state = &mut self.transactions[transaction];
        let has_room = (self.retries as f64) < rules.budget * self.requests as f64;
        if !is_retried || state.retries >= rules.at_most || !has_room {
            return false;
        }
        let wait = rules.wait.saturating_mul(1 << state.retries.min(16));
        state.retries += 1;
        self.retries += 1;
        self.record.retries += 1;
        self.later.push(Reverse((done + wait, transaction)));
        true
    }

    /// Keeps the values that later requests name. Returns false when the answer lacks one.
    fn keep_values(&mut self, call: usize, transaction: usize) -> bool {
        let ready = &self.common.program.calls[call];
        for (n, slot) in ready.captures.iter().enumerate() {
            let field = &self.fields[ready.capture_field(n)];
            if !field.is_there || field.text.is_empty() {
                return false;
            }
            let captured = &mut self.transactions[transaction].captures[*slot];
            captured.set(&field.text);
            if !captured.is_plain_in_json() {
                return false;
            }
        }
        true
    }

    /// Ends a connection, and the call that waits on it or, where it never came to be, the one that waited for it longest.
    pub(super) fn fail(&mut self, key: usize, error: &NoResponse) {
        let Some(connection) = self.connections.get(key) else { return };
        let (state, address) = (connection.state, connection.address);
        self.note_sent(key, true);
        match state {
            State::Idle => self.idle[address].retain(|idle| *idle != key),
            State::Connecting => self.opening[address] -= 1,
            State::Waiting { .. } => self.outstanding -= 1,
        }
        self.close(key);
        match state {
            State::Idle => {}
            State::Connecting => self.fail_waiting(address, error),
            State::Waiting { call, job, sent, .. } => {
                let times = Times { due: job.due, sent, done: self.now() };
                self.complete(call, job, &Outcome::failed(failure_name(error)), times);
            }
        }
    }

    pub(super) fn close(&mut self, key: usize) {
        let mut connection = self.connections.remove(key);
        connection.raw.close(self.waiter.registry());
    }

    /// Fails the call that waits longest for a connection to an address.
    pub(super) fn fail_waiting(&mut self, address: usize, error: &NoResponse) {
        let calls = &self.common.program.calls;
        let waiting = (0..self.ready.len()).filter(|call| calls[*call].address == address);
        let first = waiting.filter_map(|call| Some((self.ready[call].front()?.due, call))).min();
        let Some((_, call)) = first else { return };
        let Some(job) = self.ready[call].pop_front() else { return };
        let now = self.now();
        let times = Times { due: job.due, sent: now, done: now };
        self.complete(call, job, &Outcome::failed(failure_name(error)), times);
    }

    /// Gives up what has waited too long: for an answer, for a connection, for being sent.
    pub(super) fn give_up(&mut self, now: u64) {
        while let Some((at, key, serial)) = self.deadlines.front().copied() {
            let connection = self.connections.get(key).filter(|connection| connection.serial == serial);
            let is_pending = connection.is_some_and(|connection| match connection.state {
                State::Idle => false,
                State::Connecting => true,
                // A later call on the same connection has its own entry.
                State::Waiting { sent, .. } => sent + self.common.options.timeout == at,
            });
            if is_pending && at > now {
                break;
            }
            self.deadlines.pop_front();
            if is_pending {
                self.fail(key, &NoResponse::Timeout(self.common.options.timeout / 1_000_000));
            }
        }
        for call in 0..self.ready.len() {
            while self.ready[call].front().is_some_and(|job| job.due + self.common.options.timeout < now) {
                if let Some(job) = self.ready[call].pop_front() {
                    match self.transactions[job.transaction].warm_up {
                        true => self.record.warm_up_dropped += 1,
                        false => self.record.dropped += 1,
                    }
                    self.record.abandoned += 1;
                    self.end(job.transaction);
                }
            }
        }
    }
}
