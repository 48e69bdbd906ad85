//! What a suite file says: baselines, and cases as a valid baseline plus the one thing that differs.
//!
//! Strict: an unknown key is a mistake. Text between `{{` and `}}` is a minijinja expression, in keys too, over: the
//! sandbox roles of the call (`account`, `scene`, `person`, `device`, `picture`) and any other (`sandbox.persons["no-photo"]`),
//! `target`, `callback.url`, `now` (the account's time), `it` (the row of `each`), earlier answers by their `as` name
//! (`{{ init.ResultObject.CertifyId }}`; `#` of a contract path is `| json`), and the functions `unique(n)`,
//! `repeat(text, n)`, `sm2(text)`, `enc_token()` and `figure(api, rule, name)`.

pub use super::expect::Expect;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_saphyr::Spanned;

use super::choice::Choice;
use crate::contract::Text;

/// The value of `format` in a suite file.
pub const SUITE_FORMAT: &str = "idvet/suite/1";

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteFile {
    /// Always `idvet/suite/1`.
    pub format: String,
    /// Folder the file lies in.
    pub api: String,
    pub title: Text,
    /// Valid requests by name, visible to every file of the folder (and, as `<api>/<name>`, to other folders).
    #[serde(default)]
    pub baselines: IndexMap<String, Baseline>,
    #[serde(default, serialize_with = "without_places")]
    #[schemars(with = "Vec<CaseTemplate>")]
    pub cases: Vec<Spanned<CaseTemplate>>,
}

fn without_places<S: Serializer>(cases: &[Spanned<CaseTemplate>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(cases.iter().map(|case| &case.value))
}

/// A valid request of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// API of the contract the operation is in, where it is not the file's.
    #[serde(default)]
    pub api: Option<String>,
    pub operation: String,
    /// Value of the product-selecting parameter, for QPS and product conditions.
    #[serde(default)]
    pub product: Option<String>,
    #[serde(default)]
    pub roles: Roles,
    /// Business parameters by wire name; for SAF the keys of ServiceParameters are written `ServiceParameters#method`.
    pub parameters: IndexMap<String, String>,
}

/// Sandbox roles that stand in for `{{ account… }}` and so on; absent: `ordinary` (device: `ios`, person: `match`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub scene: Option<String>,
    #[serde(default)]
    pub person: Option<String>,
    #[serde(default)]
    pub device: Option<String>,
    #[serde(default)]
    pub picture: Option<String>,
}

/// A case, or with `each` a family of cases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseTemplate {
    /// Last part of the case id `<api>/<file>/<id>`; with `each` it contains `{{ it.… }}`.
    pub id: String,
    pub title: Text,
    /// Requirement ids the case speaks for. `{{ it.… }}` with `each`. A `*` at the end takes all that begin so.
    pub requirements: Vec<String>,
    /// Repeats the case for every row of a contract; the row is `it`.
    #[serde(default)]
    pub each: Option<Each>,
    /// Case id of the positive twin. Without it, a case whose steps contain one `differs` gets a derived twin: the
    /// same steps with the difference left out.
    #[serde(default)]
    pub twin: Option<String>,
    pub steps: Vec<Step>,
}

/// The rows a case is repeated for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// API of the contract, where it is not the file's.
    #[serde(default)]
    pub api: Option<String>,
    /// Operation whose rows are meant; absent for `products`.
    #[serde(default)]
    pub operation: Option<String>,
    pub rows: Rows,
    /// Rows by name (or code, path) to take; empty: all that the kind selects.
    #[serde(default)]
    pub only: Vec<String>,
    #[serde(default)]
    pub except: Vec<String>,
    /// Rows given here rather than by the contract, for `rows: listed`.
    #[serde(default)]
    pub list: Vec<IndexMap<String, String>>,
}

/// Kinds of rows. Every row offers `it.name` and `it.requirement` (the id it speaks for), and what is listed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Parameters with `presence: required`.
    RequiredParameters,
    /// Each documented value of each enumeration: `it.value`.
    EnumValues,
    /// One value outside each enumeration: `it.value`.
    EnumViolations,
    /// Values of exactly the longest length: `it.value`.
    LongestValues,
    /// Values one character longer than the longest: `it.value`.
    OverlongValues,
    /// Values that break each pattern, several a row: `it.value`, `it.index`.
    PatternViolations,
    /// The `example` of each optional parameter: `it.value`.
    OptionalExamples,
    /// Sub-codes: `it.code`, `it.passed`, `it.billed`.
    SubCodes,
    /// Products: `it.code`, `it.qps`.
    Products,
    /// Rows written in the case.
    Listed,
}

