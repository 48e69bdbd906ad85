//! `idvet sign`: signs a request, verifies recordings, explains a signature that does not match.

mod explain;
mod request;
mod verify;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use secrecy::SecretString;

pub use explain::ExplainSignArgs;
pub use request::RequestArgs;
pub use verify::VerifyArgs;

use super::{Failure, World};
use crate::clock::Clock;
use crate::signing::recording::{Capture, RecordingError, parse_recording};
use crate::signing::{ClaimError, SignError};

/// What `idvet sign` is told.
#[derive(Debug, Clone, Args)]
pub struct SignArgs {
    #[command(subcommand)]
    pub command: SignCommand,
}

/// The commands below `idvet sign`.
#[derive(Debug, Clone, Subcommand)]
pub enum SignCommand {
    /// Verify recorded requests; prints one JSON line for each.
    Verify(VerifyArgs),
    /// Say why a recorded request's signature does not match.
    Explain(ExplainSignArgs),
    /// Sign a request that a JSON file describes.
    Request(RequestArgs),
}

/// The part of the outside world that `idvet sign` touches.
pub struct Surroundings<'a> {
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Relative paths start here.
    pub folder: &'a Path,
    pub stdin: &'a mut dyn Read,
    pub out: &'a mut dyn Write,
    pub clock: &'a dyn Clock,
}

/// Why `idvet sign` could not do its work; all of these are exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SignCommandError {
    #[error("read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("read {path}: {source}")]
    Recording { path: PathBuf, source: RecordingError },
    #[error("{0} holds no recordings (*.json)")]
    NoRecordings(PathBuf),
    #[error("no case {case:?} in {path}; it has {known}")]
    NoCase { path: PathBuf, case: String, known: String },
    #[error(
        "no secret for {0}: the recording has none, and neither --secret-file nor ALIBABA_CLOUD_ACCESS_KEY_SECRET is given"
    )]
    NoSecret(String),
    #[error("no key id: neither the description nor ALIBABA_CLOUD_ACCESS_KEY_ID has one")]
    NoKeyId,
    #[error("read the description of the request: {0}")]
    Description(#[from] serde_json::Error),
    #[error("the url {url:?} of the request: {reason}")]
    Url { url: String, reason: String },
    #[error("sign the request: {0}")]
    Sign(#[from] SignError),
    #[error("read the signature of case {case:?}: {source}")]
    Claim { case: String, source: ClaimError },
    #[error("--at {0:?} is not a time like 2026-11-22T04:41:16Z")]
    At(String),
    #[error("write the result: {0}")]
    Output(#[from] std::io::Error),
}

pub(super) fn run(args: &SignArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let clock = Arc::clone(&world.clock);
    let mut surroundings = Surroundings {
        env: world.env,
        folder: if world.folder.as_os_str().is_empty() { Path::new(".") } else { &world.folder },
        stdin: world.stdin,
        out: world.stdout,
        clock: clock.as_ref(),
    };
    Ok(run_sign(args, &mut surroundings)?)
}

/// Runs one command; returns exit code 0, or 1 when a signature does not hold.
pub fn run_sign(args: &SignArgs, world: &mut Surroundings<'_>) -> Result<u8, SignCommandError> {
    match &args.command {
        SignCommand::Verify(args) => verify::run(args, world),
        SignCommand::Explain(args) => explain::run(args, world),
        SignCommand::Request(args) => request::run(args, world),
    }
}

impl Surroundings<'_> {
    fn read_text(&mut self, path: &Path) -> Result<String, SignCommandError> {
        let mut text = String::new();
        let read = if path == Path::new("-") {
            self.stdin.read_to_string(&mut text).map(|_| ())
        } else {
            std::fs::read_to_string(self.folder.join(path)).map(|read| text = read)
        };
        read.map_err(|source| SignCommandError::Read { path: path.to_owned(), source })?;
        Ok(text)
    }

    fn read_captures(&mut self, path: &Path) -> Result<Vec<Capture>, SignCommandError> {
        let text = self.read_text(path)?;
        parse_recording(&text).map_err(|source| SignCommandError::Recording { path: path.to_owned(), source })
    }

    /// Returns the secret of `--secret-file`, else that of the environment. An editor's line feed at the end of the
    /// file is no part of the secret.
    fn secret(&mut self, file: Option<&Path>) -> Result<Option<SecretString>, SignCommandError> {
        if let Some(path) = file {
            let text = zeroize::Zeroizing::new(self.read_text(path)?);
            return Ok(Some(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())));
        }
        let secret = (self.env)("ALIBABA_CLOUD_ACCESS_KEY_SECRET").filter(|secret| !secret.is_empty());
        Ok(secret.map(SecretString::from))
    }
}

#[cfg(test)]
mod tests;
