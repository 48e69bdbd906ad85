//! A person finishes the client part of a transaction, or leaves it.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::control::SubmitRequest;
use crate::mock::account::Account;
use crate::mock::callback::Callback;
use crate::mock::core::Mock;
use crate::mock::defect::Behaviour;
use crate::mock::sync::hold;
use crate::mock::transaction::{Ended, Family, Identity, Transaction};
use crate::mock::variant::Variant;

/// Takes a submission, or says why not.
pub(in crate::mock) fn submit(mock: &Mock, request: &SubmitRequest) -> Result<(), &'static str> {
    let family = Family::named(&request.api).ok_or("unknown api")?;
    let account = mock.accounts.find(&mock.sandbox, &request.access_key_id).ok_or("unknown account")?;
    let now = account.now(mock.global_now());
    let mut ledger = hold(&account.ledger);
    let transaction = ledger.find(&request.transaction).filter(|found| found.family == family);
    let transaction = transaction.ok_or("unknown transaction")?.clone();
    check(mock, &transaction, mock.edge(now))?;
    let (biz_type, biz_id) = (transaction.kept("BizType"), transaction.kept("BizId"));
    let passed = |attempt: &&Transaction| attempt.ended.as_ref().is_some_and(|ended| ended.outcome == family.pass());
    let has_passed = family == Family::VerifyToken && ledger.task(biz_type, biz_id).iter().any(passed);
    if has_passed && !mock.breaks(Behaviour::SubmittedTwice(family)) {
        return Err("already passed");
    }
    if request.abandon {
        let billed = family == Family::Cloudauth && mock.reads(Variant::AbandonedBilled);
        ledger.billed += u64::from(billed) + u64::from(mock.breaks(Behaviour::BilledOnAbandon(family)));
        if let Some(found) = ledger.find_mut(&request.transaction) {
            found.abandoned = true;
        }
        drop(ledger);
        if mock.breaks(Behaviour::CallbackOnAbandon(family)) {
            let callback = callback(mock, &transaction, &request.transaction, family.mismatch(), now);
            send(mock, &account, callback);
        }
        return Ok(());
    }
    let person = request.person.as_ref();
    let person = person.map(|person| Identity::new(&person.name, &person.id_number));
    let outcome = settle(mock, &transaction, person.as_ref(), request.sub_code.as_deref());
    if mock.operations.is_billed(family, &outcome) {
        ledger.billed += 1 + u64::from(mock.breaks(Behaviour::BilledTwice(family)));
    }
    if family == Family::Cloudauth
        && matches!(outcome.as_str(), "201" | "202" | "203")
        && let Some(identity) = &transaction.identity
    {
        ledger.refused.insert(identity.clone());
    }
    let callback = callback(mock, &transaction, &request.transaction, &outcome, now);
    if let Some(found) = ledger.find_mut(&request.transaction) {
        found.ended = Some(Ended { at: now, outcome, person });
    }
    drop(ledger);
    send(mock, &account, callback);
    Ok(())
}

/// One submission, within its time (source: cloudauth-2019-03-07.md §11). The older flow's tokens may be used again
/// until the task passes (source: verify-token-2019-03-07.md §7).
fn check(mock: &Mock, transaction: &Transaction, now: Timestamp) -> Result<(), &'static str> {
    let family = transaction.family;
    let is_short = transaction.has_expired(now.plus_seconds(120)) && mock.breaks(Behaviour::SubmittedShort(family));
    let is_late = transaction.has_expired(now);
    let is_excused =
        is_late && !transaction.has_expired(now.plus_seconds(-120)) && mock.breaks(Behaviour::SubmittedLate(family));
    if is_short || is_late && !is_excused {
        return Err("expired");
    }
    let is_once = family != Family::VerifyToken || mock.breaks(Behaviour::SubmittedOnce(family));
    let is_second = transaction.ended.is_some() && is_once;
    if is_second && !mock.breaks(Behaviour::SubmittedTwice(family)) {
        return Err("already submitted");
    }
    Ok(())
}

