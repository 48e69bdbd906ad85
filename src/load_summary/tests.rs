//! Figures and verdicts from made-up events.

use super::fixture::{MadeUp, row, second};
use super::*;
use crate::chance;
use crate::event::{LoadClass, StopCause};

impl MadeUp {
    fn judged(&self) -> (Vec<Verdict>, u8) {
        let summary = LoadSummary::from_events(&self.events()).expect("a load run");
        (summary.thresholds.iter().map(|one| one.verdict).collect(), summary.gate.exit_code)
    }
}

use Verdict::{Held, Inconclusive, Missed};

fn hundreds(micros: u64) -> Vec<u64> {
    vec![micros; 100]
}

#[test]
fn thresholds_hold_or_are_missed() {
    let ok = || row(LoadClass::Ok, "200", &hundreds(2_000), 5);
    let failed = row(LoadClass::Failed, "time-out", &[900_000; 2], 5);
    let refused = row(LoadClass::Refused, "417", &[100; 8], 5);
    let mut made_up = MadeUp::new(vec![second(0, vec![ok()]), second(1, vec![ok(), failed, refused])]);
    made_up.thresholds = vec!["p99(init) < 3ms", "p50 > 1ms", "throttled == 0", "goodput >= 100", "refused == 8"];
    assert_eq!(made_up.judged(), (vec![Held; 5], 0));
    made_up.thresholds = vec!["p99(init) < 1ms", "error_rate < 0.5%", "refusal_rate < 3%", "goodput > 100"];
    assert_eq!(made_up.judged(), (vec![Missed; 4], 1));
    // Two of 210 failed and eight were refused.
    made_up.thresholds = vec!["error_rate < 1%", "refusal_rate < 4%", "throughput > 104"];
    assert_eq!(made_up.judged(), (vec![Held; 3], 0));
}

#[test]
fn refusals_and_failures_do_not_improve_latency() {
    let slow = row(LoadClass::Ok, "200", &hundreds(50_000), 5);
    let fast = row(LoadClass::Refused, "400", &[100; 900], 5);
    let mut made_up = MadeUp::new(vec![second(0, vec![slow, fast])]);
    made_up.thresholds = vec!["p50 < 10ms"];
    assert_eq!(made_up.judged(), (vec![Missed], 1));
}

#[test]
fn what_the_generator_spoiled_is_inconclusive() {
    let late = |late| MadeUp::new(vec![second(0, vec![row(LoadClass::Ok, "200", &hundreds(2_000), late)])]);
    let judged = |mut made_up: MadeUp, threshold| {
        made_up.thresholds = vec![threshold];
        made_up.judged()
    };
    assert_eq!(judged(late(900), "p99 < 10ms"), (vec![Held], 0));
    // More than a tenth of the threshold late.
    assert_eq!(judged(late(1_100), "p99 < 10ms"), (vec![Inconclusive], 3));
    // Missed only because calls were late; and missed whoever was late.
    assert_eq!(judged(late(9_000), "p99 < 10ms"), (vec![Inconclusive], 3));
    assert_eq!(judged(late(9_000), "p99 < 1ms"), (vec![Missed], 1));
    let mut dropped = late(5);
    dropped.seconds[0].dropped = 1;
    assert_eq!(judged(dropped, "p99 < 10ms"), (vec![Inconclusive], 3));
    // What was not sent while warming up spoils nothing.
    let mut warming = late(5);
    warming.seconds[0].warm_up_dropped = 7;
    assert_eq!(judged(warming, "p99 < 10ms"), (vec![Held], 0));
    let mut lacking = late(5);
    (lacking.seconds[0].dropped, lacking.seconds[0].lacking, lacking.thresholds) = (1, 1, vec!["p99 < 10ms"]);
    let lacking = LoadSummary::from_events(&lacking.events()).expect("a load run");
    assert!(lacking.gate.reasons[0].to_string().contains("ulimit -n"), "{:?}", lacking.gate);
    let mut wrong = late(5);
    (wrong.seconds[0].checked, wrong.seconds[0].wrong) = (10, 1);
    assert_eq!(judged(wrong, "p99 < 10ms"), (vec![Inconclusive], 3));
    let mut stopped = late(5);
    stopped.stopped = Some(StopCause::Interrupted);
    assert_eq!(judged(stopped, "p99 < 10ms"), (vec![Inconclusive], 3));
}

