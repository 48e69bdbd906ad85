//! `idvet sign explain`: both derivations, the first differing byte and the rule behind it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{SignCommandError, Surroundings};
use crate::clock::Timestamp;
use crate::exchange::Request;
use crate::signing::claim;
use crate::signing::explain::{Evidence, Explanation, explain, write_text};
use crate::signing::recording::Capture;

/// What `idvet sign explain` is told.
#[derive(Debug, Clone, Args)]
pub struct ExplainSignArgs {
    /// A recording or the text of one HTTP request; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Explain this case only.
    #[arg(long, value_name = "NAME")]
    pub case: Option<String>,
    /// Take the secret from this file.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// String to sign or canonical request as the client derived it.
    #[arg(long, value_name = "FILE")]
    pub client_string: Option<PathBuf>,
    /// When the request arrived, like 2026-11-22T04:41:16Z; judges its time too.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Print JSON, one line a request.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    case: &'a str,
    explanation: &'a Explanation,
}

pub(super) fn run(args: &ExplainSignArgs, world: &mut Surroundings<'_>) -> Result<u8, SignCommandError> {
    let parse_at = |text: &String| Timestamp::parse_iso(text).ok_or_else(|| SignCommandError::At(text.clone()));
    let at = args.at.as_ref().map(parse_at).transpose()?;
    let captures = world.read_captures(&args.file)?;
    let chosen: Vec<usize> = (0..captures.len())
        .filter(|number| args.case.as_ref().is_none_or(|case| captures[*number].case == *case))
        .collect();
    if chosen.is_empty() {
        let known = captures.iter().map(|capture| capture.case.as_str()).collect::<Vec<_>>().join(", ");
        let case = args.case.clone().unwrap_or_default();
        return Err(SignCommandError::NoCase { path: args.file.clone(), case, known });
    }
    let given = world.secret(args.secret_file.as_deref())?;
    let client_text = args.client_string.as_deref().map(|path| world.read_text(path)).transpose()?;
    let mut all_valid = true;
    for number in chosen {
        let capture = &captures[number];
        let own = capture.credentials.as_ref().map(|credentials| &credentials.secret);
        // What was named on the command line is meant; the environment is a fallback.
        let secret = if args.secret_file.is_some() { given.as_ref() } else { own.or(given.as_ref()) };
        let secret = secret.ok_or_else(|| SignCommandError::NoSecret(key_id(capture)))?;
        let earlier = earlier(&captures[..number], capture.sequence);
        let request = &capture.request;
        let evidence = Evidence { request, secret, client_text: client_text.as_deref(), earlier: &earlier, at };
        let explanation =
            explain(&evidence).map_err(|source| SignCommandError::Claim { case: capture.case.clone(), source })?;
        all_valid &= explanation.valid && explanation.findings.is_empty();
        write_one(&capture.case, &explanation, args.json, world)?;
    }
    Ok(u8::from(!all_valid))
}

fn earlier(captures: &[Capture], sequence: usize) -> Vec<Request> {
    let same = captures.iter().filter(|capture| capture.sequence == sequence);
    same.map(|capture| capture.request.clone()).collect()
}

fn key_id(capture: &Capture) -> String {
    claim(&capture.request).map_or_else(|_| capture.case.clone(), |claim| claim.access_key_id)
}

fn write_one(
    case: &str,
    explanation: &Explanation,
    json: bool,
    world: &mut Surroundings<'_>,
) -> Result<(), SignCommandError> {
    if json {
        serde_json::to_writer(&mut *world.out, &Line { case, explanation })?;
    } else {
        writeln!(world.out, "case {case}")?;
        write_text(explanation, world.out)?;
    }
    Ok(writeln!(world.out)?)
}
