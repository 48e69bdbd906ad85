//! Runs the stages in their order.

use std::sync::Arc;

use super::body::Format;
use super::common::{self, Common};
use super::credentials;
use super::parameters::Parameters;
use super::refusal::Refusal;
use super::transport::{self, Arrival};
use crate::clock::Timestamp;
use crate::exchange::Request;
use crate::mock::account::Account;
use crate::mock::core::Mock;
use crate::signing::{self, Scheme};
use crate::target::model::AccountState;

/// What has become known of a call so far; an answer needs it also when the call is refused.
#[derive(Default)]
pub(in crate::mock) struct Progress {
    pub(in crate::mock) format: Option<Format>,
    pub(in crate::mock) scheme: Option<Scheme>,
    pub(in crate::mock) access_key_id: Option<String>,
    pub(in crate::mock) action: Option<String>,
    pub(in crate::mock) account: Option<Arc<Account>>,
}

/// A call whose caller is who they say.
pub(in crate::mock) struct Admitted {
    pub(in crate::mock) account: Arc<Account>,
    pub(in crate::mock) state: AccountState,
    pub(in crate::mock) parameters: Parameters,
    pub(in crate::mock) action: String,
    pub(in crate::mock) version: String,
    /// The account's time.
    pub(in crate::mock) now: Timestamp,
}

/// Judges a call up to its signature.
pub(in crate::mock) fn admit(
    mock: &Mock,
    request: &Request,
    arrival: Arrival,
    progress: &mut Progress,
) -> Result<Admitted, Refusal> {
    let parameters = read_parameters(request);
    progress.format = Some(common::wanted_format(request, &parameters));
    transport::check_transport(arrival)?;
    transport::check_method(request)?;
    let common = common::read(request, &parameters)?;
    note(progress, &common);
    let claim = &common.claim;
    let unknown = || Refusal::of("InvalidAccessKeyId.NotFound");
    let account = mock.accounts.find(&mock.sandbox, &claim.access_key_id).ok_or_else(unknown)?;
    progress.account = Some(account.clone());
    let variant = account.variant(claim.security_token.as_deref());
    credentials::check_key(variant)?;
    let now = account.now(mock.global_now());
    let replay = mock.options.replay;
    if !replay {
        credentials::check_time(claim, now)?;
        credentials::check_nonce(&account, claim, now)?;
        credentials::check_token(variant, claim, &mock.sandbox)?;
    }
    credentials::check_signature(variant, request, &common, &parameters, replay)?;
    if !replay {
        credentials::take_nonce(&account, claim, now)?;
    }
    let state = variant.state;
    Ok(Admitted { account, state, parameters, action: common.action, version: common.version, now })
}

/// Decodes query and form; text that is not UTF-8 gives no parameters, so the first required one is missing.
fn read_parameters(request: &Request) -> Parameters {
    Parameters(signing::parameters(request).unwrap_or_default())
}

fn note(progress: &mut Progress, common: &Common) {
    progress.scheme = Some(common.claim.scheme);
    progress.access_key_id = Some(common.claim.access_key_id.clone());
    progress.action = Some(common.action.clone());
}
