//! Initialize and InitializeV2 of the international product.

use serde_json::{Map, Value};

use super::account_state;
use super::begin::{Beginning, begin};
use super::context::{Context, Outcome, Reply, with_object};
use super::meta_info::{MetaInfo, refused_device};
use super::page;
use super::picture::{self, PictureFault};
use crate::mock::defect::Behaviour;
use crate::mock::gateway::Refusal;
use crate::mock::sync::hold;
use crate::mock::transaction::Identity;

/// Parameters that later steps look at.
const KEPT: &[&str] = &[
    "ProductCode",
    "MerchantBizId",
    "ReturnUrl",
    "CallbackUrl",
    "CallbackToken",
    "DocType",
    "DocVideo",
    "SecurityLevel",
    "IdSpoof",
    "Authorize",
    "FaceAttributeCheck",
];

/// Serves both; V2 gives the same reply (source: cloudauth-intl-2022-08-09.md §5.1).
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    if let Some(refusal) = account_state::refusal(context) {
        return refusal;
    }
    if let Some(breach) = context.breach() {
        return Err(context.refuse_breach(&breach));
    }
    check_pictures(context, ["FacePictureBase64", "FacePictureUrl", "FacePictureFile"])?;
    check_pictures(context, ["TargetFacePicture", "TargetFacePictureUrl", "TargetFacePictureFile"])?;
    if context.mock.breaks(Behaviour::MerchantNumberOnce) {
        let number = context.parameters.text("MerchantBizId").to_owned();
        if !hold(&context.account.ledger).order_numbers.insert(number) {
            return Err(context.refuse("InvalidParameter", 400));
        }
    }
    let device = refused_device(&context.mock.sandbox, "intl", context.parameters.text("MetaInfo"));
    let identity = named(context);
    let person = identity.as_ref().and_then(|named| context.mock.sandbox.person(&named.name, &named.number));
    let code = device.or_else(|| person?.init_code.get("intl").map(String::as_str));
    match code {
        Some(code) => Err(context.refuse(code, 400)),
        None => Ok(accept(context, identity)),
    }
}

/// Judges one picture given in several ways: Base64, address, or (V2) an uploaded file, which wins over the others
/// (source: cloudauth-intl-2022-08-09.md §4, §6.1).
fn check_pictures(context: &Context<'_>, [base64, url, file]: [&str; 3]) -> Result<(), Refusal> {
    let given = |name: &str| context.parameters.given(name);
    if given(file).is_some() && context.served.operation.name == "InitializeV2" {
        return check_fault(
            context,
            given(file).and_then(|url| picture::judge_url(&context.mock.sandbox, "intl", url)),
        );
    }
    if given(base64).is_some() && given(url).is_some() {
        return Err(context.refuse("DataDuplication", 401));
    }
    let sandbox = &context.mock.sandbox;
    let fault = given(base64).and_then(|text| picture::judge_base64(sandbox, "intl", text));
    check_fault(context, fault.or_else(|| given(url).and_then(|url| picture::judge_url(sandbox, "intl", url))))
}

fn check_fault(context: &Context<'_>, fault: Option<PictureFault<'_>>) -> Result<(), Refusal> {
    match fault {
        None => Ok(()),
        Some(PictureFault::Code(code)) => Err(context.refuse(code, 401)),
        Some(PictureFault::TooLarge) => Err(context.refuse("ToolargeImage", 401)),
        Some(PictureFault::Unreadable) => Err(context.refuse("UnqualifiedPhoto", 401)),
    }
}

/// Returns whom the request names; most products learn it from the document instead.
fn named(context: &Context<'_>) -> Option<Identity> {
    let (name, number) = (context.parameters.given("DocName")?, context.parameters.given("DocNo")?);
    Some(Identity::new(name, number))
}

fn accept(context: &Context<'_>, identity: Option<Identity>) -> Reply {
    let meta_info = MetaInfo::read(context.parameters.text("MetaInfo"), &context.mock.sandbox).unwrap_or_default();
    let is_web = meta_info.is_web();
    let beginning = Beginning { identity, risk_tags: meta_info.risk_tags, keep: KEPT, kept: Vec::new() };
    let id = begin(context, beginning);
    let mut result = Map::new();
    let mut put = |name: &str, value: String| result.insert(name.to_owned(), Value::from(value));
    put("TransactionId", id.clone());
    if is_web {
        put("TransactionUrl", page::certify_url(context, &id, false));
    }
    // Opaque to everybody but the client SDK; Web pages in a frame get it too.
    put("Protocol", hex::encode(context.mock.ids.bytes("protocol", &id, 1)));
    if context.parameters.text("ProductCode").ends_with("_GLOBAL") {
        put("ClientCfg", hex::encode(context.mock.ids.bytes("client-cfg", &id, 1)));
    }
    with_object(context.code("Success"), "Result", result)
}
