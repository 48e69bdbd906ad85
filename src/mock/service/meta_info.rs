//! MetaInfo: which device a client says it is.

use serde_json::Value;

use crate::target::model::Device;
use crate::target::sandbox::SandboxIndex;

/// A device as its MetaInfo describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MetaInfo {
    pub(super) device_type: String,
    /// What the page script of Web and H5 always makes is there; a copied example lacks it.
    pub(super) is_genuine: bool,
    pub(super) risk_tags: Vec<String>,
}

impl MetaInfo {
    /// Reads MetaInfo; nothing when it is no JSON object.
    pub(super) fn read(text: &str, sandbox: &SandboxIndex) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok().filter(Value::is_object)?;
        let field = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
        let known = sandbox.device(text);
        Some(Self {
            device_type: field("deviceType").to_owned(),
            is_genuine: !field("bioMetaInfo").is_empty() && !field("ua").is_empty(),
            risk_tags: known.map(|device| device.risk_tags.clone()).unwrap_or_default(),
        })
    }

    /// Says whether the device is a browser.
    pub(super) fn is_web(&self) -> bool {
        matches!(self.device_type.as_str(), "h5" | "web" | "pc")
    }
}

/// Returns the code that init answers a device of the sandbox with.
pub(super) fn refused_device<'a>(sandbox: &'a SandboxIndex, api: &str, text: &str) -> Option<&'a str> {
    let device: &Device = sandbox.device(text)?;
    device.init_code.get(api).map(String::as_str)
}
