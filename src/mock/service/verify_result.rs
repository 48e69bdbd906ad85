//! DescribeVerifyResult, and the result that VerifyMaterial shares.

use serde_json::{Map, Value, json};

use super::account_state;
use super::context::{Context, Outcome, Reply};
use super::verify_token::unknown_biz_type;
use crate::mock::sync::hold;
use crate::mock::transaction::{Ended, Family, Transaction};

/// Seconds that picture links open, and days that results are kept (source: verify-token-2019-03-07.md §7).
const LINK_SECONDS: i64 = 300;
const KEPT_DAYS: i64 = 180;

/// Serves DescribeVerifyResult.
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    if let Some(breach) = context.breach() {
        return Err(context.refuse_breach(&breach));
    }
    let biz_type = context.parameters.text("BizType");
    if context.scene(biz_type).is_none() {
        return Err(unknown_biz_type(context));
    }
    if let Some(refusal) = account_state::refusal(context) {
        return refusal;
    }
    let biz_id = context.parameters.text("BizId");
    let attempts: Vec<Transaction> =
        hold(&context.account.ledger).task(biz_type, biz_id).into_iter().cloned().collect();
    let Some(decisive) = decisive(&attempts) else { return Ok(not_submitted()) };
    let since = decisive.ended.as_ref().map_or(decisive.created, |ended| ended.at);
    if context.now >= since.plus_seconds(KEPT_DAYS * 86_400) {
        return Err(context.refuse("DataExpired", 410));
    }
    let Some(ended) = decisive.ended.as_ref().filter(|ended| ended.outcome != "-1") else { return Ok(not_submitted()) };
    Ok(Reply::flat(result(context, biz_id, decisive, ended, true)))
}

/// Returns the attempt that counts: one that passed, else the last that ended, else the last.
fn decisive(attempts: &[Transaction]) -> Option<&Transaction> {
    let ended = |attempt: &&Transaction| attempt.ended.is_some();
    let passed = |attempt: &&Transaction| attempt.ended.as_ref().is_some_and(|ended| ended.outcome == "1");
    attempts.iter().find(passed).or_else(|| attempts.iter().rev().find(ended)).or_else(|| attempts.last())
}

fn not_submitted() -> Reply {
    let mut body = Map::new();
    body.insert("VerifyStatus".to_owned(), Value::from(-1));
    Reply::flat(body)
}

/// Returns the fields of a result (source: verify-token-2019-03-07.md §5.2, §6.2). FaceMask is a Boolean in one call
/// and text in the other.
pub(super) fn result(
    context: &Context<'_>,
    biz_id: &str,
    attempt: &Transaction,
    ended: &Ended,
    mask_is_boolean: bool,
) -> Map<String, Value> {
    let solution = attempt.kept("solution");
    let passed = Family::VerifyToken.passes(&ended.outcome);
    let score = |high: f64| Value::from(if passed { high } else { 42.5 });
    let mut body = Map::new();
    body.insert("VerifyStatus".to_owned(), ended.outcome.parse::<i64>().unwrap_or(-1).into());
    if solution.starts_with("RP") {
        body.insert("AuthorityComparisionScore".to_owned(), score(97.25));
    }
    if solution == "FVBioOnly" {
        body.insert("FaceComparisonScore".to_owned(), score(96.5));
    }
    let has_card = !attempt.kept("IdCardFrontImageUrl").is_empty() || matches!(solution, "RPBasic" | "RPBioID");
    if has_card {
        body.insert("IdCardFaceComparisonScore".to_owned(), score(95.75));
    }
    body.insert("Material".to_owned(), material(context, biz_id, attempt, ended, has_card, mask_is_boolean).into());
    body
}

fn material(
    context: &Context<'_>,
    biz_id: &str,
    attempt: &Transaction,
    ended: &Ended,
    has_card: bool,
    mask_is_boolean: bool,
) -> Map<String, Value> {
    let identity = ended.person.as_ref().or(attempt.identity.as_ref()).cloned().unwrap_or_default();
    let task = crate::exchange::encode_component(biz_id);
    let link = |file: &str| Value::from(context.material_link(&task, file, LINK_SECONDS));
    let mut material = Map::new();
    let mut put = |name: &str, value: Value| material.insert(name.to_owned(), value);
    put("FaceImageUrl", link("face.jpeg"));
    put("IdCardName", identity.name.as_str().into());
    put("IdCardNumber", identity.number.as_str().into());
    put("FaceQuality", "HIGH".into());
    put("FaceMask", if mask_is_boolean { Value::Bool(false) } else { "false".into() });
    let keeps = context.scene(attempt.kept("BizType")).is_some_and(|scene| scene.keeps_material);
    if keeps {
        put("FaceGlobalUrl", link("global.jpeg"));
    }
    if attempt.kept("solution") == "RPH5BioOnly" {
        put("VideoUrls", json!([link("face.mp4")]));
    }
    if has_card {
        put(
            "IdCardInfo",
            json!({
                "FrontImageUrl": link("front.jpeg"),
                "BackImageUrl": link("back.jpeg"),
                "Name": identity.name,
                "Number": identity.number,
                "Sex": "男",
                "Nationality": "汉",
                "Birth": identity.number.get(6..14).unwrap_or("19900101"),
                "Address": "浙江省杭州市某区某路1号",
                "StartDate": "20201101",
                "EndDate": "20401101",
                "Authority": "某市公安局某分局",
            }),
        );
    }
    material
}
