//! `check` and `lint` with what they need at least: the embedded suites, the embedded mock, the console report.

use std::io::Write;
use std::sync::Arc;

use super::check::check;
use super::lint::lint;
use crate::clock::SystemClock;
use crate::contract::Contracts;
use crate::diagnostic::{Style, render};
use crate::files::SuiteFiles;
use crate::plan::{PlanInput, Selection, plan};
use crate::report::{Document, DocumentBuilder, Format, Lang};
use crate::runner::{RunInput, RunOptions};
use crate::{suite, target};

/// Runs `check PATTERN…` or `lint` over the embedded suites. Returns the exit code.
pub fn run(arguments: &[String], out: &mut dyn Write) -> std::io::Result<u8> {
    let files = SuiteFiles::embedded();
    match arguments.split_first() {
        Some((command, patterns)) if command == "check" => match judge(&files, patterns) {
            Ok(document) => {
                write!(out, "{}", crate::report::render(Format::Console, &document, Lang::En))?;
                Ok(document.summary.gate.exit_code)
            }
            Err(text) => writeln!(out, "{text}").map(|()| 2),
        },
        Some((command, _)) if command == "lint" => match lint(&files) {
            Ok(linted) => writeln!(out, "{} cases, {} requirements", linted.n_cases, linted.n_requirements).map(|()| 0),
            Err(mistakes) => writeln!(out, "{}", render(&mistakes, Style::Plain)).map(|()| 2),
        },
        _ => writeln!(out, "usage: idvet check [PATTERN…] | idvet lint").map(|()| 2),
    }
}

fn judge(files: &SuiteFiles, patterns: &[String]) -> Result<Document, String> {
    let mistakes = |mistakes: Vec<_>| render(&mistakes, Style::Plain);
    let contracts = Contracts::load(files).map_err(mistakes)?;
    let suites = suite::load(files, &contracts).map_err(mistakes)?;
    let target = target::load(files, "mock").map_err(mistakes)?;
    let selection = Selection { patterns: patterns.to_vec(), ..Selection::default() };
    let input = PlanInput { suites: &suites, contracts: &contracts, target: &target, selection: &selection, seed: 1 };
    let plan = plan(&input).map_err(|error| error.to_string())?;
    let input = RunInput {
        plan: Arc::new(plan),
        contracts: Arc::new(contracts),
        suites: Arc::new(suites),
        target: Arc::new(target),
        options: RunOptions::new(Arc::new(SystemClock)),
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let mut document = DocumentBuilder::default();
    runtime.block_on(check(input, |event| document.hear(&event))).map_err(|error| error.to_string())?;
    Ok(document.finish())
}
