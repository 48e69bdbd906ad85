//! Limits that processes hold together at a real Redis server, seen from the arrival log of the mock that they call.
//!
//! Where Debian's package redis-server is not there, the tests say so and have not run; IDVET_REDIS=required makes that a
//! failure.

#![cfg(all(unix, feature = "redis"))]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "only-of-this-test";
const LIMIT: usize = 20;

/// A process that ends with the test.
struct Daemon(Child);

impl Daemon {
    fn signal(&mut self, name: &str) {
        let _ = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal("TERM");
        }
    }
}

fn server() -> Option<PathBuf> {
    ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Returns true, and says so, where there is no server and none has to be.
fn has_not_run() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    let required = std::env::var("IDVET_REDIS").is_ok_and(|value| value == "required");
    let missing = server().is_none();
    assert!(!(missing && required), "not run: redis-server is not installed");
    if missing {
        // Written past what a test's output is kept in: whoever runs the tests reads it.
        let _ = writeln!(std::io::stderr(), "NOT RUN: redis-server is not installed (Debian: redis-server)");
    }
    missing
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn start_redis(folder: &Path, port: u16) -> Daemon {
    let child = Command::new(server().expect("looked for before"))
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--requirepass", PASSWORD])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server starts");
    let daemon = Daemon(child);
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "redis-server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    daemon
}

/// A mock that notes when calls come, and the folder of a test.
struct World {
    folder: tempfile::TempDir,
    mock: Daemon,
    url: String,
    redis_port: u16,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_idvet"))
            .args(["mock", "--throttle", "off", "--arrivals", "arrivals.csv"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mock starts");
        let mut text = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut text).expect("an address");
        let url = text.split_whitespace().next().expect("an address").to_owned();
        Self { folder, mock: Daemon(child), url, redis_port: free_port() }
    }

    /// Begins to call at a rate.
    fn load(&self, name: &str, (rate, seconds): (u32, u32)) -> Daemon {
        let profile = format!(
            "format: idvet/load/1\napi: cloudauth\ntitle: {{ en: Together, zh: 共同 }}\nscenarios:\n  - name: s\n    steps:\n\
             \x20     - call: {{ baseline: init-id-pro, as: init }}\narrivals: {{ model: constant, rate: {rate} }}\n\
             duration: {seconds}s\ntimeout: 15s\nthresholds: [dropped == 0, throttled == 0]\n"
        );
        std::fs::write(self.folder.path().join(format!("{name}.yaml")), profile).expect("written");
        let child = Command::new(env!("CARGO_BIN_EXE_idvet"))
            .args(["load", &format!("{name}.yaml"), "--target", &self.url, "--max-qps", &LIMIT.to_string()])
            .args(["--out", name, "--quiet", "--shared-budget", &format!("redis://127.0.0.1:{}/0", self.redis_port)])
            .env("IDVET_REDIS_PASSWORD", PASSWORD)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("idvet starts");
        Daemon(child)
    }

