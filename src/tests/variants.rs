//! Independence: the suites are green on every legitimate reading of what the documents leave open.

use std::time::{Duration, Instant};

use super::whole_run::input;
use crate::cli::check::check_on;
use crate::event::{CaseFinished, Event, Verdict};
use crate::mock::{READINGS, Variant, Variants};

/// What a case says whose burst took too long.
const STRETCHED: &str = "too long to tell a limit a second";

/// What the whole check came to under some variants.
struct Row {
    variants: Vec<&'static str>,
    n_cases: usize,
    red: Vec<String>,
    n_stretched: usize,
    took: Duration,
}

async fn judge(variants: &[Variant]) -> Row {
    let set = Variants::of(variants).expect("no clash");
    let start = Instant::now();
    let mut row = Row {
        variants: variants.iter().map(|variant| variant.reading().id).collect(),
        n_cases: 0,
        red: Vec::new(),
        n_stretched: 0,
        took: Duration::ZERO,
    };
    let hear = |event| {
        let Event::CaseFinished(case) = event else { return };
        row.n_cases += 1;
        match case.verdict {
            Verdict::Passed => {}
            // A burst that a busy machine stretched beyond a second says nothing, and says so.
            Verdict::Indeterminate if case.reason.as_ref().is_some_and(|reason| reason.contains(STRETCHED)) => {
                row.n_stretched += 1;
            }
            _ => row.red.push(described(&case)),
        }
    };
    check_on(input(&[]), set, hear).await.expect("the run begins");
    row.took = start.elapsed();
    row
}

fn described(case: &CaseFinished) -> String {
    let mismatches: Vec<_> = case.checks.iter().filter(|check| check.mismatch.is_some()).collect();
    format!("{} {:?} {:?} {mismatches:?}", case.case, case.verdict, case.reason)
}

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let mut verdict = if row.red.is_empty() { "green".to_owned() } else { format!("{} red", row.red.len()) };
        if row.n_stretched > 0 {
            verdict.push_str(&format!(", {} undecided", row.n_stretched));
        }
        format!(
            "{:>5} cases  {verdict:<8} {:>6.1} s  {}\n",
            row.n_cases,
            row.took.as_secs_f64(),
            row.variants.join(" ")
        )
    };
    rows.iter().map(line).collect()
}

/// Every variant, as many at a time as do not read the same point: what fails here names the bundle, and the long form
/// (`IDVET_EACH_VARIANT=1 cargo test each_variant`) the variant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suites_are_green_on_every_bundle_of_variants() {
    let mut rows = Vec::new();
    for bundle in Variants::bundles() {
        rows.push(judge(&bundle).await);
    }
    report(&rows);
}

#[expect(clippy::disallowed_methods, reason = "a test has nobody who hands it the environment")]
fn wanted() -> String {
    std::env::var("IDVET_EACH_VARIANT").unwrap_or_default()
}

/// Every variant alone; without `IDVET_EACH_VARIANT` the first of them, so that the form itself is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suites_are_green_on_each_variant() {
    let wanted = wanted();
    let chosen = READINGS.iter().filter(|reading| wanted == "1" || wanted.split(',').any(|id| id == reading.id));
    let mut chosen: Vec<Variant> = chosen.map(|reading| reading.variant).collect();
    if chosen.is_empty() {
        chosen.push(READINGS[0].variant);
    }
    let mut rows = Vec::new();
    for variant in chosen {
        rows.push(judge(&[variant]).await);
        eprint!("{}", table(&rows[rows.len() - 1..]));
        rows[rows.len() - 1].red.iter().for_each(|red| eprintln!("      {red}"));
    }
    report(&rows);
}

fn report(rows: &[Row]) {
    let table = table(rows);
    println!("{table}");
    let red: Vec<&String> = rows.iter().flat_map(|row| &row.red).collect();
    assert!(rows.iter().all(|row| row.n_cases >= 600), "{table}");
    assert!(red.is_empty(), "{table}{red:#?}");
}
