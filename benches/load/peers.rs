//! Others that send load, where they are on the machine.

use std::path::Path;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction, TransactionResult};
use goose::prelude::transaction;
use serde_json::{Value, json};

use crate::server::Static;
use crate::{children_time, client};

/// The variable that makes of this program a load test by goose: the address, and how many requests a second.
const GOOSE: &str = "IDVET_BENCH_GOOSE";

/// How long a measurement of latencies takes, and users or connections of a peer.
const SECONDS: u32 = 20;
const USERS: usize = 2_000;

/// Returns the processor time of a request of wrk, in microseconds.
pub(crate) fn wrk(folder: &Path, server: &Static, script: &str) -> Option<f64> {
    let before = children_time();
    let output = client("wrk")
        .args(["-t1", "-c64", "-d8s", "-s", script, &server.url])
        .current_dir(folder)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let used = children_time() - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.lines().find(|line| line.contains("requests in"))?.split_whitespace().collect();
    let requests: f64 = words.first()?.parse().ok()?;
    Some(used.as_secs_f64() * 1e6 / requests)
}

/// Returns p99, p99.9 and the longest latency as oha tells them, in milliseconds.
pub(crate) fn oha_latencies(url: &str, rate: u32, more: &[&str]) -> Option<[f64; 3]> {
    let output = client("oha")
        .args(["--no-tui", "--output-format", "json", "-c", &USERS.to_string()])
        .args(["-z", &format!("{SECONDS}s"), "-q", &rate.to_string()])
        .args(more)
        .arg(url)
        .output();
    let told: Value = serde_json::from_slice(&output.ok()?.stdout).ok()?;
    let seconds =
        [&told["latencyPercentiles"]["p99"], &told["latencyPercentiles"]["p99.9"], &told["summary"]["slowest"]];
    Some(seconds.map(|seconds| seconds.as_f64().unwrap_or_default() * 1e3))
}

/// Returns the same of goose at its own throttle, a program of its own as the others are: this one.
pub(crate) fn goose_latencies(url: &str, rate: u32) -> Option<[f64; 3]> {
    let program = std::env::current_exe().ok()?;
    let output = client(program.to_str()?).env(GOOSE, format!("{url} {rate}")).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Value = serde_json::from_str(text.lines().last()?).ok()?;
    Some(["p99", "p99.9", "max"].map(|name| told[name].as_f64().unwrap_or_default() / 1e3))
}

/// Is goose, if this process was started to be.
#[expect(clippy::disallowed_methods, reason = "of main")]
pub(crate) fn be_goose() -> bool {
    let Ok(wanted) = std::env::var(GOOSE) else { return false };
    let (url, rate) = wanted.split_once(' ').expect("an address and a rate");
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(url.to_owned());
    configuration.users = Some(USERS);
    configuration.increase_rate = Some("10000".to_owned());
    configuration.run_time = Some(format!("{SECONDS}s"));
    configuration.throttle_requests = Some(rate.parse().expect("a rate"));
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.no_websocket = true;
    configuration.quiet = 3;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let metrics = runtime.block_on(async {
        let scenario = Scenario::new("get").register_transaction(transaction!(get));
        let attack = GooseAttack::initialize_with_config(configuration).expect("goose");
        attack.register_scenario(scenario).execute().await.expect("metrics")
    });
    let times = &metrics.requests.values().next().expect("requests").raw_data;
    let told =
        json!({ "p99": times.percentile_us(0.99), "p99.9": times.percentile_us(0.999), "max": times.maximum_time_us });
    println!("{told}");
    true
}

async fn get(user: &mut GooseUser) -> TransactionResult {
    user.get("").await.map(drop)
}
