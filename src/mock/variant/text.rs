//! Readings of how an answer is spelt: spaces and escapes of JSON, style of XML.

use std::fmt::Write;

use quick_xml::escape::escape;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Value};

use super::{Variant, Variants};
use crate::mock::gateway::Format;
use crate::mock::gateway::body::{self, render};

/// Writes an answer as some variants spell it; `root` is the XML root.
pub(in crate::mock) fn write_body(
    variants: Variants,
    format: Format,
    root: &str,
    content: &Map<String, Value>,
) -> Vec<u8> {
    match format {
        Format::Json if variants.has(Variant::JsonSpaced) => spaced(content),
        Format::Json if variants.has(Variant::JsonEscaped) => escaped(&render(format, root, content)),
        Format::Xml if variants.has(Variant::XmlStyle) => styled(root, content),
        _ => render(format, root, content),
    }
}

/// Spaces after commas and colons.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

fn spaced(content: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing into memory cannot fail, and a map of values is JSON.
    let _ = content.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Spaced));
    bytes.push(b'\n');
    bytes
}

/// Escapes slashes and all beyond ASCII, which stand only inside strings.
fn escaped(json: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(json.len());
    for char in String::from_utf8_lossy(json).chars() {
        match char {
            '/' => text.push_str("\\/"),
            _ if char.is_ascii() => text.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.into_bytes()
}

fn styled(root: &str, content: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
    let mut writer = quick_xml::Writer::new_with_indent(&mut bytes, b' ', 2);
    let _ = body::write_element(&mut writer, root, &Value::Object(content.clone()));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some((before, rest)) = text.split_once("<![CDATA[") else { return text.into_bytes() };
    let Some((data, after)) = rest.split_once("]]>") else { return text.into_bytes() };
    format!("{before}{}{after}", escape(data)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variant: Variant, format: Format, expected: &str) {
        let content = serde_json::json!({ "A": "张/𠮷", "Recommend": "a&b", "L": [1, 2] });
        let variants = Variants::of(&[variant]).expect("a variant");
        let bytes = write_body(variants, format, "R", content.as_object().expect("object"));
        assert_eq!(String::from_utf8(bytes).expect("utf-8"), expected);
    }

    #[test]
    fn spellings_say_the_same_in_other_letters() {
        check(Variant::JsonSpaced, Format::Json, "{\"A\": \"张/𠮷\", \"Recommend\": \"a&b\", \"L\": [1, 2]}\n");
        let escaped = r#"{"A":"\u5f20\/\ud842\udfb7","Recommend":"a&b","L":[1,2]}"#;
        check(Variant::JsonEscaped, Format::Json, escaped);
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R>\n  <A>张/𠮷</A>\n  \
                   <Recommend>a&amp;b</Recommend>\n  <L>1</L>\n  <L>2</L>\n</R>";
        check(Variant::XmlStyle, Format::Xml, xml);
    }
}
