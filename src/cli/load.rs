//! `idvet load`: drives a load profile, within the limits, and says what the endpoint did.

mod metrics;

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use self::metrics::Metrics;
use super::args::SuitesArg;
use super::check::{SchemeName, is_embedded};
use super::profile::find_profile;
use super::settings::{Resolved, TargetArgs, load as load_suites, resolve};
use super::signals::stop_signal;
use super::{Failure, World, check, exit};
use crate::clock::Timestamp;
use crate::control::KeysAnswer;
use crate::event::Event;
use crate::exchange::Request;
use crate::load::{BudgetServer, LoadError, LoadInput, LoadOptions, check_allowed, run as run_load, search};
use crate::load_profile::model::Scenario;
use crate::load_profile::{LoadProfile, Shard};
use crate::load_summary::LoadSummaryBuilder;
use crate::mock::{MockOptions, RunningMock, start};
use crate::redact::Redactor;
use crate::report::events::{EventWriteError, EventWriter};
use crate::report::load::{LoadFormat, render_console, write_load_reports};
use crate::report::progress::Progress;
use crate::report::{Lang, check_finished, check_shown};
use crate::request::ServiceKeys;
use crate::runner::redactor;
use crate::suite::Suites;
use crate::target::model::Target;
use crate::transport::{Endpoint, Framing, Transport, TransportOptions};

/// What `idvet load` is told.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// Load profile: a name among those of the suites (`idvet list profiles`), or a file
    #[arg(value_name = "PROFILE")]
    pub profile: String,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub suites: SuitesArg,
    /// Signature scheme where the profile names none: v1 or acs3
    #[arg(long, value_enum, default_value = "v1")]
    pub scheme: SchemeName,
    /// Derive random arrival times from this number
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads that send
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// Send arrivals i, i+n, i+2n, … only, within an n-th of every limit: I/N, or auto on Kubernetes, Slurm and GitLab; else IDVET_SHARD
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Begin at this time, yyyy-MM-ddTHH:mm:ssZ, so that shards start together; else IDVET_START_AT
    #[arg(long, value_name = "TIME")]
    pub start_at: Option<String>,
    /// Hold every limit together with the other processes that name this Redis server, redis://HOST:PORT/DB, instead of an n-th
    /// each; its password is read from IDVET_REDIS_PASSWORD
    #[arg(long, value_name = "URL")]
    pub shared_budget: Option<String>,
    /// Folder for events.jsonl and the reports
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    pub out: PathBuf,
    /// Language of reports: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// Serve figures as OpenMetrics at this address while the run goes on, at /metrics; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// No progress, and no report on the terminal unless something is wrong
    #[arg(long, short)]
    pub quiet: bool,
}

pub(super) fn run(args: &LoadArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    let stop = Arc::new(AtomicBool::new(false));
    let (mut input, mock) = runtime.block_on(prepare(args, &stop, world))?;
    input.redactor = redactor(&input.target);
    let mut output = LoadOutput::open(args, &input.redactor, &stop, world)?;
    if let Some(address) = args.metrics {
        let metrics = Metrics::default();
        let served = runtime.block_on(metrics.serve(address));
        let served = served.map_err(|error| Failure::usage(format!("serve metrics at {address}: {error}")))?;
        world.tell(&format!("metrics: http://{served}/metrics"));
        output.metrics = Some(metrics);
    }
    let signal = {
        let _in_runtime = runtime.enter();
        stop_signal().map_err(|error| Failure::usage(format!("listen to signals: {error}")))?
    };
    let stopper = runtime.spawn({
        let stop = Arc::clone(&stop);
        async move {
            signal.await;
            stop.store(true, Ordering::Relaxed);
        }
    });
    let result = match input.profile.file.arrivals.search() {
        None => run_load(&input, |event| output.hear(event)),
        Some(rules) => search(&input, &rules, |event| {
            let is_end = matches!(event, Event::LoadPlateau(_));
            output.hear(event);
            if is_end { output.summary.last_outcome() } else { None }
        }),
    };
    stopper.abort();
    if let Some(mock) = mock {
        runtime.block_on(mock.shutdown());
    }
    result.map_err(refused)?;
    output.finish(args, world)
}

fn refused(error: LoadError) -> Failure {
    let code = match error {
        LoadError::OverLimits(_) | LoadError::Unbudgeted { .. } => exit::BUDGET,
        LoadError::Unresolved { .. } | LoadError::BudgetServer { .. } => exit::COULD_NOT_JUDGE,
        _ => exit::USAGE,
    };
    Failure::Told { code, fragment: error.to_string() }
}

