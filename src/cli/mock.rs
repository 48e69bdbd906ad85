//! `idvet mock`: serves until told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::args::SuitesArg;
use super::settings::{read_target, suite_files};
use super::signals::stop_signal;
use super::{Failure, World, exit};
use crate::clock::Clock;
use crate::contract::Contracts;
use crate::load_profile::Span;
use crate::mock::defect::{self, UnknownDefect};
use crate::mock::{
    ArrivalLog, Latency, MockError, MockOptions, READINGS, Reading, RunningMock, VariantError, Variants, start,
};
use crate::target::model::Target;

/// What `idvet mock` is told.
#[derive(Debug, Clone, Args)]
pub struct MockArgs {
    /// Address to serve the API families on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Address to serve the control API on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub control: SocketAddr,
    /// Serve HTTPS with a certificate of the mock's own CA.
    #[arg(long)]
    pub tls: bool,
    /// Take the sandbox from this target: a file, or a name among the suites' targets.
    #[arg(long, value_name = "FILE|NAME", default_value = "mock")]
    pub target: String,
    /// Set freshness, nonces, tokens and callbacks aside, for recorded requests.
    #[arg(long)]
    pub replay: bool,
    /// Write addresses as JSON to this file once the mock listens.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Write the CA of the HTTPS address to this file.
    #[arg(long, value_name = "FILE")]
    pub ca_out: Option<PathBuf>,
    /// Serve calls on this many threads of their own.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Derive all ids from this number.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Read a point that the documents leave open in another legitimate way; may be given several times.
    #[arg(long, value_name = "ID")]
    pub variant: Vec<String>,
    /// List the variants and stop.
    #[arg(long)]
    pub list_variants: bool,
    /// Break one requirement, to see whether suites or clients notice.
    #[arg(long, value_name = "ID")]
    pub defect: Option<String>,
    /// List the defects and stop.
    #[arg(long)]
    pub list_defects: bool,
    /// How long answers take: constant:5ms, lognormal:5ms,0.5 (median, sigma), stalls:1ms,10s,1s (service, every, lasting) or
    /// slow-start:200ms,5ms,30s (from, to, over); of one action: InitFaceVerify=constant:5ms; may be given several times.
    #[arg(long, value_name = "[ACTION=]MODEL", value_parser = parse_latency)]
    pub latency: Vec<(String, Latency)>,
    /// Write when calls came to this file: nanoseconds, action, HTTP status.
    #[arg(long, value_name = "FILE")]
    pub arrivals: Option<PathBuf>,
    /// Of so many calls, write one.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "arrivals")]
    pub arrivals_every: u64,
    /// Limit calls a second as documented.
    #[arg(long, value_enum, default_value = "on")]
    pub throttle: Switch,
    /// Refuse plain HTTP with InvalidProtocol.NeedSsl.
    #[arg(long)]
    pub require_tls: bool,
    /// Allow addresses beyond this machine, for listening and for callbacks.
    #[arg(long)]
    pub allow_non_loopback: bool,
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// Why `idvet mock` could not serve.
#[derive(Debug, thiserror::Error)]
pub enum MockCommandError {
    #[error("{0}")]
    Start(#[from] MockError),
    #[error("write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("write the address: {0}")]
    Stdout(std::io::Error),
    #[error("listen to signals: {0}")]
    Signal(std::io::Error),
    #[error("{0}")]
    Variant(#[from] VariantError),
    #[error("find the defect: {0}")]
    Defect(#[from] UnknownDefect),
}

pub(super) fn run_mock(args: &MockArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    if args.list_variants {
        return list_variants(world.stdout).map_err(Failure::stdout);
    }
    let files = suite_files(&args.suites, world)?;
    let contracts = Arc::new(Contracts::load(&files)?);
    if args.list_defects {
        return list_defects(&contracts, world);
    }
    let target = read_target(&args.target, &files, world)?;
    let mut args = args.clone();
    args.ready_file = args.ready_file.map(|path| world.path(&path));
    args.arrivals = args.arrivals.map(|path| world.path(&path));
    args.ca_out = args.ca_out.map(|path| world.path(&path));
    // Threads of their own serve the calls; one thread is enough for the rest.
    let mut builder = match args.threads {
        Some(_) => tokio::runtime::Builder::new_current_thread(),
        None => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    let code = runtime.block_on(run(&args, &target, contracts, Arc::clone(&world.clock), world.stdout));
    code.map_err(|error| match error {
        MockCommandError::Stdout(error) => Failure::stdout(error),
        other => Failure::usage(other),
    })
}

/// Serves until SIGTERM or SIGINT, and returns the exit code.
pub async fn run(
    args: &MockArgs,
    target: &Target,
    contracts: Arc<Contracts>,
    clock: Arc<dyn Clock>,
    stdout: &mut dyn Write,
) -> Result<u8, MockCommandError> {
    // Signals are caught before the address is printed, so that whoever reads it may send one at once.
    let stop = stop_signal().map_err(MockCommandError::Signal)?;
    let defect = args.defect.as_ref().map(|id| defect::find(&contracts, id)).transpose()?;
    let arrivals = args.arrivals.as_ref().map(|path| arrival_log(path, args.arrivals_every)).transpose()?;
    let options = MockOptions { defect: defect.map(Arc::new), arrivals, ..options(args, clock)? };
    let running = start(target, contracts, options).await?;
    announce(args, &running, stdout)?;
    stop.await;
    running.shutdown().await;
    Ok(exit::SATISFIED)
}

fn list_defects(contracts: &Contracts, world: &mut World<'_>) -> Result<u8, Failure> {
    let lines = defect::catalogue(contracts).into_iter().map(|defect| format!("{}  {}\n", defect.id, defect.text));
    world.print(&lines.collect::<String>())?;
    Ok(exit::SATISFIED)
}

fn list_variants(stdout: &mut dyn Write) -> std::io::Result<u8> {
    for reading in READINGS {
        let Reading { id, point, reading, source, .. } = reading;
        writeln!(stdout, "{id:<22} {point}: {reading} [{source}]")?;
    }
    Ok(exit::SATISFIED)
}

fn options(args: &MockArgs, clock: Arc<dyn Clock>) -> Result<MockOptions, VariantError> {
    Ok(MockOptions {
        witness: None,
        latencies: args.latency.clone(),
        arrivals: None,
        listen: args.listen,
        control_listen: args.control,
        tls: args.tls,
        expired: false,
        require_tls: args.require_tls,
        replay: args.replay,
        throttle: args.throttle == Switch::On,
        allow_non_loopback: args.allow_non_loopback,
        threads: args.threads,
        seed: args.seed,
        variants: Variants::named(&args.variant)?,
        defect: None,
        clock,
    })
}

fn arrival_log(path: &Path, every: u64) -> Result<Arc<ArrivalLog>, MockCommandError> {
    let failed = |source| MockCommandError::Write { path: path.to_owned(), source };
    let file = std::fs::File::create(path).map_err(failed)?;
    Ok(Arc::new(ArrivalLog::new(file, every).map_err(failed)?))
}

/// Reads how long answers take, and of which action.
fn parse_latency(text: &str) -> Result<(String, Latency), String> {
    let (action, model) = text.split_once('=').unwrap_or(("", text));
    let (name, values) = model.split_once(':').unwrap_or((model, ""));
    let values: Vec<&str> = values.split(',').map(str::trim).collect();
    let length = |text: &str| Span::parse(text).map(Span::duration);
    let latency = match (name, values.as_slice()) {
        ("constant", [length_text]) => Latency::Constant(length(length_text)?),
        ("lognormal", [median, sigma]) => {
            let sigma = sigma.parse::<f64>().ok().filter(|sigma| (0.0..=5.0).contains(sigma));
            Latency::LogNormal {
                median: length(median)?,
                sigma: sigma.ok_or("the sigma of lognormal is a number from 0 to 5")?,
            }
        }
        ("stalls", [service, every, lasting]) => {
            Latency::Stalls { service: length(service)?, every: length(every)?, lasting: length(lasting)? }
        }
        ("slow-start", [from, to, over]) => {
            Latency::SlowStart { from: length(from)?, to: length(to)?, over: length(over)? }
        }
        _ => {
            return Err("there are constant:LENGTH, lognormal:MEDIAN,SIGMA, stalls:SERVICE,EVERY,LASTING and \
                        slow-start:FROM,TO,OVER"
                .to_owned());
        }
    };
    Ok((action.to_owned(), latency))
}

fn announce(args: &MockArgs, running: &RunningMock, stdout: &mut dyn Write) -> Result<(), MockCommandError> {
    let ca_path = args.ca_out.clone().or_else(|| Some(args.ready_file.as_ref()?.with_extension("ca.pem")));
    let ca_path = match (ca_path, running.ca_pem()) {
        (Some(path), Some(pem)) => {
            write_whole(&path, pem.as_bytes())?;
            Some(path)
        }
        _ => None,
    };
    let ca = ca_path.as_ref().map(|path| format!(" ca {}", path.display())).unwrap_or_default();
    writeln!(stdout, "{} control {}{ca}", running.url(), running.control_url()).map_err(MockCommandError::Stdout)?;
    stdout.flush().map_err(MockCommandError::Stdout)?;
    if let Some(path) = &args.ready_file {
        let ready = serde_json::json!({ "url": running.url(), "control": running.control_url(), "ca": ca_path });
        write_whole(path, ready.to_string().as_bytes())?;
    }
    Ok(())
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), MockCommandError> {
    let failed = |source| MockCommandError::Write { path: path.to_owned(), source };
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, bytes).map_err(failed)?;
    std::fs::rename(&part, path).map_err(failed)
}
