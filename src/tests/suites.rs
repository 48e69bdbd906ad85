//! Holds the embedded suites: they load, `lint` finds nothing, and they are as large as promised.

use crate::contract::{Contracts, Level};
use crate::files::SuiteFiles;
use crate::suite::{Suites, lint, load};

fn embedded() -> (SuiteFiles, Contracts, Suites) {
    let files = SuiteFiles::embedded();
    let contracts = Contracts::load(&files).unwrap_or_else(|mistakes| panic!("{:#?}", messages(&mistakes)));
    let suites = load(&files, &contracts).unwrap_or_else(|mistakes| panic!("{:#?}", messages(&mistakes)));
    (files, contracts, suites)
}

fn messages(mistakes: &[crate::diagnostic::Diagnostic]) -> Vec<String> {
    mistakes.iter().map(|mistake| format!("{}: {}", mistake.origin, mistake.message)).collect()
}

#[test]
fn the_embedded_suites_load_and_lint_finds_nothing() {
    let (files, contracts, suites) = embedded();
    assert_eq!(messages(&lint(&files, &contracts, &suites)), [""; 0]);
}

#[test]
fn every_family_has_its_cases_in_both_languages() {
    let (_, contracts, suites) = embedded();
    for (api, at_least) in [("gateway", 400), ("cloudauth", 350), ("verify-token", 180), ("saf", 150), ("intl", 400)] {
        let n_cases = suites.cases.values().filter(|case| case.api == api && !case.derived).count();
        assert!(n_cases >= at_least, "{api}: {n_cases} cases");
    }
    for case in suites.cases.values() {
        assert!(!case.title.en.is_empty() && !case.title.zh.is_empty(), "{}", case.id);
        assert!(!case.title.en.contains("{{") && !case.title.zh.contains("{{"), "{}", case.id);
        assert!(case.derived || case.requirements().next().is_some(), "{}", case.id);
    }
    let binding = contracts.requirements.values().filter(|requirement| requirement.level != Level::Info);
    assert!(binding.count() >= 600);
}