async fn prepare(
    args: &LoadArgs,
    stop: &Arc<AtomicBool>,
    world: &World<'_>,
) -> Result<(LoadInput, Option<RunningMock>), Failure> {
    let loaded = load_suites(&args.suites, world)?;
    let profile = find_profile(&args.profile, &loaded, args.seed, world)?;
    let mut resolved = resolve(&args.target, &loaded.files, world)?;
    check::find_control(&mut resolved, &mut Vec::new()).await;
    let Resolved { mut target, ca_pem, .. } = resolved;
    let contracts = Arc::new(loaded.contracts);
    let mock = match is_embedded(&target) {
        false => None,
        true => {
            let options = MockOptions::new(Arc::clone(&world.clock));
            let mock = start(&target, Arc::clone(&contracts), options).await;
            let mock = mock.map_err(|error| Failure::usage(format!("start the embedded mock: {error}")))?;
            target.endpoints.values_mut().filter(|one| *one == "embedded").for_each(|one| *one = mock.url());
            target.control = Some(mock.control_url());
            Some(mock)
        }
    };
    let options = LoadOptions {
        arguments: vec![args.profile.clone()],
        scheme: args.scheme.scheme(),
        ca_pem,
        allow_real: args.target.allow_real,
        seed: args.seed,
        keys: Default::default(),
        salt: rand::random_range(1..=u64::MAX),
        workers: usize::from(args.workers),
        shard: shard(args, world)?,
        budget_server: budget_server(args, &target, world)?,
        start_in: start_in(args, world)?,
        clock: Arc::clone(&world.clock),
        stop: Arc::clone(stop),
    };
    let encrypts = encrypts(&profile, &loaded.suites);
    let mut input = LoadInput {
        profile: Arc::new(profile),
        contracts,
        suites: Arc::new(loaded.suites),
        redactor: redactor(&target),
        target: Arc::new(target),
        options,
    };
    // What must not be run is refused before anybody is called.
    check_allowed(&input).map_err(refused)?;
    reach(&input).await?;
    if encrypts {
        input.options.keys = service_keys(&input.target, &input.options).await?;
    }
    Ok((input, mock))
}

/// The longest wait for a common start.
const LONGEST_WAIT_SECONDS: i64 = 24 * 3_600;

fn start_in(args: &LoadArgs, world: &World<'_>) -> Result<Duration, Failure> {
    let typed = args.start_at.clone().or_else(|| world.var("IDVET_START_AT"));
    let Some(text) = &typed else { return Ok(Duration::ZERO) };
    let at = Timestamp::parse_iso(text)
        .ok_or_else(|| Failure::usage(format!("use --start-at {text}: it is no time like 2026-11-27T12:00:00Z")))?;
    let left = at.0 - world.clock.now().0;
    if left < 0 {
        return Err(Failure::usage(format!("use --start-at {text}: that time is over")));
    }
    if left > LONGEST_WAIT_SECONDS * 1_000 {
        return Err(Failure::usage(format!("use --start-at {text}: that is more than a day from now")));
    }
    Ok(Duration::from_millis(left.unsigned_abs()))
}

/// Reads where limits are held together with other processes.
fn budget_server(args: &LoadArgs, target: &Target, world: &World<'_>) -> Result<Option<BudgetServer>, Failure> {
    let Some(text) = &args.shared_budget else { return Ok(None) };
    let unusable = |reason: &str| Failure::usage(format!("use --shared-budget: {reason}"));
    let url =
        url::Url::parse(text).map_err(|error| unusable(&format!("{error}; it looks like redis://HOST:PORT/DB")))?;
    if url.password().is_some() {
        return Err(unusable("a command line can be read by others; leave the password to IDVET_REDIS_PASSWORD"));
    }
    if url.scheme() != "redis" || url.host_str().is_none() {
        return Err(unusable("it looks like redis://HOST:PORT/DB"));
    }
    // Limits are those of accounts: who calls with other keys has others.
    let mut hash = Sha256::new();
    for key in target.sandbox.accounts.iter().filter_map(|account| account.access_key_id.as_ref()) {
        hash.update(key.as_bytes());
        hash.update([0]);
    }
    let account = hex::encode(&hash.finalize()[..8]);
    let password = world.var("IDVET_REDIS_PASSWORD").map(SecretString::from);
    Ok(Some(BudgetServer { address: text.clone(), password, account }))
}