#[test]
fn too_few_answers_prove_nothing() {
    let few = |n: usize| MadeUp::new(vec![second(0, vec![row(LoadClass::Ok, "200", &vec![2_000; n], 5)])]);
    let judged = |n, threshold| {
        let mut made_up = few(n);
        made_up.thresholds = vec![threshold];
        made_up.judged().0
    };
    assert_eq!(judged(99, "p99 < 10ms"), [Inconclusive]);
    assert_eq!(judged(100, "p99 < 10ms"), [Held]);
    assert_eq!(judged(999, "p99.9 < 10ms"), [Inconclusive]);
    assert_eq!(judged(2, "max < 10ms"), [Held]);
    assert_eq!(judged(2, "wrong == 0"), [Inconclusive]);
    let mut none = MadeUp::new(vec![second(0, vec![row(LoadClass::Failed, "time-out", &[1; 9], 5)])]);
    none.thresholds = vec!["p50 < 10ms", "error_rate < 1%"];
    assert_eq!(none.judged(), (vec![Inconclusive, Missed], 3));
}

#[test]
fn the_warm_up_stays_out() {
    let mut slow = row(LoadClass::Ok, "200", &hundreds(900_000), 5);
    slow.warm_up = true;
    let ok = row(LoadClass::Ok, "200", &hundreds(2_000), 5);
    let mut made_up = MadeUp::new(vec![second(0, vec![slow]), second(1, vec![ok])]);
    (made_up.warm_up, made_up.thresholds) = (1, vec!["max < 3ms", "goodput == 100"]);
    assert_eq!(made_up.judged(), (vec![Held, Held], 0));
}

#[test]
fn how_a_run_ended_decides_the_exit_code() {
    let run = |stopped| {
        let mut made_up = MadeUp::new(vec![second(0, vec![row(LoadClass::Ok, "200", &hundreds(2_000), 5)])]);
        (made_up.stopped, made_up.thresholds) = (stopped, vec!["p99 < 10ms"]);
        made_up
    };
    assert_eq!(run(None).judged().1, 0);
    assert_eq!(run(Some(StopCause::Budget)).judged().1, 5);
    assert_eq!(run(Some(StopCause::Internal)).judged().1, 70);
    let mut cut = run(None).events();
    cut.pop();
    let summary = LoadSummary::from_events(&cut).expect("a load run");
    assert!(summary.is_partial() && summary.gate.exit_code == 3);
    let other = LoadSummary::from_events(&cut[..1]);
    assert_eq!(other.map(|_| ()), Err(LoadSummaryError::NotLoad));
}

#[test]
fn throttling_tells_of_the_limit() {
    let ok = |n: usize| row(LoadClass::Ok, "200", &vec![2_000; n], 5);
    let throttled = |n: usize| row(LoadClass::Throttled, "Throttling.User", &vec![100; n], 5);
    let seconds = vec![
        second(0, vec![ok(40)]),
        second(1, vec![ok(50), throttled(10)]),
        second(2, vec![ok(51), throttled(9)]),
        second(3, vec![ok(49), throttled(9)]),
        second(4, vec![]),
        second(5, vec![ok(30)]),
    ];
    let summary = LoadSummary::from_events(&MadeUp::new(seconds).events()).expect("a load run");
    let expected =
        Throttling { first: 1, last: 3, seconds: 3, accepted: 50, accepted_most: 51, recovered_after: Some(2) };
    assert_eq!(Throttling::of(&summary.seconds, 0), Some(expected));
}

mod merging {
    use super::*;
    use crate::event::{Event, LoadInterval, LoadLimit};

    fn shard(shard: Option<&str>, seconds: Vec<LoadInterval>) -> Vec<Event> {
        let mut events = MadeUp::new(seconds).events();
        if let Event::LoadPlanned(planned) = &mut events[1] {
            planned.shard = shard.map(str::to_owned);
        }
        events
    }

