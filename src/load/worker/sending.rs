//! The way out: what is ready is signed and sent, as far as connections and limits allow.

use std::sync::atomic::{AtomicU64, Ordering};

use mio::Token;

use super::{Connection, HELD, Held, OPENING, State, Worker};
use crate::exchange::NoResponse;
use crate::load::values::Values;
use crate::load_profile::Arrival;
use crate::transport::{Driven, RawConnection};

impl<A: Iterator<Item = Arrival>> Worker<'_, A> {
    /// Sends what is ready. Returns when to try again what a limit holds.
    pub(super) fn dispatch(&mut self) -> u64 {
        let mut again = u64::MAX;
        if self.stopped_at.is_some() {
            return again;
        }
        for call in 0..self.ready.len() {
            while !self.ready[call].is_empty() {
                match self.send_first(call) {
                    Sent::Yes => {}
                    Sent::HeldUntil(later) => {
                        again = again.min(later);
                        break;
                    }
                    Sent::NoConnection => break,
                    Sent::Stopped => return again,
                }
            }
        }
        again
    }

    fn send_first(&mut self, call: usize) -> Sent {
        let common = self.common;
        let ready = &common.program.calls[call];
        let Some(&key) = self.idle[ready.address].last() else {
            self.hold(call, Held::ByConnection);
            self.open_for(ready.address);
            return Sent::NoConnection;
        };
        let now = self.now();
        if let Err(later) = common.gate.pass(&ready.lanes, now) {
            self.hold(call, Held::ByLimit);
            return Sent::HeldUntil(later);
        }
        if ready.billable && !take_billable(&common.billable_left) {
            self.over_budget = true;
            common.stop.store(true, Ordering::Relaxed);
            self.stopped_at = Some(now);
            return Sent::Stopped;
        }
        self.idle[ready.address].pop();
        let Some(job) = self.ready[call].pop_front() else { return Sent::NoConnection };
        let request = self.requests * common.options.n_workers + self.number as u64;
        self.requests += 1;
        self.time.set(common.clock.now());
        let state = &self.transactions[job.transaction];
        let connection = &mut self.connections[key];
        let values = Values {
            salt: common.options.salt,
            transaction: state.n,
            request,
            time: &self.time,
            captures: &state.captures,
        };
        ready.template.fill(&values, &mut self.scratch, connection.raw.room());
        let sent = u64::try_from(common.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let serial = connection.serial;
        let driven = connection.raw.send();
        let is_out = connection.raw.has_sent_all();
        connection.state = State::Waiting { call, job, sent, unsent: (!is_out).then_some(now) };
        if is_out && !ready.lanes.is_empty() {
            common.gate.sent(&ready.lanes, now, self.now());
        }
        self.outstanding += 1;
        if let Some(label) = ready.label {
            self.record.sent[label] += 1;
            if sent > job.due + HELD {
                match job.held {
                    Held::ByLimit => self.record.held_by_limit += 1,
                    Held::ByConnection => self.record.held_by_connection += 1,
                    Held::No => {}
                }
            }
        }
        self.deadlines.push_back((sent + common.options.timeout, key, serial));
        if let Driven::Ended(error) = driven {
            self.fail(key, &error);
        }
        Sent::Yes
    }

    /// Notes why the jobs of a call wait.
    fn hold(&mut self, call: usize, why: Held) {
        for job in self.ready[call].iter_mut().take_while(|job| job.held == Held::No) {
            job.held = why;
        }
    }

    /// Opens as many connections as are waited for, a few at a time.
    fn open_for(&mut self, address: usize) {
        let calls = &self.common.program.calls;
        let queues = self.ready.iter().zip(calls).filter(|(_, call)| call.address == address);
        let waiting: usize = queues.map(|(queue, _)| queue.len()).sum();
        while self.opening[address] < waiting.min(OPENING) {
            if self.connections.len() >= self.common.options.connections && !self.close_idle_elsewhere(address) {
                return;
            }
            let to = &self.common.program.addresses[address];
            let entry = self.connections.vacant_entry();
            let key = entry.key();
            match RawConnection::open(to, self.waiter.registry(), Token(key), self.common.options.body_limit) {
                Ok(raw) => {
                    self.serial += 1;
                    entry.insert(Connection { raw, address, serial: self.serial, state: State::Connecting });
                    self.opening[address] += 1;
                    self.record.connections += 1;
                    let now = self.now();
                    self.deadlines.push_back((now + self.common.options.timeout, key, self.serial));
                }
                // What waits goes on waiting, and is dropped in the end: whoever was to be called had no part in it.
                Err(NoResponse::Lacking(_)) => {
                    self.record.lacking += 1;
                    return;
                }
                Err(error) => {
                    self.fail_waiting(address, &error);
                    return;
                }
            }
        }
    }

    /// Makes room for a connection by closing one that is idle at another address.
    fn close_idle_elsewhere(&mut self, address: usize) -> bool {
        let other = (0..self.idle.len()).filter(|other| *other != address).find_map(|other| self.idle[other].pop());
        other.is_some_and(|key| {
            self.close(key);
            true
        })
    }
}

enum Sent {
    Yes,
    HeldUntil(u64),
    NoConnection,
    Stopped,
}

pub(in crate::load) fn take_billable(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}
