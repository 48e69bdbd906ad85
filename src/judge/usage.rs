//! What a process uses of the machine, as Linux tells it; nothing is known elsewhere.

use std::path::PathBuf;
use std::time::Duration;

/// Ticks of a second in which Linux counts the time of processes, on every architecture it is built for today
/// (source: `sysconf(_SC_CLK_TCK)`, proc(5)).
const TICKS: u64 = 100;

/// A process, by its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage(Option<u32>);

impl Usage {
    pub(super) fn of(id: Option<u32>) -> Self {
        Self(id)
    }

    fn read(self, name: &str) -> Option<String> {
        std::fs::read_to_string(PathBuf::from("/proc").join(self.0?.to_string()).join(name)).ok()
    }

    /// Returns the bytes that it holds in memory.
    pub(super) fn memory(self) -> Option<u64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
    }

    /// Returns the time that processors spent on it.
    pub(super) fn processor_time(self) -> Duration {
        let ticks = || {
            let stat = self.read("stat")?;
            // Behind the name, which may hold anything, come the state and 10 more fields before user and system time.
            let rest = stat.rsplit_once(')')?.1;
            let mut times = rest.split_whitespace().skip(11).map(str::parse::<u64>);
            Some(times.next()?.ok()? + times.next()?.ok()?)
        };
        Duration::from_millis(ticks().unwrap_or(0) * 1_000 / TICKS)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_memory_and_takes_time() {
        let own = Usage::of(Some(std::process::id()));
        assert!(own.memory().is_some_and(|bytes| bytes > 1 << 20));
        let before = own.processor_time();
        let begun = std::time::Instant::now();
        while own.processor_time() == before && begun.elapsed() < Duration::from_secs(10) {}
        assert!(own.processor_time() > before);
        assert_eq!((Usage::of(None).memory(), Usage::of(None).processor_time()), (None, Duration::ZERO));
    }
}
