//! Profiles as files: the ready ones, and mistakes.

use std::sync::Arc;

use super::*;
use crate::contract::Contracts;
use crate::files::SuiteFiles;
use crate::suite::{self, Suites};
use crate::target::{self, model::Budgets};

struct World {
    files: SuiteFiles,
    contracts: Contracts,
    suites: Suites,
    budgets: Budgets,
}

fn world() -> World {
    let files = SuiteFiles::embedded();
    let contracts = Contracts::load(&files).expect("contracts");
    let suites = suite::load(&files, &contracts).expect("suites");
    let budgets = target::load(&files, "mock").expect("target").budgets;
    World { files, contracts, suites, budgets }
}

impl World {
    fn parse(&self, text: &str) -> Result<LoadProfile, Vec<String>> {
        let read = |file: &str| match file {
            "times.txt" => Ok("0\n10\n\n20.5\n".to_owned()),
            _ => Err(format!("read {file}: not there")),
        };
        let input = ProfileInput { contracts: &self.contracts, suites: &self.suites, seed: 1, read: &read };
        let parsed = parse_profile("test", ("test.yaml", &Arc::from(text)), &input);
        parsed.map_err(|mistakes| {
            mistakes
                .iter()
                .map(|one| format!("{}: {} ({})", one.line(), one.message, one.hint.clone().unwrap_or_default()))
                .collect()
        })
    }

    fn demand(&self, profile: &LoadProfile) -> Demand {
        let limits = Limits::of(&profile.calls, &self.contracts, &self.budgets, profile.file.beyond_limits);
        Demand::of(profile, &limits, &self.budgets)
    }
}

const HEAD: &str = "format: idvet/load/1\napi: cloudauth\ntitle: { en: a, zh: b }\n";

fn flow(arrivals: &str, rest: &str) -> String {
    format!(
        "{HEAD}scenarios:\n  - name: flow\n    steps:\n      - call: {{ baseline: init-id-pro, as: init }}\n      - think: 2s\n      \
         - call: {{ baseline: query, until: {{ field: ResultObject.SubCode, every: 1s, at_most: 3 }} }}\n\
         arrivals: {arrivals}\n{rest}"
    )
}

#[test]
fn the_ready_profiles_fit_their_limits() {
    let world = world();
    let names = profile_names(&world.files);
    let apis: std::collections::BTreeSet<&str> = names.iter().filter_map(|name| name.split('/').next()).collect();
    assert_eq!(apis.into_iter().collect::<Vec<_>>(), ["cloudauth", "intl", "saf", "verify-token"]);
    for name in &names {
        let (_, text) = profile_file(&world.files, name).expect("a file");
        let profile = world.parse(text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}"));
        let demand = world.demand(&profile);
        assert_eq!(demand.problems, Vec::<String>::new(), "{name}");
        assert!(!profile.thresholds.is_empty(), "{name}");
    }
}

#[test]
fn demand_counts_calls_and_limits() {
    let world = world();
    let text = flow("{ model: constant, rate: 40 }", "duration: 10s\nwarm_up: 5s\n");
    let profile = world.parse(&text).expect("a profile");
    let demand = world.demand(&profile);
    assert_eq!((demand.arrivals, demand.seconds, demand.peak_rate), (600.0, 15.0, 40.0));
    let calls: Vec<(f64, f64)> = demand.steps.iter().map(|step| (step.calls.least, step.calls.most)).collect();
    assert_eq!(calls, [(600.0, 600.0), (600.0, 1_800.0)]);
    let limits: Vec<(String, u32)> = demand.limits.iter().map(|one| (one.limit.name(), one.limit.per_second)).collect();
    let expected = [("cloudauth.InitFaceVerify, ID_PRO", 50), ("cloudauth.DescribeFaceVerify, ID_PRO", 50)];
    assert_eq!(limits, expected.map(|(name, limit)| (name.to_owned(), limit)));
    assert_eq!(demand.problems, Vec::<String>::new());
    // Three polls each would be 120 a second: they may wait, and the plan says so.
    assert!(demand.notes.iter().any(|note| note.contains("up to 120.0")), "{:?}", demand.notes);
}

