//! What a case wants of single fields besides the response table.

use regex::Regex;

use super::{Answer, in_body, judged, shown};
use crate::contract::path::{as_text, look_up};
use crate::event::{CheckRecorded, Mismatch};

/// Checks that a field has exactly this text.
pub fn check_field(answer: &Answer, path: &str, wanted: &str, requirement: &str, step: u32) -> CheckRecorded {
    let found = look_up(&answer.value, path);
    let holds = found.as_ref().is_some_and(|value| as_text(value) == wanted);
    let mismatch = (!holds).then(|| in_body(path, wanted, found.map_or_else(absent, |value| shown(&value))));
    judged(requirement, "field", step, mismatch)
}

/// Checks that a field has any text but this.
pub fn check_differs(answer: &Answer, path: &str, unwanted: &str, requirement: &str, step: u32) -> CheckRecorded {
    let found = look_up(&answer.value, path);
    let mismatch = match found {
        None => Some(in_body(path, format!("another value than {unwanted}"), absent())),
        Some(value) if as_text(&value) == unwanted => {
            Some(in_body(path, format!("another value than {unwanted}"), "the same value"))
        }
        Some(_) => None,
    };
    judged(requirement, "field-differs", step, mismatch)
}

/// Checks that a field follows a pattern. A pattern that does not compile is a mismatch that says so.
pub fn check_match(answer: &Answer, path: &str, pattern: &str, requirement: &str, step: u32) -> CheckRecorded {
    let found = look_up(&answer.value, path);
    let holds =
        Regex::new(pattern).is_ok_and(|pattern| found.as_ref().is_some_and(|value| pattern.is_match(&as_text(value))));
    let expected = format!("a text like {pattern}");
    let mismatch = (!holds).then(|| in_body(path, expected, found.map_or_else(absent, |value| shown(&value))));
    judged(requirement, "field-match", step, mismatch)
}

/// Checks that a field is there.
pub fn check_present(answer: &Answer, path: &str, requirement: &str, step: u32) -> CheckRecorded {
    let mismatch = look_up(&answer.value, path).is_none().then(|| in_body(path, "the field", absent()));
    judged(requirement, "field-present", step, mismatch)
}

/// Checks that a field is not there.
pub fn check_absent(answer: &Answer, path: &str, requirement: &str, step: u32) -> CheckRecorded {
    let mismatch = look_up(&answer.value, path).map(|value| in_body(path, "no such field", shown(&value)));
    judged(requirement, "field-absent", step, mismatch)
}

/// Checks the format of a body.
pub fn check_format(answer: &Answer, wanted: &str, requirement: &str, step: u32) -> CheckRecorded {
    let actual = answer.format.name();
    let mismatch = (actual != wanted).then(|| Mismatch {
        place: "response body".to_owned(),
        expected: wanted.to_owned(),
        actual: actual.to_owned(),
    });
    judged(requirement, "format", step, mismatch)
}

fn absent() -> String {
    "no such field".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::Format;

    #[test]
    fn single_fields_are_judged() {
        let value = json!({ "Code": "200", "Status": -1, "Info": "{\"a\":\"b\"}", "None": null });
        let answer = Answer { value, format: Format::Json, root: None };
        let holds = |check: CheckRecorded| check.mismatch.is_none();
        assert!(holds(check_field(&answer, "Status", "-1", "r", 0)));
        assert!(!holds(check_field(&answer, "Status", "1", "r", 0)));
        assert!(holds(check_match(&answer, "Info#a", "^b$", "r", 0)));
        assert!(!holds(check_match(&answer, "Code", "[", "r", 0)));
        assert!(holds(check_present(&answer, "Info#a", "r", 0)));
        assert!(!holds(check_present(&answer, "None", "r", 0)));
        assert!(holds(check_absent(&answer, "None", "r", 0)));
        assert!(!holds(check_absent(&answer, "Code", "r", 0)));
        assert!(holds(check_differs(&answer, "Code", "400", "r", 0)));
        assert!(!holds(check_differs(&answer, "Code", "200", "r", 0)));
        assert!(!holds(check_differs(&answer, "Nothing", "200", "r", 0)));
        assert!(holds(check_format(&answer, "json", "r", 0)));
        assert!(!holds(check_format(&answer, "xml", "r", 0)));
    }
}
