//! DescribeVerifyToken: opens a task of the older flow, or another attempt at it.

use serde_json::{Map, Value, json};

use super::account_state;
use super::begin::{Beginning, begin};
use super::context::{Context, Outcome, Reply};
use super::page;
use super::picture::{self, PictureFault};
use crate::mock::gateway::Refusal;
use crate::mock::sync::hold;
use crate::mock::transaction::Identity;
use crate::mock::variant::Variant;

/// Parameters that later steps look at.
const KEPT: &[&str] =
    &["BizType", "BizId", "IdCardFrontImageUrl", "IdCardBackImageUrl", "PassedRedirectUrl", "FailedRedirectUrl"];

/// Serves DescribeVerifyToken.
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    let solution = check(context, &["IdCardFrontImageUrl", "IdCardBackImageUrl", "FaceRetainedImageUrl"])?;
    let token = open_task(context, &solution);
    let mut body = Map::new();
    body.insert("VerifyToken".to_owned(), token.as_str().into());
    if solution == "RPH5BioOnly" {
        body.insert("VerifyPageUrl".to_owned(), page::verify_page_url(context, &token).into());
    }
    body.insert("OssUploadToken".to_owned(), upload_grant(context, &token));
    Ok(Reply::flat(body))
}

/// Runs the checks of both calls that begin a task, and returns the solution bound to the scene.
pub(super) fn check(context: &Context<'_>, pictures: &[&str]) -> Result<String, Refusal> {
    if let Some(breach) = context.breach() {
        return Err(context.refuse_breach(&breach));
    }
    let Some(scene) = context.scene(context.parameters.text("BizType")) else {
        return Err(unknown_biz_type(context));
    };
    if let Some(refusal) = account_state::refusal(context) {
        return Err(refusal.err().unwrap_or_else(|| Refusal::of("InternalError")));
    }
    for name in pictures {
        check_picture(context, name)?;
    }
    let solution = scene.solution.clone().unwrap_or_default();
    if context.mock.refuses_solution(&solution) { Err(Refusal::invalid("BizType")) } else { Ok(solution) }
}

/// The name stands in a FAQ; the status is that of the older API (source: verify-token-2019-03-07.md §4.3).
pub(super) fn unknown_biz_type(context: &Context<'_>) -> Refusal {
    let older = context.mock.reads(Variant::BizTypeOlder);
    let code = if older { "InvalidParam.InvalidBiz" } else { "InvalidBiz" };
    Refusal::new(code, 400, "The specified BizType does not exist.")
}

/// Pictures are HTTP or HTTPS addresses that the service can fetch (source: verify-token-2019-03-07.md §7).
fn check_picture(context: &Context<'_>, name: &str) -> Result<(), Refusal> {
    let Some(url) = context.parameters.given(name) else { return Ok(()) };
    let sandbox = &context.mock.sandbox;
    if let Some(PictureFault::Code(code)) = picture::judge_url(sandbox, "verify-token", url) {
        return Err(picture_refusal(context, code));
    }
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(());
    }
    Err(picture_refusal(context, "InvalidParam.ImageValuePatternError"))
}

fn picture_refusal(context: &Context<'_>, code: &str) -> Refusal {
    let refusal = context.refuse(code, 400);
    if !refusal.message.is_empty() {
        return refusal;
    }
    let message = match code {
        "InvalidParam.MaterialsNotValid" => "The param materials is not valid.",
        _ => "The pattern of value of given image is not acceptable.",
    };
    refusal.with_message(message.to_owned())
}

/// Opens an attempt at a task and returns its token.
pub(super) fn open_task(context: &Context<'_>, solution: &str) -> String {
    let text = |name: &str| context.parameters.text(name).to_owned();
    let identity = Identity::new(&text("Name"), &text("IdCardNumber"));
    let named = !(identity.name.is_empty() && identity.number.is_empty());
    let beginning = Beginning {
        identity: named.then_some(identity),
        risk_tags: Vec::new(),
        keep: KEPT,
        kept: vec![("solution", solution.to_owned())],
    };
    let token = begin(context, beginning);
    hold(&context.account.ledger).add_to_task(&text("BizType"), &text("BizId"), &token);
    token
}

/// A grant for uploading pictures, in metadata and SDKs only; nothing listens behind it.
fn upload_grant(context: &Context<'_>, token: &str) -> Value {
    json!({
        "Bucket": "cloudauth-idvet",
        "EndPoint": "https://oss.example.com",
        "Path": format!("prod/{token}"),
        "Expired": context.now.plus_seconds(1_800).0,
        "Key": "STS.idvet-upload",
        "Secret": "idvet-upload-not-a-secret",
        "Token": "idvet-upload-token",
    })
}
