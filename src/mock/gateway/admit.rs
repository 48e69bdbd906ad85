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
use crate::mock::variant::Variant;
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
    let parameters = read_parameters(mock, request);
    progress.format = Some(wanted_format(mock, request, &parameters));
    transport::check_transport(arrival)?;
    transport::check_method(request)?;
    let common = common::read(request, &parameters)?;
    note(progress, &common);
    let claim = &common.claim;
    if mock.reads(Variant::ActionFirst) {
        mock.operations.find(&common.version, &common.action)?;
    }
    let unknown = || Refusal::of("InvalidAccessKeyId.NotFound");
    let account = mock.accounts.find(&mock.sandbox, &claim.access_key_id).ok_or_else(unknown)?;
    progress.account = Some(account.clone());
    let variant = account.variant(claim.security_token.as_deref());
    credentials::check_key(variant)?;
    let now = account.now(mock.global_now());
    let replay = mock.options.replay;
    if !replay {
        credentials::check_time(claim, now, mock.options.variants)?;
        credentials::check_nonce(mock, &account, claim, now)?;
        credentials::check_token(variant, claim, &mock.sandbox)?;
    }
    if !replay && mock.reads(Variant::NonceFirst) {
        credentials::take_nonce(mock, &account, claim, now)?;
    }
    let lenient = replay || mock.reads(Variant::EmptiesLeftOut);
    let signature = credentials::check_signature(variant, request, &common, &parameters, lenient);
    credentials::excuse(mock, signature)?;
    if !replay && !mock.reads(Variant::NonceFirst) {
        credentials::take_nonce(mock, &account, claim, now)?;
    }
    let state = variant.state;
    Ok(Admitted { account, state, parameters, action: common.action, version: common.version, now })
}

/// Returns the form of the answer; a variant does not look at `accept`.
fn wanted_format(mock: &Mock, request: &Request, parameters: &Parameters) -> Format {
    let unsaid = parameters.given("Format").is_none() && signing::speaks_acs3(request);
    if unsaid && mock.reads(Variant::AcceptIgnored) {
        return Format::Json;
    }
    common::wanted_format(request, parameters)
}

/// Decodes query and form; text that is not UTF-8 gives no parameters, so the first required one is missing. Of two
/// values of one name the form's counts, or under a variant the query's.
fn read_parameters(mock: &Mock, request: &Request) -> Parameters {
    if mock.reads(Variant::QueryWins) {
        let mut parameters = Parameters::default();
        for (name, value) in request.form().into_iter().chain(request.query()).flatten() {
            parameters.set(&name, value);
        }
        return parameters;
    }
    Parameters(signing::parameters(request).unwrap_or_default())
}

fn note(progress: &mut Progress, common: &Common) {
    progress.scheme = Some(common.claim.scheme);
    progress.access_key_id = Some(common.claim.access_key_id.clone());
    progress.action = Some(common.action.clone());
}
