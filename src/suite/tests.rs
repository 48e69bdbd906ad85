//! Loading and linting of suites over a contract of one operation.

use super::fixture::{BASELINE, contracts, files};
use super::*;

fn load_cases(cases: &str) -> Result<Suites, Vec<String>> {
    let files = files(&format!("{BASELINE}cases:\n{cases}"));
    let line = |mistake: &crate::diagnostic::Diagnostic| {
        let line = 1 + mistake.text[..mistake.span.start].matches('\n').count();
        format!(
            "{line}: `{}`: {}; {}",
            &mistake.text[mistake.span.clone()],
            mistake.message,
            mistake.hint.clone().unwrap_or_default()
        )
    };
    load(&files, &contracts()).map_err(|mistakes| mistakes.iter().map(line).collect())
}

#[test]
fn a_family_has_a_case_a_row_and_one_shared_twin() {
    let suites = load_cases(
        r#"
  - id: Open.{{ it.name }}.missing
    title: { en: "{{ it.name }} missing", zh: "缺 {{ it.name }}" }
    requirements: ["{{ it.requirement }}"]
    each: { operation: Open, rows: required-parameters }
    steps:
      - call: { baseline: open, differs: { unset: ["{{ it.key }}"] }, expect: { code: "400" } }
"#,
    )
    .expect("loads");
    let ids: Vec<&str> = suites.cases.keys().map(String::as_str).collect();
    assert_eq!(ids, ["shop/baseline/open", "shop/open/Open.SceneId.missing", "shop/open/Open.Kind.missing"]);
    let case = &suites.cases["shop/open/Open.Kind.missing"];
    assert_eq!(case.title.zh, "缺 Kind");
    assert_eq!(case.named, ["shop.Open.request.Kind.presence"]);
    assert_eq!(case.implied, ["shop.Open.code.400"]);
    assert_eq!(case.twin.as_deref(), Some("shop/baseline/open"));
    assert_eq!(case.place, "suites/shop/open.yaml:10");
    let Step::Call(call) = &case.steps[0] else { panic!("a call") };
    assert_eq!(call.differs, Some(Difference::Unset(vec!["Kind".to_owned()])));
    assert_eq!(suites.cases["shop/baseline/open"].implied, ["shop.Open.code.200.http-status", "shop.Open.code.200"]);
}

#[test]
fn a_twin_keeps_what_comes_before_the_difference_and_wants_success_behind_it() {
    let suites = load_cases(
        r#"
  - id: late
    title: { en: late, zh: 迟 }
    requirements: [shop.rule.lifetime]
    steps:
      - call: { baseline: open, as: opened, expect: { present: [R.Id] } }
      - advance: { seconds: 10, differs: 1801 }
      - submit: { transaction: "{{ opened.R.Id }}", accepted: false }
      - call: { baseline: open, expect: { code: "400" } }
      - fetch: { url: "https://x", status: 403 }
"#,
    )
    .expect("loads");
    let twin = &suites.cases["shop/open/late~twin"];
    let [Step::Call(first), Step::Advance(advance), Step::Submit(submit), Step::Call(last), Step::Fetch(fetch)] =
        &twin.steps[..]
    else {
        panic!("five steps")
    };
    assert_eq!(first.expect.as_ref().map(|expect| expect.present.clone()), Some(vec!["R.Id".to_owned()]));
    assert_eq!((advance.seconds, advance.differs), (10, None));
    assert_eq!((submit.accepted, last.expect.is_none(), fetch.status), (None, true, 200));
}

#[test]
fn every_kind_of_row_is_made_from_the_contract() {
    let contracts = contracts();
    let contract = &contracts.by_api["shop"];
    for (kind, expected) in [
        (Rows::RequiredParameters, "SceneId, Kind"),
        (Rows::EnumValues, "Kind=A, Kind=B"),
        (Rows::EnumViolations, "Kind=NOT_A_VALUE"),
        (Rows::LongestValues, "SceneId=10011, Note=hiaa"),
        (Rows::OverlongValues, "SceneId=100111, Note=hiaaa"),
        (Rows::PatternViolations, "SceneId=10!, SceneId=中00, SceneId=10 "),
        (Rows::OptionalExamples, "Note=hi"),
        (Rows::SubCodes, "204"),
        (Rows::Products, "BIG"),
    ] {
        let each = Each { api: None, operation: None, rows: kind, only: vec![], except: vec![], list: vec![] };
        let source = rows::RowSource { contract, operation: contract.operations.first() };
        let text = |row: &Row| match row.get("value") {
            Some(value) => {
                format!("{}={}", row["name"].as_str().unwrap_or_default(), value.as_str().unwrap_or_default())
            }
            None => row["name"].as_str().unwrap_or_default().to_owned(),
        };
        let found: Vec<String> = rows::rows(&each, &source).iter().map(text).collect();
        assert_eq!(found.join(", "), expected, "{kind:?}");
    }
}

#[test]
fn mistakes_come_all_at_once_with_line_and_hint() {
    let mistakes = load_cases(
        r#"
  - id: a
    title: { en: a, zh: a }
    requirements: [shop.Open.request.SceneID.presence]
    steps:
      - call: { baseline: opne, expect: { code: "400" } }
  - id: a
    title: { en: a, zh: a }
    requirements: []
    steps:
      - call: { baseline: open, set: { Knid: B }, differs: { set: { Kind: B } } }
      - call: { baseline: open, differs: { unset: [Kind] } }
"#,
    )
    .expect_err("mistakes");
    insta::assert_snapshot!(mistakes.join("\n"));
}

#[test]
fn an_unknown_key_is_a_mistake_where_it_stands() {
    let mistakes = load_cases("  - id: a\n    titel: { en: a, zh: a }\n").expect_err("a mistake");
    let unknown = mistakes.iter().find(|mistake| mistake.contains("titel")).expect("the key is named");
    assert!(unknown.starts_with("10:") && unknown.contains("did you mean `title`?"), "{mistakes:?}");
}

#[test]
fn lint_finds_open_requirements_unknown_roots_and_bad_patterns() {
    let files = files(&format!(
        "{BASELINE}cases:\n{}",
        r#"
  - id: a
    title: { en: a, zh: a }
    requirements: ["shop.Open.*"]
    steps:
      - call: { baseline: open, set: { Note: "{{ persn.name }}" }, expect: { matches: { R.Id: "[a-" } } }
"#
    ));
    let suites = load(&files, &contracts()).expect("loads");
    let mistakes: Vec<String> = lint(&files, &contracts(), &suites)
        .iter()
        .map(|mistake| format!("{}: {}", mistake.origin, mistake.message))
        .collect();
    insta::assert_snapshot!(mistakes.join("\n"));
}
