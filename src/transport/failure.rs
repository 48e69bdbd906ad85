//! Why there is no answer, in the words of the exchange.

use std::error::Error as _;
use std::io;

use crate::exchange::NoResponse;

/// Sorts an error of opening a connection.
pub(super) fn opening(error: &io::Error, authority: &str) -> NoResponse {
    match is_lacking(error) {
        true => NoResponse::Lacking(error.to_string()),
        false => NoResponse::Connect(format!("{authority}: {error}")),
    }
}

/// Says whether this machine has nothing left to open a connection with.
#[cfg(unix)]
fn is_lacking(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| lacking.contains(&errno))
}

#[cfg(not(unix))]
fn is_lacking(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory)
}

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

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn what_this_machine_lacks_is_told_apart_from_who_does_not_answer() {
        let of = |errno: Errno| opening(&errno.into(), "127.0.0.1:1");
        for errno in [Errno::MFILE, Errno::ADDRNOTAVAIL] {
            assert!(matches!(of(errno), NoResponse::Lacking(_)), "{errno}");
        }
        assert!(matches!(of(Errno::CONNREFUSED), NoResponse::Connect(_)));
    }
}
