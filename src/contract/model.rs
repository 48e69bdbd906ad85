//! The protocol as data: what a `suites/<api>/contract.yaml` says, row by row.
//!
//! Strict: an unknown key is a mistake. Facts only; requirements are derived in `requirement`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The value of `format` in a contract file.
pub const CONTRACT_FORMAT: &str = "idvet/contract/1";

/// One API family.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Always `idvet/contract/1`.
    pub format: String,
    /// First part of every requirement id, and the folder's name: `gateway`, `cloudauth`, `verify-token`, `saf`, `intl`.
    pub api: String,
    pub title: Text,
    /// Product name as the gateway knows it, for example `Cloudauth`; absent for `gateway`.
    #[serde(default)]
    pub product: Option<String>,
    /// Version parameter, for example `2019-03-07`; absent for `gateway`.
    #[serde(default)]
    pub version: Option<String>,
    /// Everything that rows may cite, by key.
    pub sources: IndexMap<String, Source>,
    #[serde(default)]
    pub hosts: Vec<Host>,
    /// Values of ProductCode, bizCode or the solution, with what each demands.
    #[serde(default)]
    pub products: Vec<Product>,
    #[serde(default)]
    pub operations: Vec<Operation>,
    /// Codes that belong to no single operation (the gateway's).
    #[serde(default)]
    pub codes: Vec<Code>,
    /// Facts that are neither parameter, field nor code: signing, lifetimes, callbacks, isolation, billing.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Requirements that no case can exercise, and why.
    #[serde(default)]
    pub unexercised: Vec<Unexercised>,
}

/// A sentence in both languages of the reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub en: String,
    pub zh: String,
}

/// A place where a fact was read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Address, or file name of a seed document.
    pub at: String,
    #[serde(default)]
    pub note: Option<String>,
}

/// How far a fact is backed. Only `documented` and `observed` facts may fail anybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    #[default]
    Documented,
    /// Seen on the real wire.
    Observed,
    Inferred,
    Uncertain,
    /// Sources contradict each other.
    Conflicting,
}

/// Weight of a requirement: `must` fails the gate, `should` warns (fails under `--strict`), `info` is only reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Info,
    Should,
    Must,
}

/// An endpoint host.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    pub host: String,
    pub region: String,
    /// `public` or `vpc`.
    pub network: String,
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
}

/// One value of the parameter that selects a product or solution.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The literal, for example `ID_PRO`, `eKYC_PRO`, `RPBasic`, `FACE`.
    pub code: String,
    pub title: Text,
    /// Calls a second, per account and API; RAM users share it. Absent where no figure is documented.
    #[serde(default)]
    pub qps: Option<u32>,
    /// Regions, access kinds and the like, for the reader.
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
}

/// One operation: an action, or one `method` of an action that multiplexes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Name in requirement ids and baselines: the action, or `ExecuteRequest.init`.
    pub name: String,
    pub action: String,
    pub title: Text,
    /// HTTP methods that are documented to work.
    pub methods: Vec<String>,
    /// What the API metadata says of a call: `paid` or `free`.
    #[serde(default)]
    pub charge: Option<String>,
    /// True when a call may be billed, alone or by what follows from it; counted against the billed-call budget.
    #[serde(default)]
    pub billable: bool,
    pub envelope: Envelope,
    /// How requests that break a row of `request` are refused.
    pub refusals: Refusals,
    pub request: Vec<Parameter>,
    pub response: Vec<Field>,
    pub codes: Vec<Code>,
    /// Result codes inside a successful answer: sub-codes, or values of VerifyStatus.
    #[serde(default)]
    pub sub_codes: Vec<SubCode>,
    /// QPS where it does not depend on the product.
    #[serde(default)]
    pub qps: Option<u32>,
    pub sources: Vec<String>,
}

/// Where an answer carries its code and what means success.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Path of the code, for example `Code`.
    pub code: String,
    /// Path of the message, for example `Message`.
    pub message: String,
    /// Code of a successful answer, as text; absent where success carries none (older Cloudauth flow).
    #[serde(default)]
    pub success: Option<String>,
    /// Path of the sub-code or status inside a successful answer.
    #[serde(default)]
    pub sub_code: Option<String>,
    /// Path of the verdict (`T`/`F`, `Y`/`N`) inside a successful answer.
    #[serde(default)]
    pub passed: Option<String>,
}

/// Codes for requests that break a row; `{name}` stands for the parameter's name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusals {
    /// Code when a required parameter is absent or empty.
    pub missing: String,
    /// Level at which the refusal of a missing parameter is judged.
    pub missing_level: Level,
    /// Code when a value breaks type, length, pattern or enumeration.
    pub invalid: String,
    /// Level at which the refusal of an invalid value is judged.
    pub invalid_level: Level,
    pub sources: Vec<String>,
}

/// Where a request parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    Query,
    /// Form body.
    Body,
    /// A key of the JSON text in the parameter `ServiceParameters`.
    ServiceParameters,
    /// A header (gateway, ACS3).
    Header,
}