    /// Values of a recording that is split among shards, and the run of all of them.
    fn split(n: u64) -> (Vec<Vec<Event>>, Vec<Event>) {
        let values: Vec<u64> = (0..4_000_u64).map(|i| 500 + i * i % 90_007).collect();
        let of = |i: u64, second: u64| -> Vec<u64> {
            let chosen =
                values.iter().enumerate().filter(|(idx, _)| *idx as u64 % n == i && *idx as u64 / 1_000 == second);
            chosen.map(|(_, value)| *value).collect()
        };
        let seconds = |i| (0..4).map(|at| second(at, vec![row(LoadClass::Ok, "200", &of(i, at), 7)])).collect();
        let parts = (0..n).map(|i| shard(Some(&format!("{i}/{n}")), seconds(i))).collect();
        let whole =
            (0..4).map(|at| second(at, vec![row(LoadClass::Ok, "200", &values[at as usize * 1_000..][..1_000], 7)]));
        (parts, shard(None, whole.collect()))
    }

    #[test]
    fn four_shards_are_the_whole_bucket_for_bucket() {
        let (parts, whole) = split(4);
        let merged = merge(&parts).expect("a merge");
        let (merged, whole) =
            (LoadSummary::from_events(&merged).expect("a run"), LoadSummary::from_events(&whole).expect("a run"));
        let (mine, theirs) = (merged.steps[0].ok().expect("answers"), whole.steps[0].ok().expect("answers"));
        assert_eq!(mine.latency, theirs.latency);
        assert_eq!(mine.service, theirs.service);
        assert_eq!(
            (merged.totals.clone(), merged.steps[0].codes.clone()),
            (whole.totals, whole.steps[0].codes.clone())
        );
        assert_eq!(merged.seconds.len(), 4);
        assert_eq!(merged.planned.shard, None);
    }

    #[test]
    fn limits_of_shards_are_summed() {
        let (mut parts, _) = split(2);
        for (part, per_second) in parts.iter_mut().zip([12, 13]) {
            if let Event::LoadPlanned(planned) = &mut part[1] {
                let limit = |name: &str, is_shared: bool| LoadLimit {
                    name: name.to_owned(),
                    per_second,
                    documented: true,
                    is_shared,
                    steps: vec![0],
                };
                planned.limits = vec![limit("a", false), limit("b", true)];
            }
        }
        let merged = LoadSummary::from_events(&merge(&parts).expect("a merge")).expect("a run");
        let limits: Vec<(&str, u32)> =
            merged.planned.limits.iter().map(|limit| (limit.name.as_str(), limit.per_second)).collect();
        // What was held together is one limit.
        assert_eq!(limits, [("a", 25), ("b", 13)]);
    }

    #[test]
    fn shares_are_told_and_summed() {
        let share = |shares: [&[u32]; 3]| {
            let seconds = shares.iter().zip(0..).map(|(shares, at)| {
                let interval = second(at, vec![row(LoadClass::Ok, "200", &[2_000; 5], 5)]);
                LoadInterval { shares: shares.to_vec(), ..interval }
            });
            MadeUp::new(seconds.collect()).events()
        };
        let one = share([&[12, 3], &[0, 3], &[5, 3]]);
        let summary = LoadSummary::from_events(&one).expect("a run");
        assert_eq!((summary.share(0), summary.share(1)), (Some((0, 12, 1)), Some((3, 3, 0))));
        let other = share([&[8, 2], &[20, 2], &[15, 2]]);
        let merged = LoadSummary::from_events(&merge(&[one, other]).expect("a merge")).expect("a run");
        assert_eq!(merged.share(0), Some((20, 20, 0)));
        let alone = LoadSummary::from_events(&share([&[], &[], &[]])).expect("a run");
        assert_eq!(alone.share(0), None);
    }

    #[test]
    fn what_is_not_one_run_is_refused() {
        let (parts, _) = split(3);
        let twice = merge(&[parts[0].clone(), parts[0].clone(), parts[2].clone()]);
        assert_eq!(twice, Err(MergeError::Twice("0/3".to_owned())));
        assert_eq!(merge(&parts[..2]), Err(MergeError::Missing("2/3".to_owned())));
        let mut other = parts.clone();
        if let Event::LoadPlanned(planned) = &mut other[1][1] {
            planned.profile = "saf/steady".to_owned();
        }
        assert_eq!(merge(&other), Err(MergeError::Different(2)));
        assert_eq!(merge(&[parts[0][..1].to_vec()]), Err(MergeError::NotLoad(1)));
        let mut cut = parts;
        cut[1].pop();
        let merged = LoadSummary::from_events(&merge(&cut).expect("a merge")).expect("a run");
        assert!(merged.is_partial());
    }
}

