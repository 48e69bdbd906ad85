//! `cargo bench --bench load`: what a call costs, how well due times are kept, whether latencies are true, whether a limit
//! is held. wrk and oha, where they are on the machine, are measured in the same run.
//!
//! Nothing here fails: a shared or busy machine says so by its figures. `cargo bench --bench load -- cost pace` runs only
//! those; there are cost, pace, truth, budget, memory and closed.

mod peers;
mod server;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use peers::{goose_latencies, oha_latencies, wrk};
use server::{Mock, Stalling, Static};

const IDVET: &str = env!("CARGO_BIN_EXE_idvet");

/// A kind of figure, by name.
type Bench = (&'static str, fn(&Path));

#[expect(clippy::disallowed_methods, reason = "this is main")]
fn main() {
    if peers::be_goose() {
        return;
    }
    // Servers on one processor, clients on the other.
    let _ = Command::new("taskset").args(["-cp", "0", &std::process::id().to_string()]).stdout(Stdio::null()).status();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runs: [Bench; 6] =
        [("cost", cost), ("pace", pace), ("truth", truth), ("budget", budget), ("memory", memory), ("closed", closed)];
    for (name, run) in runs {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            run(folder.path());
        }
    }
}

fn line(figure: &str, measured: String, wanted: &str) {
    println!("{figure:<66} {measured:>16}   {wanted}");
}

fn profile(folder: &Path, arrivals: &str, rest: &str) {
    let text = format!(
        "format: idvet/load/1\napi: cloudauth\ntitle: {{ en: Bench, zh: 基准 }}\nscenarios:\n  - name: init\n    steps:\n      \
         - call: {{ baseline: init-id-pro, as: init }}\narrivals: {arrivals}\n{rest}\n"
    );
    std::fs::write(folder.join("bench.yaml"), text).expect("a profile");
}

/// Runs a profile and returns its report.
fn load(folder: &Path, url: &str, more: &[&str]) -> Value {
    let _ = std::fs::remove_file(folder.join("out/report.json"));
    let status = client(IDVET)
        .args(["load", "bench.yaml", "--quiet", "--out", "out", "--target", url])
        .args(more)
        .current_dir(folder)
        .stdout(Stdio::null())
        .status()
        .expect("idvet starts");
    let text = std::fs::read_to_string(folder.join("out/report.json"));
    let text = text.unwrap_or_else(|error| panic!("no report ({error}), {status}"));
    serde_json::from_str(&text).expect("JSON")
}

/// Returns a program on the clients' processor, where that can be had.
fn client(program: &str) -> Command {
    let can_pin = Command::new("taskset").arg("-V").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can_pin {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "1", program]);
    command
}

/// Returns the processor time of children that are over, user and system.
fn children_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    // A tick is 10 ms on every Linux.
    Duration::from_millis(ticks * 10)
}

/// Calls of one measurement of cost.
const CALLS: u64 = 200_000;

/// Processor time of one call when 64 connections are always busy, as wrk has them.
fn cost(folder: &Path) {
    let server = Static::start(false);
    let per_call = |used: Duration, calls: u64| used.as_secs_f64() * 1e6 / calls as f64;
    let idvet = |scheme: &str, count: u64| {
        let rest = format!(
            "count: {count}\nbeyond_limits: true\ntimeout: 10m\nconnections: {{ at_most: 64 }}\ncheck_every: 0"
        );
        profile(folder, "{ model: constant, rate: 900000 }", &rest);
        let before = children_time();
        let report = load(folder, &server.url, &["--scheme", scheme]);
        server.take_arrivals();
        assert_eq!(report["steps"][0]["classes"]["ok"]["calls"], count, "{report}");
        children_time() - before
    };
    let start = idvet("v1", 1);
    let (v1, acs3) = (idvet("v1", CALLS) - start, idvet("acs3", CALLS) - start);
    let (v1, acs3) = (per_call(v1, CALLS), per_call(acs3, CALLS));
    line("cost, V1, signed afresh, histograms, codes: processor time a call", format!("{v1:.1} µs"), "");
    line("cost, ACS3, the same", format!("{acs3:.1} µs"), "");
    let script = "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\nwrk.body = string.rep(\"a=1&\", 150)\n";
    std::fs::write(folder.join("post.lua"), script).expect("a script");
    std::fs::write(folder.join("sign.lua"), include_str!("sign.lua")).expect("a script");
    for (name, script, limits) in [
        ("wrk, the same bytes every time", "post.lua", ("V1 1.15 at most", "ACS3 1.4 at most")),
        ("wrk, signing V1 in Lua (OpenSSL's hash)", "sign.lua", ("V1 0.25 at most", "")),
    ] {
        let Some(wrk) = wrk(folder, &server, script) else {
            line(&format!("cost, {name}"), "not measured".to_owned(), "wrk is not on this machine");
            continue;
        };
        server.take_arrivals();
        line(&format!("cost, {name}"), format!("{wrk:.1} µs"), "");
        line("    V1 to it", format!("{:.2}", v1 / wrk), limits.0);
        line("    ACS3 to it", format!("{:.2}", acs3 / wrk), limits.1);
    }
}

