//! What an SDK offers, by what its driver says of it.

use super::{Done, NotRun, record};
use crate::event::{CaseFinished, Mismatch, Verdict};
use crate::judge::protocol::{Hello, OptionName};
use crate::judge::suite::{EndpointUse, PlannedSdkCase, TokenUse};

/// Judges whether the SDK has a call of its own for an operation.
pub(super) fn typed(hello: &Hello, planned: &PlannedSdkCase) -> Result<Done, NotRun> {
    let actual = match hello.operations.get(&planned.operation) {
        Some(offered) if offered.supported => match offered.typed {
            Some(true) => None,
            Some(false) => Some("only by the call for whatever operation is named".to_owned()),
            None => {
                return Err(NotRun::not_exercised("the driver does not say whether the call is the operation's own"));
            }
        },
        offered => {
            let reason = offered.and_then(|offered| offered.reason.as_deref());
            Some(reason.map_or_else(|| "none".to_owned(), |reason| format!("none: {reason}")))
        }
    };
    let missing = actual.map(|actual| Mismatch {
        place: format!("call of {}", planned.operation),
        expected: "one of its own".to_owned(),
        actual,
    });
    let checks = planned.case.requirements.iter().map(|id| record(id, "case", missing.clone())).collect();
    let verdict = Verdict::Passed;
    let finished = CaseFinished { case: planned.id.clone(), verdict, reason: None, checks, elapsed_micros: 0 };
    Ok(Done { finished, exchanges: Vec::new(), lost: None, has_hung: false })
}

/// Says why an SDK cannot be asked this.
pub(super) fn lacking(hello: &Hello, planned: &PlannedSdkCase) -> Option<String> {
    let Some(offered) = hello.operations.get(&planned.operation) else {
        return Some(format!("the SDK has no {}", planned.operation));
    };
    if !offered.supported {
        let reason = offered.reason.as_deref().unwrap_or("the driver gives no reason");
        return Some(format!("the SDK has no {}: {reason}", planned.operation));
    }
    let case = &planned.case;
    if let Some(known) = &offered.parameters {
        let missing = case.parameters.keys().find(|name| !known.contains(name) && !case.unlisted);
        if let Some(name) = missing {
            return Some(format!("the SDK cannot send {name}"));
        }
    }
    let options = &case.options;
    let wanted = [
        (options.connect_timeout_ms.is_some(), OptionName::ConnectTimeoutMs),
        (options.read_timeout_ms.is_some(), OptionName::ReadTimeoutMs),
        // One attempt is what an SDK makes that cannot be told otherwise.
        (options.max_attempts.is_some_and(|most| most > 1), OptionName::MaxAttempts),
        (case.token != TokenUse::None, OptionName::SecurityToken),
        (case.endpoint == EndpointUse::HttpsByDefault, OptionName::DefaultScheme),
        (case.endpoint.has_known_ca() || options.ca_file.is_some(), OptionName::CaFile),
    ];
    let missing = wanted.into_iter().find(|(is_wanted, option)| *is_wanted && !hello.options.contains(option));
    missing.map(|(_, option)| format!("the driver cannot set {}", serde_json::to_string(&option).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contracts;
    use crate::files::SuiteFiles;
    use crate::judge::suite::load_sdk;

    #[test]
    fn an_operation_has_a_call_of_its_own_where_the_driver_says_so() {
        let files = SuiteFiles::embedded();
        let suites = load_sdk(&files, &Contracts::load(&files).expect("contracts")).expect("suites");
        let planned = suites.cases.iter().find(|case| case.id == "sdk/schema/typed.intl.CheckResult").expect("a case");
        let typed = |offered: &str| {
            let hello = format!(
                r#"{{"protocol":1,"driver":"d","sdk":"s","sdk_version":"1","language":"l","language_version":"1","operations":{{{offered}}}}}"#
            );
            let done =
                super::typed(&serde_json::from_str(&hello).expect("a hello"), planned).map_err(|not| not.verdict)?;
            assert_eq!(done.finished.checks[0].requirement, "sdk.schema.53");
            Ok(done.finished.checks.into_iter().find_map(|check| check.mismatch).map(|mismatch| mismatch.actual))
        };
        assert_eq!(typed(r#""intl.CheckResult":{"supported":true,"typed":true}"#), Ok(None));
        let generic = "only by the call for whatever operation is named";
        assert_eq!(typed(r#""intl.CheckResult":{"supported":true,"typed":false}"#), Ok(Some(generic.to_owned())));
        let reason = r#""intl.CheckResult":{"supported":false,"reason":"another package has it"}"#;
        assert_eq!(typed(reason), Ok(Some("none: another package has it".to_owned())));
        assert_eq!(typed(""), Ok(Some("none".to_owned())));
        assert_eq!(typed(r#""intl.CheckResult":{"supported":true}"#), Err(Verdict::NotExercised));
    }
}
