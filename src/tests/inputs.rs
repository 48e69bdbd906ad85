//! Targets we ship load without a mistake; suites and targets under `fixtures/bad` do not, and say why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::contract::Contracts;
use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::files::SuiteFiles;
use crate::suite;
use crate::target::model::{ClockMeans, Means, Target, ThrottleMeans};

fn bad(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad").join(name)
}

/// Returns the embedded suites with a folder of `fixtures/bad` laid over them.
fn laid_over(folder: &str) -> SuiteFiles {
    let mut files = SuiteFiles::embedded();
    files.files.extend(SuiteFiles::read(&bad(folder)).expect("the fixture is there").files);
    files
}

fn mistakes(folder: &str) -> Vec<Diagnostic> {
    let files = laid_over(folder);
    match Contracts::load(&files) {
        Err(found) => found,
        Ok(contracts) => suite::load(&files, &contracts).expect_err("the fixture is bad"),
    }
}

fn line(mistake: &Diagnostic) -> usize {
    mistake.text[..mistake.span.start].matches('\n').count() + 1
}

#[test]
fn every_mistake_of_a_bad_suite_is_told_with_its_line() {
    for (folder, expected) in [
        ("malformed-yaml", &[(12, "")][..]),
        ("duplicate-ids", &[(14, "a second case `saf/broken/same`"), (21, "family-without-row")]),
        (
            "wrong-names",
            &[
                (13, "no baseline `saf/initt`"),
                (20, "no parameter `ServiceParameters#returnURL`"),
                (25, "no requirement `saf.rule.return-url-emty`"),
                (33, "no operation `ExecuteRequest.start`"),
                (41, "no case `saf/flow/nobody`"),
                (49, "wants a refusal and has no twin"),
                (57, "differs from its twin in 2 steps"),
            ],
        ),
    ] {
        let found = mistakes(folder);
        for (wanted, message) in expected {
            let near = |mistake: &&Diagnostic| line(mistake).abs_diff(*wanted) <= 2;
            assert!(
                found.iter().filter(near).any(|mistake| mistake.message.contains(message)),
                "{folder}:{wanted} {message}: {:?}",
                found.iter().map(|mistake| (line(mistake), &mistake.message)).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn unknown_keys_and_wrong_contracts_name_the_key() {
    for (folder, message) in [("unknown-key", "titel"), ("bad-contract", "cookie")] {
        let found = mistakes(folder);
        assert!(found.iter().any(|mistake| mistake.message.contains(message)), "{folder}: {found:?}");
    }
}

#[test]
fn bad_targets_name_the_mistake() {
    for (name, message) in [("target-malformed.yaml", ""), ("target-unknown-key.yaml", "telepathy")] {
        let text: Arc<str> = std::fs::read_to_string(bad(name)).expect("the fixture is there").into();
        let found = parse_yaml::<Target>(name, &text).expect_err("the fixture is bad");
        assert!(found.iter().any(|mistake| mistake.message.contains(message)), "{name}: {found:?}");
    }
    assert!(std::fs::read_to_string(bad("not-utf8.yaml")).is_err());
}

#[test]
fn targets_that_are_only_out_of_place_load() {
    for name in ["target-without-roles.yaml", "target-not-loopback.yaml", "target-plain-http-on-https-port.yaml"] {
        let text: Arc<str> = std::fs::read_to_string(bad(name)).expect("the fixture is there").into();
        parse_yaml::<Target>(name, &text).expect(name);
    }
}

#[test]
fn example_targets_spend_nothing_and_hold_no_key() {
    let files = SuiteFiles::embedded();
    for name in ["shanghai", "beijing", "hong-kong", "singapore"] {
        let path = format!("targets/{name}.yaml");
        let target = parse_yaml::<Target>(&path, &files.files[&path]).expect(name);
        assert_eq!(target.name, name);
        assert!(target.endpoints.values().all(|url| url.starts_with("https://") && url.ends_with(".aliyuncs.com")));
        assert_eq!(target.budgets.billable_calls, Some(0), "{name}");
        assert!(target.endpoints.keys().all(|api| target.budgets.qps.contains_key(api)), "{name}");
        assert_eq!((target.capabilities.submit, target.capabilities.billing), (Means::None, Means::None));
        assert_eq!(target.capabilities.clock, ClockMeans::None);
        assert_eq!(target.capabilities.throttle, ThrottleMeans::Never);
        assert!(target.sandbox.accounts.iter().all(|account| account.access_key_secret.is_none()), "{name}");
    }
}

#[test]
fn numbers_of_the_mocks_persons_end_in_their_check_character() {
    let files = SuiteFiles::embedded();
    let target = parse_yaml::<Target>("targets/mock.yaml", &files.files["targets/mock.yaml"]).expect("mock loads");
    for person in &target.sandbox.persons {
        let valid = check_character(&person.id_number) == person.id_number.chars().last();
        assert_eq!(valid, person.role != "number-not-legal", "{}", person.role);
    }
}

/// Returns the last character that GB 11643 gives the first 17 digits.
fn check_character(number: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = number.chars().zip(WEIGHTS).map(|(digit, weight)| digit.to_digit(10).unwrap_or_default() * weight);
    "10X98765432".chars().nth(digits.sum::<u32>() as usize % 11)
}
