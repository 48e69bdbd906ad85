//! The rules of signing that clients break, one for each vice and for each other fault that can be told.

use serde::Serialize;

use crate::signing::{Reason, Scheme, Vice};

/// A rule that was broken, with what was done instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the fault, for example `tilde-escaped`.
    pub rule: &'static str,
    /// What the client did.
    pub broken: String,
    /// What is documented.
    pub documented: &'static str,
    /// Section of the protocol survey.
    pub section: &'static str,
    /// Address of the vendor's document.
    pub address: &'static str,
}

const ENC: &str = "A-Z a-z 0-9 - _ . ~ stay, every other byte is %XX with upper-case hex digits";
const SORT: &str = "parameters are sorted by name, in byte order, letter case observed";
const V1_TEXT: &str = "the string to sign is METHOD & %2F & enc(canonical query)";
const ALL_PARAMETERS: &str = "all parameters of query and form are signed, Signature excepted";
const CANONICAL: &str =
    "the canonical request is method, path, query, headers, a blank line, names of signed headers, hash";
const LISTED: &str = "host and every x-acs-* header that is sent are in SignedHeaders";
const KEY_V1: &str = "the key is the AccessKeySecret followed by one &";
const KEY_ACS3: &str = "the key is the AccessKeySecret as it is";
const TIME: &str = "the time is UTC, written yyyy-MM-ddTHH:mm:ssZ, and signed as it is sent";
const EMPTY: &str = "an empty value is signed as `name=` (whether a gateway accepts it left out is open)";
const TEXT: &str = "the signature is Base64 under V1 and lower-case hex under ACS3, sent unchanged";
const METHOD: &str = "the HTTP method that is sent is signed, in upper case";
const HASH: &str = "HashedPayload and x-acs-content-sha256 are the hash of the exact bytes of the body";
const DECODED: &str = "what is signed is what a server reads after decoding the request once";

const RPC_PAGE: &str = "https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism";
const ACS3_PAGE: &str = "https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature";

impl Finding {
    fn new(scheme: Scheme, rule: &'static str, broken: impl Into<String>, documented: &'static str) -> Self {
        let address = if scheme.is_acs3() { ACS3_PAGE } else { RPC_PAGE };
        Self { rule, broken: broken.into(), documented, section: section(scheme, documented), address }
    }

    /// Returns the rule that a vice breaks.
    pub(super) fn of_vice(vice: Vice, scheme: Scheme) -> Self {
        let (rule, broken, documented) = vice_row(vice, scheme);
        Self::new(scheme, rule, broken, documented)
    }

    pub(super) fn parameter_unsigned(scheme: Scheme, name: &str) -> Self {
        let broken = format!("parameter {name} is sent but not signed: added after signing");
        Self::new(scheme, "parameter-unsigned", broken, ALL_PARAMETERS)
    }

    pub(super) fn plus_unescaped(scheme: Scheme) -> Self {
        Self::new(scheme, "plus-unescaped", "a + was sent unescaped and arrives as a space", DECODED)
    }

    pub(super) fn time_moved(scheme: Scheme, seconds: i64) -> Self {
        let hours = format!("{:+}:{:02}", seconds / 3600, seconds.abs() % 3600 / 60);
        Self::new(scheme, "local-time", format!("the time signed differs by {hours} hours from the one sent"), TIME)
    }

    pub(super) fn time_sent_local(scheme: Scheme, seconds: i64) -> Self {
        let hours = format!("{:+}:{:02}", seconds / 3600, seconds.abs() % 3600 / 60);
        let broken = format!("the time sent is {hours} hours off, as local time marked as UTC would be");
        Self::new(scheme, "local-time", broken, TIME)
    }

    pub(super) fn time_outside(scheme: Scheme, seconds: i64) -> Self {
        let broken = format!("the time sent is {seconds} s from the reference, the window is 900 s");
        Self::new(scheme, "time-window", broken, TIME)
    }

    pub(super) fn earlier_request(scheme: Scheme, broken: &'static str) -> Self {
        Self::new(scheme, "earlier-request", broken, "every attempt is signed anew over what that attempt sends")
    }

    pub(super) fn signature_text(scheme: Scheme, rule: &'static str, broken: &'static str) -> Self {
        Self::new(scheme, rule, broken, TEXT)
    }

    pub(super) fn other_secret(scheme: Scheme) -> Self {
        let documented = if scheme.is_acs3() { KEY_ACS3 } else { KEY_V1 };
        Self::new(scheme, "other-secret", "both sides derive the same text, so the secrets differ", documented)
    }

    pub(super) fn value_differs(scheme: Scheme, place: &str) -> Self {
        let broken = format!("{place} was signed otherwise than it is sent");
        Self::new(scheme, "value-differs", broken, if scheme.is_acs3() { CANONICAL } else { DECODED })
    }

    /// Returns the rule behind a fault that verification names itself.
    pub(super) fn of_reason(reason: &Reason, scheme: Scheme) -> Option<Self> {
        let rule = match reason {
            Reason::HostUnsigned => "host-unsigned",
            Reason::HeaderUnsigned { name } if name == "x-acs-security-token" => "token-unsigned",
            Reason::HeaderUnsigned { .. } => "header-unsigned",
            Reason::HeaderAbsent { .. } => "header-absent",
            _ => return None,
        };
        Some(Self::new(scheme, rule, reason.to_string(), LISTED))
    }
}

