//! ExecuteRequest of SAF: one action that multiplexes services and methods through JSON text.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::account_state;
use super::begin::{Beginning, begin};
use super::context::{Context, Outcome, Reply, object, with_object};
use super::page;
use super::serve::{context, enter};
use crate::mock::core::Mock;
use crate::mock::defect::Behaviour;
use crate::mock::gateway::{Admitted, Parameters};
use crate::mock::operations::Served;
use crate::mock::sync::hold;
use crate::mock::transaction::{Family, Identity};
use crate::mock::variant::Variant;

/// Parameters that later steps look at.
const KEPT: &[&str] = &["sceneId"];

/// Finds the method of a call and serves it. Codes are those of the sibling service (source: saf-2017-03-31.md §7).
pub(super) fn multiplex(mock: &Mock, call: &Admitted, base: &str, served: &[Arc<Served>]) -> Outcome {
    let mut parameters = call.parameters.clone();
    let method = unfold(&mut parameters);
    let named = served.iter().find(|served| served.operation.name.rsplit('.').next() == method.as_deref());
    let chosen = named.or(served.first()).ok_or_else(|| crate::mock::gateway::Refusal::of("InvalidAction.NotFound"))?;
    let context = Context { parameters: &parameters, ..context(mock, call, base, chosen) };
    enter(&context)?;
    match context.parameters.given("Service") {
        Some("fin_face_verify") | None => {}
        Some(_) => return Ok(context.numeric_code("404")),
    }
    if let Some(refusal) = account_state::refusal(&context) {
        return refusal;
    }
    if named.is_none() || context.breach().is_some() || is_refused_wrongly(&context) {
        let code = if mock.breaks(Behaviour::RefusalAs200) { "200" } else { "400" };
        return Ok(context.numeric_code(code));
    }
    match method.as_deref() {
        Some("init") => Ok(init(&context)),
        Some("query") => Ok(query(&context)),
        _ => Ok(context.numeric_code("400")),
    }
}

/// Says whether a defect refuses what is documented to be served.
fn is_refused_wrongly(context: &Context<'_>) -> bool {
    let lacks = |name: &str| context.parameters.given(name).is_none();
    context.parameters.is("returnUrl", "") && context.mock.breaks(Behaviour::EmptyReturnUrlRefused)
        || lacks("metaInfo") && lacks("MetaInfo") && context.mock.breaks(Behaviour::MetaInfoDemanded)
}

/// Returns the method that ServiceParameters names.
pub(super) fn method(parameters: &Parameters) -> Option<String> {
    unfold(&mut parameters.clone())
}

/// Puts the keys of ServiceParameters beside the other parameters and returns `method`. What is no JSON object has
/// no method.
fn unfold(parameters: &mut Parameters) -> Option<String> {
    let json: Value = serde_json::from_str(parameters.given("ServiceParameters")?).ok()?;
    for (name, value) in json.as_object()? {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        parameters.set(name, text);
    }
    parameters.given("method").map(str::to_owned)
}

/// A field report says 501 (source: saf-2017-03-31.md §8.1).
fn unreadable(context: &Context<'_>) -> &'static str {
    if context.mock.reads(Variant::Sm2BrokenOther) { "500" } else { "501" }
}

fn init(context: &Context<'_>) -> Reply {
    if context.scene(context.parameters.text("sceneId")).is_none() {
        return context.numeric_code("400");
    }
    let Some(identity) = read_identity(context) else { return context.numeric_code(unreadable(context)) };
    let person = context.mock.sandbox.person(&identity.name, &identity.number);
    if let Some(code) = person.and_then(|person| person.init_code.get("saf")) {
        return context.numeric_code(code);
    }
    let text = |name: &str| context.parameters.text(name).to_owned();
    let kept = vec![
        ("ProductCode", text("bizCode")),
        ("ReturnUrl", text("returnUrl")),
        ("CallbackUrl", text("callbackUrl")),
        ("CallbackToken", text("callbackToken")),
    ];
    let id = begin(context, Beginning { identity: Some(identity), risk_tags: Vec::new(), keep: KEPT, kept });
    let data = object(json!({ "certifyId": id, "certifyUrl": page::certify_url(context, &id, true) }));
    with_object(context.numeric_code("200"), "Data", data)
}

/// Reads name and number; nothing when SM2 does not open, which answers 501 (source: saf-2017-03-31.md §8.1).
fn read_identity(context: &Context<'_>) -> Option<Identity> {
    let (name, number) = (context.parameters.text("certName"), context.parameters.text("certNo"));
    let is_empty = context.parameters.is("encryptType", "");
    let is_taken_for_sm2 = is_empty && context.mock.breaks(Behaviour::EmptyTypeDecrypts);
    if !context.parameters.is("encryptType", "SM2") && !is_taken_for_sm2 {
        return Some(Identity::new(name, number));
    }
    let keys = &context.mock.keys;
    if context.mock.breaks(Behaviour::EncryptedRefused(Family::Saf)) {
        return None;
    }
    Some(Identity::new(&keys.open_sm2(name).ok()?, &keys.open_sm2(number).ok()?))
}

/// What a query before the end, or for an unknown id or another scene, answers is not documented; it is not 200
/// (source: saf-2017-03-31.md §12).
fn query(context: &Context<'_>) -> Reply {
    let id = context.parameters.text("certifyId");
    let found = hold(&context.account.ledger).find(id).filter(|found| found.family == Family::Saf).cloned();
    let is_refused = context.mock.breaks(Behaviour::SameSceneRefused);
    let same_scene = |scene: &str| scene == context.parameters.text("sceneId") && !is_refused;
    let Some(transaction) = found.filter(|found| same_scene(found.kept("sceneId"))) else {
        return context.numeric_code("400");
    };
    let unfinished = if context.mock.reads(Variant::SafUnfinished) { "404" } else { "400" };
    let Some(ended) = &transaction.ended else { return context.numeric_code(unfinished) };
    if let Some(token) = context.parameters.given("encToken")
        && (context.mock.breaks(Behaviour::EncTokenRefused) || context.mock.keys.open_enc_token(token).is_err())
    {
        return context.numeric_code("400");
    }
    let passed = if Family::Saf.passes(&ended.outcome) { "T" } else { "F" };
    let mut data = Map::new();
    data.insert("passed".to_owned(), passed.into());
    data.insert("identityInfo".to_owned(), "".into());
    data.insert("materialInfo".to_owned(), "".into());
    if passed == "F" {
        data.insert("fail_reason".to_owned(), "FACE_NOT_MATCH".into());
    }
    with_object(context.numeric_code("200"), "Data", data)
}
