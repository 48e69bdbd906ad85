//! Answer bodies: the gateway's error form and the services' results, in JSON or XML.

use quick_xml::Writer;
use quick_xml::events::{BytesCData, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mock) enum Format {
    Json,
    Xml,
}

impl Format {
    /// Reads the parameter `Format`; SDKs send lower case too (source: signing.md §1.1).
    pub(super) fn named(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("json") {
            return Some(Self::Json);
        }
        text.eq_ignore_ascii_case("xml").then_some(Self::Xml)
    }

    /// Returns the content type exactly as clients compare it (source: signing.md §5).
    pub(in crate::mock) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=utf-8",
            Self::Xml => "text/xml;charset=utf-8",
        }
    }
}

/// Renders a result; `root` is the XML root, `<Action>Response`.
pub(in crate::mock) fn render(format: Format, root: &str, body: &Map<String, Value>) -> Vec<u8> {
    match format {
        Format::Json => serde_json::to_vec(body).expect("a map of values is JSON"),
        Format::Xml => render_xml(root, body),
    }
}

/// Returns the gateway's error form (source: signing.md §5).
pub(in crate::mock) fn error_body(
    refusal: &Refusal,
    request_id: &str,
    host: &str,
    product: &str,
) -> Map<String, Value> {
    let code = refusal.code.as_ref();
    let recommend = format!("https://api.aliyun.com/troubleshoot?q={code}&product={product}&requestId={request_id}");
    let rows = [
        ("RequestId", request_id),
        ("HostId", host),
        ("Code", code),
        ("Message", refusal.message.as_str()),
        ("Recommend", recommend.as_str()),
    ];
    rows.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

fn render_xml(root: &str, body: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = b"<?xml version='1.0' encoding='UTF-8'?>".to_vec();
    let mut writer = Writer::new(&mut bytes);
    // Writing into memory cannot fail.
    let _ = write_element(&mut writer, root, &Value::Object(body.clone()));
    bytes
}

/// Writes a value as an element, and what it holds as elements below it.
pub(in crate::mock) fn write_element(
    writer: &mut Writer<&mut Vec<u8>>,
    name: &str,
    value: &Value,
) -> std::io::Result<()> {
    match value {
        // A list is its items, each under the list's name.
        Value::Array(items) => items.iter().try_for_each(|item| write_element(writer, name, item)),
        Value::Object(fields) => {
            writer.write_event(Event::Start(BytesStart::new(name)))?;
            fields.iter().try_for_each(|(name, value)| write_element(writer, name, value))?;
            writer.write_event(Event::End(BytesEnd::new(name)))
        }
        Value::Null => writer.write_event(Event::Empty(BytesStart::new(name))),
        Value::String(text) => write_leaf(writer, name, text),
        other => write_leaf(writer, name, &other.to_string()),
    }
}

fn write_leaf(writer: &mut Writer<&mut Vec<u8>>, name: &str, text: &str) -> std::io::Result<()> {
    // XML 1.0 has no way to write control characters.
    let clean: String = text.chars().filter(|char| !char.is_control() || matches!(char, '\n' | '\r' | '\t')).collect();
    writer.write_event(Event::Start(BytesStart::new(name)))?;
    if name == "Recommend" {
        writer.write_event(Event::CData(BytesCData::new(clean)))?;
    } else {
        writer.write_event(Event::Text(BytesText::new(&clean)))?;
    }
    writer.write_event(Event::End(BytesEnd::new(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_same_content_in_both_forms() {
        let body = serde_json::json!({
            "RequestId": "A", "VerifyStatus": 1, "Material": { "VideoUrls": ["x&y", "z"], "IdCardName": "张<三>" }, "N": null
        });
        let map = body.as_object().expect("object");
        let json = String::from_utf8(render(Format::Json, "R", map)).expect("utf-8");
        assert_eq!(
            json,
            r#"{"RequestId":"A","VerifyStatus":1,"Material":{"VideoUrls":["x&y","z"],"IdCardName":"张<三>"},"N":null}"#
        );
        let xml = String::from_utf8(render(Format::Xml, "DescribeVerifyResultResponse", map)).expect("utf-8");
        assert_eq!(
            xml,
            "<?xml version='1.0' encoding='UTF-8'?><DescribeVerifyResultResponse><RequestId>A</RequestId>\
             <VerifyStatus>1</VerifyStatus><Material><VideoUrls>x&amp;y</VideoUrls><VideoUrls>z</VideoUrls>\
             <IdCardName>张&lt;三&gt;</IdCardName></Material><N/></DescribeVerifyResultResponse>"
        );
    }

    #[test]
    fn errors_carry_their_recommendation_as_character_data() {
        let refusal = Refusal::of("InvalidVersion");
        let body = error_body(&refusal, "ID", "host", "Cloudauth");
        let xml = String::from_utf8(render(Format::Xml, "Error", &body)).expect("utf-8");
        assert!(xml.starts_with(
            "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>ID</RequestId><HostId>host</HostId>"
        ));
        assert!(
            xml.contains("<Recommend><![CDATA[https://api.aliyun.com/troubleshoot?q=InvalidVersion&product="),
            "{xml}"
        );
    }
}