    fn report(&self, name: &str) -> serde_json::Value {
        let text = std::fs::read_to_string(self.folder.path().join(name).join("report.json")).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Stops the mock and returns when calls came, in seconds from the first.
    fn arrivals(mut self) -> Vec<f64> {
        self.mock.signal("TERM");
        let text = std::fs::read_to_string(self.folder.path().join("arrivals.csv")).expect("a log");
        let nanos = text.lines().skip(1).filter_map(|line| line.split(',').next()?.parse::<u64>().ok());
        let mut times: Vec<f64> = nanos.map(|nanos| nanos as f64 / 1e9).collect();
        times.sort_by(f64::total_cmp);
        let first = times.first().copied().unwrap_or_default();
        times.iter().map(|time| time - first).collect()
    }
}

fn code(daemon: &mut Daemon) -> Option<i32> {
    daemon.0.wait().expect("it ends").code()
}

fn most_in_a_second(times: &[f64]) -> usize {
    let within = |begin: &f64| times.iter().filter(|time| (*begin..*begin + 1.0).contains(time)).count();
    times.iter().map(within).max().unwrap_or_default()
}

fn between(times: &[f64], begin: f64, end: f64) -> usize {
    times.iter().filter(|time| (begin..end).contains(time)).count()
}

#[test]
fn processes_share_a_limit_by_what_they_need() {
    if has_not_run() {
        return;
    }
    let world = World::new();
    let _redis = start_redis(world.folder.path(), world.redis_port);
    // Halves of the limit would be too little for the one and more than the other needs.
    let (mut large, mut small) = (world.load("large", (14, 6)), world.load("small", (5, 6)));
    assert_eq!((code(&mut large), code(&mut small)), (Some(0), Some(0)));
    for (name, calls) in [("large", 84), ("small", 30)] {
        let report = world.report(name);
        assert_eq!(report["steps"][0]["classes"]["ok"]["calls"], calls, "{report}");
        let markdown = std::fs::read_to_string(world.folder.path().join(name).join("report.md")).expect("a report");
        assert!(markdown.contains("held together with other processes"), "{markdown}");
    }
    let merged = Command::new(env!("CARGO_BIN_EXE_idvet"))
        .args(["report", "merge", "large", "small", "--out", "whole"])
        .current_dir(world.folder.path())
        .output()
        .expect("idvet starts");
    // Two profiles are no shards of one.
    assert!(!merged.status.success());
    let times = world.arrivals();
    assert_eq!(times.len(), 114);
    assert!(most_in_a_second(&times) <= LIMIT, "{times:?}");
}

#[test]
fn who_needs_more_than_there_is_gets_a_fair_share_until_others_end_or_die() {
    if has_not_run() {
        return;
    }
    let world = World::new();
    let _redis = start_redis(world.folder.path(), world.redis_port);
    let mut first = world.load("first", (18, 22));
    // The first has all of the limit by now.
    std::thread::sleep(Duration::from_secs(7));
    let mut second = world.load("second", (18, 60));
    std::thread::sleep(Duration::from_secs(8));
    second.signal("KILL");
    // Its calls waited, and none was lost.
    assert_eq!(code(&mut first), Some(0));
    let report = world.report("first");
    assert_eq!(report["steps"][0]["classes"]["ok"]["calls"], 18 * 22);
    assert!(report["held"]["by_limit"].as_u64().is_some_and(|held| held > 20), "{report}");
    let times = world.arrivals();
    assert!(most_in_a_second(&times) <= LIMIT, "{times:?}");
    let last = times.last().copied().unwrap_or_default();
    // What was left is sent as fast as the whole limit lets it, once the share of the dead is free.
    // Four seconds hold 3.9 windows of the limit; where a burst falls is left open.
    let at_the_end = between(&times, last - 4.0, last);
    assert!(at_the_end >= 64, "{at_the_end} {times:?}");
}

#[test]
fn without_the_server_nothing_is_sent() {
    if has_not_run() {
        return;
    }
    let world = World::new();
    let mut none = world.load("none", (5, 5));
    assert_eq!(code(&mut none), Some(3));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut none.0.stderr.take().expect("piped"), &mut said).expect("text");
    assert!(said.contains("share limits at redis://127.0.0.1") && !said.contains(PASSWORD), "{said}");
    let mut redis = start_redis(world.folder.path(), world.redis_port);
    let mut only = world.load("only", (15, 16));
    std::thread::sleep(Duration::from_secs(7));
    redis.signal("KILL");
    let killed = Instant::now();
    std::thread::sleep(Duration::from_secs(4));
    // It forgot everything, and hands out nothing before what it forgot is over.
    let _redis = start_redis(world.folder.path(), world.redis_port);
    let away = killed.elapsed().as_secs_f64();
    assert_eq!(code(&mut only), Some(0));
    let report = world.report("only");
    assert_eq!(report["steps"][0]["classes"]["ok"]["calls"], 15 * 16);
    // The report says how long it had no share.
    let share = &report["limits"][0]["share"];
    let without = share["seconds_without"].as_f64().expect("seconds");
    assert!(share["least"] == 0 && share["most"].as_u64() >= Some(15), "{report}");
    assert!(without > away - 3.5 && without < away + 4.0, "{without} of {away}");
    let times = world.arrivals();
    assert!(most_in_a_second(&times) <= LIMIT, "{times:?}");
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    // Two seconds of lease are left when the server dies, and three pass when it is back.
    assert!(gap > away - 2.5 && gap < away + 4.0, "{gap} of {away}: {times:?}");
}
