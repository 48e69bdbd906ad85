//! CheckResult of the international product.

use super::account_state;
use super::context::{Context, Outcome, with_object};
use super::intl_result;
use crate::mock::defect::Behaviour;
use crate::mock::sync::hold;
use crate::mock::transaction::Family;
use crate::mock::variant::Variant;

/// Days that results are kept (source: cloudauth-intl-2022-08-09.md §8).
const KEPT_DAYS: i64 = 30;

/// Serves CheckResult.
pub(super) fn serve(context: &Context<'_>) -> Outcome {
    if let Some(refusal) = account_state::refusal(context) {
        return refusal;
    }
    if let Some(breach) = context.breach() {
        return Err(context.refuse_breach(&breach));
    }
    let id = context.parameters.text("TransactionId");
    let found = hold(&context.account.ledger).find(id).filter(|found| found.family == Family::Intl).cloned();
    let Some(transaction) = found else { return Err(context.refuse("TransactionIdInvalid", 400)) };
    let Some(ended) = &transaction.ended else { return Err(context.refuse("ProcessNotCompleted", 404)) };
    // Deleted results look like ids that never were; no source names another code.
    let is_deleted = context.now >= ended.at.plus_seconds(KEPT_DAYS * 86_400);
    if is_deleted && !context.mock.breaks(Behaviour::ResultsKept) {
        if context.mock.reads(Variant::IntlResultsGone) {
            return Err(context.refuse("ProcessNotCompleted", 404));
        }
        return Err(context.refuse("TransactionIdInvalid", 400));
    }
    let person = ended.person.as_ref().or(transaction.identity.as_ref());
    let known = person.and_then(|person| context.mock.sandbox.person(&person.name, &person.number));
    if let Some(code) = known.and_then(|known| known.query_code.get("intl")) {
        return Err(context.refuse(code, 400));
    }
    Ok(with_object(context.code("Success"), "Result", intl_result::result(context, id, &transaction, ended)))
}
