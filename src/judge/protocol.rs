//! The driver protocol, version 1: one JSON object a line, UTF-8, on stdin and stdout; stderr is free text.
//!
//! A driver is a long-lived process that calls one SDK. It says [`Hello`] by itself, then answers every [`Call`] with one
//! [`Answered`], in any order, several calls at once; at the end of stdin it finishes what runs and exits with 0.
//! `idvet schema driver` publishes it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// The version spoken here.
pub const PROTOCOL: u32 = 1;

/// What a driver says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Said {
    /// The first line.
    Hello(Hello),
    /// One for each call.
    Answer(Answered),
}

/// Who a driver is and what its SDK can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Version of this protocol, 1.
    pub protocol: u32,
    /// Name of the driver, for example `python-core`.
    pub driver: String,
    /// Package that is judged.
    pub sdk: String,
    pub sdk_version: String,
    pub language: String,
    pub language_version: String,
    /// By `<api>.<Operation>`, for example `cloudauth.InitFaceVerify`.
    pub operations: IndexMap<String, Offered>,
    /// Which of [`CallOptions`] it honours.
    #[serde(default)]
    pub options: Vec<OptionName>,
}

/// Whether an SDK has an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offered {
    pub supported: bool,
    /// Why not.
    #[serde(default)]
    pub reason: Option<String>,
    /// Names of parameters that can be sent; absent: any.
    #[serde(default)]
    pub parameters: Option<Vec<String>>,
    /// Whether the SDK has a call of its own for it, or only one for whatever operation is named; absent: not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typed: Option<bool>,
}

/// A setting of a call that a driver may honour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionName {
    CaFile,
    ConnectTimeoutMs,
    ReadTimeoutMs,
    MaxAttempts,
    SecurityToken,
    /// An endpoint without a scheme is given to the SDK as it is, which then chooses.
    DefaultScheme,
}

/// One call to make.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "call")]
pub struct Call {
    /// To be repeated in the answer.
    pub id: String,
    /// `<api>.<Operation>`.
    pub operation: String,
    pub version: String,
    pub action: String,
    /// Scheme and authority, for example `http://127.0.0.1:4711`; for a driver that has `default_scheme` also the
    /// authority alone.
    pub endpoint: String,
    pub credentials: CallCredentials,
    /// As the SDK's caller would set them: text, numbers, booleans, lists, maps; null is set to null by the caller.
    pub parameters: IndexMap<String, Value>,
    #[serde(default)]
    pub options: CallOptions,
}

/// Keys of a call. Written to a driver's stdin, never printed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallCredentials {
    pub access_key_id: String,
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "String")]
    pub access_key_secret: SecretString,
    /// Absent: none is configured.
    #[serde(default, serialize_with = "exposed_if_any", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub security_token: Option<SecretString>,
}

/// Settings of a call; what is absent is left at the SDK's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallOptions {
    /// PEM file with the CA to trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_timeout_ms: Option<u64>,
    /// Attempts altogether: 1 is none again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
}

/// What the SDK made of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// Of the call.
    pub id: String,
    /// An error that is not of a class of the SDK's own, but of a library below it or of the language; absent where the
    /// driver cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<bool>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a call ended for the SDK's caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The SDK gave back an answer.
    Ok {
        #[serde(default)]
        http_status: Option<u16>,
        /// What it gave back, as JSON.
        #[serde(default)]
        body: Value,
    },
    /// The SDK raised an error that tells of a refusal by the service.
    ServiceError {
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        request_id: Option<String>,
        #[serde(default)]
        http_status: Option<u16>,
        /// Class of the error.
        kind: String,
        /// What printing the error gives.
        #[serde(default)]
        text: Option<String>,
        /// The service's AccessDeniedDetail, where the error has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        access_denied_detail: Option<Value>,
    },
    /// The SDK raised another error: it refused the call, the network failed, an answer could not be read.
    ClientError {
        kind: String,
        #[serde(default)]
        message: Option<String>,
    },
    /// The SDK raised an error that says that time ran out.
    Timeout {
        kind: String,
        #[serde(default)]
        message: Option<String>,
    },
    /// The driver could not ask this of the SDK.
    Unsupported { reason: String },
}

impl Outcome {
    /// Returns the word of the protocol.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ok { .. } => "ok",
            Self::ServiceError { .. } => "service_error",
            Self::ClientError { .. } => "client_error",
            Self::Timeout { .. } => "timeout",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// Returns how an error can be told from others by its class.
    pub fn kind(&self) -> Option<String> {
        match self {
            Self::ServiceError { kind, .. } | Self::ClientError { kind, .. } | Self::Timeout { kind, .. } => {
                Some(kind.clone())
            }
            Self::Ok { .. } | Self::Unsupported { .. } => None,
        }
    }

