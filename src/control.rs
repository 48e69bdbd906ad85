//! The control API as data: what a tester may ask of a target besides calling it.
//!
//! JSON over HTTP POST (the journal and the keys: GET) on an address of its own. The mock serves it; any other service
//! may, and then has the capabilities that say `control`. `idvet schema control` publishes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /submit`: a person finishes (or leaves) the client part of a transaction.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitRequest {
    /// `cloudauth`, `verify-token`, `saf` or `intl`.
    pub api: String,
    /// Key of the account that owns the transaction.
    pub access_key_id: String,
    /// CertifyId, VerifyToken or TransactionId.
    pub transaction: String,
    /// Name and number of the person in front of the camera; absent: whom init named.
    #[serde(default)]
    pub person: Option<SubmittedPerson>,
    /// Sub-code (VerifyStatus) to end in, whatever the person.
    #[serde(default)]
    pub sub_code: Option<String>,
    /// Leaves before the end.
    #[serde(default)]
    pub abandon: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmittedPerson {
    pub name: String,
    pub id_number: String,
}

/// Answer to `POST /submit`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SubmitAnswer {
    pub accepted: bool,
    /// Why not, for example `expired`, `already submitted`, `unknown transaction`.
    pub reason: Option<String>,
}

/// `POST /clock`: moves time on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// Account whose time moves; absent: everybody's.
    #[serde(default)]
    pub access_key_id: Option<String>,
    pub advance_seconds: i64,
}

/// Answer to `POST /clock`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClockAnswer {
    /// The account's (or global) time now, `yyyy-MM-ddTHH:mm:ssZ`.
    pub now: String,
}

/// `POST /reset`: forgets transactions, nonces, counters and clock offset.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// Account to forget; absent: all.
    #[serde(default)]
    pub access_key_id: Option<String>,
}

/// `POST /billing`: reads the count of billed verifications.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillingRequest {
    pub access_key_id: String,
}

/// Answer to `POST /billing`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BillingAnswer {
    pub count: u64,
}

/// `POST /callbacks`: waits until no callback of the account is under way at its present time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbacksRequest {
    pub access_key_id: String,
}

/// Answer to `POST /callbacks`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CallbacksAnswer {
    /// Callback requests sent so far for the account.
    pub sent: u64,
    /// Callbacks that wait for a later time of the account's clock (retries).
    pub scheduled: u64,
}

/// `POST /trust`: callbacks may go to listeners whose certificate this CA signed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustRequest {
    pub ca_pem: String,
}

/// Answer to `GET /keys`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeysAnswer {
    /// Uncompressed point, hex, leading `04`.
    pub sm2_public_key: String,
    /// X.509 SubjectPublicKeyInfo, Base64.
    pub enc_token_public_key: String,
    /// CA of the HTTPS endpoints, PEM.
    pub ca_pem: Option<String>,
}

/// `POST /faults`: replaces the faults in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultsRequest {
    pub faults: Vec<Fault>,
}

/// One fault, for some calls.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Account it is for; absent: all.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// Action it is for; absent: all.
    #[serde(default)]
    pub action: Option<String>,
    /// How many calls it hits; absent: until replaced.
    #[serde(default)]
    pub times: Option<u64>,
    pub kind: FaultKind,
}

/// What happens to a call instead of, or on top of, its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Waits before answering.
    LatencyMs(u64),
    /// Never answers, keeps the connection.
    Stall,
    /// Resets the connection before any byte.
    Reset,
    /// Closes after this many bytes of the body.
    TruncateBody(u64),
    /// Sends bytes that are not HTTP.
    Garbage,
    /// Answers with this status and an HTML page.
    HttpError(u16),
    /// Answers as if throttled.
    Throttle,
    /// Answers with an empty body.
    EmptyBody,
    /// Sends this body with the ordinary headers.
    Body(String),
    /// Answers with a body that has no end, 100 MB of it a second.
    Endless,
    /// Sends one byte of the body each so many milliseconds.
    DripMs(u64),
    /// Answers just this.
    Answer(ScriptedAnswer),
    /// Sends these bytes as they are instead of an answer, then closes the connection.
    Raw(String),
}

/// An answer as a tester writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedAnswer {
    pub status: u16,
    #[serde(default)]
    pub headers: indexmap::IndexMap<String, String>,
    #[serde(default)]
    pub body: String,
    /// The body in Base64, for bytes that are no text; `body` is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// Only for a request whose Accept-Encoding has this coding; others get the ordinary answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_accepts: Option<String>,
}

/// One entry of `GET /journal`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct JournalEntry {
    /// Number of the request, from 1, rising.
    pub number: u64,
    /// Server time, milliseconds since the epoch.
    pub at_ms: i64,
    pub access_key_id: Option<String>,
    pub action: Option<String>,
    pub http_status: u16,
    /// Code of the answer, where it has one.
    pub code: Option<String>,
    /// Signature scheme seen.
    pub scheme: Option<String>,
}

/// What an endpoint that has a control API says of it at [`DISCOVERY_PATH`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Discovery {
    /// Always `idvet/control/1`.
    pub format: String,
    /// Base address of the control API.
    pub control: String,
}

/// Where an endpoint tells of its control API.
pub const DISCOVERY_PATH: &str = "/.well-known/idvet";

/// The value of `format` in [`Discovery`].
pub const CONTROL_FORMAT: &str = "idvet/control/1";

/// What is asked and what is answered at one path.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes the schema, is never made")]
struct Asked<Q, A> {
    request: Q,
    answer: A,
}

/// Every path of the control API.
#[derive(JsonSchema)]
#[schemars(rename = "ControlApi")]
#[expect(dead_code, reason = "describes the schema, is never made")]
struct ControlApi {
    #[schemars(rename = "POST /submit")]
    submit: Asked<SubmitRequest, SubmitAnswer>,
    #[schemars(rename = "POST /clock")]
    clock: Asked<ClockRequest, ClockAnswer>,
    #[schemars(rename = "POST /reset")]
    reset: Asked<ResetRequest, ()>,
    #[schemars(rename = "POST /billing")]
    billing: Asked<BillingRequest, BillingAnswer>,
    #[schemars(rename = "POST /callbacks")]
    callbacks: Asked<CallbacksRequest, CallbacksAnswer>,
    #[schemars(rename = "POST /trust")]
    trust: Asked<TrustRequest, ()>,
    #[schemars(rename = "POST /faults")]
    faults: Asked<FaultsRequest, ()>,
    #[schemars(rename = "GET /keys")]
    keys: KeysAnswer,
    #[schemars(rename = "GET /journal")]
    journal: Vec<JournalEntry>,
    /// On the endpoint itself, so that its address alone is enough.
    #[schemars(rename = "GET /.well-known/idvet")]
    discovery: Discovery,
}

/// Returns the JSON Schema of the control API, a property for each path.
pub fn control_schema() -> serde_json::Value {
    schemars::schema_for!(ControlApi).to_value()
}
