//! Load runs against the mock, and in [`peers`] against servers that misbehave.

mod peers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::SystemClock;
use crate::contract::Contracts;
use crate::event::{Event, LoadClass, RunFinished, StopCause};
use crate::files::SuiteFiles;
use crate::load::{LoadError, LoadInput, LoadOptions, run};
use crate::load_profile::{ProfileInput, Shard, parse_profile};
use crate::load_summary::LoadSummary;
use crate::mock::{MockOptions, RunningMock, start};
use crate::signing::Scheme;
use crate::suite::Suites;
use crate::target::model::Target;
use crate::{runner, suite, target};

struct World {
    contracts: Arc<Contracts>,
    suites: Arc<Suites>,
    target: Target,
}

fn world() -> World {
    let files = SuiteFiles::embedded();
    let contracts = Contracts::load(&files).expect("contracts");
    let suites = suite::load(&files, &contracts).expect("suites");
    World {
        target: target::load(&files, "mock").expect("target"),
        contracts: Arc::new(contracts),
        suites: Arc::new(suites),
    }
}

impl World {
    fn input(&self, mock: &RunningMock, profile: &str) -> LoadInput {
        let mut target = self.target.clone();
        target.endpoints.values_mut().for_each(|address| *address = mock.url());
        target.control = Some(mock.control_url());
        self.input_at(target, profile)
    }

    fn input_at(&self, target: Target, profile: &str) -> LoadInput {
        let text = format!("format: idvet/load/1\napi: cloudauth\ntitle: {{ en: a, zh: b }}\n{profile}");
        let read = |_: &str| Err("no file".to_owned());
        let input = ProfileInput { contracts: &self.contracts, suites: &self.suites, seed: 1, read: &read };
        let profile = parse_profile("test", ("test.yaml", &Arc::from(text)), &input).expect("a profile");
        LoadInput {
            profile: Arc::new(profile),
            contracts: Arc::clone(&self.contracts),
            suites: Arc::clone(&self.suites),
            redactor: runner::redactor(&target),
            target: Arc::new(target),
            options: LoadOptions {
                arguments: Vec::new(),
                scheme: Scheme::V1,
                ca_pem: None,
                allow_real: false,
                seed: 1,
                keys: Default::default(),
                salt: 7,
                workers: 1,
                shard: Shard::WHOLE,
                budget_server: None,
                start_in: Duration::ZERO,
                clock: Arc::new(SystemClock),
                stop: Arc::new(AtomicBool::new(false)),
            },
        }
    }
}

async fn mock(world: &World, change: impl FnOnce(&mut MockOptions)) -> RunningMock {
    let mut options = MockOptions::new(Arc::new(SystemClock));
    change(&mut options);
    start(&world.target, Arc::clone(&world.contracts), options).await.expect("a mock")
}

/// Runs beside the mock, which lives on the runtime.
async fn drive(input: LoadInput) -> Result<Vec<Event>, LoadError> {
    let run = move || {
        let mut events = Vec::new();
        run(&input, |event| events.push(event)).map(|()| events)
    };
    tokio::task::spawn_blocking(run).await.expect("a run without a panic")
}

/// Beside whoever makes it, the CA of the mock.
fn trusting(mut input: LoadInput, mock: &RunningMock) -> LoadInput {
    input.options.ca_pem = mock.ca_pem().map(str::to_owned);
    input
}

fn summary(events: &[Event]) -> LoadSummary {
    LoadSummary::from_events(events).expect("a load run")
}

