//! Nothing sensitive survives, in any place or form; nothing else is lost.

use std::time::Instant;

use bytes::Bytes;

use super::*;
use crate::exchange::NoResponse;

const SECRET: &str = "idvet+secret/ordinary";
const NAME: &str = "张三丰";
const ID_NUMBER: &str = "330103199001011234";

fn redactor() -> Redactor {
    let known = [
        (What::AccessKeySecret, SECRET),
        (What::AccessKeySecret, "pooled-secret-{n}"),
        (What::SecurityToken, "CAIS-token-of-idvet"),
        (What::PersonName, NAME),
        (What::IdNumber, ID_NUMBER),
    ];
    Redactor::new(known.map(|(what, text)| Sensitive { what, text }))
}

fn request(target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn response(body: &str) -> Response {
    Response { status: 400, headers: vec![], body: Bytes::copy_from_slice(body.as_bytes()) }
}

#[test]
fn a_request_keeps_its_shape_and_loses_its_secrets() {
    let request = request(
        "/?AccessKeyId=testid&Signature=abc%3D&Timestamp=2026-11-22T04%3A41%3A16Z&Empty=&CertName=&SceneId=1+2&SceneId=3",
        &[
            ("Host", "127.0.0.1:45199"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-acs-security-token", "anything"),
            ("Authorization", "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-date,Signature=c99ec6"),
            ("X-Other", "http://127.0.0.1:45199/x"),
        ],
        "CertNo=330103199001011234&OuterOrderNo=e0c3&CallbackUrl=https%3A%2F%2F127.0.0.1%3A40001%2Fcb&ServiceParameters=\
         %7B%22certName%22%3A%22%E6%9D%8E%E5%9B%9B%22%2C%22sceneId%22%3A%221%22%7D",
    );
    let recorded = redactor().request(&request);
    assert_eq!(
        recorded.start,
        "POST /?AccessKeyId=testid&Signature=<redacted Signature>&Timestamp=<Timestamp>&Empty=&CertName=&SceneId=1+2&\
         SceneId=3 HTTP/1.1"
    );
    assert_eq!(
        recorded.body,
        "CertNo=<redacted CertNo>&OuterOrderNo=e0c3&CallbackUrl=https://<loopback>/cb&ServiceParameters=\
         {\"certName\":\"<redacted certName>\",\"sceneId\":\"1\"}"
    );
    let headers: Vec<&str> = recorded.headers.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        headers,
        [
            "<Host>",
            "application/x-www-form-urlencoded",
            "<redacted x-acs-security-token>",
            "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-date,Signature=<redacted Signature>",
            "http://<loopback>/x",
        ]
    );
    assert_eq!(recorded.parameters["SceneId"], "1 2");
    assert_eq!(recorded.parameters["SceneId (2)"], "3");
    assert_eq!(recorded.parameters["CertName"], "", "an empty value is evidence");
    assert_eq!(recorded.volatile["Timestamp"], "2026-11-22T04:41:16Z");
    assert_eq!(recorded.volatile["Host"], "127.0.0.1:45199");
    assert_eq!(recorded.body_bytes, request.body.len() as u64);
}

#[test]
fn json_is_redacted_in_place_at_any_depth() {
    let cases = [
        (r#"{"a": 1.50, "CertName" : "x\"y"}"#, r#"{"a": 1.50, "CertName" : "<redacted CertName>"}"#),
        (r#"{"certNo":123,"b":null}"#, r#"{"certNo":"<redacted certNo>","b":null}"#),
        (r#"{"CertName":"","Name":null}"#, r#"{"CertName":"","Name":null}"#),
        (r#"{"extraFaceImg":["a]","b"],"n":0.00008}"#, r#"{"extraFaceImg":"<redacted extraFaceImg>","n":0.00008}"#),
        (
            r#"{"MaterialInfo":"{\"facialPictureFront\":{\"pictureUrl\":\"http://x/y\",\"qualityScore\":88.3}}"}"#,
            r#"{"MaterialInfo":"{\"facialPictureFront\":{\"pictureUrl\":\"<redacted pictureUrl>\",\"qualityScore\":88.3}}"}"#,
        ),
        (
            r#"{"ResultObject":{"CertifyId":"abcdef0123"},"x":"abcdef0123"}"#,
            r#"{"ResultObject":{"CertifyId":"<CertifyId>"},"x":"<CertifyId>"}"#,
        ),
        (r#"{"IdCardNumber":"3301"#, r#"{"IdCardNumber":"<redacted IdCardNumber>""#),
        (
            r#"{"OssUploadToken":{"Secret":"s3cr3t","Path":"p"}}"#,
            r#"{"OssUploadToken":{"Secret":"<redacted Secret>","Path":"p"}}"#,
        ),
        (r#"["a\u0026b", "u=1&certName=x"]"#, r#"["a\u0026b", "u=1&certName=<redacted certName>"]"#),
    ];
    for (input, expected) in cases {
        assert_eq!(redactor().response(&response(input)).body, expected, "{input}");
    }
}

#[test]
fn xml_and_signing_texts_are_redacted() {
    let cases = [
        (
            "<A><IdCardName>李四</IdCardName><Code>200</Code></A>",
            "<A><IdCardName>&lt;redacted IdCardName&gt;</IdCardName><Code>200</Code></A>",
        ),
        (
            "server string to sign is:GET&%2F&AccessKeyId%3Dtestid%26CertName%3D%25E6%259D%258E%26SignatureNonce%3Dn-1%26Version%3D1",
            "server string to sign is:GET&%2F&AccessKeyId%3Dtestid%26CertName%3D<redacted CertName>%26SignatureNonce%3D<SignatureNonce>%26Version%3D1",
        ),
        (
            "POST\n/\nCertNo=1&b=2\nhost:a.b\nx-acs-security-token:t\n",
            "POST\n/\nCertNo=<redacted CertNo>&b=2\nhost:<host>\nx-acs-security-token:<redacted x-acs-security-token>\n",
        ),
        (
            "id 110101200001011237 here, 1101012000010112371 not",
            "id <redacted id number> here, 1101012000010112371 not",
        ),
        (
            "http://localhost:80/x?redirect=http%3A%2F%2F127.0.0.1%3A81",
            "http://<loopback>/x?redirect=http%3A%2F%2F<loopback>",
        ),
        ("plain: text, 100% = safe", "plain: text, 100% = safe"),
    ];
    for (input, expected) in cases {
        assert_eq!(redactor().text(input), expected, "{input}");
    }
}

#[test]
fn an_answer_that_repeats_the_request_is_redacted_by_what_the_request_said() {
    let request = request("/?CertName=%E6%9D%8E%E5%9B%9B&CertNo=42000000000000&SignatureNonce=nonce-1", &[], "");
    let outcome = Ok(response(r#"{"Message":"李四 / %E6%9D%8E%E5%9B%9B / 42000000000000 / nonce-1 used"}"#));
    let recorded = redactor().exchange(&Exchange { request, outcome, elapsed_micros: 0 });
    let body = recorded.response.expect("answered").body;
    assert_eq!(
        body,
        r#"{"Message":"<redacted CertName> / <redacted CertName> / <redacted CertNo> / <SignatureNonce> used"}"#
    );
    let mismatch = Mismatch {
        place: "response body, Material.IdCardInfo.Name".to_owned(),
        expected: "one of \"李四\"".to_owned(),
        actual: "\"王五\"".to_owned(),
    };
    let mismatch = redactor().mismatch(&recorded.echo, &mismatch);
    assert_eq!(
        (mismatch.expected.as_str(), mismatch.actual.as_str()),
        ("one of \"<redacted CertName>\"", "<redacted Name>")
    );
}

#[test]
fn no_answer_is_told_without_the_port() {
    let outcome = Err(NoResponse::Connect("127.0.0.1:9 refused".to_owned()));
    let recorded = redactor().exchange(&Exchange { request: request("/", &[], ""), outcome, elapsed_micros: 0 });
    assert_eq!(recorded.no_response.as_deref(), Some("no connection: <loopback> refused"));
}

#[test]
fn every_form_of_every_value_is_found_and_replaced() {
    use base64::Engine;
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let url_safe = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let percent = crate::exchange::encode_component;
    let cases = [
        (SECRET.to_owned(), Form::Plain),
        ("pooled-secret-17".to_owned(), Form::Plain),
        (percent(SECRET), Form::PercentEncoded),
        (percent(NAME).to_lowercase(), Form::PercentEncoded),
        (percent(&percent(NAME)), Form::PercentEncodedTwice),
        ("\\u5f20\\u4e09\\u4e30".to_owned(), Form::JsonEscaped),
        ("\\\\u5F20\\\\u4E09\\\\u4E30".to_owned(), Form::JsonEscaped),
        (hex::encode(SECRET), Form::Hex),
        (hex::encode_upper(NAME), Form::Hex),
        (hex::encode("pooled-secret-17"), Form::Hex),
        (base64(SECRET), Form::Base64),
        (base64(&format!("a{SECRET}tail")), Form::Base64),
        (url_safe(&format!("ab{NAME}")), Form::Base64),
        (base64("pooled-secret-17"), Form::Base64),
        (ID_NUMBER.to_owned(), Form::Plain),
        (format!("11{ID_NUMBER}"), Form::Plain),
        ("110101200001011237".to_owned(), Form::Shape),
    ];
    let redactor = redactor();
    for (text, form) in cases {
        let file = format!("line one\n{{\"a\":\"{text}\"}}\n");
        let leaks = redactor.scan(file.as_bytes());
        assert_eq!(leaks.iter().map(|leak| (leak.form, leak.line)).collect::<Vec<_>>(), [(form, 2)], "{text}");
        let clean = redactor.values_in(&file).into_owned();
        assert!(redactor.scan(clean.as_bytes()).is_empty() && !clean.contains(&text), "{clean}");
    }
    assert!(redactor.scan("idvet-ordinary-1 张 三 张五 pooled".as_bytes()).is_empty());
}

#[test]
fn nothing_sensitive_is_left_of_the_usual_traffic() {
    let redactor = redactor();
    let inner = format!("{{\\\"certName\\\":\\\"{NAME}\\\",\\\"x\\\":\\\"{SECRET}\\\"}}");
    let bodies = [
        format!("{{\"UserInfo\":\"{inner}\"}}"),
        format!("<A>{NAME}</A>"),
        format!("{ID_NUMBER}{SECRET}"),
        NAME.repeat(9000),
    ];
    for body in bodies {
        let recorded = redactor.response(&response(&body));
        let line = serde_json::to_string(&recorded).expect("serializes");
        assert!(redactor.scan(line.as_bytes()).is_empty(), "{line:.300}");
        assert!(recorded.body.len() <= BODY_LIMIT + 16);
    }
    assert_eq!(format!("{redactor:?}").matches(SECRET).count(), 0);
}

#[test]
fn a_long_body_is_cut_without_halving_a_value() {
    let body = format!("{}{}", "a".repeat(256 * 1024 - 4), NAME.repeat(3));
    let recorded = redactor().response(&response(&body));
    assert!(recorded.body.ends_with("… <cut>") && !recorded.body.contains('张'));
    let pictures = format!("FacePictureBase64={}", "A".repeat(400 * 1024));
    let form = request("/", &[("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")], &pictures);
    assert_eq!(redactor().request(&form).parameters["FacePictureBase64"], "<redacted FacePictureBase64>");
}

#[test]
fn a_whole_run_is_recorded_in_a_blink() {
    let redactor = redactor();
    let query = "/?AccessKeyId=testid&Action=InitFaceVerify&CertName=%E5%BC%A0&CertNo=3301&Signature=x&Timestamp=2026&SignatureNonce=u";
    let body = format!(
        r#"{{"Code":"200","RequestId":"1-2-3-4","ResultObject":{{"MaterialInfo":"{}"}}}}"#,
        "{\\\"a\\\":\\\"b c d e\\\"}".repeat(100)
    );
    let request = request(
        query,
        &[("host", "127.0.0.1:1"), ("user-agent", "idvet")],
        "MetaInfo=%7B%22deviceType%22%3A%22ios%22%7D",
    );
    let exchange = Exchange { request, outcome: Ok(response(&body)), elapsed_micros: 0 };
    let started = Instant::now();
    for _ in 0..1200 {
        std::hint::black_box(redactor.exchange(&exchange));
    }
    // Measured far below in release; the limit is wide for unoptimised builds on busy machines.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
