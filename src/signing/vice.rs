//! Ways of deriving a signature wrongly: what tampering cases do on purpose and what `explain` tries.

/// One way of deriving a signature wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Vice {
    /// Space as `+`.
    SpaceAsPlus,
    /// `~` as `%7E`.
    TildeEscaped,
    /// `*` not escaped.
    AsteriskRaw,
    /// `! ' ( ) *` not escaped.
    MarksRaw,
    /// `/` not escaped.
    SlashRaw,
    /// Escapes with lower-case hex digits.
    LowerCaseHex,
    /// Values escaped once more than documented.
    DoubleEncoded,
    /// Names and values not escaped.
    NotEncoded,
    /// Values signed as they are but escaped twice when sent.
    SentDoubleEncoded,
    /// Values without the white space around them.
    ValuesTrimmed,
    /// V1: the canonical query is put into the string to sign without being escaped again.
    EncodedOnce,
    /// Parameters in wire order.
    Unsorted,
    /// Parameters sorted without regard to letter case.
    SortedIgnoringCase,
    /// Parameters sorted as `name=value`, not by name.
    SortedByPair,
    /// Empty parameters left out.
    EmptyLeftOut,
    /// The security token left out.
    TokenUnsigned,
    /// V1: the fields of the form left out.
    FormUnsigned,
    /// ACS3: the fields of the form put into the canonical query.
    FormInQuery,
    /// The other of GET and POST.
    WrongMethod,
    /// The method in lower case.
    MethodLowerCase,
    /// ACS3: `/` as path whatever is sent.
    PathRoot,
    /// ACS3: `host` without its port.
    HostWithoutPort,
    /// ACS3: `host` with a `/` behind it.
    HostTrailingSlash,
    /// ACS3: `host` not signed.
    HostUnsigned,
    /// ACS3: `x-acs-signature-nonce` sent but not signed.
    HeaderUnsigned,
    /// ACS3: no blank line between headers and their names.
    BlankLineMissing,
    /// ACS3: a body hash that is not the body's, signed as sent.
    BodyHash,
    /// V1: the `&` behind the secret left out. ACS3: added.
    KeySuffix,
    /// A line feed behind the secret.
    SecretNewline,
    /// The key id in the secret's place.
    SecretIsId,
    /// Another secret. `explain` cannot try this one.
    WrongSecret,
    /// V1: HMAC-SHA256. ACS3: HMAC-SHA1.
    OtherAlgorithm,
    /// V1: the signature in hex. ACS3: in Base64.
    OtherSignatureText,
    /// The time of UTC+8 signed, that of UTC sent.
    LocalTime,
}

impl Vice {
    /// All vices, the likelier before the less likely of those that can look alike.
    pub const ALL: [Self; 34] = [
        Self::SpaceAsPlus,
        Self::TildeEscaped,
        Self::AsteriskRaw,
        Self::MarksRaw,
        Self::SlashRaw,
        Self::LowerCaseHex,
        Self::DoubleEncoded,
        Self::NotEncoded,
        Self::SentDoubleEncoded,
        Self::ValuesTrimmed,
        Self::EncodedOnce,
        Self::Unsorted,
        Self::SortedIgnoringCase,
        Self::SortedByPair,
        Self::EmptyLeftOut,
        Self::TokenUnsigned,
        Self::FormUnsigned,
        Self::FormInQuery,
        Self::WrongMethod,
        Self::MethodLowerCase,
        Self::PathRoot,
        Self::HostWithoutPort,
        Self::HostTrailingSlash,
        Self::HostUnsigned,
        Self::HeaderUnsigned,
        Self::BlankLineMissing,
        Self::BodyHash,
        Self::KeySuffix,
        Self::SecretNewline,
        Self::SecretIsId,
        Self::WrongSecret,
        Self::OtherAlgorithm,
        Self::OtherSignatureText,
        Self::LocalTime,
    ];
}

/// A set of vices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Vices(u64);

impl Vices {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn of(vices: &[Vice]) -> Self {
        Self(vices.iter().fold(0, |set, vice| set | (1 << *vice as u8)))
    }

    pub(super) fn has(self, vice: Vice) -> bool {
        self.0 & (1 << vice as u8) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Returns the method that goes into the string to sign.
pub(super) fn signed_method(method: &str, vices: Vices) -> String {
    let method = method.to_ascii_uppercase();
    let method = match method.as_str() {
        "POST" if vices.has(Vice::WrongMethod) => "GET".to_owned(),
        _ if vices.has(Vice::WrongMethod) => "POST".to_owned(),
        _ => method,
    };
    if vices.has(Vice::MethodLowerCase) { method.to_ascii_lowercase() } else { method }
}

/// Returns a time text moved by seconds; nothing when it is not one.
pub(super) fn shifted(text: &str, seconds: i64) -> Option<String> {
    crate::clock::Timestamp::parse_iso(text).map(|instant| instant.plus_seconds(seconds).to_iso())
}
