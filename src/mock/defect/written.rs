//! Defects of what no row states: signing, time, nonces, forms of answers, lifecycle, callbacks, billing.

use super::answer::{AnswerChange, Codes, FieldBreach};
use super::behaviour::Behaviour as B;
use super::{Change, Defect};
use crate::mock::transaction::Family::{Cloudauth, Intl, Saf, VerifyToken};
use crate::signing::Vice;

type Row = (&'static str, &'static str, &'static str, B);

/// Requirement, how, what the mock does, and the behaviour.
const ROWS: &[Row] = &[
    ("gateway.rule.signing.v1", "refused", "refuses every V1 signature", B::V1Refused),
    ("gateway.rule.signing.acs3", "refused", "refuses every ACS3 signature", B::Acs3Refused),
    ("gateway.rule.signing.tampered", "unchecked", "takes any signature", B::SignatureUnchecked),
    (
        "gateway.rule.signing.tampered",
        "any-case",
        "compares signatures without regard to letter case",
        B::SignatureAnyCase,
    ),
    (
        "gateway.rule.signing.encoding",
        "lower-case",
        "derives with escapes in lower case",
        B::SignatureWith(Vice::LowerCaseHex),
    ),
    ("gateway.rule.signing.encoding", "tilde", "derives with ~ escaped", B::SignatureWith(Vice::TildeEscaped)),
    ("gateway.rule.signing.encoding", "asterisk", "derives with * as it is", B::SignatureWith(Vice::AsteriskRaw)),
    (
        "gateway.rule.signing.sorted",
        "unsorted",
        "derives over parameters in wire order",
        B::SignatureWith(Vice::Unsorted),
    ),
    (
        "gateway.rule.signing.sorted",
        "any-case",
        "sorts without regard to letter case",
        B::SignatureWith(Vice::SortedIgnoringCase),
    ),
    (
        "gateway.rule.signing.method",
        "lower-case",
        "derives with the method in lower case",
        B::SignatureWith(Vice::MethodLowerCase),
    ),
    (
        "gateway.rule.signing.method",
        "other",
        "derives with the other of GET and POST",
        B::SignatureWith(Vice::WrongMethod),
    ),
    ("gateway.rule.signing.union", "form-left-out", "derives without the form", B::SignatureWith(Vice::FormUnsigned)),
    ("gateway.rule.signing.decoded", "space", "derives with a space as +", B::SignatureWith(Vice::SpaceAsPlus)),
    ("gateway.rule.signing.decoded", "twice", "escapes decoded values twice", B::SignatureWith(Vice::DoubleEncoded)),
    (
        "gateway.rule.signing.v1.empty-values",
        "left-out",
        "derives without empty values",
        B::SignatureWith(Vice::EmptyLeftOut),
    ),
    (
        "gateway.rule.signing.sts",
        "token-unsigned",
        "derives without the security token",
        B::SignatureWith(Vice::TokenUnsigned),
    ),
    (
        "gateway.rule.signing.duplicates",
        "refused",
        "refuses a parameter that stands in query and form",
        B::DuplicatesRefused,
    ),
    ("gateway.rule.acs3.body-hash", "unchecked", "takes a body that is not the hashed one", B::BodyHashUnchecked),
    (
        "gateway.rule.acs3.signed-headers",
        "nonce",
        "derives without x-acs-signature-nonce",
        B::Acs3With(Vice::HeaderUnsigned),
    ),
    (
        "gateway.rule.acs3.signed-headers",
        "host",
        "derives with a host of another form",
        B::Acs3With(Vice::HostTrailingSlash),
    ),
    ("gateway.rule.acs3.query", "unsorted", "ACS3: derives over the query in wire order", B::Acs3With(Vice::Unsorted)),
    ("gateway.rule.acs3.query", "form", "ACS3: takes the form for a part of the query", B::Acs3With(Vice::FormInQuery)),
    ("gateway.rule.acs3.query", "space", "ACS3: derives with a space as +", B::Acs3With(Vice::SpaceAsPlus)),
    ("gateway.rule.acs3.query", "twice", "ACS3: escapes decoded values twice", B::Acs3With(Vice::DoubleEncoded)),
    ("gateway.rule.acs3.extra-headers", "refused", "refuses more signed headers than needed", B::ExtraHeadersRefused),
    (
        "gateway.rule.acs3.authorization-order",
        "demanded",
        "demands SignedHeaders before Signature",
        B::AuthorizationOrderDemanded,
    ),
    ("gateway.rule.time.window", "future", "takes times of the future, however far", B::FutureUnbounded),
    ("gateway.rule.time.window", "past", "takes times of the past, however far", B::PastUnbounded),
    ("gateway.rule.time.window", "short", "takes five minutes only", B::WindowShort),
    ("gateway.rule.time.format", "unchecked", "takes times of any form", B::TimeFormatUnchecked),
    ("gateway.rule.time.fraction", "refused", "refuses fractional seconds", B::TimeFractionRefused),
    ("gateway.rule.nonce.single-use", "forgotten", "forgets nonces", B::NonceForgotten),
    ("gateway.rule.replay", "taken", "takes the same bytes again", B::NonceForgotten),
    ("gateway.rule.methods.get-post", "get-refused", "refuses GET", B::GetRefused),
    ("gateway.rule.format.json", "xml", "answers Format=JSON in XML", B::JsonAsXml),
    ("gateway.rule.format.xml", "json", "answers Format=XML in JSON", B::XmlAsJson),
    ("gateway.rule.format.default", "json", "answers in JSON without Format", B::DefaultJson),
    ("gateway.rule.format.case", "minded", "answers Format=json in XML", B::FormatCaseMinded),
    ("gateway.rule.request-id", "repeated", "answers with one RequestId always", B::RequestIdRepeated),
    ("gateway.rule.request-id.header", "other", "answers with another id in the header", B::RequestIdHeaderOther),
    ("gateway.rule.error-body", "host-id", "leaves HostId out of errors", B::HostIdLeftOut),
    ("gateway.rule.error-body.string-to-sign", "left-out", "does not tell its string to sign", B::StringToSignLeftOut),
    ("gateway.rule.content-type", "other", "answers as text/plain", B::ContentTypeOther),
    ("gateway.rule.encoding.utf-8", "astral", "refuses characters beyond the BMP", B::AstralRefused),
    (
        "gateway.rule.order.key-before-signature",
        "behind",
        "reports an unknown key as a wrong signature",
        B::KeyBehindSignature,
    ),
    (
        "gateway.rule.order.signature-before-parameters",
        "behind",
        "reports wrong parameters before a wrong signature",
        B::ParametersBeforeSignature,
    ),
    ("gateway.rule.throttling", "off", "never throttles", B::ThrottleOff),
    ("gateway.rule.chunked", "refused", "refuses chunked bodies", B::ChunkedRefused),
    ("gateway.rule.post.empty-body", "refused", "refuses a POST without a body", B::EmptyBodyRefused),
    ("cloudauth.rule.lifetime.certify-id", "late", "takes a submission at 31 minutes", B::SubmittedLate(Cloudauth)),
    ("cloudauth.rule.lifetime.certify-id", "short", "takes no submission at 29 minutes", B::SubmittedShort(Cloudauth)),
    ("cloudauth.rule.lifetime.picture-url", "longer", "opens a picture after 16 minutes", B::LinkOpenLonger(Cloudauth)),
    ("cloudauth.rule.lifetime.certify-url", "late", "opens a CertifyUrl at 31 minutes", B::PageOpenLonger(Cloudauth)),
    (
        "cloudauth.rule.lifetime.certify-url",
        "short",
        "closes a CertifyUrl at 29 minutes",
        B::PageClosedEarly(Cloudauth),
    ),
    (
        "cloudauth.rule.callback.https",
        "taken",
        "takes a callback address without TLS",
        B::PlainCallbackTaken(Cloudauth),
    ),
    ("cloudauth.rule.callback.only-ended", "at-once", "calls back at init", B::CallbackAtOnce(Cloudauth)),
    (
        "cloudauth.rule.certify-url.only-web",
        "always",
        "answers with a CertifyUrl for MetaInfo that no browser made",
        B::PageForWrongMetaInfo,
    ),
    ("cloudauth.rule.qps.scope", "of-all", "counts the calls of all accounts as one", B::ThrottleOfAll(Cloudauth)),
    (
        "cloudauth.rule.qps.scope",
        "across-operations",
        "counts the calls of all operations as one",
        B::ThrottleAcrossOperations(Cloudauth),
    ),
    ("cloudauth.rule.single-submission", "twice", "takes a second submission", B::SubmittedTwice(Cloudauth)),
    ("cloudauth.rule.callback.method", "post", "calls back with POST", B::CallbackByPost(Cloudauth)),
    (
        "cloudauth.rule.callback.fields",
        "other-code",
        "calls back with another sub-code",
        B::CallbackOtherCode(Cloudauth),
    ),
    ("cloudauth.rule.callback.fields", "no-id", "calls back without certifyId", B::CallbackIdLeftOut(Cloudauth)),
    ("cloudauth.rule.callback.token", "left-out", "calls back without the token", B::CallbackTokenLeftOut(Cloudauth)),
    (
        "cloudauth.rule.callback.token",
        "added",
        "calls back with a token that nobody gave",
        B::CallbackTokenAdded(Cloudauth),
    ),
    ("cloudauth.rule.callback.retry", "once", "calls back once only", B::CallbackOnce(Cloudauth)),
    (
        "cloudauth.rule.callback.only-ended",
        "abandoned",
        "calls back for somebody who gave up",
        B::CallbackOnAbandon(Cloudauth),
    ),
    (
        "cloudauth.rule.callback.reachability",
        "taken",
        "takes a callback address that cannot be reached",
        B::CallbackUnreachableTaken,
    ),
    ("cloudauth.rule.re-init-417", "taken", "takes an identity that failed again at once", B::FailedIdentityTaken),
    ("cloudauth.rule.sm2.fields", "refused", "does not open SM2 ciphertext", B::EncryptedRefused(Cloudauth)),
    ("cloudauth.rule.billing.certify-id", "twice", "counts a verification twice", B::BilledTwice(Cloudauth)),
    ("intl.rule.lifetime.transaction", "late", "takes a submission at 31 minutes", B::SubmittedLate(Intl)),
    ("intl.rule.lifetime.transaction", "short", "takes no submission at 29 minutes", B::SubmittedShort(Intl)),
    ("intl.rule.lifetime.video-url", "longer", "opens a video after 16 minutes", B::LinkOpenLonger(Intl)),
    ("intl.rule.results", "kept", "answers with a result after 31 days", B::ResultsKept),
    ("intl.rule.image-on-request", "unasked", "answers with an image that nobody asked for", B::ImageUnasked),
    ("intl.rule.image-on-request", "failed", "answers with the image of a failed face step", B::ImageOfFailed),
    ("intl.rule.video-on-request", "unasked", "answers with a video that was not switched on", B::VideoUnasked),
    ("intl.rule.callback.https", "taken", "takes a callback address without TLS", B::PlainCallbackTaken(Intl)),
    ("intl.rule.callback.only-ended", "at-once", "calls back at init", B::CallbackAtOnce(Intl)),
    (
        "intl.rule.merchant-biz-id.not-unique",
        "once",
        "refuses a MerchantBizId that was used before",
        B::MerchantNumberOnce,
    ),
    ("intl.rule.qps.scope", "of-all", "counts the calls of all accounts as one", B::ThrottleOfAll(Intl)),
    (
        "intl.rule.qps.scope",
        "across-operations",
        "counts the calls of all operations and products as one",
        B::ThrottleAcrossOperations(Intl),
    ),
    ("intl.rule.single-use", "twice", "takes a second submission", B::SubmittedTwice(Intl)),
    ("intl.rule.callback.method", "post", "calls back with POST", B::CallbackByPost(Intl)),
    ("intl.rule.callback.fields", "other-code", "calls back with another sub-code", B::CallbackOtherCode(Intl)),
    ("intl.rule.callback.fields", "no-id", "calls back without transactionId", B::CallbackIdLeftOut(Intl)),
    ("intl.rule.callback.token", "left-out", "calls back without the token", B::CallbackTokenLeftOut(Intl)),
    ("intl.rule.callback.token", "added", "calls back with a token that nobody gave", B::CallbackTokenAdded(Intl)),
    ("intl.rule.callback.only-ended", "abandoned", "calls back for somebody who gave up", B::CallbackOnAbandon(Intl)),
    ("intl.rule.billing.finished-only", "twice", "counts a flow twice", B::BilledTwice(Intl)),
    ("intl.rule.billing.finished-only", "abandoned", "counts a flow that was given up", B::BilledOnAbandon(Intl)),
    ("saf.rule.lifetime.certify-id", "late", "takes a submission at 31 minutes", B::SubmittedLate(Saf)),
    ("saf.rule.lifetime.certify-id", "short", "takes no submission at 29 minutes", B::SubmittedShort(Saf)),
    ("saf.rule.lifetime.certify-url", "late", "opens a certifyUrl at 31 minutes", B::PageOpenLonger(Saf)),
    ("saf.rule.lifetime.certify-url", "short", "closes a certifyUrl at 29 minutes", B::PageClosedEarly(Saf)),
    ("saf.rule.refusal", "as-200", "answers 200 to what is to be refused", B::RefusalAs200),
    ("saf.rule.query.same-scene", "refused", "finds nothing under the scene of the init", B::SameSceneRefused),
    ("saf.rule.place.query-or-body", "form-unread", "does not read ServiceParameters from the form", B::FormUnread),
    ("saf.rule.sm2.empty", "decrypted", "takes an empty encryptType for SM2", B::EmptyTypeDecrypts),
    ("saf.rule.enc-token", "refused", "refuses every encToken", B::EncTokenRefused),
    ("saf.rule.return-url-empty", "refused", "refuses an empty returnUrl", B::EmptyReturnUrlRefused),
    ("saf.rule.no-meta-info", "demanded", "demands MetaInfo", B::MetaInfoDemanded),
    ("saf.rule.qps.scope", "of-all", "counts the calls of all accounts as one", B::ThrottleOfAll(Saf)),
    ("saf.rule.single-submission", "twice", "takes a second submission", B::SubmittedTwice(Saf)),
    ("saf.rule.callback.fields", "other-code", "calls back with another verdict", B::CallbackOtherCode(Saf)),
    ("saf.rule.callback.fields", "no-id", "calls back without certifyId", B::CallbackIdLeftOut(Saf)),
    ("saf.rule.callback.token", "left-out", "calls back without the token", B::CallbackTokenLeftOut(Saf)),
    ("saf.rule.callback.token", "added", "calls back with a token that nobody gave", B::CallbackTokenAdded(Saf)),
    ("saf.rule.sm2.fields", "refused", "does not open SM2 ciphertext", B::EncryptedRefused(Saf)),
    ("saf.rule.billing.certify-id", "twice", "counts a verification twice", B::BilledTwice(Saf)),
    (
        "verify-token.rule.lifetime.verify-token",
        "late",
        "takes a submission at 31 minutes",
        B::SubmittedLate(VerifyToken),
    ),
    (
        "verify-token.rule.lifetime.verify-token",
        "short",
        "takes no submission at 29 minutes",
        B::SubmittedShort(VerifyToken),
    ),
    (
        "verify-token.rule.lifetime.image-url",
        "longer",
        "opens a picture after 6 minutes",
        B::LinkOpenLonger(VerifyToken),
    ),
    (
        "verify-token.rule.resubmission.after-pass",
        "taken",
        "takes a submission after a pass",
        B::SubmittedTwice(VerifyToken),
    ),
    ("verify-token.product.RPBasic", "refused", "refuses scenes with RPBasic", B::SolutionRefused("RPBasic")),
    ("verify-token.product.RPManual", "refused", "refuses scenes with RPManual", B::SolutionRefused("RPManual")),
    ("verify-token.product.RPBioID", "refused", "refuses scenes with RPBioID", B::SolutionRefused("RPBioID")),
    (
        "verify-token.product.RPBioOnlyPro",
        "refused",
        "refuses scenes with RPBioOnlyPro",
        B::SolutionRefused("RPBioOnlyPro"),
    ),
    ("verify-token.product.RPBioOnly", "refused", "refuses scenes with RPBioOnly", B::SolutionRefused("RPBioOnly")),
    (
        "verify-token.product.RPH5BioOnly",
        "refused",
        "refuses scenes with RPH5BioOnly",
        B::SolutionRefused("RPH5BioOnly"),
    ),
    ("verify-token.product.RPMin", "refused", "refuses scenes with RPMin", B::SolutionRefused("RPMin")),
    (
        "verify-token.rule.resubmission",
        "refused",
        "takes one submission of a token, whatever came of it",
        B::SubmittedOnce(VerifyToken),
    ),
    ("verify-token.rule.h5.success-redirect", "ignored", "does not go to successRedirect", B::SuccessRedirectIgnored),
    ("verify-token.rule.h5.fail-redirect", "ignored", "does not go to failRedirect", B::FailRedirectIgnored),
    ("verify-token.rule.billing.verdict-only", "twice", "counts a submission twice", B::BilledTwice(VerifyToken)),
    (
        "verify-token.rule.billing.verdict-only",
        "abandoned",
        "counts somebody who gave up",
        B::BilledOnAbandon(VerifyToken),
    ),
];

/// Requirement, how, what the mock does; operation, path, code and what it answers in its place.
type CodeRow = (&'static str, &'static str, &'static str, [&'static str; 4]);