/// Returns how a submission ends: as forced, else as the person in front of the camera makes it.
///
/// Somebody else than the person init named does not match; whom the authority does not know is not found; without
/// any name there is nothing to compare and the liveness step passes.
pub(super) fn settle(
    mock: &Mock,
    transaction: &Transaction,
    person: Option<&Identity>,
    forced: Option<&str>,
) -> String {
    let family = transaction.family;
    if let Some(forced) = forced {
        return forced.to_owned();
    }
    if let (Some(person), Some(named)) = (person, &transaction.identity)
        && person != named
    {
        return family.mismatch().to_owned();
    }
    let Some(present) = person.or(transaction.identity.as_ref()) else { return family.pass().to_owned() };
    match mock.sandbox.person(&present.name, &present.number) {
        Some(known) => known.outcome.get(family.api()).cloned().unwrap_or_else(|| family.pass().to_owned()),
        None if present.name.is_empty() || present.number.is_empty() => family.pass().to_owned(),
        None if mock.sandbox.persons_with(&present.number).next().is_some() => name_differs(family).to_owned(),
        None => family.not_found().to_owned(),
    }
}

/// Returns the outcome when number and name belong to different persons.
fn name_differs(family: Family) -> &'static str {
    match family {
        Family::Cloudauth | Family::Intl => "201",
        Family::VerifyToken => "2",
        Family::Saf => "F",
    }
}

/// Calls back for a transaction that just began, where a defect wants that.
pub(super) fn call_back_at_once(mock: &Mock, account: &Arc<Account>, (id, transaction): (&str, &Transaction)) {
    if mock.breaks(Behaviour::CallbackAtOnce(transaction.family)) {
        let callback = callback(mock, transaction, id, transaction.family.pass(), transaction.created);
        send(mock, account, callback);
    }
}

/// Returns the callback of an ended verification, with the fields of its family (source: cloudauth-2019-03-07.md §12,
/// saf-2017-03-31.md §9, cloudauth-intl-2022-08-09.md §8). The older flow's protocol is not documented: none is sent.
fn callback(mock: &Mock, transaction: &Transaction, id: &str, outcome: &str, now: Timestamp) -> Option<Callback> {
    let url = transaction.kept("CallbackUrl");
    if url.is_empty() || transaction.family == Family::VerifyToken {
        return None;
    }
    let mut fields = Vec::new();
    let family = transaction.family;
    let token = transaction.kept("CallbackToken");
    let token = if !token.is_empty() && mock.breaks(Behaviour::CallbackTokenLeftOut(family)) { "" } else { token };
    let token =
        if token.is_empty() && mock.breaks(Behaviour::CallbackTokenAdded(family)) { "nobody-gave" } else { token };
    let is_other = mock.breaks(Behaviour::CallbackOtherCode(family));
    let outcome = if is_other { if family == Family::Saf { "X" } else { "299" } } else { outcome };
    let other = mock.reads(Variant::CallbackSpelling);
    let capital = other && transaction.family == Family::Cloudauth;
    let sub_code = if other { "subCode" } else { "subcode" };
    if !token.is_empty() && !capital {
        fields.push(("callbackToken", token));
    }
    let passed = if transaction.family.passes(outcome) { "Y" } else { "N" };
    match transaction.family {
        Family::Intl => fields.extend([("transactionId", id), ("passed", passed), (sub_code, outcome)]),
        _ => fields.extend([("certifyId", id), ("passed", outcome)]),
    }
    if !token.is_empty() && capital {
        fields.push(("CallbackToken", token));
    }
    if mock.breaks(Behaviour::CallbackIdLeftOut(family)) {
        fields.retain(|(name, _)| !name.ends_with("Id"));
    }
    let url = if mock.reads(Variant::CallbackQueryDropped) { url.split('?').next().unwrap_or_default() } else { url };
    let callback = Callback::new(url, &fields, now)?.with_post(mock.breaks(Behaviour::CallbackByPost(family)));
    Some(match transaction.family {
        _ if mock.breaks(Behaviour::CallbackOnce(family)) => callback.with_attempts(1),
        Family::Saf | Family::Intl if mock.reads(Variant::CallbackOnce) => callback.with_attempts(1),
        _ if mock.reads(Variant::CallbackMoreTries) => callback.with_attempts(3),
        _ => callback,
    })
}

fn send(mock: &Mock, account: &Arc<Account>, callback: Option<Callback>) {
    if callback.is_some() {
        mock.call_back(account, callback);
    }
}