mod comparing {
    use super::*;

    /// A run whose seconds have a spread of their own, as real ones have.
    fn run(seed: u64, slower: f64) -> LoadSummary {
        let normal = |n: u64| chance::normal(chance::mix(seed), n);
        let seconds = (0..40_u64).map(|at| {
            let of_second = 0.1 * normal(at * 1_000);
            let value = |i: u64| (5_000.0 * slower * (of_second + 0.4 * normal(at * 1_000 + i)).exp()) as u64;
            second(at, vec![row(LoadClass::Ok, "200", &(1..60).map(value).collect::<Vec<_>>(), 5)])
        });
        LoadSummary::from_events(&MadeUp::new(seconds.collect()).events()).expect("a run")
    }

    fn verdicts(base: &LoadSummary, new: &LoadSummary) -> Vec<Change> {
        let options = CompareOptions { draws: 400, minimum_effect: 0.0, ..CompareOptions::default() };
        compare(base, new, &options).expect("a comparison").verdicts().collect()
    }

    #[test]
    fn equal_runs_raise_few_false_alarms() {
        let n = 120;
        let alarms = (0..n).filter(|i| {
            let verdicts = verdicts(&run(2 * i, 1.0), &run(2 * i + 1, 1.0));
            verdicts.iter().any(|verdict| matches!(verdict, Change::Worse | Change::Better))
        });
        let alarms = alarms.count();
        // Five in a hundred would be six; chance makes up to twelve of that once in a hundred times.
        assert!(alarms <= 12, "{alarms} of {n}");
    }

    #[test]
    fn a_run_that_is_slower_is_seen() {
        let n = 20;
        let seen = (0..n).filter(|i| verdicts(&run(2 * i, 1.0), &run(2 * i + 1, 1.2)).contains(&Change::Worse)).count();
        assert!(seen >= 18, "{seen} of {n}");
        let faster = (0..n).filter(|i| verdicts(&run(2 * i, 1.2), &run(2 * i + 1, 1.0)).contains(&Change::Better));
        assert!(faster.count() >= 18);
    }

    #[test]
    fn a_certain_but_small_change_is_none() {
        let options = CompareOptions { draws: 400, minimum_effect: 0.5, ..CompareOptions::default() };
        let compared = compare(&run(1, 1.0), &run(2, 1.2), &options).expect("a comparison");
        assert!(compared.verdicts().all(|verdict| verdict == Change::None), "{compared:?}");
        assert!(compared.latency.iter().all(|one| one.low < one.change && one.change < one.high), "{compared:?}");
    }

    /// A run of which so many calls of a hundred in each second failed; what is good comes fast.
    fn failing(failed: usize) -> LoadSummary {
        let rows = || {
            let good = row(LoadClass::Ok, "200", &vec![1_000; 100 - failed], 5);
            let bad = row(LoadClass::Failed, "time-out", &vec![9_000_000; failed], 5);
            if failed == 0 { vec![good] } else { vec![good, bad] }
        };
        LoadSummary::from_events(&MadeUp::new((0..20).map(|at| second(at, rows())).collect()).events()).expect("a run")
    }

    #[test]
    fn a_run_that_fails_more_is_worse_however_fast_the_rest_is() {
        let worse = compare(&run(1, 1.0), &failing(3), &CompareOptions::default()).expect("a comparison");
        assert_eq!(
            worse.verdicts().collect::<Vec<_>>(),
            [[Change::Otherwise; 3].as_slice(), &[Change::Worse]].concat()
        );
        assert!((worse.answers[0].new - 0.03).abs() < 1e-9 && worse.answers[0].low > 0.0, "{worse:?}");
        let better = verdicts(&failing(3), &failing(0));
        assert_eq!(better, [[Change::Otherwise; 3].as_slice(), &[Change::Better]].concat());
        assert_eq!(verdicts(&failing(3), &failing(3))[3], Change::None);
    }

    #[test]
    fn too_few_seconds_tell_nothing() {
        let short = || {
            let seconds = (0..5).map(|at| second(at, vec![row(LoadClass::Ok, "200", &[2_000; 50], 5)])).collect();
            LoadSummary::from_events(&MadeUp::new(seconds).events()).expect("a run")
        };
        assert_eq!(verdicts(&short(), &short()), [Change::Unknown; 4]);
    }
}