/// Reads which shard this process is.
fn shard(args: &LoadArgs, world: &World<'_>) -> Result<Shard, Failure> {
    let typed = args.shard.clone().or_else(|| world.var("IDVET_SHARD"));
    let Some(text) = &typed else { return Ok(Shard::WHOLE) };
    if text == "auto" {
        return shard_of_environment(&|name| world.var(name));
    }
    let parsed = text.split_once('/').and_then(|(i, n)| Some(Shard { i: i.parse().ok()?, n: n.parse().ok()? }));
    let parsed = parsed.filter(|shard| shard.i < shard.n);
    parsed.ok_or_else(|| Failure::usage(format!("use --shard {text}: it is no I/N with I from 0 to N-1, such as 0/4")))
}

/// Where a scheduler says which of how many a process is: index, the lowest index there is, count.
const SCHEDULERS: &[(&str, &str, &str, u64)] = &[
    // A Kubernetes Indexed Job tells no count; its manifest does.
    ("JOB_COMPLETION_INDEX", "", "IDVET_SHARDS", 0),
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT", 0),
    ("CI_NODE_INDEX", "", "CI_NODE_TOTAL", 1),
];

fn shard_of_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let number = |name: &str| variable(name).and_then(|text| text.trim().parse::<u64>().ok());
    for (index, lowest, count, default_lowest) in SCHEDULERS {
        let Some(position) = number(index) else { continue };
        let lowest = number(lowest).unwrap_or(*default_lowest);
        let n = number(count).ok_or_else(|| {
            Failure::usage(format!(
                "use --shard auto: {index} is set, and {count}, which says how many there are, is not"
            ))
        })?;
        return match position.checked_sub(lowest).filter(|i| *i < n) {
            Some(i) => Ok(Shard { i, n }),
            None => Err(Failure::usage(format!("use --shard auto: {index} is {position}, and {count} is {n}"))),
        };
    }
    Err(Failure::usage("use --shard auto: none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID and CI_NODE_INDEX is set"))
}

/// Says whether a call has a parameter that travels encrypted.
fn encrypts(profile: &LoadProfile, suites: &Suites) -> bool {
    let is_encrypted = |text: &String| text.contains("sm2(") || text.contains("enc_token(");
    profile.file.scenarios.iter().flat_map(Scenario::calls).any(|call| {
        let loaded = suites.baseline(&call.baseline);
        let of_baseline = loaded.is_some_and(|loaded| loaded.baseline.parameters.values().any(is_encrypted));
        of_baseline || call.set.values().any(is_encrypted)
    })
}

/// Asks the control API for the service's public keys.
async fn service_keys(target: &Target, options: &LoadOptions) -> Result<ServiceKeys, Failure> {
    let failed = |reason: String| Failure::Told {
        code: exit::COULD_NOT_JUDGE,
        fragment: format!("ask for the service's public keys, which encrypted parameters need: {reason}"),
    };
    let control = target.control.as_ref().ok_or_else(|| failed("the target names no control API".to_owned()))?;
    let endpoint = Endpoint::parse(control).map_err(Failure::usage)?;
    if !endpoint.is_loopback() && !options.allow_real {
        return Err(refused(LoadError::NotAllowed(control.clone())));
    }
    let settings = TransportOptions { ca_pem: options.ca_pem.clone(), ..TransportOptions::default() };
    let transport = Transport::new(&settings).map_err(Failure::usage)?;
    let request = Request {
        method: "GET".to_owned(),
        target: "/keys".to_owned(),
        headers: vec![("host".to_owned(), endpoint.authority.clone())],
        body: bytes::Bytes::new(),
    };
    let outcome = transport.send(&endpoint, request, Framing::Length).await.outcome;
    let response = outcome.map_err(|error| failed(error.to_string()))?;
    let keys: KeysAnswer = serde_json::from_slice(&response.body).map_err(|error| failed(error.to_string()))?;
    Ok(ServiceKeys { sm2: Some(keys.sm2_public_key), enc_token: Some(keys.enc_token_public_key) })
}

/// Connects once to every address that the profile calls, before anything is sent.
async fn reach(input: &LoadInput) -> Result<(), Failure> {
    let LoadInput { target, options, .. } = input;
    let apis: Vec<&String> = input.profile.calls.iter().map(|call| &call.api).collect();
    let transport = Transport::new(&TransportOptions {
        ca_pem: options.ca_pem.clone(),
        timeout_ms: target.budgets.timeout_ms.min(10_000),
        ..TransportOptions::default()
    });
    let transport = transport.map_err(Failure::usage)?;
    for (api, address) in target.endpoints.iter().filter(|(api, _)| apis.contains(api)) {
        let endpoint = Endpoint::parse(address).map_err(Failure::usage)?;
        transport.probe(&endpoint).await.map_err(|error| Failure::Told {
            code: exit::COULD_NOT_JUDGE,
            fragment: format!("reach the target at {address} for {api}: {error}"),
        })?;
    }
    Ok(())
}

