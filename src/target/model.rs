//! What a target file says: where to send, with which keys, into which sandbox, within which budgets.
//!
//! The mock takes its sandbox from the same files, so a target file is also a complete description of a mock.

use indexmap::IndexMap;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

/// The value of `format` in a target file.
pub const TARGET_FORMAT: &str = "idvet/target/1";

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Always `idvet/target/1`.
    pub format: String,
    pub name: String,
    /// API (`cloudauth`, `verify-token`, `saf`, `intl`) to base address; the word `embedded` asks for a mock in this process.
    pub endpoints: IndexMap<String, String>,
    /// PEM file with the CA to trust, relative to the target file; the system's and Mozilla's roots otherwise.
    #[serde(default)]
    pub ca: Option<String>,
    /// Base address of a control API as `idvet schema control` describes; needed by the capabilities that say `control`.
    #[serde(default)]
    pub control: Option<String>,
    pub capabilities: Capabilities,
    pub budgets: Budgets,
    pub sandbox: Sandbox,
    /// Documented choices that a service may make either way, by name; cases read them as `{{ target.choices.NAME }}`.
    #[serde(default)]
    pub choices: IndexMap<String, String>,
}

/// What can be done to the target besides calling it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Whether a person can be stood in front of the camera.
    pub submit: Means,
    pub clock: ClockMeans,
    /// Whether the target can reach a listener of ours.
    pub callbacks: CallbackMeans,
    pub throttle: ThrottleMeans,
    /// Whether the count of billed verifications can be read.
    pub billing: Means,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Through the control API.
    Control,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClockMeans {
    /// The control API moves time for one account alone.
    Scoped,
    /// The control API moves time for everybody: such cases run alone.
    Global,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackMeans {
    /// The target can reach a listener on a loopback address of this machine.
    Loopback,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThrottleMeans {
    /// Each account has its own limit, so a case may exhaust one.
    PerAccount,
    /// Accounts share the limit: such cases run alone.
    Shared,
    /// Limits must never be reached on purpose.
    Never,
}

/// What may be spent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// Calls in any one second, by API and all workers together; absent API: no call limit of ours.
    #[serde(default)]
    pub qps: IndexMap<String, u32>,
    /// Calls of billable operations, in a run; absent: no limit.
    #[serde(default)]
    pub billable_calls: Option<u64>,
    /// Cases at a time.
    pub concurrency: u32,
    /// Milliseconds to wait for an answer.
    pub timeout_ms: u64,
}

/// Things of the target whose outcome is known, by role.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    pub accounts: Vec<Account>,
    #[serde(default)]
    pub scenes: Vec<Scene>,
    #[serde(default)]
    pub persons: Vec<Person>,
    #[serde(default)]
    pub devices: Vec<Device>,
    #[serde(default)]
    pub pictures: Vec<Picture>,
}

/// An account and its key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// `ordinary`, `arrears`, `ram-denied`, `not-opened`, `disabled-key`, `sts`, `sts-expired`, `unknown-key`, `oss-not-authorised`, …
    pub role: String,
    /// With `pool`, `{n}` stands for the number of the key. Absent: taken from the environment.
    #[serde(default)]
    pub access_key_id: Option<String>,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub access_key_secret: Option<SecretString>,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub security_token: Option<SecretString>,
    /// How many accounts of this role there are, numbered from 0; cases then need not share one.
    #[serde(default = "one")]
    pub pool: u32,
    /// What the service makes of it; only a mock reads this.
    #[serde(default)]
    pub state: AccountState,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    #[default]
    Ordinary,
    /// The key is not known to the service.
    Unknown,
    /// The key is disabled.
    Disabled,
    Arrears,
    /// A RAM user without the policy.
    RamDenied,
    /// Service (or OSS) not opened or not authorised.
    NotOpened,
    /// A temporary key whose token has expired.
    TokenExpired,
    /// A temporary key whose token is malformed.
    TokenMalformed,
    /// A temporary key sent with the token of another.
    TokenMismatch,
    /// Every business call ends in the service's internal error.
    Broken,
    /// Every business call ends in service unavailable.
    Unavailable,
    /// The account has no application configuration.
    Unconfigured,
    /// The purchased daily quota is used up.
    QuotaExhausted,
    /// The account repeated a failing call too often.
    RepeatedFailures,
    /// The account's risk control refuses.
    RiskControl,
}

/// A scene (SceneId, BizType) of the console.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// `ordinary`, `unknown`, `keeps-material`, `RPBasic`, …
    pub role: String,
    pub api: String,
    /// SceneId, sceneId, BizType or SceneCode.
    pub id: String,
    /// False: the service does not know it; only a mock reads this.
    #[serde(default = "yes")]
    pub exists: bool,
    /// Solution bound to the scene (older flow).
    #[serde(default)]
    pub solution: Option<String>,
    /// Material is kept and OSS authorised, so results carry picture links; only a mock reads this.
    #[serde(default)]
    pub keeps_material: bool,
}

fn yes() -> bool {
    true
}

/// A synthetic person and what the service decides about them.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// `match`, `mismatch`, `no-photo`, `under-age`, `too-many-attempts`, …
    pub role: String,
    pub name: String,
    pub id_number: String,
    /// API to the sub-code (or VerifyStatus) that a submission ends in; absent: the API's pass.
    #[serde(default)]
    pub outcome: IndexMap<String, String>,
    /// API to the code that init answers with; absent: accepted.
    #[serde(default)]
    pub init_code: IndexMap<String, String>,
    /// API to the code that a query answers with after submission; absent: the result.
    #[serde(default)]
    pub query_code: IndexMap<String, String>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without name and number, so that no message and no panic tells them.
        write!(f, "Person({})", self.role)
    }
}

/// A device, by the MetaInfo its client SDK produces.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// `ios`, `android`, `h5`, `web`, `unsupported`, `old-sdk`, `old-os`, `rooted`, …
    pub role: String,
    /// JSON text.
    pub meta_info: String,
    /// API to the code that init answers with; absent: accepted.
    #[serde(default)]
    pub init_code: IndexMap<String, String>,
    /// Risk tags that safe mode and DeviceRisk report.
    #[serde(default)]
    pub risk_tags: Vec<String>,
}

/// A picture that callers supply.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// `good`, `no-face`, `too-large`, `slow`, `broken`, …
    pub role: String,
    /// Address to pass in URL parameters.
    #[serde(default)]
    pub url: Option<String>,
    /// Base64 to pass in picture parameters.
    #[serde(default)]
    pub base64: Option<String>,
    /// Length of the Base64 text to make up instead of giving it, in characters.
    #[serde(default)]
    pub base64_length: Option<u32>,
    /// API to the code that a call with it answers with; absent: accepted.
    #[serde(default)]
    pub code: IndexMap<String, String>,
}
