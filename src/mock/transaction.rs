//! One verification: begun by init, submitted by a person, read by a query.

use crate::clock::Timestamp;

/// Seconds in which a transaction takes its submission, in all families (source: cloudauth-2019-03-07.md §11,
/// verify-token-2019-03-07.md §7, saf-2017-03-31.md §10, cloudauth-intl-2022-08-09.md §8).
pub(super) const SUBMIT_SECONDS: i64 = 1_800;

/// An API family with transactions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Cloudauth,
    VerifyToken,
    Saf,
    Intl,
}

impl Family {
    /// Returns the folder name of the family's contract.
    pub(super) fn api(self) -> &'static str {
        match self {
            Self::Cloudauth => "cloudauth",
            Self::VerifyToken => "verify-token",
            Self::Saf => "saf",
            Self::Intl => "intl",
        }
    }

    /// Reads a family's name.
    pub(super) fn named(api: &str) -> Option<Self> {
        [Self::Cloudauth, Self::VerifyToken, Self::Saf, Self::Intl].into_iter().find(|family| family.api() == api)
    }

    /// Returns the outcome of a person of whom the sandbox says nothing else (source: the families' sub-code tables).
    pub(super) fn pass(self) -> &'static str {
        match self {
            Self::Cloudauth | Self::Intl => "200",
            Self::VerifyToken => "1",
            Self::Saf => "T",
        }
    }

    /// Returns the outcome when the face is not that of the named person.
    pub(super) fn mismatch(self) -> &'static str {
        match self {
            Self::Cloudauth | Self::Intl => "204",
            Self::VerifyToken => "7",
            Self::Saf => "F",
        }
    }

    /// Returns the outcome when the authority knows no such identity.
    pub(super) fn not_found(self) -> &'static str {
        match self {
            Self::Cloudauth | Self::Intl => "202",
            Self::VerifyToken => "2",
            Self::Saf => "F",
        }
    }

    /// Says whether an outcome is a pass (source: cloudauth-2019-03-07.md §16, 200 and 210).
    pub(super) fn passes(self, outcome: &str) -> bool {
        match self {
            Self::Cloudauth | Self::Intl => matches!(outcome, "200" | "210"),
            _ => outcome == self.pass(),
        }
    }
}

/// A person as a request or a tester names them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) number: String,
}

impl Identity {
    /// Returns an identity; the check character of a number means the same in either case.
    pub(super) fn new(name: &str, number: &str) -> Self {
        Self { name: name.to_owned(), number: number.to_ascii_uppercase() }
    }
}

/// A verification that init has begun.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) family: Family,
    pub(super) created: Timestamp,
    /// Parameters of init that later steps look at; encrypted ones decrypted.
    pub(super) kept: Vec<(&'static str, String)>,
    /// Whom init named.
    pub(super) identity: Option<Identity>,
    /// Tags of the device that init named.
    pub(super) risk_tags: Vec<String>,
    pub(super) ended: Option<Ended>,
    /// The person gave up.
    pub(super) abandoned: bool,
}

/// How a verification ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) at: Timestamp,
    /// Sub-code, VerifyStatus, or `passed` where there is neither.
    pub(super) outcome: String,
    /// Who stood before the camera.
    pub(super) person: Option<Identity>,
}

impl Transaction {
    /// Returns a kept parameter of init, or an empty text.
    pub(super) fn kept(&self, name: &str) -> &str {
        self.kept.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// Says whether the time for submission is over.
    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        now.0 - self.created.0 >= SUBMIT_SECONDS * 1_000
    }
}
