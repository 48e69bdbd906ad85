//! Waiting for a moment to the microsecond, and for sockets at the same time.

use std::io;
use std::time::Duration;

use mio::{Events, Poll, Registry, Token};

/// Waits for sockets, or until a moment.
pub(super) struct Waiter {
    poll: Poll,
    #[cfg(target_os = "linux")]
    timer: std::os::fd::OwnedFd,
    /// What the timer is set to, so that it is not set again to the same.
    set_to: Option<u64>,
}

/// The token of the timer.
pub(super) const TIMER: Token = Token(usize::MAX);

impl Waiter {
    pub(super) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd as _;

            use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            poll.registry().register(&mut mio::unix::SourceFd(&timer.as_raw_fd()), TIMER, mio::Interest::READABLE)?;
            Ok(Self { poll, timer, set_to: None })
        }
        #[cfg(not(target_os = "linux"))]
        Ok(Self { poll, set_to: None })
    }

    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Looks which sockets are ready, without waiting.
    pub(super) fn look(&mut self, events: &mut Events) -> io::Result<()> {
        self.wait_at_most(events, Duration::ZERO)
    }

    /// Waits until a socket is ready or the moment `at` has come, `now` being the time; both in nanoseconds.
    pub(super) fn wait(&mut self, events: &mut Events, now: u64, at: u64) -> io::Result<()> {
        let left = Duration::from_nanos(at.saturating_sub(now));
        if left.is_zero() {
            return self.look(events);
        }
        self.wait_precisely(events, left, at)
    }

    fn wait_at_most(&mut self, events: &mut Events, left: Duration) -> io::Result<()> {
        match self.poll.poll(events, Some(left)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            result => result,
        }
    }

    /// The time of a poll has a grain of a millisecond; that of a timer has none.
    #[cfg(target_os = "linux")]
    fn wait_precisely(&mut self, events: &mut Events, left: Duration, at: u64) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        if self.set_to != Some(at) {
            let value = Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ };
            let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            timerfd_settime(
                &self.timer,
                TimerfdTimerFlags::empty(),
                &Itimerspec { it_interval: interval, it_value: value },
            )?;
            self.set_to = Some(at);
        }
        match self.poll.poll(events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            result => result,
        }
    }

    /// Where there is no such timer, the last millisecond is spent looking.
    #[cfg(not(target_os = "linux"))]
    fn wait_precisely(&mut self, events: &mut Events, left: Duration, _: u64) -> io::Result<()> {
        match left.checked_sub(Duration::from_millis(1)) {
            Some(most) => self.wait_at_most(events, most),
            None => self.look(events),
        }
    }
}
