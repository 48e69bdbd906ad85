//! The readings, in the order of the path of an answer: wire, form, gateway, families.

/// A reading other than the mock's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described by its row in `READINGS`")]
pub enum Variant {
    Http10,
    ConnectionClose,
    Chunked,
    HeaderTitleCase,
    MoreHeaders,
    FewerHeaders,
    ReasonPhrase,
    KeysReversed,
    KeysSorted,
    JsonSpaced,
    JsonEscaped,
    ExtraFields,
    OptionalAbsent,
    OptionalEmpty,
    InferredAbsent,
    MessageLanguage,
    MessageWords,
    XmlStyle,
    RequestIdVersion,
    RecommendOlder,
    RecommendAbsent,
    AccessDeniedDetail,
    RetryAfterAbsent,
    ScoresWhole,
    Window31Minutes,
    WindowEdge,
    NonceOfAll,
    NonceFirst,
    NonceLonger,
    EmptiesLeftOut,
    QueryWins,
    UnsignedHeaders,
    OtherStatuses,
    MissingOlder,
    ActionFirst,
    AccountFirst,
    AcceptIgnored,
    ThrottlingApi,
    ThrottlingPlain,
    BusinessStatus,
    Unfinished403,
    ExpiredUnknown,
    IdsPlain,
    IdsOther,
    Sm2BrokenOther,
    OrderNumberOnce,
    ReturnBare,
    PageGone,
    CallbackQueryDropped,
    CallbackSpelling,
    CallbackMoreTries,
    CallbackOnce,
    AbandonedBilled,
    LifetimeEdge,
    RiskCarrier,
    SafUnfinished,
    SafEmptyData,
    SafCodeText,
    BizTypeOlder,
    FaceMaskSwapped,
    IntlResultsGone,
}

/// What is known of a variant.
#[derive(Debug)]
pub struct Reading {
    pub variant: Variant,
    /// As `--variant` takes it.
    pub id: &'static str,
    /// What the documents leave open.
    pub point: &'static str,
    /// How the variant reads it.
    pub reading: &'static str,
    /// Where it is left open.
    pub source: &'static str,
}

impl Variant {
    /// Returns the row of a variant.
    pub fn reading(self) -> &'static Reading {
        &READINGS[self as usize]
    }

    /// Finds a variant by its id.
    pub fn named(id: &str) -> Option<Self> {
        READINGS.iter().find(|reading| reading.id == id).map(|reading| reading.variant)
    }
}

const fn row(variant: Variant, id: &'static str, [point, reading, source]: [&'static str; 3]) -> Reading {
    Reading { variant, id, point, reading, source }
}

