//! VerifyMaterial: material in, verdict out, nobody in front of a camera.

use super::context::{Context, Outcome, Reply};
use super::submit::settle;
use super::verify_result;
use super::verify_token::{check, open_task};
use crate::mock::sync::hold;
use crate::mock::transaction::Ended;

/// Serves VerifyMaterial.
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    let solution = check(context, &["FaceImageUrl", "IdCardFrontImageUrl", "IdCardBackImageUrl"])?;
    let (name, number) = (context.parameters.text("Name"), context.parameters.text("IdCardNumber"));
    let person = context.mock.sandbox.person(name, &number.to_ascii_uppercase());
    if let Some(code) = person.and_then(|person| person.init_code.get("verify-token")) {
        return Err(context.refuse(code, 400));
    }
    let token = open_task(context, &solution);
    let mut ledger = hold(&context.account.ledger);
    let Some(attempt) = ledger.find(&token) else { return Err(context.refuse("Error.InternalError", 401)) };
    let outcome = settle(context.mock, attempt, None, None);
    let ended = Ended { at: context.now, outcome, person: None };
    if context.mock.operations.is_billed(context.served.family, &ended.outcome) {
        ledger.billed += 1;
    }
    if let Some(attempt) = ledger.find_mut(&token) {
        attempt.ended = Some(ended.clone());
    }
    let attempt = ledger.find(&token).cloned();
    drop(ledger);
    let Some(attempt) = attempt else { return Err(context.refuse("Error.InternalError", 401)) };
    let biz_id = context.parameters.text("BizId");
    let mut body = verify_result::result(context, biz_id, &attempt, &ended, false);
    body.insert("VerifyToken".to_owned(), token.into());
    Ok(Reply::flat(body))
}
