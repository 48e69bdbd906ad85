//! Why there is no answer, in the words of the exchange.

use std::error::Error as _;

use crate::exchange::NoResponse;

/// Sorts an error of the HTTP library.
pub(super) fn of(error: &hyper::Error) -> NoResponse {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let text = format!("{error}{cause}");
    if error.is_parse() {
        NoResponse::NotHttp(text)
    } else if error.is_incomplete_message() {
        NoResponse::Broken("it closed before the answer was complete".to_owned())
    } else {
        NoResponse::Broken(text)
    }
}
