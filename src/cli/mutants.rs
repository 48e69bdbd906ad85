//! `idvet mutants`: runs the suites against each defect of the mock and prints what they would have caught.

use std::sync::Arc;

use clap::Args;

use super::args::SuitesArg;
use super::settings::{Loaded, load};
use super::{Failure, World, exit};
use crate::contract::Contracts;
use crate::mock::defect::{Defect, catalogue};
use crate::mutants::{
    EXCUSES_FILE, Excuses, FIGURES_FILE, Fate, Matrix, MutantFigures, Tally, Trial, TrialInput, load_excuses,
    load_figures, try_all,
};
use crate::plan::{PlanInput, Selection, plan};
use crate::runner::redactor;
use crate::suite::glob_matches;
use crate::target;

/// What `idvet mutants` is told.
#[derive(Debug, Clone, Args)]
pub struct MutantsArgs {
    /// Only defects whose id holds this text (or matches it, where it has a `*`)
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Defects tried at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// One JSON object a defect instead of the matrix
    #[arg(long)]
    pub json: bool,
    /// Write the figures that reports show into the suites folder (all defects; needs --suites)
    #[arg(long, conflicts_with_all = ["patterns"], requires = "suites")]
    pub write_figures: bool,
    /// List cases that no defect needs, too
    #[arg(long)]
    pub unneeded: bool,
    /// No progress
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub suites: SuitesArg,
}

pub(super) fn run(args: &MutantsArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let loaded = load(&args.suites, world)?;
    let excuses = excuses(&loaded)?;
    let defects = chosen(catalogue(&loaded.contracts), &args.patterns)?;
    let n_defects = defects.len();
    let is_whole = args.patterns.is_empty();
    let files = loaded.files.clone();
    let known = load_figures(&files)?;
    let input = trial_input(loaded, world)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    let begun = std::time::Instant::now();
    let (shows, mut n_done) = (!args.quiet && world.stderr_is_terminal, 0);
    let hear = |_: &Trial| {
        n_done += 1;
        if shows {
            let _ = write!(world.stderr, "\r{n_done}/{n_defects} defects");
        }
    };
    let matrix = runtime.block_on(try_all(&input, defects, usize::from(args.jobs), hear));
    let matrix = matrix.map_err(Failure::no_basis)?;
    if shows {
        world.tell("");
    }
    let text = if args.json { lines(&matrix) } else { table(&matrix, &excuses, args, begun.elapsed()) };
    world.print(&text)?;
    let is_true = !is_whole || keep_figures(&MutantFigures::of(&matrix, &excuses, &files), known, args, world)?;
    let is_open = matrix.open(&excuses).next().is_some();
    let has_gap = is_whole && matrix.unbreached.iter().any(|id| excuses.reason(id).is_none());
    Ok(if is_open || has_gap || !is_true { exit::FAILED } else { exit::SATISFIED })
}

/// Writes the figures when asked; else says whether those that are there are true.
fn keep_figures(
    figures: &MutantFigures,
    known: Option<MutantFigures>,
    args: &MutantsArgs,
    world: &mut World<'_>,
) -> Result<bool, Failure> {
    if let (true, Some(folder)) = (args.write_figures, &args.suites.suites) {
        let path = world.path(folder).join(FIGURES_FILE);
        let failed = |error| Failure::usage(format!("write {}: {error}", path.display()));
        std::fs::write(&path, figures.to_yaml()).map_err(failed)?;
        return Ok(true);
    }
    // Folders of users need not carry figures.
    let is_true = known.as_ref() == Some(figures) || args.suites.suites.is_some();
    if !is_true {
        world.tell(&format!("{FIGURES_FILE} is not true any more: idvet mutants --suites suites --write-figures"));
    }
    Ok(is_true)
}

fn excuses(loaded: &Loaded) -> Result<Excuses, Failure> {
    match loaded.files.files.get(EXCUSES_FILE) {
        Some(text) => Ok(load_excuses(&loaded.files.origin(EXCUSES_FILE), text)?),
        None => Ok(Excuses::default()),
    }
}

