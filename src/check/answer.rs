//! The body of an answer, read once: JSON as it is, XML as a tree of strings.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use crate::event::Mismatch;
use crate::exchange::Response;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
}

/// A body that could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The JSON, or what the root element of XML holds: strings, objects, and arrays where a name comes again.
    pub value: Value,
    pub format: Format,
    /// Name of the root element of XML.
    pub root: Option<String>,
}

impl Format {
    /// Returns the name that `expect.format` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }
}

/// Reads a body; the mismatch says what is wrong with it.
pub fn read_answer(response: &Response) -> Result<Answer, Mismatch> {
    let mismatch = |expected: &str, actual: String| Mismatch {
        place: "response body".to_owned(),
        expected: expected.to_owned(),
        actual,
    };
    if let Some(coding) = response.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err(mismatch(
            "a body that is not compressed, since none was asked for",
            format!("content-encoding {coding}"),
        ));
    }
    let text = std::str::from_utf8(&response.body)
        .map_err(|error| mismatch("UTF-8", format!("bytes that are not UTF-8 from byte {}", error.valid_up_to())))?;
    match text.trim_start().chars().next() {
        None => Err(mismatch("JSON or XML", "an empty body".to_owned())),
        Some('<') => {
            let (root, value) = read_xml(text).map_err(|error| mismatch("XML", error))?;
            Ok(Answer { value, format: Format::Xml, root: Some(root) })
        }
        Some(_) => {
            let value: Value = serde_json::from_str(text).map_err(|error| mismatch("JSON", error.to_string()))?;
            match value {
                Value::Object(_) => Ok(Answer { value, format: Format::Json, root: None }),
                other => Err(mismatch("a JSON object", super::shown(&other))),
            }
        }
    }
}

struct Element {
    name: String,
    text: String,
    children: Map<String, Value>,
}

fn read_xml(text: &str) -> Result<(String, Value), String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(start.name().as_ref())),
            Event::Empty(start) => match close(&mut open, element(start.name().as_ref())) {
                Some(done) => return Ok(done),
                None => continue,
            },
            Event::End(_) => {
                let done = open.pop().ok_or("an element that ends without having begun")?;
                if let Some(done) = close(&mut open, done) {
                    return Ok(done);
                }
            }
            Event::Text(piece) => add(&mut open, &piece.decode().map_err(|error| error.to_string())?),
            Event::CData(piece) => add(&mut open, &piece.decode().map_err(|error| error.to_string())?),
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(|error| error.to_string())?;
                let text =
                    quick_xml::escape::unescape(&format!("&{name};")).map_err(|error| error.to_string())?.into_owned();
                add(&mut open, &text);
            }
            Event::Eof => return Err("it ends before its root element does".to_owned()),
            _ => {}
        }
    }
}

fn element(name: &[u8]) -> Element {
    Element { name: String::from_utf8_lossy(name).into_owned(), text: String::new(), children: Map::new() }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(last) = open.last_mut() {
        last.text.push_str(text);
    }
}

/// Puts an element into the one around it, or returns it when there is none.
fn close(open: &mut [Element], done: Element) -> Option<(String, Value)> {
    let value = if done.children.is_empty() { Value::String(done.text) } else { Value::Object(done.children) };
    let Some(parent) = open.last_mut() else { return Some((done.name, value)) };
    match parent.children.get_mut(&done.name) {
        None => drop(parent.children.insert(done.name, value)),
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<Answer, Mismatch> {
        read_answer(&Response { status: 200, headers: Vec::new(), body: body.to_owned().into() })
    }

    #[test]
    fn json_and_xml_are_read_alike() {
        let value = json!({ "RequestId": "A", "Result": { "Code": "200", "Text": "a<b> & \"c\"" } });
        let answer = read(&value.to_string()).expect("JSON");
        assert_eq!((answer.value, answer.format, answer.root), (value.clone(), Format::Json, None));
        let xml = "<?xml version='1.0' encoding='UTF-8'?>\n<XResponse>\n  <RequestId>A</RequestId><Result><Code>200</Code>\
                   <Text>a&lt;b&gt; &amp; <![CDATA[\"c\"]]></Text></Result></XResponse>";
        let answer = read(xml).expect("XML");
        assert_eq!((answer.value, answer.format, answer.root), (value, Format::Xml, Some("XResponse".to_owned())));
        let answer = read("<R><I>1</I><I>2</I><I>3</I><E/></R>").expect("XML");
        assert_eq!(answer.value, json!({ "I": ["1", "2", "3"], "E": "" }));
    }

    #[test]
    fn what_is_neither_says_so() {
        for (body, expected) in
            [("", "JSON or XML"), ("{", "JSON"), ("[1]", "a JSON object"), ("<R><I>", "XML"), ("oops", "JSON")]
        {
            assert_eq!(read(body).expect_err("a mismatch").expected, expected, "{body}");
        }
        let response = Response { status: 200, headers: Vec::new(), body: vec![b'{', 0xFF].into() };
        assert_eq!(read_answer(&response).expect_err("a mismatch").expected, "UTF-8");
        let headers = vec![("Content-Encoding".to_owned(), "gzip".to_owned())];
        let response = Response { status: 200, headers, body: "{}".into() };
        assert!(read_answer(&response).expect_err("a mismatch").expected.contains("not compressed"));
    }
}
