//! Plans over small suites and targets.

use super::*;
use crate::suite::fixture;

const CASES: &str = r#"
  - id: missing
    title: { en: m, zh: m }
    requirements: [shop.Open.request.Kind.presence]
    steps:
      - call: { baseline: open, differs: { unset: [Kind] }, expect: { code: "400" } }
  - id: late
    title: { en: l, zh: l }
    requirements: [shop.rule.lifetime]
    steps:
      - call: { baseline: open, as: opened }
      - advance: { seconds: 1801 }
      - call: { baseline: open, roles: { person: stranger }, set: { Note: "{{ person.name }}" } }
"#;

fn target(more: &str) -> Target {
    let text = format!(
        "format: idvet/target/1\nname: t\n\
         endpoints: {{ shop: 'http://127.0.0.1:1' }}\n\
         sandbox:\n  accounts: [{{ role: ordinary, access_key_id: 'k-{{n}}', pool: 8 }}]\n  \
         scenes: [{{ role: ordinary, api: shop, id: '7' }}]\n  \
         persons: [{{ role: stranger, name: S, id_number: '1' }}]\n{more}"
    );
    serde_saphyr::from_str(&text).expect("the target parses")
}

const ABLE: &str = "capabilities: { submit: control, clock: scoped, callbacks: loopback, throttle: per-account, billing: control }\n\
                    budgets: { concurrency: 4, timeout_ms: 1000 }\n";
const UNABLE: &str = "capabilities: { submit: none, clock: none, callbacks: none, throttle: never, billing: none }\n\
                      budgets: { concurrency: 4, timeout_ms: 1000, billable_calls: 0 }\n";

fn lines(target: &Target, selection: &Selection) -> Result<Vec<String>, PlanError> {
    let suites = fixture::suites(CASES);
    let contracts = fixture::contracts();
    let input = PlanInput { suites: &suites, contracts: &contracts, target, selection, seed: 5 };
    let line = |planned: &PlannedCase| {
        let accounts: Vec<String> = planned.accounts.iter().map(|(role, number)| format!("{role} {number}")).collect();
        let fate = match &planned.fate {
            Fate::Run => "run".to_owned(),
            Fate::NotExercised(reason) => reason.clone(),
        };
        format!("{} [{}] {fate}", planned.case.id, accounts.join(", "))
    };
    plan(&input).map(|plan| plan.cases.iter().map(line).collect())
}

fn patterns(patterns: &[&str]) -> Selection {
    Selection { patterns: patterns.iter().map(|text| (*text).to_owned()).collect(), ..Selection::default() }
}

#[test]
fn each_case_gets_an_account_and_each_refusal_its_twin() {
    let lines = lines(&target(ABLE), &Selection::default()).expect("plans");
    assert_eq!(
        lines,
        [
            "shop/baseline/open [ordinary 0] run",
            "shop/open/missing [ordinary 1] run",
            "shop/open/late [ordinary 2] run"
        ]
    );
}

#[test]
fn a_target_that_lacks_something_leaves_the_case_out_with_the_reason() {
    let found = lines(&target(UNABLE), &patterns(&["late"])).expect("plans");
    assert_eq!(found, ["shop/open/late [ordinary 0] the target cannot move its clock"]);
    let mut roleless = target(ABLE);
    roleless.sandbox.persons.clear();
    let found = lines(&roleless, &patterns(&["late"])).expect("plans");
    assert_eq!(found, ["shop/open/late [ordinary 0] the target's sandbox has no person `stranger`"]);
    roleless.endpoints.clear();
    let found = lines(&roleless, &patterns(&["missing"])).expect("plans");
    assert_eq!(
        found,
        [
            "shop/baseline/open [ordinary 0] the target has no endpoint for `shop`",
            "shop/open/missing [ordinary 1] the target has no endpoint for `shop`"
        ]
    );
}

#[test]
fn selection_is_by_pattern_requirement_api_and_level() {
    for (patterns, only, skip, expected) in [
        (vec!["*/missing"], vec![], vec![], vec!["baseline/open", "open/missing"]),
        (vec!["shop/open/late"], vec![], vec![], vec!["open/late"]),
        (vec![], vec!["shop.rule.*"], vec![], vec!["open/late"]),
        (vec![], vec!["must"], vec!["shop.rule.lifetime"], vec!["baseline/open", "open/missing"]),
        (vec!["baseline"], vec![], vec![], vec!["baseline/open"]),
    ] {
        let own = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let selection = Selection { patterns: own(patterns), only: own(only), skip: own(skip) };
        let found = lines(&target(ABLE), &selection).expect("plans");
        let ids: Vec<&str> = found.iter().filter_map(|line| line.split(' ').next()?.strip_prefix("shop/")).collect();
        assert_eq!(ids, expected, "{selection:?}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_names_the_nearest_and_an_empty_rest_is_told() {
    let mistake = lines(&target(ABLE), &patterns(&["shop/open/misssing"])).expect_err("no match");
    assert_eq!(
        mistake.to_string(),
        "find anything that `shop/open/misssing` matches; nearest: shop/open/missing, shop/open/late, shop/baseline/open"
    );
    let selection = Selection { skip: vec!["shop".to_owned()], ..Selection::default() };
    assert_eq!(lines(&target(ABLE), &selection), Err(PlanError::NothingSelected));
}

#[test]
fn a_shared_account_makes_clock_cases_run_alone_and_a_budget_leaves_cases_out() {
    let mut shared = target(ABLE);
    shared.sandbox.accounts[0].pool = 1;
    shared.budgets.billable_calls = Some(2);
    let suites = fixture::suites(CASES);
    let mut contracts = fixture::contracts();
    contracts.by_api["shop"].operations[0].billable = true;
    let selection = Selection::default();
    let input = PlanInput { suites: &suites, contracts: &contracts, target: &shared, selection: &selection, seed: 5 };
    let plan = plan(&input).expect("plans");
    let alone: Vec<bool> = plan.cases.iter().map(|planned| planned.lane == Lane::Alone).collect();
    assert_eq!(alone, [false, false, true]);
    let reason = "its 2 billable calls exceed what the budget of 2 leaves".to_owned();
    assert_eq!((plan.n_over_budget, &plan.cases[2].fate), (1, &Fate::NotExercised(reason)));
    assert_eq!(plan.cases[1].reproduce, "idvet check 'shop/open/missing' --seed 5");
}
