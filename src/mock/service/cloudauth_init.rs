//! InitFaceVerify, in the order of cloudauth-2019-03-07.md §16.

use super::account_state;
use super::begin::{Beginning, begin};
use super::context::{Context, Outcome, Reply, object, with_object};
use super::meta_info::{MetaInfo, refused_device};
use super::page;
use super::picture::{self, PictureFault};
use crate::mock::defect::Behaviour;
use crate::mock::rows::Breach;
use crate::mock::sync::hold;
use crate::mock::transaction::{Family, Identity};
use crate::mock::variant::Variant;

/// Parameters that later steps look at.
const KEPT: &[&str] = &[
    "ProductCode",
    "SceneId",
    "ReturnUrl",
    "CallbackUrl",
    "CallbackToken",
    "FaceGuardOutput",
    "RarelyCharacters",
    "VideoEvidence",
    "ProcedurePriority",
    "Birthday",
];

/// Serves InitFaceVerify.
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    let identity = match check_parameters(context) {
        Ok(identity) => identity,
        Err(code) => return Ok(context.code(&code)),
    };
    if context.scene(context.parameters.text("SceneId")).is_none() {
        return Ok(context.code("404"));
    }
    if let Some(refusal) = account_state::refusal(context) {
        return refusal;
    }
    if repeats_order_number(context) {
        return Ok(context.code("401"));
    }
    let refused = device_code(context).or_else(|| picture_code(context)).or_else(|| person_code(context, &identity));
    if let Some(code) = refused {
        return Ok(context.code(&code));
    }
    Ok(accept(context, identity))
}

/// Returns whom the request names, or the code that a parameter is refused with.
fn check_parameters(context: &Context<'_>) -> Result<Option<Identity>, String> {
    if let Some(breach) = context.breach() {
        return Err(context.breach_code(&breach));
    }
    let illegal = context.breach_code(&Breach::Invalid("CallbackUrl"));
    let unreadable = if context.mock.reads(Variant::Sm2BrokenOther) { "400".to_owned() } else { illegal.clone() };
    let identity = read_identity(context).ok_or(unreadable)?;
    let callback = context.parameters.given("CallbackUrl");
    if callback.is_some_and(|url| !context.mock.options.replay && !context.mock.caller.is_reachable(url))
        && !context.mock.breaks(Behaviour::CallbackUnreachableTaken)
        && !context.takes_plain_callback()
    {
        return Err(illegal);
    }
    Ok(identity)
}

/// Reads name and number, decrypting them under EncryptType=SM2; nothing at all when a ciphertext does not open. What
/// was encrypted has to be a number of the national form as well (source: saf-2017-03-31.md §8.1).
fn read_identity(context: &Context<'_>) -> Option<Option<Identity>> {
    let (name, number) = (context.parameters.text("CertName"), context.parameters.text("CertNo"));
    if name.is_empty() && number.is_empty() {
        return Some(None);
    }
    if !context.parameters.is("EncryptType", "SM2") {
        return Some(Some(Identity::new(name, number)));
    }
    let open = |text: &str| {
        if text.is_empty() {
            Some(String::new())
        } else {
            context
                .mock
                .keys
                .open_sm2(text)
                .ok()
                .filter(|_| !context.mock.breaks(Behaviour::EncryptedRefused(Family::Cloudauth)))
        }
    };
    let identity = Identity::new(&open(name)?, &open(number)?);
    let is_national = identity.number.is_empty() || is_national_number(&identity.number);
    is_national.then_some(Some(identity))
}

fn is_national_number(number: &str) -> bool {
    let (digits, check) = number.split_at_checked(17).unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
        && matches!(check.as_bytes(), [b'0'..=b'9' | b'X' | b'x'])
}

fn device_code(context: &Context<'_>) -> Option<String> {
    refused_device(&context.mock.sandbox, "cloudauth", context.parameters.text("MetaInfo")).map(str::to_owned)
}

/// Judges the picture routes: more than one 420, too big 421, too slow 422, unusable 419, an unfit CertifyId 423
/// (source: cloudauth-2019-03-07.md §6).
fn picture_code(context: &Context<'_>) -> Option<String> {
    let given = |name: &str| context.parameters.given(name);
    let from_oss = given("OssBucketName").or(given("OssObjectName"));
    let routes = [given("FaceContrastPicture"), given("FaceContrastPictureUrl"), given("CertifyId"), from_oss];
    if routes.iter().flatten().count() > 1 {
        return Some("420".to_owned());
    }
    let sandbox = &context.mock.sandbox;
    let base64 = given("FaceContrastPicture").and_then(|text| picture::judge_base64(sandbox, "cloudauth", text));
    let fault = base64
        .or_else(|| given("FaceContrastPictureUrl").and_then(|url| picture::judge_url(sandbox, "cloudauth", url)));
    match fault {
        Some(PictureFault::Code(code)) => Some(code.to_owned()),
        Some(PictureFault::TooLarge) => Some("421".to_owned()),
        Some(PictureFault::Unreadable) => Some("419".to_owned()),
        None => given("CertifyId").filter(|id| !has_passed(context, id)).map(|_| "423".to_owned()),
    }
}

/// Says whether an order number was used before, where a variant refuses that.
fn repeats_order_number(context: &Context<'_>) -> bool {
    let number = context.parameters.text("OuterOrderNo");
    context.mock.reads(Variant::OrderNumberOnce)
        && !hold(&context.account.ledger).order_numbers.insert(number.to_owned())
}

fn has_passed(context: &Context<'_>, certify_id: &str) -> bool {
    let ledger = hold(&context.account.ledger);
    let ended = ledger.find(certify_id).and_then(|transaction| transaction.ended.as_ref());
    ended.is_some_and(|ended| context.served.family.passes(&ended.outcome))
}

/// 417 after sub-code 201, 202 or 203 of the same identity; otherwise what the sandbox says of the person.
fn person_code(context: &Context<'_>, identity: &Option<Identity>) -> Option<String> {
    let identity = identity.as_ref()?;
    let person = context.mock.sandbox.person(&identity.name, &identity.number);
    if let Some(code) = person.and_then(|person| person.init_code.get("cloudauth")) {
        return Some(code.clone());
    }
    let is_refused = hold(&context.account.ledger).refused.contains(identity);
    (is_refused && !context.mock.breaks(Behaviour::FailedIdentityTaken)).then(|| "417".to_owned())
}

fn accept(context: &Context<'_>, identity: Option<Identity>) -> Reply {
    let meta_info = MetaInfo::read(context.parameters.text("MetaInfo"), &context.mock.sandbox).unwrap_or_default();
    let is_web = meta_info.is_web() && (meta_info.is_genuine || context.mock.breaks(Behaviour::PageForWrongMetaInfo));
    let certify_id = begin(
        context,
        Beginning {
            identity,
            risk_tags: meta_info.risk_tags,
            keep: KEPT,
            kept: vec![("deviceType", meta_info.device_type)],
        },
    );
    let mut result = object(serde_json::json!({ "CertifyId": certify_id }));
    if is_web {
        // Long links name everything, short ones the transaction alone (source: cloudauth-2019-03-07.md §4).
        let url = page::certify_url(context, &certify_id, context.parameters.is("CertifyUrlStyle", "L"));
        result.insert("CertifyUrl".to_owned(), url.into());
    }
    with_object(context.code("200"), "ResultObject", result)
}
