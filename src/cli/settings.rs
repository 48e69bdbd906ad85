//! What was typed → what it means: suites, contracts and the target as it is reached.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::SuitesArg;
use super::credentials;
use super::{Failure, World};
use crate::contract::Contracts;
use crate::files::SuiteFiles;
use crate::suite::Suites;
use crate::target::model::{CallbackMeans, ClockMeans, Means, Target, ThrottleMeans};
use crate::{suite, target};

/// Where to send, and what may be spent there.
#[derive(Debug, Clone, Args)]
pub struct TargetArgs {
    /// Name of a target of the suites, a target file, or the URL of a server with the mock's sandbox
    #[arg(long, value_name = "NAME|FILE|URL", default_value = "mock")]
    pub target: String,
    /// PEM file with the CA to trust instead of the target's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Base address of the target's control API; with a URL it is asked for when not given
    #[arg(long, value_name = "URL")]
    pub control: Option<String>,
    /// Call addresses beyond this machine
    #[arg(long)]
    pub allow_real: bool,
    /// Never more calls of an API in any one second than this, or than the target's budget if that is lower
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_qps: Option<u32>,
    /// Billable calls in this run, instead of the target's budget
    #[arg(long, value_name = "N")]
    pub max_billable: Option<u64>,
    /// Cases at a time, instead of the target's figure
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Milliseconds to wait for an answer, instead of the target's figure
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout_ms: Option<u64>,
}

/// Returns the suites folder that was asked for.
pub(super) fn suite_files(args: &SuitesArg, world: &World<'_>) -> Result<SuiteFiles, Failure> {
    let Some(folder) = &args.suites else { return Ok(SuiteFiles::embedded()) };
    let mut files = SuiteFiles::read(&world.path(folder))?;
    files.root = folder.display().to_string();
    Ok(files)
}

/// Contracts and suites of a folder.
pub(super) struct Loaded {
    pub(super) files: SuiteFiles,
    pub(super) contracts: Contracts,
    pub(super) suites: Suites,
}

pub(super) fn load(args: &SuitesArg, world: &World<'_>) -> Result<Loaded, Failure> {
    let files = suite_files(args, world)?;
    let (contracts, parsed) = std::thread::scope(|scope| {
        let parsed = scope.spawn(|| suite::parse_all(&files));
        (Contracts::load(&files), parsed.join().expect("parsing does not panic"))
    });
    let contracts = contracts?;
    let suites = suite::build(parsed, &contracts)?;
    Ok(Loaded { files, contracts, suites })
}

/// A target, and what trusts it.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) target: Target,
    /// PEM text of the CA to trust; the roots everybody trusts when absent.
    pub(super) ca_pem: Option<String>,
    /// The address typed, where a URL was typed.
    pub(super) url: Option<String>,
}

/// Reads the target that was asked for, its credentials and its CA. The control API of a URL is not asked yet.
pub(super) fn resolve(args: &TargetArgs, files: &SuiteFiles, world: &World<'_>) -> Result<Resolved, Failure> {
    let is_url = args.target.contains("://");
    let mut target = match is_url {
        true => at_url(target::load(files, "mock")?, &args.target),
        false => read_target(&args.target, files, world)?,
    };
    if let Some(control) = &args.control {
        target.control = Some(control.clone());
    }
    limit(args, &mut target);
    credentials::fill(&mut target, world)?;
    let ca_pem = read_ca(args, &target, world)?;
    Ok(Resolved { target, ca_pem, url: is_url.then(|| args.target.clone()) })
}

/// Reads a target of the suites by name, or a file by path.
pub(super) fn read_target(name: &str, files: &SuiteFiles, world: &World<'_>) -> Result<Target, Failure> {
    let path = world.path(Path::new(name));
    let is_known = files.files.contains_key(&format!("targets/{name}.yaml"));
    // A name that is neither goes on as typed, so that the message says what was typed.
    let found = if is_known || !path.is_file() { name.into() } else { path.to_string_lossy() };
    Ok(target::load(files, &found)?)
}

fn at_url(mut target: Target, url: &str) -> Target {
    target.name = url.to_owned();
    target.endpoints.values_mut().for_each(|address| *address = url.to_owned());
    target
}

/// Takes from a target what needs a control API that it does not have.
pub(super) fn without_control(target: &mut Target) {
    let capabilities = &mut target.capabilities;
    capabilities.submit = Means::None;
    capabilities.clock = ClockMeans::None;
    capabilities.billing = Means::None;
    capabilities.callbacks = CallbackMeans::None;
    capabilities.throttle = ThrottleMeans::Never;
}

fn limit(args: &TargetArgs, target: &mut Target) {
    let budgets = &mut target.budgets;
    if let Some(most) = args.max_qps {
        for api in target.endpoints.keys() {
            let limit = budgets.qps.entry(api.clone()).or_insert(most);
            *limit = most.min(*limit);
        }
    }
    budgets.billable_calls = args.max_billable.or(budgets.billable_calls);
    budgets.concurrency = args.jobs.unwrap_or(budgets.concurrency);
    budgets.timeout_ms = args.timeout_ms.unwrap_or(budgets.timeout_ms);
}

/// A CA typed is found from here, one that a target file names from that file's folder.
fn read_ca(args: &TargetArgs, target: &Target, world: &World<'_>) -> Result<Option<String>, Failure> {
    let beside = Path::new(&args.target).parent().unwrap_or(Path::new(""));
    let named = target.ca.as_ref().map(|ca| beside.join(ca));
    let Some(path) = args.ca.clone().or(named) else { return Ok(None) };
    let text = std::fs::read_to_string(world.path(&path));
    text.map(Some).map_err(|error| Failure::usage(format!("read the CA {}: {error}", path.display())))
}
