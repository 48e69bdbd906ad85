//! Defects are derived for every kind of row, each under its own id, and each changes what it says it changes.

use std::collections::HashSet;

use serde_json::json;

use super::answer::{AnswerChange, Codes, FieldBreach};
use super::*;
use crate::contract::FieldType;
use crate::files::SuiteFiles;

fn contracts() -> Contracts {
    Contracts::load(&SuiteFiles::embedded()).expect("the contracts load")
}

#[test]
fn every_defect_has_its_own_id_and_a_judged_requirement() {
    let contracts = contracts();
    let defects = catalogue(&contracts);
    let ids: HashSet<&str> = defects.iter().map(|defect| defect.id.as_str()).collect();
    assert_eq!(ids.len(), defects.len());
    assert!(defects.len() >= 1_200, "{}", defects.len());
    for written in written::written() {
        assert!(contracts.requirements.contains_key(&written.requirement), "{}", written.requirement);
    }
    let first = &defects[0];
    assert_eq!(find(&contracts, &first.id).as_ref(), Ok(first));
    assert_eq!(find(&contracts, "nothing"), Err(UnknownDefect("nothing".to_owned())));
}

#[test]
fn every_judged_requirement_has_a_defect() {
    let contracts = contracts();
    let breached: HashSet<String> = catalogue(&contracts).into_iter().map(|defect| defect.requirement).collect();
    let judged =
        contracts.requirements.values().filter(|found| found.level != Level::Info && found.unexercised.is_none());
    let missing: Vec<&str> = judged.map(|found| found.id.as_str()).filter(|id| !breached.contains(*id)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "a breach of each belongs into the catalogue");
}

#[test]
fn a_defect_in_the_rows_gives_other_contracts() {
    let contracts = contracts();
    let defects = catalogue(&contracts);
    let in_rows: Vec<&Defect> = defects.iter().filter(|defect| defect.is_in_rows()).collect();
    assert!(in_rows.len() >= 300, "{}", in_rows.len());
    for defect in in_rows {
        let other = rewrite(&contracts, defect).expect("other contracts");
        assert_ne!(format!("{:?}", other.by_api), format!("{:?}", contracts.by_api), "{}", defect.id);
    }
}

#[test]
fn answers_are_changed_where_the_path_leads() {
    let answer = json!({ "Code": 200, "R": { "Passed": "T", "Sub": "205", "Text": "{\"a\":{\"b\":1}}", "L": [{ "x": 1 }, { "x": 2 }] } });
    let field = |path: &str, how| AnswerChange::Field { operation: Some("A".to_owned()), path: path.to_owned(), how };
    let code = |to: &str| AnswerChange::Code {
        operation: None,
        path: "Code".to_owned(),
        code: Codes::One("200".to_owned()),
        to: to.to_owned(),
    };
    let verdict = AnswerChange::Verdict {
        operation: "A".to_owned(),
        sub_path: "R.Sub".to_owned(),
        sub_code: "205".to_owned(),
        path: "R.Passed".to_owned(),
    };
    for (change, expected) in [
        (
            field("R.Sub", FieldBreach::Dropped),
            json!({ "Code": 200, "R": { "Passed": "T", "Text": "{\"a\":{\"b\":1}}", "L": [{ "x": 1 }, { "x": 2 }] } }),
        ),
        (
            field("R.Text#a.b", FieldBreach::Retyped(FieldType::Integer)),
            json!({ "Code": 200, "R": { "Passed": "T", "Sub": "205", "Text": "{\"a\":{\"b\":\"text\"}}", "L": [{ "x": 1 }, { "x": 2 }] } }),
        ),
        (
            field("R.L[].x", FieldBreach::Null),
            json!({ "Code": 200, "R": { "Passed": "T", "Sub": "205", "Text": "{\"a\":{\"b\":1}}", "L": [{ "x": null }, { "x": null }] } }),
        ),
        (code("404"), json!({ "Code": 404, "R": answer["R"] })),
        (
            verdict,
            json!({ "Code": 200, "R": { "Passed": "F", "Sub": "205", "Text": "{\"a\":{\"b\":1}}", "L": [{ "x": 1 }, { "x": 2 }] } }),
        ),
    ] {
        let mut body = answer.as_object().expect("an object").clone();
        assert!(!change.apply("B", &mut 200, &mut body) || matches!(change, AnswerChange::Code { .. }), "{change:?}");
        let mut body = answer.as_object().expect("an object").clone();
        assert!(change.apply("A", &mut 200, &mut body), "{change:?}");
        assert_eq!(serde_json::Value::Object(body), expected, "{change:?}");
    }
    let mut status = 200;
    let other = AnswerChange::Status {
        operation: None,
        path: "Code".to_owned(),
        code: Codes::One("200".to_owned()),
        status: 500,
    };
    assert!(other.apply("A", &mut status, &mut answer.as_object().expect("an object").clone()));
    assert_eq!(status, 500);
}
