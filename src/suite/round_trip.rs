//! Any suite that parses prints and parses to the same.

use std::sync::Arc;

use indexmap::IndexMap;
use proptest::prelude::*;

use super::model::{Advance, Baseline, Burst, Call, Difference, Expect, Roles, Step, SuiteFile};
use crate::diagnostic::parse_yaml;
use crate::files::SuiteFiles;

/// Prints as JSON, which is YAML but for the characters that YAML wants escaped.
fn print(value: &impl serde::Serialize) -> Result<String, String> {
    let json = serde_json::to_string(value).map_err(|error| error.to_string())?;
    let is_raw = |char: char| {
        !matches!(char, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let one = |char: char| if is_raw(char) { char.to_string() } else { format!("\\u{:04x}", char as u32) };
    Ok(json.chars().map(one).collect())
}

/// Prints, parses, and compares the two as text, since places differ.
fn holds(file: &SuiteFile) -> Result<(), String> {
    let printed = print(file)?;
    let read: SuiteFile =
        parse_yaml("printed", &Arc::from(printed.as_str())).map_err(|mistakes| format!("{mistakes:?}"))?;
    let again = print(&read)?;
    if printed == again { Ok(()) } else { Err(format!("{printed}\n{again}")) }
}

#[test]
fn every_embedded_suite_comes_back() {
    let files = SuiteFiles::embedded();
    let mut n_cases = 0;
    for (name, text) in &files.files {
        if let Ok(file) = parse_yaml::<SuiteFile>(name, text) {
            holds(&file).unwrap_or_else(|difference| panic!("{name}: {difference}"));
            n_cases += file.cases.len();
        }
    }
    assert!(n_cases > 500, "{n_cases} cases");
}

fn text() -> impl Strategy<Value = String> {
    // Anything, and what YAML is touchy about.
    prop_oneof![
        any::<String>(),
        "[-?:,{}#&*!|>'\"%@` \\\\\t\n0-9a-z~.]{0,12}",
        Just("null".to_owned()),
        Just("{{ a }}".to_owned())
    ]
}

fn texts() -> impl Strategy<Value = IndexMap<String, String>> {
    prop::collection::vec((text(), text()), 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

fn roles() -> impl Strategy<Value = Roles> {
    let role = || prop::option::of(text());
    (role(), role(), role()).prop_map(|(account, scene, person)| Roles { account, scene, person, ..Roles::default() })
}

fn expect() -> impl Strategy<Value = Expect> {
    (prop::option::of(text()), prop::collection::vec(text(), 0..3), texts(), texts(), prop::option::of(any::<u16>()))
        .prop_map(|(code, present, fields, headers, http)| Expect {
            code,
            present,
            fields,
            headers,
            http,
            ..Expect::default()
        })
}

fn step() -> impl Strategy<Value = Step> {
    let unset = prop::collection::vec(text(), 0..2).prop_map(Difference::Unset);
    let differs = prop_oneof![texts().prop_map(Difference::Set), unset];
    let call = (text(), texts(), roles(), prop::option::of(differs), prop::option::of(expect())).prop_map(
        |(baseline, set, roles, differs, expect)| {
            Step::Call(Box::new(Call {
                baseline,
                name: None,
                roles,
                set,
                unset: Vec::new(),
                wire: Default::default(),
                differs,
                otherwise: expect.clone(),
                expect,
            }))
        },
    );
    let burst = (text(), texts(), roles(), expect()).prop_map(|(baseline, set, roles, throttled)| {
        let count = "3".to_owned();
        Step::Burst(Box::new(Burst {
            baseline,
            roles,
            set,
            served_at_least: count.clone(),
            count,
            served_at_most: None,
            throttled,
        }))
    });
    let advance = (any::<i64>(), prop::option::of(any::<i64>()));
    prop_oneof![call, burst, advance.prop_map(|(seconds, differs)| Step::Advance(Advance { seconds, differs }))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_suite_comes_back(names in texts(), title in text(), steps in prop::collection::vec(step(), 0..4), parameters in texts()) {
        let baseline = |operation: &String| Baseline {
            api: None, operation: operation.clone(), product: None, roles: Roles::default(), parameters: parameters.clone(),
        };
        let baselines: IndexMap<String, Baseline> =
            names.iter().map(|(name, operation)| (name.clone(), baseline(operation))).collect();
        let written = serde_json::json!({
            "format": "idvet/suite/1", "api": "saf", "title": { "en": title, "zh": title }, "baselines": baselines,
            "cases": [{ "id": title, "title": { "en": title, "zh": title }, "requirements": [title], "steps": steps }],
        });
        let text: Arc<str> = Arc::from(print(&written).expect("prints"));
        let file: SuiteFile = parse_yaml("written", &text).map_err(|mistakes| TestCaseError::fail(format!("{mistakes:?}")))?;
        // What was meant is what was read.
        prop_assert_eq!(&file.cases[0].value.steps, &steps);
        prop_assert_eq!(&file.baselines, &baselines);
        prop_assert_eq!(holds(&file), Ok(()));
    }
}
