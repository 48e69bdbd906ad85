//! Limits that several processes hold together, through a Redis server that hands out shares of them.
//!
//! Each process has a share of every limit, its own gate holds it, and nothing is asked on the way of a call. A few times a
//! second the share is renewed; it grows when others need less, end or fall silent, and the sum of all shares that may still
//! be in use is never more than the limit (see `share.lua`). A process that does not reach the server in time sends nothing.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redis::{Connection, IntoConnectionInfo as _, RedisResult, Script};
use secrecy::ExposeSecret as _;

use super::shares::Shares;
use super::{BudgetServer, LoadError};
use crate::load_profile::{Limit, WINDOW};

/// How long a share may be used without being renewed.
const LEASE: Duration = Duration::from_secs(2);

/// From one renewal to the next.
const TICK: Duration = Duration::from_millis(200);

/// How long an answer of the server is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a fair share is waited for at the start: until leases that a server may have forgotten are over, and shares that
/// others give up are free.
const SETTLING: Duration = Duration::from_secs(8);

/// A process that takes part; dropping it gives its shares back.
pub(super) struct Member {
    shares: Arc<Shares>,
    /// Dropped to end the renewals.
    quit: Option<mpsc::Sender<()>>,
    renewing: Option<JoinHandle<()>>,
}

impl Member {
    /// Takes part, and waits for shares that are fair or as large as what is needed.
    ///
    /// # Errors
    /// When the server cannot be used, or leaves this process nothing of a limit.
    pub(super) fn join(server: &BudgetServer, limits: &[Limit], needed: &[u32]) -> Result<Self, LoadError> {
        let unusable = |reason: String| LoadError::BudgetServer { address: server.address.clone(), reason };
        let lanes = limits.iter().zip(needed).map(|(limit, needed)| Lane::new(server, limit, *needed)).collect();
        let mut link = Link::new(server).map_err(|error| unusable(error.to_string()))?;
        let shares = Arc::new(Shares::new(limits.len()));
        let mut books = Books { lanes, shares: Arc::clone(&shares) };
        let begun = Instant::now();
        loop {
            books.renew(&mut link).map_err(|error| unusable(error.to_string()))?;
            if books.lanes.iter().all(Lane::is_settled) {
                break;
            }
            if begun.elapsed() > SETTLING {
                match books.lanes.iter().zip(limits).find(|(lane, _)| lane.share == 0) {
                    None => break,
                    Some((lane, limit)) => return Err(LoadError::OverLimits(nothing_left(lane, limit))),
                }
            }
            std::thread::sleep(TICK);
        }
        let (quit, is_over) = mpsc::channel::<()>();
        let renewing = std::thread::Builder::new().name("load-budget".to_owned()).spawn(move || {
            while is_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                books.look_at_counts();
                // Shares that are not renewed end by themselves; the next turn tries again.
                let _ = books.renew(&mut link);
            }
            books.leave(&mut link);
        });
        Ok(Self { shares, quit: Some(quit), renewing: Some(renewing.map_err(LoadError::Thread)?) })
    }

    pub(super) fn shares(&self) -> Arc<Shares> {
        Arc::clone(&self.shares)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        drop(self.quit.take());
        // A thread that panicked has said so itself; its shares end by themselves.
        let _ = self.renewing.take().map(JoinHandle::join);
    }
}

fn nothing_left(lane: &Lane, limit: &Limit) -> String {
    format!(
        "{}: {} processes share {} calls a second at the budget server, which leaves none for this one",
        limit.name(),
        lane.members,
        limit.per_second
    )
}

/// This process's part of one limit.
struct Lane {
    /// Names of what the server keeps: members, and what was given back.
    keys: [String; 2],
    limit: u32,
    /// Calls in any one second that the profile needs at its peak.
    needed: u32,
    /// The same as the last seconds had it.
    seen: f64,
    share: u32,
    until: Instant,
    fair: u32,
    members: u32,
}