/// Due times against the arrivals that the server saw.
fn pace(folder: &Path) {
    let server = Static::start(false);
    for (rate, seconds) in [(100, 10), (1_000, 10), (5_000, 10), (10_000, 10)] {
        let rest = format!("duration: {seconds}s\nbeyond_limits: true\ntimeout: 10s\nconnections: {{ at_most: 512 }}");
        profile(folder, &format!("{{ model: constant, rate: {rate} }}"), &rest);
        server.take_arrivals();
        let report = load(folder, &server.url, &[]);
        let mut arrivals = server.take_arrivals();
        // The first asked for a control API.
        arrivals.remove(0);
        let lateness = lateness(&arrivals, rate);
        let at = |share: f64| lateness[((lateness.len() - 1) as f64 * share) as usize];
        let kept = arrivals.len() as f64 / (f64::from(rate) * f64::from(seconds));
        let sent_late = report["steps"][0]["sent_late"]["p99"].as_f64().unwrap_or_default() / 1e3;
        line(&format!("pace, {rate} a second: rate kept"), format!("{:.2} %", kept * 100.0), "99.9 to 100.1 %");
        line(
            "    lateness at the server, p50 and p99",
            format!("{:.3}, {:.3} ms", at(0.5), at(0.99)),
            "p99 0.1 ms at most",
        );
        line("    as idvet itself reports it, p99", format!("{sent_late:.3} ms"), "");
        let duration = format!("{seconds}s");
        let peer = client("oha")
            .args(["--no-tui", "-c", "512", "-m", "POST", "-T", "application/x-www-form-urlencoded", "-d", "a=1"])
            .args(["-q", &rate.to_string(), "-z", &duration, &server.url])
            .output();
        let arrivals = server.take_arrivals();
        if !peer.is_ok_and(|output| output.status.success()) || arrivals.is_empty() {
            line("    oha, the same", "not measured".to_owned(), "oha is not on this machine");
            continue;
        }
        let late = self::lateness(&arrivals, rate);
        let peer_at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
        line("    oha: lateness p50 and p99", format!("{:.3}, {:.3} ms", peer_at(0.5), peer_at(0.99)), "");
        line("    idvet's p99 to it", format!("{:.2}", at(0.99) / peer_at(0.99)), "0.1 at most");
    }
}

/// Returns how late each arrival came, in milliseconds, least first. The start is known to nobody but the client: the
/// earliest arrival, by its own due time, was on time.
fn lateness(arrivals: &[Instant], rate: u32) -> Vec<f64> {
    let gap = 1e9 / f64::from(rate);
    let nth = |(n, at): (usize, &Instant)| at.duration_since(arrivals[0]).as_nanos() as f64 - n as f64 * gap;
    let off: Vec<f64> = arrivals.iter().enumerate().map(nth).collect();
    let least = off.iter().copied().fold(f64::MAX, f64::min);
    let mut lateness: Vec<f64> = off.iter().map(|late| (late - least) / 1e6).collect();
    lateness.sort_by(f64::total_cmp);
    lateness
}

/// Stalls of a second in every ten, at a service of a millisecond: what the schedule implies is known.
fn truth(folder: &Path) {
    for rate in [100_u32, 1_000, 5_000, 10_000] {
        let server = Stalling::start();
        let rest = "duration: 20s\nbeyond_limits: true\ntimeout: 30s\nconnections: { at_most: 12000 }\ncheck_every: 0";
        profile(folder, &format!("{{ model: constant, rate: {rate} }}"), rest);
        let report = load(folder, &server.url, &[]);
        let by_server = server.take_percentiles();
        let peers = match rate {
            1_000 => [
                ("oha", oha_latencies(&server.url, rate, &[])),
                ("oha --latency-correction", oha_latencies(&server.url, rate, &["--latency-correction"])),
                ("goose, its own throttle", goose_latencies(&server.url, rate)),
            ]
            .to_vec(),
            _ => Vec::new(),
        };
        let latency = &report["steps"][0]["classes"]["ok"]["latency"];
        // Of any ten seconds one is stalled, and who comes t after its beginning waits for its end: of all calls a share of x
        // waits longer than 1 s less ten times x seconds.
        for ((name, implied), took) in [("p99", 901.0), ("p99.9", 991.0), ("max", 1_001.0)].into_iter().zip(by_server) {
            let found = latency[name].as_f64().unwrap_or_default() / 1e3;
            let off = (found / implied - 1.0) * 100.0;
            line(
                &format!("truth, {rate} a second, stalled 1 s in 10 s: {name}"),
                format!("{found:.0} ms, {off:+.1} %"),
                &format!("{implied:.0} ms, within {} %", if rate < 10_000 { 1 } else { 2 }),
            );
            line("    by the server's own clock", format!("{took:.0} ms, {:+.1} %", (found / took - 1.0) * 100.0), "");
        }
        let dropped = &report["arrivals"]["dropped"];
        for (name, peer) in peers {
            if let Some([p99, p999, max]) = peer {
                line(&format!("    {name}: p99, p99.9, max"), format!("{p99:.0}, {p999:.0}, {max:.0} ms"), "");
            }
        }
        line(
            "    dropped; sent late, p99",
            format!("{dropped}; {:.2} ms", report["steps"][0]["sent_late"]["p99"].as_f64().unwrap_or_default() / 1e3),
            "0",
        );
    }
}

