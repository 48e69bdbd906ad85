//! A header that says the same as a field of the body.

use super::{Answer, judged};
use crate::contract::path::{as_text, look_up};
use crate::event::{CheckRecorded, Mismatch};
use crate::exchange::Response;

/// Checks that a header has the value of the field at `path`, as text.
pub fn check_header_equals(
    (response, answer): (&Response, &Answer),
    name: &str,
    path: &str,
    requirement: &str,
    step: u32,
) -> CheckRecorded {
    let header = response.header(name);
    let field = look_up(&answer.value, path).map(|value| as_text(&value).into_owned());
    let mismatch = (header.is_none() || header != field.as_deref()).then(|| Mismatch {
        place: format!("response header, {name}"),
        expected: field.map_or_else(|| format!("the value of {path}, which is absent"), |text| format!("\"{text}\"")),
        actual: header.map_or_else(|| "no such header".to_owned(), |value| format!("\"{value}\"")),
    });
    judged(requirement, "header-equals", step, mismatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_the_field_or_differs() {
        for (header, body, holds) in [
            (Some("7"), r#"{"Id":"7"}"#, true),
            (Some("7"), r#"{"Id":7}"#, true),
            (Some("8"), r#"{"Id":"7"}"#, false),
            (None, r#"{"Id":"7"}"#, false),
            (Some("7"), "{}", false),
        ] {
            let headers = header.map(|value| ("x-id".to_owned(), value.to_owned())).into_iter();
            let headers = headers.chain([("content-type".to_owned(), "application/json".to_owned())]).collect();
            let response = Response { status: 200, headers, body: body.to_owned().into() };
            let answer = super::super::read_answer(&response).expect("JSON");
            let record = check_header_equals((&response, &answer), "x-id", "Id", "r", 0);
            assert_eq!(record.mismatch.is_none(), holds, "{header:?} {body}");
        }
    }
}