const FLOW: &str = r#"
scenarios:
  - name: verify
    steps:
      - call: { baseline: init-id-pro, as: init }
      - submit: { transaction: "{{ init.ResultObject.CertifyId }}" }
      - think: 100ms
      - call: { baseline: query, until: { field: ResultObject.SubCode, is: ["200"], every: 100ms, at_most: 3 } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_runs_to_its_end() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = format!(
        "{FLOW}arrivals: {{ model: constant, rate: 20 }}\nduration: 2s\nwarm_up: 500ms\ncheck_every: 1\n\
         thresholds: [p50(init) < 10s, error_rate < 1%, throttled == 0, dropped == 0, wrong == 0, goodput(query) > 15]\n"
    );
    let events = drive(world.input(&mock, &profile)).await.expect("a run");
    let summary = summary(&events);
    assert_eq!(summary.gate, Default::default(), "{:?}", summary.thresholds);
    let totals = &summary.totals;
    assert_eq!((totals.due, totals.finished, totals.abandoned), (50, 50, 0));
    assert_eq!((totals.checked, totals.wrong, totals.warm_up_calls), (100, 0, 20));
    let counts: Vec<u64> = summary.steps.iter().map(|step| step.count(LoadClass::Ok)).collect();
    assert_eq!(counts, [40, 40]);
    let finished = summary.finished.expect("an end");
    assert_eq!((finished.calls["cloudauth"], finished.billable_calls, finished.partial), (100, 50, false));
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ready_profile_gets_good_answers() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let files = SuiteFiles::embedded();
    for name in crate::load_profile::profile_names(&files) {
        let (_, text) = crate::load_profile::profile_file(&files, &name).expect("a file");
        // Its scenarios, for a moment.
        let scenarios = text.split("arrivals:").next().and_then(|text| text.split_once("scenarios:"));
        let (head, scenarios) = scenarios.expect("scenarios");
        let api = head.lines().find_map(|line| line.strip_prefix("api: ")).expect("an API");
        let text = format!(
            "format: idvet/load/1\napi: {api}\ntitle: {{ en: a, zh: b }}\nscenarios:{scenarios}\
             arrivals: {{ model: constant, rate: 4 }}\ncount: 4\ncheck_every: 1\n"
        );
        let read = |_: &str| Err("no file".to_owned());
        let profile_input = ProfileInput { contracts: &world.contracts, suites: &world.suites, seed: 1, read: &read };
        let profile = parse_profile(&name, ("test.yaml", &Arc::from(text)), &profile_input).expect("a profile");
        let mut input = world.input(&mock, "scenarios: [{ name: a, steps: [{ call: { baseline: init-id-pro } }] }]\narrivals: { model: constant, rate: 1 }\ncount: 1\n");
        input.profile = Arc::new(profile);
        input.options.salt = name.bytes().map(u64::from).sum();
        for scheme in [Scheme::V1, Scheme::Acs3] {
            input.options.scheme = scheme;
            input.options.salt += 1_000_000;
            let summary = summary(&drive(input.clone()).await.expect("a run"));
            assert_eq!((summary.totals.finished, summary.totals.abandoned), (4, 0), "{name}");
            assert_eq!(summary.totals.wrong, 0, "{name}: {:?}", summary.wrong);
            assert!(summary.steps.iter().all(|step| step.count(LoadClass::Ok) == step.calls() && step.calls() > 0));
        }
    }
    mock.shutdown().await;
}

const INIT: &str = "scenarios:\n  - name: init\n    steps:\n      - call: { baseline: init-id-pro, as: init }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_back_what_comes_too_fast() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    // 40 in the first tenth of a second fit a limit of 50; the budget lets 30 a second through.
    let profile = format!("{INIT}arrivals: {{ model: steps, steps: [{{ rate: 25, for: 1s }}] }}\ntimeout: 10s\n");
    let mut input = world.input(&mock, &profile);
    let target = Arc::make_mut(&mut input.target);
    target.budgets.qps.insert("cloudauth".to_owned(), 26);
    let summary = summary(&drive(input.clone()).await.expect("a run"));
    assert_eq!(summary.steps[0].count(LoadClass::Ok), 25);
    Arc::make_mut(&mut input.target).budgets.qps.insert("cloudauth".to_owned(), 20);
    let refused = drive(input).await.expect_err("a refusal");
    assert!(matches!(&refused, LoadError::OverLimits(text) if text.contains("the target's budget")), "{refused}");
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_told_apart_from_failure() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = format!(
        "{INIT}arrivals: {{ model: constant, rate: 150 }}\nduration: 2s\nbeyond_limits: true\nthresholds: [throttled == 0, error_rate < 1%]\n"
    );
    let summary = summary(&drive(world.input(&mock, &profile)).await.expect("a run"));
    let step = &summary.steps[0];
    assert_eq!(step.count(LoadClass::Failed) + step.count(LoadClass::Refused), 0, "{:?}", step.codes);
    assert!(step.count(LoadClass::Throttled) >= 150 && step.codes.contains_key("Throttling.User"), "{:?}", step.codes);
    // The limit is 50 in any second, and the run lasts two and a bit.
    assert!((100..=150).contains(&step.count(LoadClass::Ok)), "{:?}", step.codes);
    assert_eq!(summary.gate.exit_code, 1);
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn billed_calls_end_at_their_budget() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = format!("{INIT}arrivals: {{ model: poisson, rate: 40 }}\nduration: 1s\n");
    let mut input = world.input(&mock, &profile);
    // The mean is forty, so that fewer are not refused beforehand.
    Arc::make_mut(&mut input.target).budgets.billable_calls = Some(40);
    input.options.seed = 3;
    let again = |seed| ProfileSeed { input: input.clone(), seed }.with_more_than(40);
    let input = (1..50).find_map(again).expect("a seed with more than the mean");
    let summary = summary(&drive(input).await.expect("a run"));
    let finished = summary.finished.as_ref().expect("an end");
    assert_eq!((finished.billable_calls, finished.cause), (40, Some(StopCause::Budget)));
    assert_eq!(summary.gate.exit_code, 5);
    mock.shutdown().await;
}