/// Type of a parameter's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterType {
    String,
    /// Decimal digits of a 64-bit integer.
    Long,
    /// `true` or `false`.
    Boolean,
    /// JSON text.
    Json,
}

/// Whether a parameter has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    Required,
    /// Required when one of `required_when` holds.
    Conditional,
    Optional,
}

/// Values that all have to hold: parameter (or response path) to accepted texts. `MetaInfo#deviceType` reaches into
/// JSON text; `*` alone means "present and not empty"; an empty list means "absent or empty". In a response row,
/// `request.NAME` reaches a parameter of the request, `init.NAME` one of the request that began the transaction.
/// `scene.solution` and `scene.keeps_material` ask about the scene. What nobody can tell makes the condition not hold.
pub type Condition = IndexMap<String, Vec<String>>;

/// A request parameter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    #[serde(rename = "in")]
    pub place: Place,
    #[serde(rename = "type")]
    pub kind: ParameterType,
    pub presence: Presence,
    /// Any one of these makes a conditional parameter required.
    #[serde(default)]
    pub required_when: Vec<Condition>,
    /// True when an empty text counts as present.
    #[serde(default)]
    pub may_be_empty: bool,
    /// Unicode characters at most.
    #[serde(default)]
    pub max_length: Option<u32>,
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub default: Option<String>,
    /// A value that satisfies the row.
    #[serde(default)]
    pub example: Option<String>,
    /// JSON Schema of the JSON text, for `type: json`.
    #[serde(default)]
    pub schema: Option<serde_json::Value>,
    /// The row does not bind when one of these holds (for example pattern and length under `EncryptType: [SM2]`).
    #[serde(default)]
    pub not_when: Vec<Condition>,
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
    /// Aspects of this row that were inferred, whatever `confidence` says: these are INFO.
    #[serde(default)]
    pub inferred: Vec<Aspect>,
}

/// One checkable side of a parameter, field or code; the last part of a requirement id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    Presence,
    Type,
    Length,
    Pattern,
    Values,
    Schema,
    HttpStatus,
    Billing,
    Passed,
}

/// Type of a response field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
    /// A string that holds JSON.
    JsonText,
}

/// A response field.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Dots between keys; `#` enters the JSON inside a string: `ResultObject.MaterialInfo#facialPictureFront.qualityScore`;
    /// `[]` after a key means every item.
    pub path: String,
    #[serde(rename = "type")]
    pub kind: FieldType,
    pub presence: Presence,
    /// Any one of these makes a conditional field required. Conditions see the answer, and the request as `request.NAME`.
    #[serde(default)]
    pub required_when: Vec<Condition>,
    /// Any one of these forbids the field.
    #[serde(default)]
    pub absent_when: Vec<Condition>,
    /// Accepted values, as text.
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default)]
    pub max_length: Option<u32>,
    /// How long what the field names stays usable, in seconds.
    #[serde(default)]
    pub lifetime_seconds: Option<u32>,
    #[serde(default)]
    pub example: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
    #[serde(default)]
    pub inferred: Vec<Aspect>,
}

/// Whether and how a client may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    Never,
    /// With back-off, as it is.
    Later,
    /// Ask again until the person has finished.
    Poll,
    NextDay,
}

/// An answer code.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// As text, also where the wire has a number. `{name}` stands for a parameter's name.
    pub code: String,
    pub http_status: u16,
    /// Other statuses that sources give for this code; any of them is accepted.
    #[serde(default)]
    pub http_status_also: Vec<u16>,
    #[serde(default)]
    pub message: Option<Text>,
    pub meaning: Text,
    #[serde(default)]
    pub billed: Option<bool>,
    pub retry: Retry,
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
    #[serde(default)]
    pub inferred: Vec<Aspect>,
}

/// A result code inside a successful answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubCode {
    /// As text, also where the wire has a number (VerifyStatus).
    pub code: String,
    pub meaning: Text,
    #[serde(default)]
    pub message: Option<Text>,
    /// The verdict that goes with it, for example `T`; absent where the answer has no verdict field.
    #[serde(default)]
    pub passed: Option<String>,
    /// Products it can occur with; empty means all.
    #[serde(default)]
    pub products: Vec<String>,
    #[serde(default)]
    pub billed: Option<bool>,
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
    #[serde(default)]
    pub inferred: Vec<Aspect>,
}

/// A fact of another kind, with the figures that mock and suites need.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Last part of the requirement id, for example `lifetime.certify-id`.
    pub id: String,
    pub level: Level,
    pub text: Text,
    /// Figures by name, units in the name: `seconds: 1800`.
    #[serde(default)]
    pub figures: IndexMap<String, i64>,
    #[serde(default)]
    pub note: Option<String>,
    pub sources: Vec<String>,
    #[serde(default)]
    pub confidence: Confidence,
}

/// Requirements that no case can exercise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unexercised {
    /// Requirement id; `*` matches any run of characters.
    pub requirement: String,
    pub reason: Text,
}
