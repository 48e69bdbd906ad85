//! What an account's state makes of every business call, by family.

use super::context::{Context, Outcome};
use crate::mock::gateway::Refusal;
use crate::mock::transaction::Family;
use crate::target::model::AccountState;

/// Refuses what the gateway itself refuses for an account, before any service.
pub(super) fn check_at_gateway(context: &Context<'_>) -> Result<(), Refusal> {
    let domestic = context.served.family != Family::Intl;
    match context.state {
        AccountState::RiskControl => Err(Refusal::of("Forbidden.RiskControl")),
        AccountState::Unavailable if domestic => Err(Refusal::of("ServiceUnavailable")),
        _ => Ok(()),
    }
}

/// Returns the answer of a service that an account's state does not let through.
pub(super) fn refusal(context: &Context<'_>) -> Option<Outcome> {
    match context.served.family {
        Family::Cloudauth => cloudauth(context.state).map(|code| Ok(context.code(code))),
        Family::Saf => saf(context.state).map(|code| Ok(context.numeric_code(code))),
        Family::VerifyToken => verify_token(context).map(Err),
        Family::Intl => intl(context.state).map(|(code, status)| Err(context.refuse(code, status))),
    }
}

/// Source: cloudauth-2019-03-07.md §6.
fn cloudauth(state: AccountState) -> Option<&'static str> {
    match state {
        AccountState::Unconfigured => Some("402"),
        AccountState::RamDenied => Some("411"),
        AccountState::Arrears => Some("412"),
        AccountState::NotOpened => Some("410"),
        AccountState::Broken => Some("500"),
        _ => None,
    }
}

/// Source: saf-2017-03-31.md §7.
fn saf(state: AccountState) -> Option<&'static str> {
    match state {
        AccountState::QuotaExhausted => Some("402"),
        AccountState::RamDenied | AccountState::Arrears | AccountState::NotOpened => Some("403"),
        AccountState::Broken => Some("500"),
        _ => None,
    }
}

/// Source: verify-token-2019-03-07.md §4.3, §5.4, §6.3.
fn verify_token(context: &Context<'_>) -> Option<Refusal> {
    match context.state {
        AccountState::RamDenied | AccountState::Arrears | AccountState::NotOpened => {
            let refusal = context.refuse("NoPermission", 403);
            Some(if refusal.message.is_empty() { Refusal::of("NoPermission") } else { refusal })
        }
        AccountState::Broken if context.served.text("Error.InternalError").is_some() => {
            Some(context.refuse("Error.InternalError", 401))
        }
        AccountState::Broken => Some(Refusal::of("InternalError")),
        _ => None,
    }
}

/// Source: cloudauth-intl-2022-08-09.md §6.1.
fn intl(state: AccountState) -> Option<(&'static str, u16)> {
    match state {
        AccountState::Arrears | AccountState::NotOpened => Some(("Forbidden.AccountAccessDenied", 403)),
        AccountState::RamDenied => Some(("Forbidden.RAMUserAccessDenied", 403)),
        AccountState::RepeatedFailures => Some(("Forbidden.ExceptionRepeatedInvoke", 401)),
        AccountState::Broken => Some(("InternalError", 500)),
        AccountState::Unavailable => Some(("ServiceUnavailable", 503)),
        _ => None,
    }
}
