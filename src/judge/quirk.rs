//! Vices of miniatures: stand-in clients, each with exactly one, and the requirement that it breaks.

use crate::signing::Vice;

/// One vice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    Signing(Vice),
    EmptySecretSent,
    EmptyTokenSent,
    TokenDropped,
    NonceOfSeconds,
    NonceLong,
    NonceCounted,
    LocalTime,
    AgentSigned,
    Trimmed,
    ControlDropped,
    BmpOnly,
    JsonRewritten,
    EmptyDropped,
    NothingSent,
    NumbersAsFloats,
    LongCut,
    BooleansCapital,
    EscapesLower,
    SpaceAsPlus,
    ConnectionPerCall,
    CookiesKept,
    SecretInHeader,
    AgentUnnamed,
    TypeLeftOut,
    JsonUnasked,
    NamesLower,
    VersionOther,
    MethodOther,
    RetriesUnasked,
    RetriesUnchanged,
    OneAttemptMore,
    RefusalsRepeated,
    PauseLeftOut,
    PauseNotAsTold,
    NoTimeout,
    TwiceTheTimeout,
    TimeoutUnnamed,
    ErrorsSwallowed,
    CodeLost,
    StatusLost,
    MessageDecorated,
    AnyBodyTaken,
    DiesOfGarbage,
    PlainHttp,
    RedirectsFollowed,
    SecretInErrors,
}

/// Every miniature: its vice, its name, and the requirement that it breaks.
pub const MINIATURES: &[(Quirk, &str, &str)] = &[
    (Quirk::Signing(Vice::EncodedOnce), "encoded-once", "sdk.signing.2"),
    (Quirk::Signing(Vice::NotEncoded), "not-encoded", "sdk.signing.2"),
    (Quirk::Signing(Vice::Unsorted), "unsorted", "sdk.signing.2"),
    (Quirk::Signing(Vice::BlankLineMissing), "blank-line-missing", "sdk.signing.3"),
    (Quirk::Signing(Vice::BodyHash), "body-hash", "sdk.signing.4"),
    (Quirk::Signing(Vice::HeaderUnsigned), "header-unsigned", "sdk.signing.5"),
    (Quirk::Signing(Vice::HostUnsigned), "host-unsigned", "sdk.signing.5"),
    (Quirk::AgentSigned, "agent-signed", "sdk.signing.7"),
    (Quirk::Signing(Vice::EmptyLeftOut), "empty-left-out", "sdk.signing.9"),
    (Quirk::NonceOfSeconds, "nonce-of-seconds", "sdk.signing.10"),
    (Quirk::NonceCounted, "nonce-counted", "sdk.signing.11"),
    (Quirk::NonceLong, "nonce-long", "sdk.signing.12"),
    (Quirk::LocalTime, "local-time", "sdk.signing.13"),
    (Quirk::Signing(Vice::FormUnsigned), "form-unsigned", "sdk.signing.14"),
    (Quirk::TokenDropped, "token-dropped", "sdk.signing.15"),
    (Quirk::EmptyTokenSent, "empty-token-sent", "sdk.signing.16"),
    (Quirk::EmptySecretSent, "empty-secret-sent", "sdk.signing.17"),
    (Quirk::BmpOnly, "bmp-only", "sdk.encoding.19"),
    (Quirk::Trimmed, "trimmed", "sdk.encoding.20"),
    (Quirk::ControlDropped, "control-dropped", "sdk.encoding.21"),
    (Quirk::JsonRewritten, "json-rewritten", "sdk.encoding.22"),
    (Quirk::EscapesLower, "escapes-lower", "sdk.encoding.23"),
    (Quirk::EmptyDropped, "empty-dropped", "sdk.encoding.28"),
    (Quirk::NothingSent, "nothing-sent", "sdk.encoding.29"),
    (Quirk::BooleansCapital, "booleans-capital", "sdk.encoding.30"),
    (Quirk::NumbersAsFloats, "numbers-as-floats", "sdk.encoding.32"),
    (Quirk::LongCut, "long-cut", "sdk.encoding.33"),
    (Quirk::TypeLeftOut, "type-left-out", "sdk.framing.36"),
    (Quirk::JsonUnasked, "json-unasked", "sdk.framing.38"),
    (Quirk::AgentUnnamed, "agent-unnamed", "sdk.framing.40"),
    (Quirk::ConnectionPerCall, "connection-per-call", "sdk.framing.42"),
    (Quirk::CookiesKept, "cookies-kept", "sdk.framing.43"),
    (Quirk::SecretInHeader, "secret-in-header", "sdk.framing.45"),
    (Quirk::NamesLower, "names-lower", "sdk.schema.47"),
    (Quirk::VersionOther, "version-other", "sdk.schema.48"),
    (Quirk::MethodOther, "method-other", "sdk.schema.49"),
    (Quirk::RetriesUnasked, "retries-unasked", "sdk.retries.59"),
    (Quirk::RetriesUnchanged, "retries-unchanged", "sdk.retries.60"),
    (Quirk::OneAttemptMore, "one-attempt-more", "sdk.retries.62"),
    (Quirk::PauseLeftOut, "pause-left-out", "sdk.retries.63"),
    (Quirk::PauseNotAsTold, "pause-not-as-told", "sdk.retries.64"),
    (Quirk::RefusalsRepeated, "refusals-repeated", "sdk.retries.65"),
    (Quirk::TwiceTheTimeout, "twice-the-timeout", "sdk.timeouts.72"),
    (Quirk::NoTimeout, "no-timeout", "sdk.timeouts.73"),
    (Quirk::TimeoutUnnamed, "timeout-unnamed", "sdk.timeouts.74"),
    (Quirk::ErrorsSwallowed, "errors-swallowed", "sdk.errors.76"),
    (Quirk::StatusLost, "status-lost", "sdk.errors.77"),
    (Quirk::MessageDecorated, "message-decorated", "sdk.errors.78"),
    (Quirk::CodeLost, "code-lost", "sdk.errors.80"),
    (Quirk::AnyBodyTaken, "any-body-taken", "sdk.robustness.85"),
    (Quirk::DiesOfGarbage, "dies-of-garbage", "sdk.robustness.87"),
    (Quirk::PlainHttp, "plain-http", "sdk.security.94"),
    (Quirk::RedirectsFollowed, "redirects-followed", "sdk.security.97"),
    (Quirk::SecretInErrors, "secret-in-errors", "sdk.security.98"),
];

impl Quirk {
    /// Returns the name of its miniature.
    pub fn name(self) -> &'static str {
        MINIATURES.iter().find(|(quirk, ..)| *quirk == self).map_or("unnamed", |(_, name, _)| name)
    }

    /// Finds a vice by the name of its miniature.
    pub fn named(name: &str) -> Option<Self> {
        MINIATURES.iter().find(|(_, known, _)| *known == name).map(|(quirk, ..)| *quirk)
    }

    /// Returns the vice of the signer, where it is one.
    pub(super) fn signing(self) -> Option<Vice> {
        match self {
            Self::Signing(vice) => Some(vice),
            _ => None,
        }
    }
}