const CODES: &[CodeRow] = &[
    (
        "cloudauth.rule.not-ended-424",
        "swapped",
        "answers 404 for an unfinished verification",
        ["DescribeFaceVerify", "Code", "424", "404"],
    ),
    (
        "cloudauth.rule.picture.one-route",
        "swapped",
        "answers 401 for two picture routes",
        ["InitFaceVerify", "Code", "420", "401"],
    ),
    (
        "cloudauth.rule.picture.limits",
        "large",
        "answers 401 for a picture that is too large",
        ["InitFaceVerify", "Code", "421", "401"],
    ),
    (
        "cloudauth.rule.picture.limits",
        "slow",
        "answers 401 for a picture that takes too long",
        ["InitFaceVerify", "Code", "422", "401"],
    ),
    (
        "intl.rule.not-ended-404",
        "swapped",
        "answers Success for an unfinished flow",
        ["CheckResult", "Code", "ProcessNotCompleted", "Success"],
    ),
    (
        "intl.rule.picture.limits",
        "large",
        "answers InvalidParameter for a picture that is too large",
        ["Initialize", "Code", "ToolargeImage", "InvalidParameter"],
    ),
    (
        "intl.rule.picture.limits",
        "slow",
        "answers InvalidParameter for a picture that takes too long",
        ["InitializeV2", "Code", "DownloadTimeout", "InvalidParameter"],
    ),
    (
        "intl.rule.picture.one-route",
        "swapped",
        "answers InvalidParameter for two picture routes",
        ["Initialize", "Code", "DataDuplication", "InvalidParameter"],
    ),
    (
        "verify-token.rule.not-submitted",
        "swapped",
        "answers status 2 for a task that nobody submitted",
        ["DescribeVerifyResult", "VerifyStatus", "-1", "2"],
    ),
    (
        "verify-token.rule.passed-iff-1",
        "swapped",
        "answers status 1 for a face that does not match",
        ["DescribeVerifyResult", "VerifyStatus", "7", "1"],
    ),
    (
        "verify-token.rule.records",
        "swapped",
        "answers as before after 180 days",
        ["DescribeVerifyResult", "Code", "DataExpired", "InvalidParameter"],
    ),
    (
        "verify-token.rule.server-only.verdict",
        "swapped",
        "answers status -1 from VerifyMaterial",
        ["VerifyMaterial", "VerifyStatus", "1", "-1"],
    ),
];

