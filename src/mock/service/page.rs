//! Pages that init links to: where a person would verify, and where they go afterwards.

use super::context::Context;
use crate::clock::Timestamp;
use crate::exchange::{Request, decode_form, encode_component};
use crate::mock::answer::Answer;
use crate::mock::core::Mock;
use crate::mock::defect::Behaviour;
use crate::mock::sync::hold;
use crate::mock::transaction::{Family, Transaction};
use crate::mock::variant::Variant;

/// First part of the path of pages; what follows is the key id and the transaction.
const PAGE: &str = "/page/";

/// Returns the address of a transaction's page.
pub(super) fn certify_url(context: &Context<'_>, transaction: &str, long: bool) -> String {
    let key = encode_component(&context.account.key_id);
    let tail = if long { format!("?certifyId={transaction}&style=long") } else { String::new() };
    format!("{}{PAGE}{key}/{transaction}{tail}", context.base)
}

/// Returns the address of a page that holds the token and to which redirects can be appended with `&` (source:
/// verify-token-2019-03-07.md §4.4).
pub(super) fn verify_page_url(context: &Context<'_>, token: &str) -> String {
    format!("{}{PAGE}{}/{token}?verifyToken={token}", context.base, encode_component(&context.account.key_id))
}

/// Answers a request for a page; nothing when it is for something else.
pub(super) fn answer(mock: &Mock, request: &Request) -> Option<Answer> {
    let (key_id, id) = request.path().strip_prefix(PAGE)?.split_once('/')?;
    let key_id = percent_encoding::percent_decode_str(key_id).decode_utf8().ok()?;
    let missing = || html(404, "This verification does not exist.");
    let Some(account) = mock.accounts.find(&mock.sandbox, &key_id) else { return Some(missing()) };
    let Some(transaction) = hold(&account.ledger).find(id).cloned() else { return Some(missing()) };
    Some(show(mock, &transaction, id, request, account.now(mock.global_now())))
}

fn show(mock: &Mock, transaction: &Transaction, id: &str, request: &Request, now: Timestamp) -> Answer {
    // No document says how a page that no longer serves answers.
    let closed = if mock.reads(Variant::PageGone) { 410 } else { 403 };
    let Some(ended) = &transaction.ended else {
        let family = transaction.family;
        let longer = if mock.breaks(Behaviour::PageOpenLonger(family)) { 120 } else { 0 };
        let early = if mock.breaks(Behaviour::PageClosedEarly(family)) { 120 } else { 0 };
        return if transaction.has_expired(mock.edge(now).plus_seconds(early - longer)) {
            html(closed, "This link has expired.")
        } else {
            html(200, "Waiting for a person in front of the camera.")
        };
    };
    let passed = transaction.family.passes(&ended.outcome);
    match redirect(mock, transaction, id, request, passed) {
        Some(url) => html(302, "Verification finished.").with_header("location", url),
        // A link serves one submission.
        None => html(closed, "This link has been used."),
    }
}

/// Returns where the page goes after the end.
fn redirect(mock: &Mock, transaction: &Transaction, id: &str, request: &Request, passed: bool) -> Option<String> {
    if transaction.family == Family::VerifyToken {
        let fields = decode_form(request.raw_query()).ok()?;
        let (name, ignored) = match passed {
            true => ("successRedirect", Behaviour::SuccessRedirectIgnored),
            false => ("failRedirect", Behaviour::FailRedirectIgnored),
        };
        let appended = fields.into_iter().find(|(key, _)| key == name && !mock.breaks(ignored)).map(|(_, value)| value);
        let kept = transaction.kept(if passed { "PassedRedirectUrl" } else { "FailedRedirectUrl" });
        return appended.or_else(|| (!kept.is_empty()).then(|| kept.to_owned())).filter(|url| is_header_text(url));
    }
    let url = transaction.kept("ReturnUrl");
    if url.is_empty() || !is_header_text(url) {
        return None;
    }
    if mock.reads(Variant::ReturnBare) {
        return Some(url.to_owned());
    }
    // Third-party evidence only, and advisory in any case (source: cloudauth-2019-03-07.md §12).
    let (code, sub_code) = if passed { (1000, "Z5120") } else { (2006, "Z5128") };
    let response =
        serde_json::json!({ "code": code, "subCode": sub_code, "reason": "", "extInfo": { "certifyId": id } });
    let join = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{join}response={}", encode_component(&response.to_string())))
}

/// Says whether a text can stand in a header as it is.
fn is_header_text(text: &str) -> bool {
    text.bytes().all(|byte| (0x21..0x7F).contains(&byte))
}

fn html(status: u16, text: &str) -> Answer {
    let page = format!("<!doctype html><meta charset=\"utf-8\"><title>idvet mock</title><p>{text}</p>\n");
    Answer::plain(status, "text/html;charset=utf-8", page)
}