struct ProfileSeed {
    input: LoadInput,
    seed: u64,
}

impl ProfileSeed {
    fn with_more_than(mut self, n: usize) -> Option<LoadInput> {
        let profile = Arc::make_mut(&mut self.input.profile);
        let extent =
            crate::load_profile::Extent { duration: profile.file.duration, seed: self.seed, ..Default::default() };
        let schedule = crate::load_profile::Schedule::new(&profile.file.arrivals, extent, None).expect("a schedule");
        let is_more = schedule.arrivals(Shard::WHOLE).count() > n;
        profile.schedule = schedule;
        is_more.then_some(self.input)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_run_and_keeps_what_came() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile =
        format!("{INIT}arrivals: {{ model: constant, rate: 20 }}\nduration: 5m\nthresholds: [throttled == 0]\n");
    let input = world.input(&mock, &profile);
    let stop = Arc::clone(&input.options.stop);
    let stopper = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stop.store(true, Ordering::Relaxed);
    });
    let events = drive(input).await.expect("a run");
    stopper.await.expect("the stopper");
    let summary = summary(&events);
    let Some(Event::RunFinished(RunFinished { partial, cause, .. })) = events.last() else { panic!("no end") };
    assert_eq!((*partial, *cause), (true, Some(StopCause::Interrupted)));
    assert!(summary.steps[0].count(LoadClass::Ok) > 0);
    assert_eq!(summary.gate.exit_code, 3);
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_connections_of_one_call_send_every_arrival_once() {
    let world = world();
    let mock = mock(&world, |options| options.throttle = false).await;
    let profile = format!(
        "{INIT}arrivals: {{ model: constant, rate: 45 }}\ncount: 90\nconnections: {{ at_most: 64, keep_alive: false }}\ncheck_every: 10\n"
    );
    let mut input = world.input(&mock, &profile);
    input.options.workers = 3;
    let summary = summary(&drive(input).await.expect("a run"));
    assert_eq!(summary.steps[0].count(LoadClass::Ok), 90);
    assert_eq!((summary.totals.due, summary.totals.connections), (90, 90));
    mock.shutdown().await;
}

/// Tells a time that jumps on and back while a run goes on.
struct JumpingClock(std::sync::atomic::AtomicI64);