/// All variants, in the order of [`Variant`].
pub const READINGS: &[Reading] = &[
    row(
        Variant::Http10,
        "http-1.0",
        ["version of HTTP", "answers are HTTP/1.0", "no document names a version of HTTP"],
    ),
    row(
        Variant::ConnectionClose,
        "connection-close",
        ["life of a connection", "every connection ends after one answer", "signing.md §6 shows keep-alive, as seen"],
    ),
    row(
        Variant::Chunked,
        "chunked",
        ["framing of bodies", "bodies come chunked, in small pieces, without a length", "signing.md §6"],
    ),
    row(
        Variant::HeaderTitleCase,
        "header-title-case",
        ["case of header names", "header names come in title case", "RFC 9110 §5.1"],
    ),
    row(
        Variant::MoreHeaders,
        "more-headers",
        [
            "headers that nobody needs",
            "older CORS headers, etag, server, rate limits and a cookie are there",
            "signing.md §6",
        ],
    ),
    row(
        Variant::FewerHeaders,
        "fewer-headers",
        [
            "headers that nobody needs",
            "no keep-alive, CORS, vary or x-acs-trace-id",
            "signing.md §6; gateway.rule.headers.seen is observed",
        ],
    ),
    row(
        Variant::ReasonPhrase,
        "reason-phrase",
        ["reason phrase", "the status line has a reason of its own", "RFC 9112 §4"],
    ),
    row(
        Variant::KeysReversed,
        "keys-reversed",
        ["order of JSON keys", "keys come in reverse order, in JSON texts too", "signing.md §5"],
    ),
    row(
        Variant::KeysSorted,
        "keys-sorted",
        ["order of JSON keys", "keys come in alphabetical order, in JSON texts too", "signing.md §5"],
    ),
    row(
        Variant::JsonSpaced,
        "json-spaced",
        ["spelling of JSON", "spaces after commas and colons, a line end after the body", "RFC 8259 §2"],
    ),
    row(
        Variant::JsonEscaped,
        "json-escaped",
        ["spelling of JSON", "everything but ASCII, and every slash, is escaped", "RFC 8259 §7"],
    ),
    row(
        Variant::ExtraFields,
        "extra-fields",
        [
            "fields beyond the documented ones",
            "answers, objects in them and JSON texts hold further fields",
            "cloudauth-intl-2022-08-09.md §5.3; SDK drift in cloudauth-2019-03-07.md §14",
        ],
    ),
    row(
        Variant::OptionalAbsent,
        "optional-absent",
        [
            "optional fields",
            "fields marked optional are absent, but for objects that hold required ones",
            "response tables of all families",
        ],
    ),
    row(
        Variant::OptionalEmpty,
        "optional-empty",
        ["optional fields", "optional texts that would be absent are empty", "response tables of all families"],
    ),
    row(
        Variant::InferredAbsent,
        "inferred-absent",
        [
            "fields that are only inferred",
            "fields whose presence is inferred or uncertain are absent",
            "rows marked so in the contracts",
        ],
    ),
    row(
        Variant::MessageLanguage,
        "message-language",
        ["language of messages", "Chinese messages in English and the other way round", "cloudauth-2019-03-07.md §15"],
    ),
    row(
        Variant::MessageWords,
        "message-words",
        [
            "wording of messages",
            "gateway messages are worded otherwise; the tail with the string to sign stays",
            "clients match on Code: signing.md §5",
        ],
    ),
    row(
        Variant::XmlStyle,
        "xml-style",
        [
            "style of XML",
            "double quotes in the declaration, indentation, Recommend escaped and not CDATA",
            "XML 1.0 §2.8",
        ],
    ),
    row(
        Variant::RequestIdVersion,
        "request-id-version",
        ["version digit of a RequestId", "upper-case UUIDs of version 4", "signing.md §6"],
    ),
    row(
        Variant::RecommendOlder,
        "recommend-older",
        ["Recommend", "the address is that of the error centre of earlier years", "signing.md §5"],
    ),
    row(
        Variant::RecommendAbsent,
        "recommend-absent",
        ["Recommend", "errors carry no Recommend", "gateway.rule.error-body.recommend is observed"],
    ),
    row(
        Variant::AccessDeniedDetail,
        "access-denied-detail",
        ["detail of permission errors", "refusals with HTTP 403 carry AccessDeniedDetail", "signing.md §5"],
    ),
    row(
        Variant::RetryAfterAbsent,
        "retry-after-absent",
        ["x-acs-retry-after", "throttled answers carry no x-acs-retry-after", "signing.md §10.9"],
    ),
    row(Variant::ScoresWhole, "scores-whole", ["scores", "scores are whole numbers", "type tables say number"]),
    row(
        Variant::Window31Minutes,
        "window-31-minutes",
        ["time window", "timestamps are good for 31 minutes into the past", "signing.md §3"],
    ),
    row(
        Variant::WindowEdge,
        "window-edge",
        ["time window", "a timestamp exactly 15 minutes off is refused", "signing.md §3"],
    ),
    row(
        Variant::NonceOfAll,
        "nonce-of-all",
        ["scope of nonces", "a nonce counts for all accounts together", "signing.md §10.3"],
    ),
    row(
        Variant::NonceFirst,
        "nonce-first",
        ["order of nonce and signature", "a nonce is used up before the signature is judged", "signing.md §10.3"],
    ),
    row(
        Variant::NonceLonger,
        "nonce-longer",
        ["memory of nonces", "nonces are remembered for 31 minutes", "signing.md §3: at least 15 minutes"],
    ),
    row(
        Variant::EmptiesLeftOut,
        "empties-left-out",
        ["empty parameters", "signatures that leave empty parameters out are taken too", "signing.md §10.2"],
    ),
    row(
        Variant::QueryWins,
        "query-wins",
        ["name in query and body", "of two values of one name the one in the query counts", "signing.md §10.5"],
    ),
    row(
        Variant::UnsignedHeaders,
        "unsigned-headers",
        ["unsigned x-acs-* headers", "x-acs-* headers outside SignedHeaders are let through", "signing.md §10.7"],
    ),
    row(
        Variant::OtherStatuses,
        "other-statuses",
        [
            "HTTP statuses that tables disagree on",
            "each code has the last of the statuses its sources give",
            "signing.md §5",
        ],
    ),
    row(
        Variant::MissingOlder,
        "missing-older",
        [
            "code of an absent Action or Version",
            "InvalidParameter, as older lists have it",
            "gateway-errors.json, MissingAction",
        ],
    ),
    row(
        Variant::ActionFirst,
        "action-first",
        ["order of the gateway's checks", "version and action are judged before the key", "signing.md §4"],
    ),
    row(
        Variant::AccountFirst,
        "account-first",
        [
            "order of account and parameters",
            "an account's state is judged before parameters",
            "cloudauth-2019-03-07.md §16 is inferred",
        ],
    ),
    row(
        Variant::AcceptIgnored,
        "accept-ignored",
        ["Accept under ACS3", "ACS3 is always answered in JSON", "gateway.rule.format.accept is uncertain"],
    ),
    row(
        Variant::ThrottlingApi,
        "throttling-api",
        ["code of throttled calls", "domestic products answer Throttling.Api", "gateway.rule.throttling"],
    ),
    row(
        Variant::ThrottlingPlain,
        "throttling-plain",
        ["code of throttled calls", "domestic products answer Throttling", "gateway.rule.throttling"],
    ),
    row(
        Variant::BusinessStatus,
        "business-status",
        [
            "HTTP status of business errors",
            "business errors whose status is only inferred come with another one",
            "cloudauth-2019-03-07.md §15",
        ],
    ),
    row(
        Variant::Unfinished403,
        "unfinished-403",
        [
            "code of an unfinished verification",
            "DescribeFaceVerify answers 403 and not 424, but for one that was given up",
            "cloudauth-2019-03-07.md §15",
        ],
    ),
    row(
        Variant::ExpiredUnknown,
        "expired-unknown",
        [
            "query after the time for submission",
            "DescribeFaceVerify answers 406 for an id that expired",
            "cloudauth-2019-03-07.md §15",
        ],
    ),
    row(
        Variant::IdsPlain,
        "ids-plain",
        ["form of transaction ids", "ids are 32 hex digits without a prefix", "cloudauth-2019-03-07.md §13"],
    ),
    row(
        Variant::IdsOther,
        "ids-other",
        ["form of transaction ids", "CertifyId begins with shs", "cloudauth-2019-03-07.md §13"],
    ),
    row(
        Variant::Sm2BrokenOther,
        "sm2-broken-other",
        [
            "code of an unreadable ciphertext",
            "InitFaceVerify answers 400, ExecuteRequest 500",
            "saf-2017-03-31.md §8.1",
        ],
    ),
    row(
        Variant::OrderNumberOnce,
        "order-number-once",
        ["repeated OuterOrderNo", "a second use of an OuterOrderNo is refused with 401", "cloudauth-2019-03-07.md §15"],
    ),
    row(
        Variant::ReturnBare,
        "return-bare",
        [
            "query added to ReturnUrl",
            "the page returns to ReturnUrl as it is",
            "cloudauth-2019-03-07.md §12: third-party evidence only",
        ],
    ),
    row(
        Variant::PageGone,
        "page-gone",
        ["status of a page that no longer serves", "HTTP 410", "no document names one"],
    ),
    row(
        Variant::CallbackQueryDropped,
        "callback-query-dropped",
        ["query already in a callback address", "it is dropped", "cloudauth-2019-03-07.md §15"],
    ),
    row(
        Variant::CallbackSpelling,
        "callback-spelling",
        [
            "spelling of callback fields",
            "CallbackToken where an example has callbackToken, subCode for subcode",
            "cloudauth-2019-03-07.md §12, cloudauth-intl-2022-08-09.md §8",
        ],
    ),
    row(
        Variant::CallbackMoreTries,
        "callback-more-tries",
        ["number of callbacks", "three tries where two are documented", "cloudauth-2019-03-07.md §15"],
    ),
    row(
        Variant::CallbackOnce,
        "callback-once",
        [
            "callbacks where no retry is documented",
            "SAF and the international product call once",
            "saf-2017-03-31.md §9, cloudauth-intl-2022-08-09.md §8",
        ],
    ),
    row(
        Variant::AbandonedBilled,
        "abandoned-billed",
        ["billing of abandoned verifications", "DescribeFaceVerify's are billed", "cloudauth-2019-03-07.md §15"],
    ),
    row(
        Variant::LifetimeEdge,
        "lifetime-edge",
        [
            "edges of lifetimes",
            "what ends after a time still holds at that very instant",
            "no document says which side the edge is on",
        ],
    ),
    row(
        Variant::RiskCarrier,
        "risk-carrier",
        [
            "carrier of safe-mode tags",
            "ExtInfo holds them as a list, ExtRiskInfo is absent",
            "intl.rule.safe-mode.carrier is inferred",
        ],
    ),
    row(Variant::SafUnfinished, "saf-unfinished", ["SAF query without a result", "404", "saf-2017-03-31.md §12"]),
    row(
        Variant::SafEmptyData,
        "saf-empty-data",
        ["Data of failed SAF calls", "an empty object", "saf.rule.data.omitted is INFO"],
    ),
    row(Variant::SafCodeText, "saf-code-text", ["type of SAF's Code", "text", "its type is inferred"]),
    row(
        Variant::BizTypeOlder,
        "biz-type-older",
        ["code of an unknown BizType", "InvalidParam.InvalidBiz", "verify-token-2019-03-07.md §11"],
    ),
    row(
        Variant::FaceMaskSwapped,
        "face-mask-swapped",
        ["type of FaceMask", "text where the mock has a Boolean, and the other way round", "its type is inferred"],
    ),
    row(
        Variant::IntlResultsGone,
        "intl-results-gone",
        ["CheckResult after 30 days", "ProcessNotCompleted", "intl.rule.results.after is inferred"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_the_place_of_their_variant_and_have_their_own_ids() {
        for (place, reading) in READINGS.iter().enumerate() {
            assert_eq!(reading.variant as usize, place, "{}", reading.id);
            assert_eq!(Variant::named(reading.id), Some(reading.variant));
        }
        assert!(READINGS.len() <= 128, "the set holds no more");
    }
}