impl Lane {
    fn new(server: &BudgetServer, limit: &Limit, needed: u32) -> Self {
        let name = format!("idvet:budget:1:{{{}:{}}}", server.account, limit.name());
        Self {
            keys: [format!("{name}:members"), format!("{name}:given-back")],
            limit: limit.per_second,
            needed: needed.clamp(1, limit.per_second.max(1)),
            seen: 0.0,
            share: 0,
            until: Instant::now(),
            fair: 0,
            members: 0,
        }
    }

    fn demand(&self) -> u32 {
        // The peak of the profile is kept free; more is asked for where more was seen.
        (self.seen.ceil() as u32).clamp(self.needed, self.limit.max(1))
    }

    fn is_settled(&self) -> bool {
        self.share > 0 && (self.share >= self.fair || self.share >= self.demand())
    }
}

struct Books {
    lanes: Vec<Lane>,
    shares: Arc<Shares>,
}

impl Books {
    fn look_at_counts(&mut self) {
        for (idx, lane) in self.lanes.iter_mut().enumerate() {
            let (passed, refused) = self.shares.take_counts(idx);
            let rate = passed as f64 / TICK.as_secs_f64();
            // Who had to wait would have sent more.
            let rate = if refused > 0 { rate * 1.25 + 1.0 } else { rate };
            lane.seen = rate.max(lane.seen * 0.8);
        }
    }

    fn renew(&mut self, link: &mut Link) -> RedisResult<()> {
        for (idx, lane) in self.lanes.iter_mut().enumerate() {
            let asked = Instant::now();
            if asked >= lane.until {
                lane.share = 0;
            }
            let (granted, fair, members) = link.renew(lane, lane.share, lane.demand())?;
            // What the server counts as lasting longer than this may be used a little shorter.
            lane.until = asked + LEASE;
            (lane.fair, lane.members) = (fair, members);
            // It shrinks here before the server is told.
            lane.share = granted.min(fair.max(1));
            self.shares.set(idx, lane.share, lane.until);
        }
        Ok(())
    }

    fn leave(&mut self, link: &mut Link) {
        for (idx, lane) in self.lanes.iter_mut().enumerate() {
            self.shares.set(idx, 0, lane.until);
            // A server that is not told finds out when the lease is over.
            let _ = link.renew(lane, 0, 0);
        }
    }
}

/// A connection that is opened again when it broke.
struct Link {
    client: redis::Client,
    id: String,
    script: Script,
    connection: Option<Connection>,
}

impl Link {
    fn new(server: &BudgetServer) -> RedisResult<Self> {
        let info = server.address.as_str().into_connection_info()?;
        let info = match &server.password {
            None => info,
            Some(password) => {
                let settings = info.redis_settings().clone().set_password(password.expose_secret());
                info.set_redis_settings(settings)
            }
        };
        Ok(Self {
            client: redis::Client::open(info)?,
            id: uuid::Uuid::new_v4().simple().to_string(),
            script: Script::new(include_str!("shared_budget/share.lua")),
            connection: None,
        })
    }

    /// Returns the share, the fair one, and how many take part.
    fn renew(&mut self, lane: &Lane, share: u32, demand: u32) -> RedisResult<(u32, u32, u32)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = self.client.get_connection_with_timeout(PATIENCE)?;
                connection.set_read_timeout(Some(PATIENCE))?;
                connection.set_write_timeout(Some(PATIENCE))?;
                connection
            }
        };
        let mut call = self.script.prepare_invoke();
        call.key(&lane.keys[0]).key(&lane.keys[1]);
        call.arg(&self.id).arg(share).arg(demand).arg(lane.limit);
        call.arg(micros(LEASE)).arg(micros(Duration::from_nanos(WINDOW)));
        let told = call.invoke(&mut connection)?;
        // After an error the connection may be out of step.
        self.connection = Some(connection);
        Ok(told)
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
