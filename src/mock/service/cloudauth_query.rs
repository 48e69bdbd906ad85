//! DescribeFaceVerify, in the order of cloudauth-2019-03-07.md §16.

use serde_json::{Map, Value};

use super::account_state;
use super::cloudauth_material;
use super::context::{Context, Outcome, with_object};
use crate::mock::sync::hold;
use crate::mock::transaction::{Ended, Family, Transaction};
use crate::mock::variant::Variant;

/// Serves DescribeFaceVerify.
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    if let Some(breach) = context.breach() {
        return Ok(context.code(&context.breach_code(&breach)));
    }
    if context.scene(context.parameters.text("SceneId")).is_none() {
        return Ok(context.code("404"));
    }
    // The account is judged before its records are looked up: what is arranged for the mock, not known of the service.
    if let Some(refusal) = account_state::refusal(context) {
        return refusal;
    }
    let certify_id = context.parameters.text("CertifyId");
    let ledger = hold(&context.account.ledger);
    let found = ledger.find(certify_id).filter(|transaction| transaction.family == Family::Cloudauth);
    let transaction = found.cloned();
    drop(ledger);
    // What another account began is unknown here: ids are looked up in the caller's own ledger alone.
    let Some(transaction) = transaction else { return Ok(context.code("406")) };
    if let Some(code) = query_code(context, &transaction) {
        return Ok(context.code(code));
    }
    let Some(ended) = &transaction.ended else { return Ok(context.code(unfinished(context, &transaction))) };
    Ok(with_object(context.code("200"), "ResultObject", result(context, certify_id, &transaction, ended)))
}

/// Returns the code that a person's query answers with instead of a result, once they have submitted.
fn query_code<'a>(context: &'a Context<'_>, transaction: &Transaction) -> Option<&'a str> {
    let ended = transaction.ended.as_ref()?;
    let person = ended.person.as_ref().or(transaction.identity.as_ref())?;
    let known = context.mock.sandbox.person(&person.name, &person.number)?;
    known.query_code.get("cloudauth").map(String::as_str)
}

/// Returns the code of a verification without an end. Which of 403 and 424 it is, and what an id answers once nobody
/// can submit any more, is not documented (source: cloudauth-2019-03-07.md §15).
fn unfinished(context: &Context<'_>, transaction: &Transaction) -> &'static str {
    if context.mock.reads(Variant::ExpiredUnknown) && transaction.has_expired(context.now) {
        return "406";
    }
    // A verification that was given up is 424 in every source (source: cloudauth-2019-03-07.md §10).
    if context.mock.reads(Variant::Unfinished403) && !transaction.abandoned { "403" } else { "424" }
}

/// Returns ResultObject (source: cloudauth-2019-03-07.md §8).
fn result(context: &Context<'_>, certify_id: &str, transaction: &Transaction, ended: &Ended) -> Map<String, Value> {
    let passed = if Family::Cloudauth.passes(&ended.outcome) { "T" } else { "F" };
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    // The passport route reports its verdict under another name.
    put(if transaction.kept("ProductCode") == "NFC_QY" { "Success" } else { "Passed" }, passed.into());
    put("SubCode", ended.outcome.as_str().into());
    put("IdentityInfo", "null".into());
    if matches!(transaction.kept("deviceType"), "ios" | "android") {
        put("DeviceToken", context.mock.ids.transaction("Mcoz", certify_id, 1).into());
    }
    if transaction.kept("FaceGuardOutput") == "DeviceRisk" && !transaction.risk_tags.is_empty() {
        put("DeviceRisk", transaction.risk_tags.join(",").into());
    }
    if transaction.kept("RarelyCharacters") == "Y" {
        put("UserInfo", user_info(transaction).into());
    }
    if !transaction.kept("ProcedurePriority").is_empty() {
        put("DegradeInfo", "{}".into());
    }
    put("MaterialInfo", cloudauth_material::text(context, certify_id, transaction, ended).into());
    result
}

/// Returns UserInfo as JSON text; empty when the name has no rare character (source: cloudauth-2019-03-07.md §8).
fn user_info(transaction: &Transaction) -> String {
    let Some(identity) = &transaction.identity else { return String::new() };
    let is_rare = |char: char| char as u32 > 0xFFFF || ('\u{3400}'..='\u{4DBF}').contains(&char);
    if !identity.name.chars().any(is_rare) {
        return String::new();
    }
    serde_json::json!({ "name": identity.name, "verifyName": identity.name, "number": identity.number }).to_string()
}