/// Returns the section of signing.md that states a rule.
fn section(scheme: Scheme, documented: &'static str) -> &'static str {
    match documented {
        ENC => "signing.md §0",
        TIME => "signing.md §3",
        EMPTY => "signing.md §1.4",
        LISTED | CANONICAL | HASH => "signing.md §2.2",
        DECODED => "signing.md §1.3",
        _ if scheme.is_acs3() => "signing.md §2.2",
        _ => "signing.md §1.2",
    }
}

/// Returns name, what the client did, and what is documented.
fn vice_row(vice: Vice, scheme: Scheme) -> (&'static str, &'static str, &'static str) {
    let acs3 = scheme.is_acs3();
    match vice {
        Vice::SpaceAsPlus => ("space-as-plus", "a space was signed as +, not as %20", ENC),
        Vice::TildeEscaped => ("tilde-escaped", "~ was signed as %7E", ENC),
        Vice::AsteriskRaw => ("asterisk-raw", "* was signed as it is, not as %2A", ENC),
        Vice::MarksRaw => ("marks-raw", "! ' ( ) * were signed as they are", ENC),
        Vice::SlashRaw => ("slash-raw", "/ was signed as it is, not as %2F", ENC),
        Vice::LowerCaseHex => ("lower-case-hex", "escapes were signed with lower-case hex digits", ENC),
        Vice::DoubleEncoded => ("double-encoded", "values were escaped once more than documented", ENC),
        Vice::NotEncoded => ("not-encoded", "names and values were signed without escapes", ENC),
        Vice::SentDoubleEncoded => ("sent-double-encoded", "values were sent escaped twice", DECODED),
        Vice::ValuesTrimmed => ("values-trimmed", "white space around values is sent but was not signed", DECODED),
        Vice::EncodedOnce => ("encoded-once", "the canonical query was not escaped as a whole", V1_TEXT),
        Vice::Unsorted => ("unsorted", "parameters were signed in the order sent", SORT),
        Vice::SortedIgnoringCase => ("sorted-ignoring-case", "parameters were sorted without regard to case", SORT),
        Vice::SortedByPair => ("sorted-by-pair", "parameters were sorted as name=value", SORT),
        Vice::EmptyLeftOut => ("empty-left-out", "empty parameters are sent but were not signed", EMPTY),
        Vice::TokenUnsigned => ("token-unsigned", "the security token is sent but was not signed", ALL_PARAMETERS),
        Vice::FormUnsigned => ("form-unsigned", "the fields of the form were not signed", ALL_PARAMETERS),
        Vice::FormInQuery => ("form-in-query", "the fields of the form were put into the query line", CANONICAL),
        Vice::WrongMethod => ("wrong-method", "another method was signed than is sent", METHOD),
        Vice::MethodLowerCase => ("method-lower-case", "the method was signed in lower case", METHOD),
        Vice::PathRoot => ("path-root", "/ was signed as path, another path is sent", CANONICAL),
        Vice::HostWithoutPort => ("host-without-port", "host was signed without the port that is sent", CANONICAL),
        Vice::HostTrailingSlash => ("host-trailing-slash", "host was signed with a / behind it", CANONICAL),
        Vice::HostUnsigned => ("host-unsigned", "host was left out of the canonical headers", LISTED),
        Vice::HeaderUnsigned => ("header-unsigned", "x-acs-signature-nonce was not signed", LISTED),
        Vice::BlankLineMissing => ("blank-line-missing", "the blank line behind the headers is missing", CANONICAL),
        Vice::BodyHash => ("body-hash", "the hash signed and sent is not that of the body", HASH),
        Vice::KeySuffix if acs3 => ("key-suffix", "an & was put behind the secret", KEY_ACS3),
        Vice::KeySuffix => ("key-suffix", "the & behind the secret is missing", KEY_V1),
        Vice::SecretNewline => ("secret-newline", "the secret was used with a line feed behind it", key_rule(acs3)),
        Vice::SecretIsId => ("secret-is-id", "the AccessKeyId was used as secret", key_rule(acs3)),
        Vice::WrongSecret => ("other-secret", "another secret was used", key_rule(acs3)),
        Vice::OtherAlgorithm if acs3 => ("other-algorithm", "HMAC-SHA1 was used", "the algorithm is the one declared"),
        Vice::OtherAlgorithm => ("other-algorithm", "another HMAC was used", "the algorithm is the one declared"),
        Vice::OtherSignatureText if acs3 => ("other-signature-text", "the signature was sent in Base64", TEXT),
        Vice::OtherSignatureText => ("other-signature-text", "the signature was sent in hex", TEXT),
        Vice::LocalTime => ("local-time", "the time of UTC+8 was signed, that of UTC sent", TIME),
    }
}

fn key_rule(acs3: bool) -> &'static str {
    if acs3 { KEY_ACS3 } else { KEY_V1 }
}