#[test]
fn a_profile_beyond_its_limits_is_impossible() {
    let mut world = world();
    let profile = world.parse(&flow("{ model: ramp, from: 10, to: 60 }", "duration: 10s\n")).expect("a profile");
    let problems = world.demand(&profile).problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("a limit of 50 (documented) carries 49.0"), "{problems:?}");
    let beyond = flow("{ model: ramp, from: 10, to: 60 }", "duration: 10s\nbeyond_limits: true\n");
    assert_eq!(world.demand(&world.parse(&beyond).expect("a profile")).problems, Vec::<String>::new());
    world.budgets.qps.insert("cloudauth".to_owned(), 15);
    world.budgets.billable_calls = Some(99);
    let profile = world.parse(&flow("{ model: constant, rate: 10 }", "count: 100\n")).expect("a profile");
    let problems = world.demand(&profile).problems;
    assert!(problems[0].contains("the target's budget") && problems[0].contains("20.0 calls a second"), "{problems:?}");
    assert!(problems[1].contains("the budget is 99"), "{problems:?}");
}

#[test]
fn users_a_day_name_the_limit_that_binds() {
    let world = world();
    let profile = world.parse(&flow("{ model: constant, rate: 1 }", "duration: 10s\n")).expect("a profile");
    let limits = Limits::of(&profile.calls, &world.contracts, &world.budgets, false);
    let forecast = UsersADay::of(&profile, &limits, (360_000.0, 0.1, 2.0));
    assert_eq!(forecast.rate, 10.0);
    let (first, most) = &forecast.by_limit[0];
    assert_eq!(first.limit.operation.as_deref(), Some("DescribeFaceVerify"));
    // 50 a second over 1.02 s, two calls each, a tenth of the day in one hour.
    assert!((most - 50.0 / 1.02 / 2.0 * 3_600.0 / 0.1).abs() < 1e-6, "{most}");
}

#[test]
fn mistakes_say_where_and_what() {
    let world = world();
    let scenario = |steps: &str| {
        format!(
            "{HEAD}scenarios:\n  - name: s\n    steps: [{steps}]\narrivals: {{ model: constant, rate: 1 }}\nduration: 1s\n"
        )
    };
    for (text, line, word) in [
        (scenario("{ call: { baseline: init-id-pr } }"), 6, "did you mean `cloudauth/init-id-pro`?"),
        (scenario("{ think: 1s }"), 6, "has no call"),
        (scenario("{ call: { baseline: init-id-pro, as: a b } }"), 6, "no name of a step"),
        (
            scenario("{ call: { baseline: init-id-pro, as: x } }, { call: { baseline: query, as: x } }"),
            6,
            "a second step `x`",
        ),
        (
            flow("{ model: constant, rate: 1 }", "duration: 1s\nthresholds: [p99(ini) < 1s]\n"),
            12,
            "did you mean `init`?",
        ),
        (flow("{ model: constant, rate: 1 }", "duration: 1s\nthresholds: [fast]\n"), 12, "compares nothing"),
        (flow("{ model: constant, rate: 1 }", ""), 10, "give `duration` or `count`"),
        (flow("{ model: constant, rate: 1 }", "duration: 10\n"), 11, "10"),
        (flow("{ model: replay, file: other.txt }", ""), 10, "read other.txt"),
        (flow("{ model: constant, rate: 1 }", "duration: 1s\nunknown: 1\n"), 12, "unknown"),
        (flow("{ model: capacity, from: 1, to: 9, step: 1, plateau: 5s }", ""), 10, "every rate would hold"),
        (flow("{ model: users, users: 2 }", "duration: 5s\nthresholds: [dropped == 0]\n"), 12, "users drop no call"),
        (
            flow("{ model: users, users: 2 }", "duration: 5s\nretries: { at_most: 1, wait: 1s }\n"),
            12,
            "users try nothing again",
        ),
    ] {
        let mistakes = world.parse(&text).expect_err("a mistake");
        let is_there = |one: &String| one.starts_with(&format!("{line}: ")) && one.contains(word);
        assert!(mistakes.iter().any(is_there), "{word}: {mistakes:?}");
    }
    let replay = world.parse(&flow("{ model: replay, file: times.txt }", "")).expect("a profile");
    assert_eq!(replay.schedule.arrivals(Shard::WHOLE).count(), 3);
}
