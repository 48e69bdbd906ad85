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
use crate::mock::defect::{Behaviour, OPTIONAL_COMMON};
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
    refuse_wrongly(mock, request, &parameters)?;
    let common = common::read(request, &parameters)?;
    note(progress, &common);
    let claim = &common.claim;
    if mock.reads(Variant::ActionFirst) {
        mock.operations.find(&common.version, &common.action)?;
    }
    let unknown = || match mock.breaks(Behaviour::KeyBehindSignature) {
        true => Refusal::of("SignatureDoesNotMatch"),
        false => Refusal::of("InvalidAccessKeyId.NotFound"),
    };
    let account = mock.accounts.find(&mock.sandbox, &claim.access_key_id).ok_or_else(unknown)?;
    progress.account = Some(account.clone());
    let variant = account.variant(claim.security_token.as_deref());
    credentials::check_key(variant)?;
    let now = account.now(mock.global_now());
    let replay = mock.options.replay;
    if !replay {
        credentials::check_time(mock, claim, now)?;
        credentials::check_nonce(mock, &account, claim, now)?;
        credentials::check_token(variant, claim, &mock.sandbox)?;
    }
    if !replay && mock.reads(Variant::NonceFirst) {
        credentials::take_nonce(mock, &account, claim, now)?;
    }
    let lenient = replay || mock.reads(Variant::EmptiesLeftOut);
    let signature = match mock.derives_with(claim.scheme) {
        None => credentials::check_signature(variant, request, &common, &parameters, lenient),
        Some(vice) => credentials::check_wrongly(variant, request, &common, &parameters, vice),
    };
    credentials::excuse(mock, claim, signature)?;
    if !replay && !mock.reads(Variant::NonceFirst) {
        credentials::take_nonce(mock, &account, claim, now)?;
    }
    let state = variant.state;
    Ok(Admitted { account, state, parameters, action: common.action, version: common.version, now })
}

/// Returns the form of the answer; a variant does not look at `accept`.
fn wanted_format(mock: &Mock, request: &Request, parameters: &Parameters) -> Format {
    let format = rightly_wanted_format(mock, request, parameters);
    let (asked, is_acs3) = (parameters.given("Format"), signing::speaks_acs3(request));
    match (asked, format) {
        (Some("JSON"), Format::Json) if mock.breaks(Behaviour::JsonAsXml) => Format::Xml,
        (Some(_), Format::Xml) if mock.breaks(Behaviour::XmlAsJson) => Format::Json,
        (None, Format::Xml) if !is_acs3 && mock.breaks(Behaviour::DefaultJson) => Format::Json,
        (Some(text), Format::Json) if text != "JSON" && mock.breaks(Behaviour::FormatCaseMinded) => Format::Xml,
        _ => format,
    }
}

fn rightly_wanted_format(mock: &Mock, request: &Request, parameters: &Parameters) -> Format {
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

/// Refuses what a defect refuses although it is documented to be served.
fn refuse_wrongly(mock: &Mock, request: &Request, parameters: &Parameters) -> Result<(), Refusal> {
    if mock.options.defect.is_none() {
        return Ok(());
    }
    let header = |name: &str| request.header(name).unwrap_or_default().to_ascii_lowercase();
    let is_post = request.method == "POST";
    let has_astral = || parameters.0.iter().any(|(_, value)| value.chars().any(|char| char > '\u{FFFF}'));
    let repeats = || {
        let (query, form) = (request.query().unwrap_or_default(), request.form().unwrap_or_default());
        query.iter().any(|(name, _)| form.iter().any(|(other, _)| other == name))
    };
    let authorization = header("authorization");
    let is_before = |first: &str, second: &str| {
        authorization.find(first).zip(authorization.find(second)).is_some_and(|(first, second)| first < second)
    };
    let signs = |name: &str| {
        let listed = authorization.split("signedheaders=").nth(1).and_then(|rest| rest.split(',').next());
        listed.is_some_and(|listed| listed.split(';').any(|header| header.trim() == name))
    };
    let in_form = || request.form().unwrap_or_default().iter().any(|(name, _)| name == "ServiceParameters");
    let faults: [(bool, Behaviour, &'static str); 10] = [
        (!is_post, Behaviour::GetRefused, "UnsupportedHTTPMethod"),
        (is_post, Behaviour::PostRefused, "UnsupportedHTTPMethod"),
        (header("transfer-encoding").contains("chunked"), Behaviour::ChunkedRefused, "InvalidParameter.Format"),
        (is_post && request.body.is_empty(), Behaviour::EmptyBodyRefused, "InvalidParameter.Format"),
        (has_astral(), Behaviour::AstralRefused, "InvalidParameter.Format"),
        (in_form(), Behaviour::FormUnread, "InvalidParameter.Format"),
        (repeats(), Behaviour::DuplicatesRefused, "InvalidParameter.Format"),
        (authorization.is_empty(), Behaviour::V1Refused, "SignatureDoesNotMatch"),
        (!authorization.is_empty(), Behaviour::Acs3Refused, "SignatureDoesNotMatch"),
        (is_before(",signature=", "signedheaders="), Behaviour::AuthorizationOrderDemanded, "IncompleteSignature"),
    ];
    for (applies, behaviour, code) in faults {
        if applies && mock.breaks(behaviour) {
            return Err(Refusal::of(code));
        }
    }
    for name in OPTIONAL_COMMON {
        let is_there = parameters.given(name).is_some() || request.header(name).is_some();
        let wrong = if is_there { Behaviour::RefusedWith(name) } else { Behaviour::Demanded(name) };
        if mock.breaks(wrong) {
            return Err(Refusal::invalid(name));
        }
    }
    if (signs("accept") || signs("user-agent")) && mock.breaks(Behaviour::ExtraHeadersRefused) {
        return Err(Refusal::of("SignatureDoesNotMatch"));
    }
    Ok(())
}

fn note(progress: &mut Progress, common: &Common) {
    progress.scheme = Some(common.claim.scheme);
    progress.access_key_id = Some(common.claim.access_key_id.clone());
    progress.action = Some(common.action.clone());
}
