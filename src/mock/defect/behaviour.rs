//! Behaviour that a defect breaks; the mock asks at the place where it would behave.

use crate::mock::transaction::Family;
use crate::signing::Vice;

/// What the mock does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mock) enum Behaviour {
    GetRefused,
    PostRefused,
    /// A common parameter or header is demanded although it is optional.
    Demanded(&'static str),
    /// Calls with it are refused.
    RefusedWith(&'static str),
    /// Any signature is taken.
    SignatureUnchecked,
    /// Signatures are compared without regard to letter case.
    SignatureAnyCase,
    /// V1: the server derives the signature in this wrong way itself.
    SignatureWith(Vice),
    V1Refused,
    Acs3Refused,
    /// The body may differ from its hash.
    BodyHashUnchecked,
    /// Headers may be left unsigned.
    SignedHeadersUnchecked,
    ExtraHeadersRefused,
    AuthorizationOrderDemanded,
    /// Times of the future are taken, however far.
    FutureUnbounded,
    PastUnbounded,
    /// Five minutes instead of fifteen.
    WindowShort,
    TimeFormatUnchecked,
    TimeFractionRefused,
    NonceForgotten,
    JsonAsXml,
    XmlAsJson,
    DefaultJson,
    FormatCaseMinded,
    RequestIdRepeated,
    RequestIdHeaderOther,
    HostIdLeftOut,
    StringToSignLeftOut,
    ContentTypeOther,
    /// Characters beyond the BMP are refused.
    AstralRefused,
    /// An unknown key is reported as a wrong signature.
    KeyBehindSignature,
    ThrottleOff,
    ChunkedRefused,
    EmptyBodyRefused,
    DuplicatesRefused,
    /// Two minutes after its time.
    SubmittedLate(Family),
    /// Not in its last two minutes.
    SubmittedShort(Family),
    SubmittedTwice(Family),
    /// Links to pictures and videos open a minute longer.
    LinkOpenLonger(Family),
    CallbackTokenLeftOut(Family),
    CallbackTokenAdded(Family),
    CallbackOtherCode(Family),
    CallbackIdLeftOut(Family),
    CallbackOnce(Family),
    /// Somebody who gives up is reported too.
    CallbackOnAbandon(Family),
    CallbackByPost(Family),
    CallbackUnreachableTaken,
    BilledTwice(Family),
    BilledOnAbandon(Family),
    /// An identity that failed may begin again at once.
    FailedIdentityTaken,
    /// Ciphertext of names and numbers is not opened.
    EncryptedRefused(Family),
}

/// Common parameters and headers that are optional, as the gateway's contract names them.
pub(in crate::mock) const OPTIONAL_COMMON: [&str; 4] = ["Format", "RegionId", "accept", "x-acs-credentials-provider"];
