//! What signer and verifier take and give.

use secrecy::SecretString;

use crate::exchange::DecodeError;

/// A signature scheme, as `signing.md` §0 names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `SignatureVersion=1.0`, `SignatureMethod=HMAC-SHA1`.
    V1,
    /// V1 string to sign under HMAC-SHA256 (one SDK only, undocumented).
    V1Sha256,
    /// V1 string to sign under RSA, PKCS#1 v1.5; verification only.
    V1Rsa,
    /// `ACS3-HMAC-SHA256`.
    Acs3,
    /// `ACS3-HMAC-SM3`.
    Acs3Sm3,
    /// `ACS3-RSA-SHA256`; verification only.
    Acs3Rsa,
}

impl Scheme {
    /// Returns the name that people and recordings use.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "V1 HMAC-SHA1",
            Self::V1Sha256 => "V1 HMAC-SHA256",
            Self::V1Rsa => "V1 SHA256withRSA",
            Self::Acs3 => "ACS3-HMAC-SHA256",
            Self::Acs3Sm3 => "ACS3-HMAC-SM3",
            Self::Acs3Rsa => "ACS3-RSA-SHA256",
        }
    }

    /// Returns the name on the wire: `SignatureMethod`, or the first word of `Authorization`
    /// (source: signing.md §1.1, §1.6, §2.3).
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::V1 => "HMAC-SHA1",
            Self::V1Sha256 => "HMAC-SHA256",
            Self::V1Rsa => "SHA256withRSA",
            Self::Acs3 | Self::Acs3Sm3 | Self::Acs3Rsa => self.name(),
        }
    }

    /// Says whether the signature is in the `Authorization` header rather than in a parameter.
    pub fn is_acs3(self) -> bool {
        matches!(self, Self::Acs3 | Self::Acs3Sm3 | Self::Acs3Rsa)
    }
}

/// A key of an account. The secret cannot be printed.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret: SecretString,
    /// STS token, sent and signed when there is one.
    pub security_token: Option<SecretString>,
}

/// Where V1 puts common parameters and signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Place {
    /// In the query, as most SDKs do (source: signing.md §1.3).
    #[default]
    Query,
    /// In the form body, as Node pop-core and the PHP client do with POST.
    Form,
}

/// What a signer needs besides request and key.
#[derive(Debug, Clone)]
pub struct SigningInput<'a> {
    pub scheme: Scheme,
    pub credentials: &'a Credentials,
    /// Text of `Timestamp` or `x-acs-date`, normally [`crate::clock::Timestamp::to_iso`].
    pub timestamp: String,
    pub nonce: String,
    /// V1 only.
    pub place: Place,
    /// Names of common parameters or headers that are not added, the signature itself included.
    pub without: Vec<String>,
    /// ACS3 only: names of headers to sign besides those that have to be, as SDKs sign `accept` and `user-agent`.
    pub also_signed: Vec<String>,
    /// ACS3 only: `Signature` before `SignedHeaders` in `Authorization`, as the Java core writes it.
    pub signature_first: bool,
}

impl<'a> SigningInput<'a> {
    /// Returns an input with everything in the query and nothing left out.
    pub fn new(scheme: Scheme, credentials: &'a Credentials, timestamp: String, nonce: String) -> Self {
        Self {
            scheme,
            credentials,
            timestamp,
            nonce,
            place: Place::Query,
            without: Vec::new(),
            also_signed: Vec::new(),
            signature_first: false,
        }
    }

    pub(super) fn adds(&self, name: &str) -> bool {
        !self.without.iter().any(|left_out| left_out.eq_ignore_ascii_case(name))
    }
}

/// The texts a signature is derived from, stage by stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// Canonical query (V1) or canonical request (ACS3).
    pub canonical: String,
    pub string_to_sign: String,
    pub signature: String,
}

/// A signature that is not the server's, with what the server derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatched {
    pub reason: Reason,
    pub derivation: Derivation,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the signature is not the one derived from the request")]
    Signature,
    #[error("x-acs-content-sha256 is not the hash of the body, which is {actual}")]
    BodyHash { actual: String },
    #[error("SignedHeaders lacks host")]
    HostUnsigned,
    #[error("SignedHeaders lacks {name}, which the request has")]
    HeaderUnsigned { name: String },
    #[error("SignedHeaders names {name}, which the request lacks")]
    HeaderAbsent { name: String },
    #[error("query or form is {0}")]
    Undecodable(DecodeError),
    #[error("the scheme needs a public key, not a secret")]
    NeedsPublicKey,
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("RSA schemes are for verification only")]
    VerificationOnly,
    #[error("{0} is not for requests made in bulk: use V1 or ACS3-HMAC-SHA256")]
    NotInBulk(&'static str),
    #[error("the request has no host header to sign")]
    NoHost,
    #[error("common parameters cannot go into a body that is not a form")]
    BodyIsNoForm,
    #[error("query or form is {0}")]
    Undecodable(#[from] DecodeError),
}

impl Mismatched {
    pub(super) fn without_derivation(reason: Reason) -> Self {
        let nothing = String::new;
        Self {
            reason,
            derivation: Derivation { canonical: nothing(), string_to_sign: nothing(), signature: nothing() },
        }
    }
}
