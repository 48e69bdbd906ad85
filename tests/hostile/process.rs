//! A run of idvet as a child process: its output, its time, the most memory it held.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a finished run came to.
pub(super) struct Ran {
    /// Absent when a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) took: Duration,
    pub(super) peak_mb: u64,
}

pub(super) fn idvet(folder: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idvet"));
    command.args(line).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end; after `limit` the run is killed and the test fails.
pub(super) fn run(folder: &Path, line: &[&str], limit: Duration) -> Ran {
    let begun = Instant::now();
    let child = idvet(folder, line).spawn().expect("starts");
    let pid = child.id();
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        // A zombie has no memory lines any more, so the last figure read is that of a moment before the end.
        while let Some(now) = peak_mb(pid) {
            peak = now.max(peak);
            assert!(begun.elapsed() < limit, "still running after {limit:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        peak
    });
    let Output { status, stdout, stderr } = child.wait_with_output().expect("ends");
    let took = begun.elapsed();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let peak_mb = watch.join().expect("within its time");
    Ran { code: status.code(), stdout: text(&stdout), stderr: text(&stderr), took, peak_mb }
}

/// Returns the most memory a process held so far, in megabytes.
pub(super) fn peak_mb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}

/// A process that is ended with the test.
pub(super) struct Kept(pub(super) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