fn chosen(mut defects: Vec<Defect>, patterns: &[String]) -> Result<Vec<Defect>, Failure> {
    let fits = |pattern: &String, id: &str| match pattern.contains('*') {
        true => glob_matches(pattern, id),
        false => id.contains(pattern.as_str()),
    };
    for pattern in patterns {
        if !defects.iter().any(|defect| fits(pattern, &defect.id)) {
            return Err(Failure::usage(format!(
                "find a defect that `{pattern}` matches; `idvet mock --list-defects` lists them"
            )));
        }
    }
    defects.retain(|defect| patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, &defect.id)));
    Ok(defects)
}

/// Every case on the embedded sandbox.
fn trial_input(loaded: Loaded, world: &World<'_>) -> Result<TrialInput, Failure> {
    let target = target::load(&loaded.files, "mock")?;
    let selection = Selection::default();
    let Loaded { contracts, suites, .. } = loaded;
    let input = PlanInput { suites: &suites, contracts: &contracts, target: &target, selection: &selection, seed: 1 };
    let plan = plan(&input)?;
    Ok(TrialInput {
        redactor: redactor(&target),
        contracts: Arc::<Contracts>::new(contracts),
        suites: Arc::new(suites),
        target: Arc::new(target),
        plan: Arc::new(plan),
        clock: Arc::clone(&world.clock),
    })
}

fn lines(matrix: &Matrix) -> String {
    let line = |trial: &Trial| {
        let (fate, case, by) = told(&trial.fate);
        serde_json::json!({
            "defect": trial.defect.id, "requirement": trial.defect.requirement, "text": trial.defect.text, "fate": fate,
            "case": case, "by": by, "failed": trial.failed.len(), "ms": trial.took.as_millis(),
        })
    };
    matrix.trials.iter().map(|trial| format!("{}\n", line(trial))).collect()
}

fn told(fate: &Fate) -> (&'static str, Option<&str>, Option<&str>) {
    match fate {
        Fate::Caught { case } => ("caught", Some(case), None),
        Fate::CaughtByAnother { case, requirement } => ("caught-by-another", Some(case), Some(requirement)),
        Fate::Survived => ("survived", None, None),
        Fate::NotLanded => ("not-landed", None, None),
    }
}

fn table(matrix: &Matrix, excuses: &Excuses, args: &MutantsArgs, took: std::time::Duration) -> String {
    let mut text = format!(
        "{:<14} {:<10} {:>7} {:>7} {:>11} {:>9} {:>11}\n",
        "api", "area", "defects", "caught", "by another", "survived", "not landed"
    );
    let row = |api: &str, area: &str, tally: Tally| {
        format!(
            "{api:<14} {area:<10} {:>7} {:>7} {:>11} {:>9} {:>11}\n",
            tally.total(),
            tally.caught,
            tally.by_another,
            tally.survived,
            tally.not_landed
        )
    };
    for ((api, area), tally) in &matrix.tallies {
        text.push_str(&row(api, area, *tally));
    }
    text.push_str(&row("total", "", matrix.total()));
    let open: Vec<&Trial> = matrix.open(excuses).collect();
    if !open.is_empty() {
        text.push_str("\nopen: not caught by a case that names the requirement, and without a reason\n");
    }
    for trial in open {
        let (fate, case, by) = told(&trial.fate);
        let by = case.map(|case| format!(": {case} ({})", by.unwrap_or_default())).unwrap_or_default();
        text.push_str(&format!("  {fate:<18} {}  {}{by}\n", trial.defect.id, trial.defect.text));
    }
    if args.patterns.is_empty() {
        list(&mut text, "requirements without a defect", &matrix.unbreached, |id| excuses.reason(id));
        let n_unneeded = matrix.unneeded.len();
        text.push_str(&format!("\n{n_unneeded} cases fail under no defect (--unneeded lists them)\n"));
        if args.unneeded {
            list(&mut text, "cases that no defect needs", &matrix.unneeded, |_| None);
        }
    }
    text.push_str(&format!("\n{} defects in {:.1} s\n", matrix.trials.len(), took.as_secs_f64()));
    text
}

fn list<'a>(text: &mut String, title: &str, ids: &[String], reason: impl Fn(&str) -> Option<&'a str>) {
    if ids.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}: {}\n", ids.len()));
    for id in ids {
        let why = reason(id).map(|why| format!(" ({why})")).unwrap_or_default();
        text.push_str(&format!("  {id}{why}\n"));
    }
}
