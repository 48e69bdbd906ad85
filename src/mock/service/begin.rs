//! Beginning a transaction, the same in all families.

use super::context::Context;
use super::submit::call_back_at_once;
use crate::mock::core::Mock;
use crate::mock::sync::hold;
use crate::mock::transaction::{Family, Identity, Transaction};
use crate::mock::variant::Variant;

/// What init knows of a new transaction.
pub(super) struct Beginning {
    pub(super) identity: Option<Identity>,
    pub(super) risk_tags: Vec<String>,
    /// Names of parameters that later steps look at.
    pub(super) keep: &'static [&'static str],
    /// Further facts to keep.
    pub(super) kept: Vec<(&'static str, String)>,
}

/// Opens a transaction and returns its id.
pub(super) fn begin(context: &Context<'_>, beginning: Beginning) -> String {
    let mut kept = beginning.kept;
    for name in beginning.keep {
        if let Some(value) = context.parameters.given(name) {
            kept.push((name, value.to_owned()));
        }
    }
    let family = context.served.family;
    let transaction = Transaction {
        family,
        created: context.now,
        kept,
        identity: beginning.identity,
        risk_tags: beginning.risk_tags,
        ended: None,
        abandoned: false,
    };
    let mut ledger = hold(&context.account.ledger);
    let number = ledger.next_number();
    let id = context.mock.ids.transaction(prefix(context.mock, family), &context.account.key_id, number);
    ledger.begin(id.clone(), transaction);
    let begun = ledger.find(&id).filter(|_| context.mock.options.defect.is_some()).cloned();
    drop(ledger);
    if let Some(transaction) = begun {
        call_back_at_once(context.mock, context.account, (&id, &transaction));
    }
    id
}

/// Prefixes of newer ids, as examples show them (source: cloudauth-2019-03-07.md §13,
/// cloudauth-intl-2022-08-09.md §5.1); plain hex where examples are plain.
fn prefix(mock: &Mock, family: Family) -> &'static str {
    match family {
        _ if mock.reads(Variant::IdsPlain) => "",
        Family::Cloudauth if mock.reads(Variant::IdsOther) => "shs",
        Family::Cloudauth => "sha",
        Family::Intl => "hks",
        Family::VerifyToken | Family::Saf => "",
    }
}
