//! What stands behind links in answers: pictures and videos that stop opening, and pages.

use super::page;
use crate::exchange::Request;
use crate::mock::answer::Answer;
use crate::mock::core::Mock;
use crate::mock::links::Links;

/// A picture of one grey dot (JPEG), and the head of a video file: what they show concerns nobody.
pub(super) const PICTURE: &[u8] = include_bytes!("grey.jpeg");
const VIDEO: &[u8] = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08free";

/// Answers a GET that is for a link; nothing for API calls, which all go to `/`.
pub(in crate::mock) fn link(mock: &Mock, request: &Request) -> Option<Answer> {
    if request.method != "GET" || request.path().len() < 2 {
        return None;
    }
    if Links::is_material(request.path()) {
        return Some(material(mock, request));
    }
    page::answer(mock, request)
}

fn material(mock: &Mock, request: &Request) -> Answer {
    let Some(material) = mock.links.read(request.path(), request.raw_query()) else {
        return denied(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the one you provided.",
        );
    };
    let Some(account) = mock.accounts.find(&mock.sandbox, &material.key_id) else {
        return denied("InvalidAccessKeyId", "The account behind this link is unknown.");
    };
    if mock.edge(account.now(mock.global_now())) >= material.expires {
        return denied("AccessDenied", "Request has expired.");
    }
    if material.name.ends_with(".mp4") {
        return Answer::plain(200, "video/mp4", VIDEO);
    }
    Answer::plain(200, "image/jpeg", PICTURE)
}

/// Answers as object storage does.
fn denied(code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>\n"
    );
    Answer::plain(403, "application/xml", body)
}