impl crate::clock::Clock for JumpingClock {
    fn now(&self) -> crate::clock::Timestamp {
        let calls = self.0.fetch_add(1, Ordering::Relaxed);
        let jump = if calls % 20 >= 10 { 300 } else { 0 };
        SystemClock.now().plus_seconds(jump)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_disturbs_no_due_time() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = format!("{INIT}arrivals: {{ model: constant, rate: 40 }}\nduration: 1s\n");
    let mut input = world.input(&mock, &profile);
    input.options.clock = Arc::new(JumpingClock(Default::default()));
    let summary = summary(&drive(input).await.expect("a run"));
    // Five minutes are within the window of fifteen.
    assert_eq!(summary.steps[0].count(LoadClass::Ok), 40, "{:?}", summary.steps[0].codes);
    assert!(summary.steps[0].ok().is_some_and(|ok| ok.latency.max() < 60_000_000));
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_throttled_is_tried_again_within_a_budget() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = |budget: u32| {
        format!(
            "{INIT}arrivals: {{ model: constant, rate: 70 }}\nduration: 1s\nbeyond_limits: true\n\
             retries: {{ at_most: 3, wait: 600ms, budget: {budget} }}\n"
        )
    };
    let retried = summary(&drive(world.input(&mock, &profile(100))).await.expect("a run"));
    let step = &retried.steps[0];
    assert_eq!((step.count(LoadClass::Ok), retried.totals.finished), (70, 70), "{:?}", step.codes);
    assert!(retried.totals.retries >= 10 && retried.totals.retries == step.count(LoadClass::Throttled));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut input = world.input(&mock, &profile(1));
    input.options.salt = 8;
    let held = summary(&drive(input).await.expect("a run"));
    assert!(held.totals.retries <= 1 && held.totals.abandoned >= 10, "{:?}", held.totals);
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_over_tls_and_only_to_whom_they_trust() {
    let world = world();
    let mock = mock(&world, |options| options.tls = true).await;
    for keep_alive in [true, false] {
        let profile = format!(
            "{FLOW}arrivals: {{ model: constant, rate: 20 }}\ncount: 20\nconnections: {{ keep_alive: {keep_alive} }}\ncheck_every: 1\n"
        );
        let mut input = trusting(world.input(&mock, &profile), &mock);
        input.options.salt += u64::from(keep_alive);
        let summary = summary(&drive(input).await.expect("a run"));
        let counts: Vec<u64> = summary.steps.iter().map(|step| step.count(LoadClass::Ok)).collect();
        assert_eq!((counts, summary.totals.wrong), (vec![20, 20], 0), "{:?}", summary.steps[0].codes);
        assert_eq!(summary.totals.connections >= 40, !keep_alive, "{}", summary.totals.connections);
    }
    let profile = format!("{INIT}arrivals: {{ model: constant, rate: 20 }}\ncount: 5\ntimeout: 5s\n");
    let untrusted = summary(&drive(world.input(&mock, &profile)).await.expect("a run"));
    let codes = &untrusted.steps[0].codes;
    assert_eq!(
        (untrusted.steps[0].count(LoadClass::Failed), codes.keys().next().map(String::as_str)),
        (5, Some("TLS failed"))
    );
    mock.shutdown().await;
}

/// One test, since goose keeps what stops a run for the whole process.
#[tokio::test(flavor = "multi_thread")]
async fn users_go_round_until_their_time_is_over_or_they_are_stopped() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = |seconds: u32| {
        format!(
            "{FLOW}arrivals: {{ model: users, users: 4, pause: 100ms }}\nduration: {seconds}s\ncheck_every: 1\nthresholds: [error_rate < 1%, wrong == 0]\n"
        )
    };
    let run = summary(&drive(world.input(&mock, &profile(3))).await.expect("a run"));
    let counts: Vec<u64> = run.steps.iter().map(|step| step.count(LoadClass::Ok)).collect();
    // Each round thinks and pauses for two tenths of a second, and calls three times.
    assert!(counts[0] >= 20 && counts[0] <= 64 && counts[0].abs_diff(counts[1]) <= 4, "{counts:?}");
    assert_eq!((run.gate.exit_code, run.totals.abandoned, run.is_partial()), (0, 0, false), "{:?}", run.gate);
    // No two of them at a time on one connection.
    let one = format!(
        "{INIT}arrivals: {{ model: users, users: 4, pause: 1ms }}\nduration: 1s\nconnections: {{ at_most: 1 }}\nbeyond_limits: true\n"
    );
    let mut input = world.input(&mock, &one);
    input.options.salt = 8;
    let narrow = summary(&drive(input).await.expect("a run"));
    let busy: f64 = narrow.steps[0].ok().map_or(0.0, |ok| ok.service.mean() * ok.service.len() as f64);
    assert!(busy > 0.0 && busy < 1.5e9 && narrow.totals.held_by_connection > 0, "{busy}");
    let mut input = world.input(&mock, &profile(300));
    input.options.salt = 9;
    let stop = Arc::clone(&input.options.stop);
    let stopper = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        stop.store(true, Ordering::Relaxed);
    });
    let stopped = summary(&drive(input).await.expect("a run"));
    stopper.await.expect("the stopper");
    assert!(stopped.is_partial() && stopped.steps[0].count(LoadClass::Ok) > 0);
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_before_the_common_start_is_heard() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let mut input = world.input(&mock, &format!("{INIT}arrivals: {{ model: constant, rate: 20 }}\ncount: 5\n"));
    input.options.start_in = Duration::from_secs(3_600);
    let stop = Arc::clone(&input.options.stop);
    let stopper = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.store(true, Ordering::Relaxed);
    });
    let summary = summary(&drive(input).await.expect("a run"));
    stopper.await.expect("the stopper");
    assert!(summary.is_partial() && summary.gate.exit_code == 3, "{:?}", summary.gate);
    mock.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_transaction_of_a_scenario_is_held_against_its_own_beginning() {
    let world = world();
    let mock = mock(&world, |_| {}).await;
    let profile = r#"
scenarios:
  - name: two
    steps:
      - call: { baseline: init-id-pro, roles: { scene: keeps-material }, as: first }
      - submit: { transaction: "{{ first.ResultObject.CertifyId }}" }
      - call: { baseline: query, as: first-answer, roles: { scene: keeps-material }, set: { CertifyId: "{{ first.ResultObject.CertifyId }}" } }
      - call: { baseline: init-id-pro, as: second }
      - submit: { transaction: "{{ second.ResultObject.CertifyId }}" }
      - call: { baseline: query, as: second-answer, set: { CertifyId: "{{ second.ResultObject.CertifyId }}" } }
arrivals: { model: constant, rate: 10 }
count: 10
check_every: 1
"#;
    let summary = summary(&drive(world.input(&mock, profile)).await.expect("a run"));
    assert_eq!((summary.totals.finished, summary.totals.checked), (10, 40), "{:?}", summary.steps[3].codes);
    assert_eq!(summary.totals.wrong, 0, "{:?}", summary.wrong);
    mock.shutdown().await;
}

