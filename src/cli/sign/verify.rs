//! `idvet sign verify`: judges recorded requests, one JSON line each.

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use serde::Serialize;

use super::{SignCommandError, Surroundings};
use crate::signing::recording::Capture;
use crate::signing::{Empties, Key, Reason, claim};

/// What `idvet sign verify` is told.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Recordings, or folders of them; `-` is standard input.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
    /// Take the secret of requests whose recording has none from this file.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Refuse signatures that leave empty parameters out.
    #[arg(long)]
    pub strict: bool,
}

/// One line of the output.
#[derive(Debug, Serialize)]
struct Line<'a> {
    file: String,
    case: &'a str,
    scheme: Option<&'static str>,
    valid: bool,
    reason: Option<String>,
    /// What the recording says; absent when it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<bool>,
}

pub(super) fn run(args: &VerifyArgs, world: &mut Surroundings<'_>) -> Result<u8, SignCommandError> {
    let mut files = Vec::new();
    for path in &args.paths {
        files.append(&mut list_files(world.folder, path)?);
    }
    let secret = world.secret(args.secret_file.as_deref())?;
    let mut all_as_expected = true;
    for file in files {
        for capture in world.read_captures(&file)? {
            let line = judge(&file, &capture, secret.as_ref(), args.strict)?;
            all_as_expected &= line.valid == capture.valid.unwrap_or(true);
            serde_json::to_writer(&mut *world.out, &line)?;
            writeln!(world.out)?;
        }
    }
    Ok(u8::from(!all_as_expected))
}

fn list_files(folder: &Path, path: &Path) -> Result<Vec<PathBuf>, SignCommandError> {
    let whole = folder.join(path);
    if !whole.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let error = |source| SignCommandError::Read { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&whole).map_err(error)? {
        let name = entry.map_err(error)?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "json") {
            files.push(path.join(name));
        }
    }
    if files.is_empty() {
        return Err(SignCommandError::NoRecordings(path.to_owned()));
    }
    files.sort();
    Ok(files)
}

fn judge<'a>(
    file: &Path,
    capture: &'a Capture,
    secret: Option<&SecretString>,
    strict: bool,
) -> Result<Line<'a>, SignCommandError> {
    let line = |scheme, verdict: Result<Option<String>, String>| {
        let valid = verdict.is_ok();
        let reason = verdict.unwrap_or_else(Some);
        Line { file: file.display().to_string(), case: &capture.case, scheme, valid, reason, expected: capture.valid }
    };
    let claim = match claim(&capture.request) {
        Ok(claim) => claim,
        Err(error) => return Ok(line(None, Err(error.to_string()))),
    };
    let own = capture.credentials.as_ref().map(|credentials| &credentials.secret);
    let secret = own.or(secret).ok_or_else(|| SignCommandError::NoSecret(claim.access_key_id.clone()))?;
    let verdict = match Key::new(secret.clone()).verify_lenient(&capture.request, &claim) {
        Ok((_, Empties::Signed)) => Ok(None),
        Ok((_, Empties::LeftOut)) if strict => Err(Reason::Signature.to_string()),
        Ok((_, Empties::LeftOut)) => Ok(Some("empty parameters are left out of the string to sign".to_owned())),
        Err(mismatched) => Err(mismatched.reason.to_string()),
    };
    Ok(line(Some(claim.scheme.name()), verdict))
}