/// The most calls that the server saw within a second, stalls, resets and what waited behind them and all.
fn budget(folder: &Path) {
    let long = std::env::var_os("IDVET_LONG").is_some();
    for (limit, seconds) in [(50, if long { 1_200 } else { 60 }), (5_000, 60)] {
        let server = Static::start(true);
        let rate = f64::from(limit) * 0.98;
        let rest = format!(
            "duration: {seconds}s\nbeyond_limits: true\ntimeout: 10s\nconnections: {{ at_most: 512 }}\ncheck_every: 0"
        );
        profile(folder, &format!("{{ model: constant, rate: {rate} }}"), &rest);
        let report = load(folder, &server.url, &["--max-qps", &limit.to_string()]);
        let mut times = server.take_arrivals();
        // The first asked for a control API.
        times.remove(0);
        let (mut first, mut most) = (0, 0);
        for (last, time) in times.iter().enumerate() {
            while time.duration_since(times[first]) >= Duration::from_secs(1) {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        let throttled = &report["steps"][0]["classes"]["throttled"]["calls"];
        let n_resets = server.noted.resets.load(Ordering::Relaxed);
        line(
            &format!("budget of {limit}, {seconds} s, stalls, {n_resets} resets: most calls in a sliding second"),
            most.to_string(),
            &format!("{limit} at most"),
        );
        let held_up = server.noted.held_up.load(Ordering::Relaxed) as f64 / 1e3;
        line("    the machine held the server up for at most", format!("{held_up:.1} ms"), "below 20 ms, to tell");
        line(
            "    calls; throttled; dropped; held by the limit",
            format!("{}; {throttled}; {}; {}", times.len(), report["arrivals"]["dropped"], report["held"]["by_limit"]),
            "0 throttled",
        );
    }
}

/// Memory while 10,000 a second are sent.
fn memory(folder: &Path) {
    let server = Static::start(false);
    let seconds = if std::env::var_os("IDVET_LONG").is_some() { 600 } else { 60 };
    let rest = format!("duration: {seconds}s\nbeyond_limits: true\ntimeout: 10s\nconnections: {{ at_most: 512 }}");
    profile(folder, "{ model: constant, rate: 10000 }", &rest);
    let mut child = client(IDVET)
        .args(["load", "bench.yaml", "--quiet", "--out", "out", "--target", &server.url])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("idvet starts");
    let resident = |child: &Child| -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let found = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib: f64 = found.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default();
        kib * 1.024e-3
    };
    std::thread::sleep(Duration::from_secs(10));
    let early = resident(&child);
    let (mut late, mut most) = (early, early);
    while child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(500));
        server.take_arrivals();
        let now = resident(&child);
        if now > 0.0 {
            (late, most) = (now, most.max(now));
        }
    }
    line("memory at 10,000 a second, after 10 s", format!("{early:.1} MB"), "60 MB at most");
    line(&format!("    after {seconds} s; at most"), format!("{late:.1}; {most:.1} MB"), "within 2 MB");
}

/// Users of the closed model, and the open model at the rate that they came to.
fn closed(folder: &Path) {
    let mock = Mock::start(folder, &["--latency", "lognormal:20ms,0.4"]);
    let rest = "duration: 20s\nwarm_up: 2s\nbeyond_limits: true\ntimeout: 10s\ncheck_every: 0";
    profile(folder, "{ model: users, users: 20, pause: 80ms }", rest);
    let users = load(folder, &mock.url, &[]);
    let figures = |report: &Value| {
        let latency = &report["steps"][0]["classes"]["ok"]["latency"];
        ["p50", "p90", "p99"].map(|name| latency[name].as_f64().unwrap_or_default() / 1e3)
    };
    let seconds = users["measured_seconds"].as_f64().unwrap_or(20.0);
    let rate = users["steps"][0]["classes"]["ok"]["calls"].as_f64().unwrap_or_default() / seconds;
    profile(folder, &format!("{{ model: constant, rate: {rate:.1} }}"), rest);
    let open = load(folder, &mock.url, &[]);
    mock.stop();
    let (users, open) = (figures(&users), figures(&open));
    line("closed model, 20 users: rate that came of it", format!("{rate:.1} /s"), "");
    for (idx, name) in ["p50", "p90", "p99"].iter().enumerate() {
        let off = (users[idx] / open[idx] - 1.0) * 100.0;
        line(
            &format!("    {name} of users, and of the open model at that rate"),
            format!("{:.1}, {:.1} ms", users[idx], open[idx]),
            &format!("{off:+.1} %"),
        );
    }
}