#[test]
fn what_must_not_be_run_is_refused_before_anybody_is_called() {
    use crate::load::check_allowed;
    let world = world();
    let mut real = world.target.clone();
    // A name that nobody has: looking it up would fail otherwise.
    real.endpoints.values_mut().for_each(|one| *one = "https://cloudauth.invalid".to_owned());
    let profile = |arrivals: &str| format!("{INIT}arrivals: {arrivals}\nduration: 5s\nthresholds: [error_rate < 1%]\n");
    let constant = profile("{ model: constant, rate: 1 }");
    let mut input = world.input_at(real, &constant);
    Arc::make_mut(&mut input.target).budgets.billable_calls = None;
    assert!(matches!(check_allowed(&input), Err(LoadError::NotAllowed(_))));
    input.options.allow_real = true;
    let unbudgeted = check_allowed(&input).expect_err("a refusal");
    assert!(matches!(&unbudgeted, LoadError::Unbudgeted { operation, .. } if operation == "InitFaceVerify"));
    assert!(unbudgeted.to_string().contains("--max-billable"), "{unbudgeted}");
    Arc::make_mut(&mut input.target).budgets.billable_calls = Some(10);
    assert!(check_allowed(&input).is_ok());
    let mut near = world.target.clone();
    near.endpoints.values_mut().for_each(|one| *one = "http://127.0.0.1:9".to_owned());
    let mut split = world.input_at(near.clone(), &profile("{ model: users, users: 3 }"));
    split.options.shard = Shard { i: 0, n: 4 };
    let refused = check_allowed(&split).expect_err("a refusal");
    assert!(refused.to_string().contains("3 users for 4 shards"), "{refused}");
    let search = "{ model: capacity, from: 1, to: 9, step: 1, plateau: 5s }";
    let text = format!("{INIT}arrivals: {search}\nthresholds: [error_rate < 1%]\n");
    let mut search = world.input_at(near, &text);
    assert!(check_allowed(&search).is_ok());
    search.options.shard = Shard { i: 0, n: 2 };
    assert!(matches!(check_allowed(&search), Err(LoadError::NotSplit(_))));
}