/// The streams and files of one load run.
struct LoadOutput {
    folder: PathBuf,
    writer: EventWriter<File>,
    summary: LoadSummaryBuilder,
    progress: Progress,
    redactor: Redactor,
    stop: Arc<AtomicBool>,
    failed: Option<EventWriteError>,
    metrics: Option<Metrics>,
}

impl LoadOutput {
    /// Makes the folder and begins `events.jsonl`. Reports of an earlier run go: none of them is of this one.
    fn open(args: &LoadArgs, redactor: &Redactor, stop: &Arc<AtomicBool>, world: &World<'_>) -> Result<Self, Failure> {
        let folder = world.path(&args.out);
        let refuse = |error| Failure::usage(format!("write to {}: {error}", args.out.display()));
        std::fs::create_dir_all(&folder).map_err(refuse)?;
        for name in LoadFormat::ALL.map(LoadFormat::file_name).into_iter().chain(["junit.xml"]) {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refuse(error)),
                _ => {}
            }
        }
        let file = File::create(folder.join("events.jsonl")).map_err(refuse)?;
        Ok(Self {
            folder,
            writer: EventWriter::new(file, redactor.clone()),
            summary: LoadSummaryBuilder::default(),
            progress: Progress::new(world.stderr_is_terminal && !args.quiet),
            redactor: redactor.clone(),
            stop: Arc::clone(stop),
            failed: None,
            metrics: None,
        })
    }

    /// Takes an event. When it cannot be written, the run is stopped: a report must not know more than the file.
    fn hear(&mut self, event: Event) {
        if self.failed.is_some() {
            return;
        }
        match self.writer.write(event) {
            Ok(event) => {
                self.summary.hear(&event);
                if let Some(metrics) = &self.metrics {
                    metrics.hear(&event);
                }
                self.progress.hear(&event);
            }
            Err(error) => {
                self.failed = Some(error);
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Writes the reports and returns the exit code of the gate.
    fn finish(self, args: &LoadArgs, world: &mut World<'_>) -> Result<u8, Failure> {
        let Self { folder, writer, summary, progress, redactor, failed, .. } = self;
        progress.clear();
        drop(writer);
        let stopped =
            failed.map(|error| Failure::usage(format!("{error}; the run was stopped, and what is on disk is partial")));
        let (summary, stopped) = match (summary.finish(), stopped) {
            (Ok(summary), stopped) => (summary, stopped),
            // What could not be written is why nothing can be read.
            (Err(_), Some(stopped)) => return Err(stopped),
            (Err(error), None) => return Err(Failure::usage(error)),
        };
        let code = summary.gate.exit_code;
        let mut results: Vec<Result<(), Failure>> = Vec::new();
        results.push(check_finished(&folder.join("events.jsonl"), &redactor).map_err(Failure::from));
        let written = write_load_reports(&folder, &summary, args.lang, &redactor);
        results.push(written.map(drop).map_err(Failure::from));
        if !(args.quiet && code == exit::SATISFIED) {
            let text = render_console(&summary, args.lang);
            results.push(check_shown(&text, &redactor).map_err(Failure::from).and_then(|()| world.print(&text)));
        }
        // Everything that can be written is; then the first trouble is told.
        results.into_iter().collect::<Result<(), Failure>>()?;
        stopped.map_or(Ok(code), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedulers_say_which_shard_a_process_is() {
        let of = |variables: &[(&str, &str)]| {
            let find =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            shard_of_environment(&find)
                .map_err(|failure| failure.text(crate::diagnostic::Style::Plain).unwrap_or_default())
        };
        let is = |i, n| Ok(Shard { i, n });
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "3"), ("IDVET_SHARDS", "4")]), is(3, 4));
        let slurm = [("SLURM_ARRAY_TASK_ID", "7"), ("SLURM_ARRAY_TASK_MIN", "5"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(of(&slurm), is(2, 4));
        assert_eq!(of(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")]), is(0, 2));
        for (variables, word) in [
            (vec![], "none of"),
            (vec![("JOB_COMPLETION_INDEX", "3")], "IDVET_SHARDS"),
            (vec![("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "2")], "CI_NODE_INDEX is 3"),
        ] {
            let refused = of(&variables).expect_err("a refusal");
            assert!(refused.contains(word), "{refused}");
        }
    }
}
