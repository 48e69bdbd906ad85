//! When calls came, for whoever compares what a client says with what the server saw.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A file with one line a call: nanoseconds since the log began, action, HTTP status of the answer.
#[derive(Debug)]
pub struct ArrivalLog {
    begun: Instant,
    every: u64,
    count: AtomicU64,
    file: Mutex<BufWriter<File>>,
}

const HEAD: &str = "nanos,action,status\n";

impl ArrivalLog {
    /// Begins a log of one call in `every`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(file: File, every: u64) -> std::io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 16, file);
        file.write_all(HEAD.as_bytes())?;
        Ok(Self { begun: Instant::now(), every: every.max(1), count: AtomicU64::new(0), file: Mutex::new(file) })
    }

    /// Notes a call that came at a moment. A full disk ends the log, not the mock.
    pub(super) fn note(&self, arrived: Instant, action: Option<&str>, status: u16) {
        if !self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.every) {
            return;
        }
        let nanos = arrived.duration_since(self.begun).as_nanos();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // An action that the mock does not know may hold anything.
        let action = action.filter(|action| action.chars().all(|c| c.is_ascii_alphanumeric())).unwrap_or("-");
        let _ = writeln!(file, "{nanos},{action},{status}");
    }

    /// Puts on disk what is still in memory.
    pub(super) fn flush(&self) {
        let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).flush();
    }
}
