//! What an answer has to be like.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an answer must be. All given keys must hold; codes are compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The code as text. Its documented HTTP status is checked with it.
    #[serde(default)]
    pub code: Option<String>,
    /// Any of these codes, where documents leave the choice open.
    #[serde(default)]
    pub codes: Vec<String>,
    /// A gateway code (contract `gateway`) rather than one of the operation.
    #[serde(default)]
    pub gateway: Option<String>,
    /// Any of these gateway codes.
    #[serde(default)]
    pub gateway_any: Vec<String>,
    #[serde(default)]
    pub http: Option<u16>,
    /// Path to exact value, as text.
    #[serde(default)]
    pub fields: IndexMap<String, String>,
    #[serde(default)]
    pub present: Vec<String>,
    #[serde(default)]
    pub absent: Vec<String>,
    /// Path to regular expression.
    #[serde(default)]
    pub matches: IndexMap<String, String>,
    /// Path to a value that must differ, as text.
    #[serde(default)]
    pub differs_from: IndexMap<String, String>,
    /// Header to regular expression.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Header to the path of the field whose value it has.
    #[serde(default)]
    pub header_equals: IndexMap<String, String>,
    /// `json` or `xml`.
    #[serde(default)]
    pub format: Option<String>,
}