/// Requirement, how, what the mock does; operation, path, and the breach.
type FieldRow = (&'static str, &'static str, &'static str, [&'static str; 2], FieldBreach);

fn fields() -> Vec<FieldRow> {
    let dropped = || FieldBreach::Dropped;
    vec![
        (
            "verify-token.rule.reply.flat",
            "code",
            "answers with a Code on success",
            ["DescribeVerifyToken", "Code"],
            FieldBreach::Added("200".to_owned()),
        ),
        (
            "verify-token.rule.reply.errors",
            "host-id",
            "leaves HostId out of errors",
            ["DescribeVerifyToken", "HostId"],
            dropped(),
        ),
        (
            "verify-token.rule.h5.page-url",
            "dropped",
            "names no page",
            ["DescribeVerifyToken", "VerifyPageUrl"],
            dropped(),
        ),
        (
            "intl.rule.v2.same-reply",
            "dropped",
            "InitializeV2 names no transaction",
            ["InitializeV2", "Result.TransactionId"],
            dropped(),
        ),
        ("intl.rule.safe-mode", "dropped", "tells no threat tags", ["CheckResult", "Result.ExtRiskInfo"], dropped()),
    ]
}

/// Requirement, operation, path of the sub-code, a sub-code, path of the verdict.
const VERDICTS: &[[&str; 5]] = &[
    ["cloudauth.rule.passed-iff-200", "DescribeFaceVerify", "ResultObject.SubCode", "205", "ResultObject.Passed"],
    ["intl.rule.verdict", "CheckResult", "Result.SubCode", "204", "Result.Passed"],
];

