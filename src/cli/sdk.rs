//! `idvet sdk`: judges an SDK through its driver; and `idvet driver`, the built-in client behind the same protocol.

mod all;
mod install;
mod listen;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use tokio::io::BufReader;
use tokio_util::sync::CancellationToken;

use self::install::prepared;
use super::args::SuitesArg;
use super::output::{Output, OutputArgs};
use super::settings::load;
use super::{Failure, World, exit};
use crate::coverage::parse_ledger;
use crate::event::KnownFailureDeclared;
use crate::judge::driver::{Driver, DriverFault, Launch, MEMORY_LIMIT};
use crate::judge::protocol::Hello;
use crate::judge::suite::{PlannedSdkCase, SdkSuites, load_sdk};
use crate::judge::{AMBIENT_KEY, JudgeError, JudgeInput, MINIATURES, Proxy, Quirk, Settings, judge};
use crate::redact::Redactor;
use crate::runner::redactor;
use crate::suite::glob_matches;
use crate::target;

/// Time that a driver has to say hello: an interpreter loads its packages first.
const HELLO_TIME: Duration = Duration::from_secs(60);

/// What `idvet sdk` is told.
#[derive(Debug, Clone, Args)]
pub struct SdkArgs {
    /// Name of a driver (`builtin`, or a folder of drivers/)
    #[arg(value_name = "DRIVER", default_value = "", required_unless_present_any = ["all", "listen"], conflicts_with_all = ["all", "listen"])]
    pub driver: String,
    /// Judge every SDK there is a driver for, each into a folder of its own, and print a table of requirement and SDK
    #[arg(long, conflicts_with_all = ["patterns", "sdk_version", "check_driver", "known_failures"])]
    pub all: bool,
    /// Only cases whose id holds this text (or matches it, where it has a `*`)
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    #[command(flatten)]
    pub suites: SuitesArg,
    /// Folder with drivers, instead of those built in
    #[arg(long, value_name = "DIR")]
    pub drivers: Option<PathBuf>,
    /// Print where to call and judge whatever program is pointed there, until told to stop
    #[arg(long, conflicts_with_all = ["all", "check_driver", "sdk_version", "patterns"])]
    pub listen: bool,
    /// With --listen: stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS", requires = "listen")]
    pub seconds: Option<u64>,
    /// With --listen: the program is the vendor's published sample, changed in nothing but endpoint and keys
    #[arg(long, requires = "listen")]
    pub sample: bool,
    /// Version of the SDK, instead of the one the driver names
    #[arg(long, value_name = "VERSION")]
    pub sdk_version: Option<String>,
    /// Only prove that the driver speaks the protocol
    #[arg(long)]
    pub check_driver: bool,
    /// Failed SHOULD requirements fail the gate too
    #[arg(long)]
    pub strict: bool,
    /// Ledger of failures that are known and excused, instead of the shipped one
    #[arg(long, value_name = "FILE", conflicts_with = "no_known_failures")]
    pub known_failures: Option<PathBuf>,
    /// Excuse nothing
    #[arg(long)]
    pub no_known_failures: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What `idvet driver` is told.
#[derive(Debug, Clone, Args)]
pub struct DriverArgs {
    /// Behave as this miniature
    #[arg(long, value_name = "NAME")]
    pub vice: Option<String>,
}

pub(super) fn run(args: &SdkArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    match () {
        () if args.all => all::run(args, world),
        () if args.listen => listen::run(args, world),
        () => run_one(args, world),
    }
}

fn run_one(args: &SdkArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let launch = launch(args, world)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    if args.check_driver {
        return runtime.block_on(check_driver(&launch, world));
    }
    let loaded = load(&args.suites, world)?;
    let suites = load_sdk(&loaded.files, &loaded.contracts)?;
    let target = target::load(&loaded.files, "mock")?;
    let known_failures = ledger(args, &loaded.files, &suites, world)?;
    let cases = chosen(&suites, &args.patterns)?;
    let redactor: Redactor = redactor(&target);
    let mut output = Output::open(&args.output, &redactor, &CancellationToken::new(), world)?;
    let input = JudgeInput {
        suites: Arc::new(suites),
        contracts: Arc::new(loaded.contracts),
        target: Arc::new(target),
        launch,
        folder: world.path(&args.output.out),
        redactor,
        clock: Arc::clone(&world.clock),
        cases,
        arguments: std::iter::once(args.driver.clone()).chain(args.patterns.clone()).collect(),
        strict: args.strict,
        known_failures,
        is_selection: !args.patterns.is_empty(),
    };
    match runtime.block_on(judge(input, |event| output.hear(event))) {
        Ok(()) => output.finish(&args.output, world),
        Err(error @ JudgeError::Driver(DriverFault::Start { .. })) => Err(Failure::usage(error)),
        Err(error) => Err(Failure::no_basis(error)),
    }
}

/// Turns the debug log of the built-in client on.
const DRIVER_DEBUG: &str = "IDVET_DRIVER_DEBUG";

/// Speaks the protocol on stdin and stdout.
pub(super) fn drive(args: &DriverArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let quirk = match &args.vice {
        None => None,
        Some(name) => Some(Quirk::named(name).ok_or_else(|| Failure::usage(format!("find a miniature `{name}`")))?),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    let (input, output) = (BufReader::new(tokio::io::stdin()), tokio::io::stdout());
    let settings = Settings {
        quirk,
        is_logging: world.var(DRIVER_DEBUG).is_some(),
        proxy: Proxy::from_variables(|name| world.var(name)),
        ambient: world.var(AMBIENT_KEY.0).zip(world.var(AMBIENT_KEY.1).map(SecretString::from)),
    };
    let driven = runtime.block_on(crate::judge::drive(input, output, Arc::clone(&world.clock), settings));
    // Calls that hang for ever do not keep the process.
    runtime.shutdown_background();
    driven.map(|()| exit::SATISFIED).map_err(|error| Failure::usage(format!("speak on stdin and stdout: {error}")))
}

/// Finds how a driver is started; installs its SDK when it is not there yet.
fn launch(args: &SdkArgs, world: &mut World<'_>) -> Result<Launch, Failure> {
    let vice = args.driver.strip_prefix("miniature-");
    if args.driver == "builtin" || vice.is_some() {
        let known = vice.is_none_or(|name| MINIATURES.iter().any(|(_, known, _)| *known == name));
        if !known {
            return Err(Failure::usage(format!("find the miniature `{}`", vice.unwrap_or_default())));
        }
        let program = std::env::current_exe().map_err(|error| Failure::usage(format!("find this program: {error}")))?;
        let mut argv = vec![program.into_os_string(), "driver".into()];
        argv.extend(vice.into_iter().flat_map(|name| ["--vice".into(), name.into()]));
        return Ok(Launch {
            argv,
            folder: world.path(std::path::Path::new(".")),
            environment: Vec::new(),
            hello_time: HELLO_TIME,
            memory_limit: MEMORY_LIMIT,
            debug: vec![(DRIVER_DEBUG.to_owned(), "1".to_owned())],
        });
    }
    prepared(args, HELLO_TIME, world)
}

async fn check_driver(launch: &Launch, world: &mut World<'_>) -> Result<u8, Failure> {
    let driver = Driver::start(launch).await.map_err(Failure::no_basis)?;
    let Hello { driver: name, sdk, sdk_version, operations, .. } = driver.hello.clone();
    let supported = operations.values().filter(|offered| offered.supported).count();
    driver.stop().await;
    world.print(&format!(
        "{name} speaks protocol 1 for {sdk} {sdk_version}: {supported} of {} operations\n",
        operations.len()
    ))?;
    Ok(exit::SATISFIED)
}

fn ledger(
    args: &SdkArgs,
    files: &crate::files::SuiteFiles,
    suites: &SdkSuites,
    world: &World<'_>,
) -> Result<Vec<KnownFailureDeclared>, Failure> {
    let shipped = format!("known-failures/{}.yaml", args.driver);
    let (origin, text) = match &args.known_failures {
        _ if args.no_known_failures => return Ok(Vec::new()),
        Some(path) => {
            let text = std::fs::read_to_string(world.path(path))
                .map_err(|error| Failure::usage(format!("read the known failures {}: {error}", path.display())))?;
            (path.display().to_string(), Arc::from(text))
        }
        None => match files.files.get(&shipped) {
            Some(text) => (files.origin(&shipped), Arc::clone(text)),
            None => return Ok(Vec::new()),
        },
    };
    let is_case = |id: &str| suites.cases.iter().any(|planned| planned.id == id);
    Ok(parse_ledger(&origin, &text, |id| suites.requirements.contains_key(id), is_case)?)
}

fn chosen(suites: &SdkSuites, patterns: &[String]) -> Result<Vec<PlannedSdkCase>, Failure> {
    let fits = |pattern: &String, id: &str| match pattern.contains('*') {
        true => glob_matches(pattern, id),
        false => id.contains(pattern.as_str()),
    };
    for pattern in patterns {
        if !suites.cases.iter().any(|planned| fits(pattern, &planned.id)) {
            return Err(Failure::usage(format!("find an SDK case that `{pattern}` matches")));
        }
    }
    let is_chosen =
        |planned: &&PlannedSdkCase| patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, &planned.id));
    Ok(suites.cases.iter().filter(is_chosen).cloned().collect())
}
