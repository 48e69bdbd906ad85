//! The limit of calls a second: per account, product and operation; RAM users of the account share it.

use super::context::Context;
use crate::mock::defect::Behaviour;
use crate::mock::gateway::Refusal;
use crate::mock::sync::hold;
use crate::mock::transaction::Family;

/// Refuses a call beyond the documented limit. Operations and products without a figure have none.
///
/// `Throttling.Api` with HTTP 403 is documented for the international product; the domestic ones answer as other
/// products on the same gateway do (source: cloudauth-intl-2022-08-09.md §6.1, signing.md §10.9).
pub(super) fn check(context: &Context<'_>) -> Result<(), Refusal> {
    let product = product(context);
    let Some(limit) = context.served.limit(&product) else { return Ok(()) };
    let name = match context.mock.breaks(Behaviour::ThrottleAcrossOperations(context.served.family)) {
        true => "all".to_owned(),
        false => format!("{}/{product}", context.served.operation.name),
    };
    let windows = match context.mock.breaks(Behaviour::ThrottleOfAll(context.served.family)) {
        true => &context.mock.windows_of_all,
        false => &context.account.windows,
    };
    let admitted = hold(windows).admit(&name, limit, context.now);
    admitted.map_err(|milliseconds| {
        let refusal = match context.served.family {
            Family::Intl => {
                let refusal = context.refuse("Throttling.Api", 403);
                if refusal.message.is_empty() {
                    refusal.with_message("Request was denied due to api flow control.".to_owned())
                } else {
                    refusal
                }
            }
            _ => Refusal::of("Throttling.User"),
        };
        refusal.retry_after(milliseconds)
    })
}

/// Returns the product that a call is counted for: what init names, and for queries what their init named.
fn product(context: &Context<'_>) -> String {
    let named = ["ProductCode", "bizCode"].into_iter().find_map(|name| context.parameters.given(name));
    if let Some(product) = named {
        return product.to_owned();
    }
    let transaction = ["CertifyId", "TransactionId", "certifyId"].into_iter();
    let id = transaction.filter_map(|name| context.parameters.given(name)).next().unwrap_or_default();
    let ledger = hold(&context.account.ledger);
    let began = ledger.find(id).filter(|transaction| transaction.family == context.served.family);
    began.map(|transaction| transaction.kept("ProductCode").to_owned()).unwrap_or_default()
}
