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

async fn matrix(choose: impl Fn(usize, &Defect) -> bool) -> Matrix {
    let run = input(&[]);
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
    let matrix = matrix(|idx, _| all || idx % EVERY == 0).await;
    let total = matrix.total();
    println!("{total:?}");
    assert!(total.total() >= 30);
    // Holes that are known are told by `idvet mutants`; a defect that nobody notices at all is told here too.
    let unnoticed = matrix.open(&excuses).filter(|trial| trial.fate == Fate::Survived || trial.fate == Fate::NotLanded);
    let unnoticed = unnoticed.map(|trial| trial.defect.id.as_str()).filter(|id| !KNOWN_HOLES.contains(id));
    assert_eq!(unnoticed.collect::<Vec<_>>(), Vec::<&str>::new());
    // Of what is noticed nearly all is by the case that is meant to.
    assert!(total.caught * 100 >= total.total() * 85, "{total:?}");
    if all {
        let closed = KNOWN_HOLES.iter().filter(|id| !matrix.open(&excuses).any(|trial| trial.defect.id == **id));
        assert_eq!(closed.collect::<Vec<_>>(), Vec::<&&str>::new(), "closed: take it from the list");
    }
}

/// Defects that no case notices yet.
const KNOWN_HOLES: &[&str] = &[
    "gateway.rule.acs3.signed-headers/unchecked",
    "cloudauth.InitFaceVerify.request.OssObjectName.presence/not-demanded",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_tells_the_four_fates_apart() {
    let caught = "gateway.rule.signing.tampered/unchecked";
    let matrix = matrix(|_, defect| defect.id == caught).await;
    let [trial] = &matrix.trials[..] else { panic!("one trial") };
    assert!(matches!(trial.fate, Fate::Caught { .. }), "{:?}", trial.fate);
    assert!(!trial.failed.is_empty() && matrix.total().caught == 1 && !matrix.unneeded.is_empty());
}