pub(super) fn written() -> Vec<Defect> {
    let owned = |text: &str| text.to_owned();
    let mut defects: Vec<Defect> = ROWS
        .iter()
        .map(|(requirement, how, text, behaviour)| {
            Defect::new(owned(requirement), how, owned(text), Change::Behaviour(*behaviour))
        })
        .collect();
    defects.extend(CODES.iter().map(|(requirement, how, text, [operation, path, code, to])| {
        let (operation, code) = (Some(owned(operation)), Codes::One(owned(code)));
        let change = AnswerChange::Code { operation, path: owned(path), code, to: owned(to) };
        Defect::new(owned(requirement), how, owned(text), Change::Answer(change))
    }));
    defects.extend(fields().into_iter().map(|(requirement, how, text, [operation, path], breach)| {
        let change = AnswerChange::Field { operation: Some(owned(operation)), path: owned(path), how: breach };
        Defect::new(owned(requirement), how, owned(text), Change::Answer(change))
    }));
    defects.extend(VERDICTS.iter().map(|[requirement, operation, sub_path, sub_code, path]| {
        let text = format!("answers with the opposite verdict beside sub-code {sub_code}");
        let change = AnswerChange::Verdict {
            operation: owned(operation),
            sub_path: owned(sub_path),
            sub_code: owned(sub_code),
            path: owned(path),
        };
        Defect::new(owned(requirement), "opposite", text, Change::Answer(change))
    }));
    defects
}
