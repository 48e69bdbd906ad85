//! What was typed → a run that can begin.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::discover::{Told, discover};
use super::{CheckArgs, is_embedded};
use crate::cli::settings::{Resolved, load, resolve, without_control};
use crate::cli::{Failure, World};
use crate::contract::Contracts;
use crate::coverage::parse_ledger;
use crate::event::KnownFailureDeclared;
use crate::mutants::load_figures;
use crate::plan::{Plan, PlanInput, Selection, plan};
use crate::runner::{RunInput, RunOptions, redactor};
use crate::suite::Suites;

/// A run, and what its reader should know before it begins.
pub(super) struct Prepared {
    pub(super) input: RunInput,
    pub(super) notes: Vec<String>,
}

pub(super) async fn prepare(
    args: &CheckArgs,
    cancel: &CancellationToken,
    world: &World<'_>,
) -> Result<Prepared, Failure> {
    let loaded = load(&args.suites, world)?;
    let mut resolved = resolve(&args.target, &loaded.files, world)?;
    let known_failures = read_ledger(args, &loaded.contracts, &loaded.suites, world)?;
    let mut notes = Vec::new();
    find_control(&mut resolved, &mut notes).await;
    let Resolved { target, ca_pem, .. } = resolved;
    let selection = Selection { patterns: args.patterns.clone(), only: args.only.clone(), skip: args.skip.clone() };
    let input = PlanInput {
        suites: &loaded.suites,
        contracts: &loaded.contracts,
        target: &target,
        selection: &selection,
        seed: args.seed,
    };
    let mut plan = plan(&input)?;
    add_settings(&mut plan, args);
    let options = RunOptions {
        arguments: selection_as_typed(args),
        strict: args.strict,
        would_catch: load_figures(&loaded.files)?.map(|figures| figures.would_catch),
        scheme: args.scheme.scheme(),
        ca_pem,
        allow_real: args.target.allow_real,
        salt: if is_embedded(&target) { 0 } else { salt() },
        known_failures,
        cancel: cancel.clone(),
        ..RunOptions::new(Arc::clone(&world.clock))
    };
    let input = RunInput {
        plan: Arc::new(plan),
        contracts: Arc::new(loaded.contracts),
        suites: Arc::new(loaded.suites),
        redactor: redactor(&target),
        target: Arc::new(target),
        options,
    };
    Ok(Prepared { input, notes })
}

/// A URL alone means the mock's sandbox; whether the server also has its control API, it says itself.
pub(in crate::cli) async fn find_control(resolved: &mut Resolved, notes: &mut Vec<String>) {
    let Some(url) = &resolved.url else { return };
    if resolved.target.control.is_some() {
        return;
    }
    match discover(url, resolved.ca_pem.as_ref()).await {
        Told::At(control) => resolved.target.control = Some(control),
        Told::NoAnswer => without_control(&mut resolved.target),
        Told::Nothing => {
            notes.push(format!(
                "note: {url} tells of no control API, so that what needs one is not exercised; --control URL names it"
            ));
            without_control(&mut resolved.target);
        }
    }
}

fn read_ledger(
    args: &CheckArgs,
    contracts: &Contracts,
    suites: &Suites,
    world: &World<'_>,
) -> Result<Vec<KnownFailureDeclared>, Failure> {
    let Some(path) = &args.known_failures else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(world.path(path))
        .map_err(|error| Failure::usage(format!("read the known failures {}: {error}", path.display())))?;
    let is_requirement = |id: &str| contracts.requirements.contains_key(id);
    let is_case = |id: &str| suites.cases.contains_key(id);
    Ok(parse_ledger(&path.display().to_string(), &Arc::from(text), is_requirement, is_case)?)
}

/// A line that runs a case again must go where this run went, in the same way.
fn add_settings(plan: &mut Plan, args: &CheckArgs) {
    let mut more = String::new();
    let mut add = |flag: &str, value: &str| {
        more.push_str(&format!(" {flag} {}", quoted(value)));
    };
    if args.target.target != "mock" {
        add("--target", &args.target.target);
    }
    if let Some(ca) = &args.target.ca {
        add("--ca", &ca.to_string_lossy());
    }
    if let Some(control) = &args.target.control {
        add("--control", control);
    }
    if let Some(suites) = &args.suites.suites {
        add("--suites", &suites.to_string_lossy());
    }
    if args.scheme != super::SchemeName::V1 {
        add("--scheme", args.scheme.name());
    }
    if args.target.allow_real {
        more.push_str(" --allow-real");
    }
    for planned in &mut plan.cases {
        planned.reproduce.push_str(&more);
    }
}

/// Returns a word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn selection_as_typed(args: &CheckArgs) -> Vec<String> {
    let flags = |flag: &'static str, values: &[String]| {
        values.iter().flat_map(|value| [flag.to_owned(), value.clone()]).collect::<Vec<_>>()
    };
    [args.patterns.clone(), flags("--only", &args.only), flags("--skip", &args.skip)].concat()
}

/// A target that was there before remembers nonces and order numbers of earlier runs; 0 is the embedded mock's.
fn salt() -> u64 {
    rand::random_range(1..=u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        for (word, expected) in [
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
            ("my target.yaml", "'my target.yaml'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