/// One step: a map with one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Sends a request and judges the answer.
    Call(Box<Call>),
    /// Stands a person in front of the camera (capability `submit`).
    Submit(Submit),
    /// Moves the account's clock (capability `clock`).
    Advance(Advance),
    /// Waits for a callback and judges it (capability `callbacks`).
    Callback(CallbackExpected),
    /// Gets an address that an earlier answer named, unsigned.
    Fetch(Fetch),
    /// Sends the same request (freshly signed) many times within one second (capability `throttle`).
    Burst(Box<Burst>),
    /// Reads the count of billed verifications (capability `billing`).
    Billing(BillingExpected),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub baseline: String,
    /// Name under which later steps see the answer.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
    /// Roles, parameters and wire form that the twin shares.
    #[serde(default)]
    pub roles: Roles,
    #[serde(default)]
    pub set: IndexMap<String, String>,
    #[serde(default)]
    pub unset: Vec<String>,
    #[serde(default)]
    pub wire: Wire,
    /// The one thing that the twin does not share.
    #[serde(default)]
    pub differs: Option<Difference>,
    /// Success when absent.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// What the twin expects at this step; when absent: success from the difference on, `expect` before it.
    #[serde(default)]
    pub otherwise: Option<Expect>,
}

/// How a request is put on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// `GET` or `POST` (default: `POST`), or any token.
    #[serde(default)]
    pub method: Option<String>,
    /// Default: the scheme given on the command line, or V1.
    #[serde(default)]
    pub scheme: Option<Choice<SchemeName>>,
    /// Where parameters travel; default: as the contract says.
    #[serde(default)]
    pub place: Option<Choice<WirePlace>>,
    /// Space as `%20` (default) or `+`.
    #[serde(default)]
    pub space: Option<Choice<SpaceAs>>,
    /// Sends the body chunked.
    #[serde(default)]
    pub chunked: Option<bool>,
    /// Order of parameters on the wire.
    #[serde(default)]
    pub order: Option<Choice<WireOrder>>,
    /// ACS3: headers to add before signing, and to sign.
    #[serde(default)]
    pub signed_headers: IndexMap<String, String>,
    /// ACS3: `Signature` before `SignedHeaders` in `Authorization`.
    #[serde(default)]
    pub signature_first: Option<bool>,
    /// Headers to add after signing (unsigned).
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Sends over plain HTTP although the endpoint is HTTPS.
    #[serde(default)]
    pub plain_http: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SchemeName {
    V1,
    #[serde(rename = "acs3")]
    Acs3,
    #[serde(rename = "acs3-sm3")]
    Acs3Sm3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WirePlace {
    Query,
    Form,
    /// Common parameters in the query, business parameters in the form.
    Split,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceAs {
    Percent20,
    Plus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WireOrder {
    Sorted,
    Reversed,
}

/// The one thing that differs from the twin. Exactly one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// Business or common parameters with other values (several only where they are one fact).
    Set(IndexMap<String, String>),
    /// Parameters left out.
    Unset(Vec<String>),
    /// Parameters present with an empty value.
    Empty(Vec<String>),
    /// A parameter sent a second time, with this value.
    Duplicate(IndexMap<String, String>),
    Roles(Roles),
    Wire(Wire),
    /// The signature is made wrong in one way.
    Tamper(Choice<Tamper>),
    /// The request is dated this many seconds off the account's clock.
    ClockSkewSeconds(Choice<i64>),
    /// The text of the timestamp as it stands.
    TimestampText(String),
    /// The nonce of an earlier step's request (by its `as` name); all else is fresh.
    NonceOf(String),
    /// The whole earlier request, byte for byte.
    ReplayOf(String),
}

/// One way of getting a signature wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// One bit of the signature flipped.
    Flipped,
    /// Letter case of the signature changed.
    LetterCase,
    /// Another secret.
    WrongSecret,
    /// V1: the `&` behind the secret left out. ACS3: added.
    KeySuffix,
    /// Signed as the other of GET and POST.
    WrongMethod,
    /// A parameter value changed after signing.
    ParameterChanged,
    /// A parameter added after signing.
    ParameterAdded,
    /// A parameter removed after signing.
    ParameterRemoved,
    /// Signed with space as `+`.
    SpaceAsPlus,
    /// Signed with `~` escaped.
    TildeEscaped,
    /// Signed with raw `*`.
    AsteriskRaw,
    /// Signed in wire order, not sorted.
    Unsorted,
    /// Values escaped once more before signing.
    DoubleEncoded,
    /// Empty parameters left out of the string to sign.
    EmptyLeftOut,
    /// The security token added after signing.
    TokenUnsigned,
    /// The signature is empty.
    Empty,
    /// ACS3: a byte of the body changed, hash header as signed.
    BodyChanged,
    /// ACS3: hash header does not match the body; signature over the header as sent.
    BodyHash,
    /// ACS3: an x-acs-* header changed after signing.
    HeaderChanged,
    /// ACS3: `host` left out of SignedHeaders.
    HostUnsigned,
    /// ACS3: an x-acs-* header sent but not in SignedHeaders.
    HeaderUnsigned,
    /// Signed with another algorithm than declared (V1: HMAC-SHA256; ACS3: HMAC-SHA1).
    OtherAlgorithm,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// API of the transaction, where it is not the file's.
    #[serde(default)]
    pub api: Option<String>,
    /// CertifyId, VerifyToken or TransactionId.
    pub transaction: String,
    /// Account that owns it, as a role; the case's account when absent.
    #[serde(default)]
    pub account: Option<String>,
    /// Person role in front of the camera; absent: the person that init named.
    #[serde(default)]
    pub person: Option<String>,
    /// Sub-code to force instead of the person's outcome.
    #[serde(default)]
    pub sub_code: Option<String>,
    /// Gives up half-way instead of finishing.
    #[serde(default)]
    pub abandon: bool,
    /// Whether the submission is taken; true when absent.
    #[serde(default)]
    pub accepted: Option<bool>,
    /// Whether the twin's submission is taken; true when absent.
    #[serde(default)]
    pub otherwise: Option<bool>,
    #[serde(default)]
    pub differs: Option<SubmitDifference>,
}

/// What the twin's submission does not share; exactly one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubmitDifference {
    Person(String),
    SubCode(String),
    Abandon(bool),
    /// The step is not taken at all.
    Skip(bool),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    pub seconds: i64,
    /// Seconds instead, in the case but not in its twin.
    #[serde(default)]
    pub differs: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbackExpected {
    /// How many callbacks come for the case's listener address; 0: none may come before the account's clock is moved on
    /// and the target says it is idle.
    #[serde(default = "one")]
    pub count: u32,
    #[serde(default)]
    pub method: Option<String>,
    /// Query parameter to exact value; `a|b` where the documents spell a name in two ways.
    #[serde(default)]
    pub query: IndexMap<String, String>,
    /// Query parameters that must be absent.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Status the listener answers with, from the first callback on; 200 when absent.
    #[serde(default)]
    pub answer: Option<Choice<u16>>,
    /// Seconds (of the target's clock) within which `count` callbacks come.
    #[serde(default)]
    pub within_seconds: Option<u32>,
    /// How many callbacks come in the twin; `count` when absent.
    #[serde(default)]
    pub otherwise: Option<u32>,
}

fn one() -> u32 {
    1
}

fn ok() -> u16 {
    200
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Address, usually an expression.
    pub url: String,
    /// Status wanted.
    #[serde(default = "ok")]
    pub status: u16,
    /// The link must be dead: any status from 400 to 499 will do, whatever `status` says.
    #[serde(default)]
    pub gone: bool,
    /// The address must redirect there: any status from 300 to 399 with this `Location`, whatever `status` says.
    #[serde(default)]
    pub leads_to: Option<String>,
    /// Regular expression that the `content-type` begins with.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Status in the twin; 200 when absent.
    #[serde(default)]
    pub otherwise: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    pub baseline: String,
    #[serde(default)]
    pub roles: Roles,
    #[serde(default)]
    pub set: IndexMap<String, String>,
    /// Requests to send, an expression that gives a number.
    pub count: String,
    /// Exactly or at least this many are not throttled (expression).
    pub served_at_least: String,
    #[serde(default)]
    pub served_at_most: Option<String>,
    /// What a throttled answer must be.
    pub throttled: Expect,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillingExpected {
    /// Billed verifications of the case's account since the case began.
    pub count: u64,
    /// The same in the twin; `count` when absent.
    #[serde(default)]
    pub otherwise: Option<u64>,
}
