//! What the suites catch: some defects of every kind in each test run, all of them behind `IDVET_EVERY_DEFECT=1`.

use std::sync::Arc;

use super::whole_run::input;
use crate::clock::SystemClock;
use crate::files::SuiteFiles;
use crate::mock::defect::{Defect, catalogue};
use crate::mutants::{EXCUSES_FILE, Fate, Matrix, TrialInput, load_excuses, try_all};

/// Every so many defects are tried in the short form.
const EVERY: usize = 25;

#[expect(clippy::disallowed_methods, reason = "a test has nobody who hands it the environment")]
fn wants_all() -> bool {
    std::env::var("IDVET_EVERY_DEFECT").is_ok()
}

async fn matrix(cases: &[&str], choose: impl Fn(usize, &Defect) -> bool) -> Matrix {
    let run = input(cases);
    let defects = catalogue(&run.contracts).into_iter().enumerate().filter(|(idx, defect)| choose(*idx, defect));
    let defects: Vec<Defect> = defects.map(|(_, defect)| defect).collect();
    let input = TrialInput {
        contracts: run.contracts,
        suites: run.suites,
        target: run.target,
        plan: run.plan,
        redactor: run.redactor,
        clock: Arc::new(SystemClock),
    };
    try_all(&input, defects, 4, |_| {}).await.expect("trials run")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suites_catch_the_defects_of_the_mock() {
    let files = SuiteFiles::embedded();
    let excuses = load_excuses(EXCUSES_FILE, &files.files[EXCUSES_FILE]).expect("the reasons load");
    let all = wants_all();
    let matrix = matrix(&[], |idx, _| all || idx % EVERY == 0).await;
    let total = matrix.total();
    println!("{total:?}");
    assert!(total.total() >= 30);
    let open = matrix.open(&excuses).map(|trial| (trial.defect.id.as_str(), &trial.fate));
    assert_eq!(open.collect::<Vec<_>>(), Vec::<(&str, &Fate)>::new());
    assert!(total.caught * 100 >= total.total() * 95, "{total:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_tells_the_four_fates_apart() {
    let fate = async |case: &[&str], defect: &str| {
        let matrix = matrix(case, |_, known| known.id == defect).await;
        let [trial] = &matrix.trials[..] else { panic!("one trial of {defect}") };
        assert_eq!(trial.failed.is_empty(), !matches!(trial.fate, Fate::Caught { .. } | Fate::CaughtByAnother { .. }));
        trial.fate.clone()
    };
    let case = |fate: Fate| match fate {
        Fate::Caught { case } => ("caught", case),
        Fate::CaughtByAnother { case, .. } => ("by another", case),
        other => panic!("{other:?}"),
    };
    let tampered = fate(&["gateway/tampering/*"], "gateway.rule.signing.tampered/unchecked").await;
    assert_eq!(case(tampered).0, "caught");
    let h5 = "cloudauth/callbacks/fields-a-pass-on-h5";
    let sorted = fate(&[h5], "gateway.rule.signing.sorted/any-case").await;
    assert_eq!(case(sorted), ("by another", h5.to_owned()));
    // The id is repeated, but one call cannot show it; no page opens where no link is fetched.
    assert_eq!(fate(&["gateway/signing/v1-saf"], "gateway.rule.request-id/repeated").await, Fate::Survived);
    assert_eq!(fate(&["gateway/signing/v1-saf"], "saf.rule.lifetime.certify-url/late").await, Fate::NotLanded);
}