    /// Cuts what an SDK gave back, which may be megabytes: no case looks at more of a text than [`TEXT_KEPT`] bytes.
    pub fn shorten(&mut self) {
        if let Self::Ok { body, .. } = self {
            shorten(body);
        }
    }

    /// Returns every text in which the SDK told of an error.
    pub fn texts(&self) -> Vec<&str> {
        let texts = match self {
            Self::ServiceError { message, text, .. } => [message.as_deref(), text.as_deref()],
            Self::ClientError { message, .. } | Self::Timeout { message, .. } => [message.as_deref(), None],
            Self::Ok { .. } | Self::Unsupported { .. } => [None, None],
        };
        texts.into_iter().flatten().collect()
    }
}

/// Bytes that are kept of a text that an SDK gave back.
const TEXT_KEPT: usize = 100_000;

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > TEXT_KEPT => {
            let end = (0..=TEXT_KEPT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            text.truncate(end);
            text.shrink_to_fit();
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Reads a line of a driver.
pub fn read_line(line: &str) -> Result<Said, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

/// Returns the JSON Schema of both directions.
pub fn driver_schema() -> Value {
    /// A line of the protocol.
    #[derive(JsonSchema)]
    #[schemars(rename = "DriverLine")]
    #[expect(dead_code, reason = "describes the schema, is never made")]
    enum Line {
        /// From the driver.
        Said(Said),
        /// To the driver.
        Call(Call),
    }
    schemars::schema_for!(Line).to_value()
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

fn exposed_if_any<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose_secret()),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = format!("a{}", "长".repeat(TEXT_KEPT));
        let body = serde_json::json!({ "Message": long, "Code": "200", "List": [long] });
        let mut outcome = Outcome::Ok { http_status: None, body };
        outcome.shorten();
        let Outcome::Ok { body, .. } = outcome else { panic!("an answer") };
        for text in [&body["Message"], &body["List"][0]].map(|text| text.as_str().expect("a text")) {
            assert!(text.len() <= TEXT_KEPT && text.len() > TEXT_KEPT - 3 && long.starts_with(text), "{}", text.len());
        }
        assert_eq!(body["Code"], "200");
    }

    #[test]
    fn lines_are_read_as_the_protocol_says() {
        let hello = r#"{"type":"hello","protocol":1,"driver":"d","sdk":"s","sdk_version":"1","language":"rust","language_version":"1.89","operations":{"saf.ExecuteRequest":{"supported":false,"reason":"no class"}},"options":["ca_file"]}"#;
        let Ok(Said::Hello(hello)) = read_line(hello) else { panic!("a hello") };
        assert_eq!((hello.protocol, hello.options), (PROTOCOL, vec![OptionName::CaFile]));
        let answers = [
            (r#"{"type":"answer","id":"1","outcome":"ok","body":{"Code":"200"}}"#, "ok"),
            (
                r#"{"type":"answer","id":"1","outcome":"service_error","kind":"ServerException","code":"400"}"#,
                "service_error",
            ),
            (
                r#"{"type":"answer","id":"1","outcome":"client_error","kind":"ClientException","message":"m"}"#,
                "client_error",
            ),
            (r#"{"type":"answer","id":"1","outcome":"timeout","kind":"T"}"#, "timeout"),
            (r#"{"type":"answer","id":"1","outcome":"unsupported","reason":"r"}"#, "unsupported"),
        ];
        for (line, name) in answers {
            let Ok(Said::Answer(answer)) = read_line(line) else { panic!("an answer: {line}") };
            assert_eq!((answer.id.as_str(), answer.outcome.name()), ("1", name));
        }
        for line in
            ["", "{}", "[]", r#"{"type":"answer","id":"1","outcome":"fine"}"#, r#"{"type":"answer","outcome":"ok"}"#]
        {
            assert!(read_line(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_call_carries_its_secret_on_the_wire_and_nowhere_else() {
        let call = Call {
            id: "c1".to_owned(),
            operation: "saf.ExecuteRequest".to_owned(),
            version: "2017-03-31".to_owned(),
            action: "ExecuteRequest".to_owned(),
            endpoint: "http://127.0.0.1:1".to_owned(),
            credentials: CallCredentials {
                access_key_id: "k".to_owned(),
                access_key_secret: SecretString::from("hidden"),
                security_token: None,
            },
            parameters: IndexMap::from([("Service".to_owned(), Value::Null)]),
            options: CallOptions::default(),
        };
        let line = serde_json::to_string(&call).expect("JSON");
        assert!(line.starts_with(r#"{"type":"call","id":"c1""#) && line.contains("hidden"), "{line}");
        assert_eq!(serde_json::from_str::<Call>(&line).expect("a driver reads it").id, "c1");
        assert!(!format!("{call:?}").contains("hidden"));
        assert!(driver_schema().to_string().contains("access_key_secret"));
    }
}
