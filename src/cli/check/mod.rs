//! `idvet check`: judges an endpoint; without a target, the mock in this process.

mod discover;
mod embed;
mod prepare;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

pub use embed::{CheckError, check, check_on, is_embedded};

pub(super) use self::prepare::find_control;

use self::prepare::Prepared;
use super::args::SuitesArg;
use super::output::{Output, OutputArgs};
use super::settings::TargetArgs;
use super::signals::stop_signal;
use super::{Failure, World, exit};
use crate::runner::RunError;
use crate::signing::Scheme;

/// What `idvet check` is told.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Only cases whose id holds this text (or matches it, where it has a `*`)
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub suites: SuitesArg,
    /// Only cases of this requirement (with `*`), API or level (must, should, info); may be given several times
    #[arg(long, value_name = "WHAT")]
    pub only: Vec<String>,
    /// No case of this requirement (with `*`), API or level; may be given several times
    #[arg(long, value_name = "WHAT")]
    pub skip: Vec<String>,
    /// Signature scheme where a case names none
    #[arg(long, value_enum, default_value = "v1")]
    pub scheme: SchemeName,
    /// Derive nonces and unique texts from this number
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Failed SHOULD requirements fail the gate too
    #[arg(long)]
    pub strict: bool,
    /// Ledger of failures that are known and excused
    #[arg(long, value_name = "FILE")]
    pub known_failures: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A signature scheme as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemeName {
    /// Signature V1: HMAC-SHA1 over the parameters
    V1,
    /// ACS3-HMAC-SHA256 over the whole request
    Acs3,
    /// ACS3-HMAC-SM3
    Acs3Sm3,
}

impl SchemeName {
    /// Returns the scheme meant.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::V1 => Scheme::V1,
            Self::Acs3 => Scheme::Acs3,
            Self::Acs3Sm3 => Scheme::Acs3Sm3,
        }
    }

    /// Returns the name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::Acs3 => "acs3",
            Self::Acs3Sm3 => "acs3-sm3",
        }
    }
}

pub(super) fn run(args: &CheckArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    runtime.block_on(judge(args, world))
}

async fn judge(args: &CheckArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let cancel = CancellationToken::new();
    let Prepared { input, notes } = prepare::prepare(args, &cancel, world).await?;
    notes.iter().for_each(|note| world.tell(note));
    let mut output = Output::open(&args.output, &input.redactor, &cancel, world)?;
    let stop = stop_signal().map_err(|error| Failure::usage(format!("listen to signals: {error}")))?;
    let stopper = tokio::spawn({
        let cancel = cancel.clone();
        async move {
            stop.await;
            cancel.cancel();
        }
    });
    let result = check(input, |event| output.hear(event)).await;
    stopper.abort();
    let told = match result {
        Err(error) if !output.began() => return Err(refused(&error)),
        Err(error) => Some(refused(&error)),
        Ok(()) => None,
    };
    let code = output.finish(&args.output, world)?;
    // The reports say the same; what is on stderr is for whoever reads only that.
    told.map_or(Ok(code), Err)
}

fn refused(error: &CheckError) -> Failure {
    let code = match error {
        CheckError::Mock(_) => exit::USAGE,
        CheckError::Run(RunError::Endpoint(_) | RunError::Transport(_) | RunError::NotAllowed(_)) => exit::USAGE,
        CheckError::Run(RunError::Unreachable { .. } | RunError::Listener(_) | RunError::Control(_)) => {
            exit::COULD_NOT_JUDGE
        }
    };
    Failure::Told { code, fragment: error.to_string() }
}
