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
    /// ACS3: so too.
    Acs3With(Vice),
    V1Refused,
    Acs3Refused,
    /// The body may differ from its hash.
    BodyHashUnchecked,
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
    /// Wrong business parameters are reported before a wrong signature.
    ParametersBeforeSignature,
    ThrottleOff,
    /// One count for all accounts.
    ThrottleOfAll(Family),
    /// One count for all operations and products.
    ThrottleAcrossOperations(Family),
    ChunkedRefused,
    EmptyBodyRefused,
    DuplicatesRefused,
    /// Two minutes after its time.
    SubmittedLate(Family),
    /// Not in its last two minutes.
    SubmittedShort(Family),
    SubmittedTwice(Family),
    SubmittedOnce(Family),
    /// Links to pictures and videos open two minutes longer.
    LinkOpenLonger(Family),
    /// Pages of verifications open two minutes longer.
    PageOpenLonger(Family),
    /// Pages are closed two minutes early.
    PageClosedEarly(Family),
    CallbackTokenLeftOut(Family),
    CallbackTokenAdded(Family),
    CallbackOtherCode(Family),
    CallbackIdLeftOut(Family),
    CallbackOnce(Family),
    /// Somebody who gives up is reported too.
    CallbackOnAbandon(Family),
    CallbackByPost(Family),
    /// Nobody has verified anything yet.
    CallbackAtOnce(Family),
    CallbackUnreachableTaken,
    PlainCallbackTaken(Family),
    BilledTwice(Family),
    BilledOnAbandon(Family),
    /// An identity that failed may begin again at once.
    FailedIdentityTaken,
    /// Ciphertext of names and numbers is not opened.
    EncryptedRefused(Family),
    /// Cloudauth: MetaInfo that no Web client made gets a page.
    PageForWrongMetaInfo,
    /// International: results outlive their thirty days.
    ResultsKept,
    ImageUnasked,
    ImageOfFailed,
    VideoUnasked,
    MerchantNumberOnce,
    /// SAF: what is to be refused is answered with 200.
    RefusalAs200,
    /// SAF: a query finds nothing under the scene of its init.
    SameSceneRefused,
    /// SAF: ServiceParameters is read from the query alone.
    FormUnread,
    /// SAF: an empty encryptType means SM2.
    EmptyTypeDecrypts,
    EncTokenRefused,
    EmptyReturnUrlRefused,
    MetaInfoDemanded,
    /// Older flow: scenes with this solution are refused.
    SolutionRefused(&'static str),
    SuccessRedirectIgnored,
    FailRedirectIgnored,
}

/// Common parameters and headers that are optional, as the gateway's contract names them.
pub(in crate::mock) const OPTIONAL_COMMON: [&str; 4] = ["Format", "RegionId", "accept", "x-acs-credentials-provider"];
