//! Refusals in the gateway's form: code, HTTP status, message.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::contract::Contracts;

/// Code, status and message pattern of what the gateway answers (source: gateway-errors.json). A status in the
/// contract goes before the one here.
const TABLE: &[(&str, u16, &str)] = &[
    ("InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted."),
    ("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired."),
    ("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found."),
    ("InvalidAccessKeyId.Inactive", 400, "Specified access key is disabled."),
    ("SignatureDoesNotMatch", 400, "Specified signature is not matched with our calculation."),
    ("IncompleteSignature", 400, "The request signature does not conform to Aliyun standards."),
    ("InvalidSignatureMethod", 400, "Specified signature method is not valid."),
    ("SignatureNonceUsed", 400, "Specified signature nonce was used already."),
    ("InvalidAction.NotFound", 404, "Specified api is not found, please check your url and method."),
    ("InvalidVersion", 400, "Specified parameter Version is not valid."),
    ("InvalidProtocol.NeedSsl", 400, "Your request is denied as lack of ssl protect."),
    ("UnsupportedHTTPMethod", 400, "This http method is not supported."),
    ("InvalidParameter.Format", 400, "Specified parameter format is not valid."),
    ("InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired."),
    ("InvalidSecurityToken.Malformed", 400, "Specified SecurityToken is malformed."),
    ("InvalidSecurityToken.MismatchWithAccessKey", 400, "Specified SecurityToken mismatch with the AccessKey."),
    ("NoPermission", 403, "You are not authorized to do this action. You should be authorized by RAM."),
    ("Forbidden.RiskControl", 403, "This operation is forbidden by Aliyun Risk Control system."),
    ("Throttling.User", 400, "Request was denied due to user flow control."),
    ("Throttling.Api", 400, "Request was denied due to api flow control."),
    ("InternalError", 500, "The request processing has failed due to some unknown error, exception or failure."),
    ("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server."),
    ("RequestEntityTooLarge", 413, "The body of the request exceeds 8 MB."),
];

/// A refused call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mock) struct Refusal {
    pub(in crate::mock) code: Cow<'static, str>,
    pub(in crate::mock) status: u16,
    pub(in crate::mock) message: String,
    /// Header `x-acs-retry-after` of throttled calls, in milliseconds.
    pub(in crate::mock) retry_after_ms: Option<u64>,
}

impl Refusal {
    pub(in crate::mock) fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Self {
        Self { code: code.into(), status, message: message.into(), retry_after_ms: None }
    }

    /// Refuses with a code of the gateway.
    pub(in crate::mock) fn of(code: &'static str) -> Self {
        let row = TABLE.iter().find(|row| row.0 == code);
        let (_, status, message) = row.copied().unwrap_or((code, 400, "The request was refused."));
        Self::new(code, status, message)
    }

    /// Refuses an absent or empty common parameter (source: gateway-errors.json, `Missing{ParameterName}`).
    pub(in crate::mock) fn missing(name: &str) -> Self {
        Self::new(format!("Missing{name}"), 400, format!("{name} is mandatory for this action."))
    }

    /// Refuses a value of a common parameter (source: gateway-errors.json, `Invalid{ParameterName}`).
    pub(in crate::mock) fn invalid(name: &str) -> Self {
        Self::new(format!("Invalid{name}"), 400, format!("Specified parameter {name} is not valid."))
    }

    pub(in crate::mock) fn with_message(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    pub(in crate::mock) fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }
}

/// HTTP statuses of the gateway's codes, as the contract gives them.
#[derive(Debug, Default)]
pub(in crate::mock) struct Statuses(HashMap<String, u16>);

impl Statuses {
    pub(in crate::mock) fn new(contracts: &Contracts) -> Self {
        let codes = contracts.by_api.get("gateway").map_or(&[][..], |contract| contract.codes.as_slice());
        Self(codes.iter().map(|code| (code.code.clone(), code.http_status)).collect())
    }

    /// Puts the contract's status in place of the built-in one. A refusal that a product documents with a status of its
    /// own, as intl does for throttling, keeps that.
    pub(in crate::mock) fn apply(&self, refusal: &mut Refusal) {
        let built_in = TABLE.iter().find(|row| row.0 == refusal.code).map(|row| row.1);
        if built_in.is_some_and(|status| status != refusal.status) {
            return;
        }
        if let Some(status) = self.0.get(refusal.code.as_ref()) {
            refusal.status = *status;
        }
    }
}
