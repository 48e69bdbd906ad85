//! What can be typed. Nothing is judged here but form.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::check::CheckArgs;
use super::load::LoadArgs;
use super::mock::MockArgs;
use super::mutants::MutantsArgs;
use super::plan::PlanArgs;
use super::report::ReportArgs;
use super::sdk::{DriverArgs, SdkArgs};
use super::sign::SignArgs;
use crate::report::Lang;

/// Judges endpoints, SDKs and captured traffic of Alibaba Cloud's ID verification APIs.
#[derive(Debug, Clone, Parser)]
#[command(name = "idvet", version, max_term_width = 120)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// One variant a command; each has a file or folder of its name.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Judge an endpoint; without --target the embedded mock
    Check(Box<CheckArgs>),
    /// Judge an SDK through its driver
    Sdk(Box<SdkArgs>),
    /// Drive load at due times, within limits of calls a second
    Load(Box<LoadArgs>),
    /// Say what a load profile will ask of a target, before anything is sent
    Plan(Box<PlanArgs>),
    /// Serve the mock until told to stop
    Mock(Box<MockArgs>),
    /// Run the suites against each defect of the mock: what would they have caught?
    Mutants(MutantsArgs),
    /// Sign a request, verify recordings, explain a signature that does not match
    Sign(SignArgs),
    /// Make reports again from the events of a run
    Report(ReportArgs),
    /// List cases, requirements, codes, operations, targets or load profiles
    List(ListArgs),
    /// Explain a requirement, code or case
    Explain(ExplainArgs),
    /// Find mistakes in contracts, suites and targets
    Lint(SuitesArg),
    /// Print the JSON Schema of a file format
    Schema(SchemaArgs),
    /// Say what this machine offers and what is in the way
    Doctor(DoctorArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Speak the driver protocol for the built-in client
    #[command(hide = true)]
    Driver(DriverArgs),
}

/// Where contracts, suites and targets come from.
#[derive(Debug, Clone, Default, Args)]
pub struct SuitesArg {
    /// Read contracts, suites and targets from this folder instead of those built in
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
}

/// What `idvet list` is told.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    #[arg(value_enum, default_value = "cases")]
    pub what: Listed,
    /// Only ids that hold this text (or match it, where it has a `*`)
    pub pattern: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Language of texts: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    Cases,
    Requirements,
    Codes,
    Operations,
    Targets,
    /// Load profiles
    Profiles,
}

/// What `idvet explain` is told.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// Id of a requirement or case, or an answer code such as SignatureDoesNotMatch
    pub id: String,
    /// Language: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// What `idvet schema` is told.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    #[arg(value_enum)]
    pub name: SchemaName,
}

/// A file format with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// suites/<api>/contract.yaml
    Contract,
    /// suites/<api>/<topic>.yaml
    Suite,
    /// suites/targets/<name>.yaml
    Target,
    /// --known-failures FILE
    KnownFailures,
    /// One line of events.jsonl
    Events,
    /// report.json
    Report,
    /// The control API of a target
    Control,
    /// The driver protocol
    Driver,
    /// suites/sdk/<topic>.yaml
    SdkSuite,
    /// suites/<api>/load/<name>.yaml
    LoadProfile,
}

/// What `idvet doctor` is told.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Folder that reports will go to
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    pub out: PathBuf,
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// What `idvet completions` is told.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
