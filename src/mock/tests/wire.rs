//! The gateway's stages, and the mock over real connections.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::stand::{NOW, Stand, contracts, options, read, signed, target};
use crate::control::{Fault, FaultKind, ScriptedAnswer};
use crate::exchange::Request;
use crate::mock::{Arrival, MockOptions, RunningMock, start};

const QUERY: &[(&str, &str)] = &[("BizType", "idvet-RPBasic"), ("BizId", "b")];

fn call(stand: &Stand) -> Request {
    stand.signed("ordinary", "DescribeVerifyResult", QUERY)
}

fn replaced(request: &Request, from: &str, to: &str) -> Request {
    let body = String::from_utf8(request.body.to_vec()).expect("utf-8");
    assert!(body.contains(from) || request.target.contains(from), "{request:?}");
    Request { target: request.target.replace(from, to), body: body.replace(from, to).into(), ..request.clone() }
}

#[test]
fn every_stage_lets_good_calls_through_and_refuses_its_own() {
    let stand = Stand::new();
    let good = call(&stand);
    let (status, answer) = read(&stand.mock.answer(&good));
    assert_eq!(status, 200, "{answer}");
    let code = |request: &Request| read(&stand.mock.answer(request)).1["Code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(code(&good), "SignatureNonceUsed");
    assert_eq!(code(&Request { method: "PUT".to_owned(), ..call(&stand) }), "UnsupportedHTTPMethod");
    assert_eq!(code(&replaced(&call(&stand), "&Timestamp=", "&X=")), "MissingTimestamp");
    assert_eq!(code(&replaced(&call(&stand), "Format=JSON", "Format=YAML")), "InvalidParameter.Format");
    assert_eq!(
        code(&replaced(&call(&stand), "SignatureMethod=HMAC-SHA1", "SignatureMethod=MD5")),
        "InvalidSignatureMethod"
    );
    assert_eq!(code(&replaced(&call(&stand), "BizId=b", "BizId=c")), "SignatureDoesNotMatch");
    assert_eq!(code(&stand.signed("unknown-key", "DescribeVerifyResult", QUERY)), "InvalidAccessKeyId.NotFound");
    assert_eq!(code(&stand.signed("disabled-key", "DescribeVerifyResult", QUERY)), "InvalidAccessKeyId.Inactive");
    assert_eq!(code(&stand.signed("ordinary", "DescribeNothing", QUERY)), "InvalidAction.NotFound");
    assert_eq!(code(&stand.signed("risk-control", "DescribeVerifyResult", QUERY)), "Forbidden.RiskControl");
    for (seconds, expected) in [(-901, "InvalidTimeStamp.Expired"), (901, "InvalidTimeStamp.Expired"), (-899, "")] {
        let dated =
            signed("idvet-ordinary-1", "ordinary", "DescribeVerifyResult", QUERY, NOW.plus_seconds(seconds), "n");
        assert_eq!(code(&dated), expected, "{seconds} s off");
    }
    let plain = stand.mock.answer_arrived(&call(&stand), Arrival::PlainRefused);
    assert_eq!(read(&plain).1["Code"], "InvalidProtocol.NeedSsl");
}

#[test]
fn temporary_keys_need_their_token() {
    let stand = Stand::new();
    let sent = signed("STS.idvet-sts-1", "sts", "DescribeVerifyResult", QUERY, NOW, "a");
    assert_eq!(read(&stand.mock.answer(&sent)).1["Code"], "MissingSecurityToken");
    let cases = [
        ("sts", "idvet-sts-token", ""),
        ("sts", "idvet-sts-expired-token", "InvalidSecurityToken.MismatchWithAccessKey"),
        ("sts", "nonsense", "InvalidSecurityToken.Malformed"),
        ("sts-expired", "idvet-sts-expired-token", "InvalidSecurityToken.Expired"),
        ("sts-malformed", "idvet-sts-malformed-token", "InvalidSecurityToken.Malformed"),
        ("sts-mismatch", "idvet-sts-mismatch-token", "InvalidSecurityToken.MismatchWithAccessKey"),
    ];
    for (role, token, code) in cases {
        let parameters = [QUERY, &[("SecurityToken", token)]].concat();
        let key = format!("STS.idvet-{role}-1");
        let sent = signed(&key, role, "DescribeVerifyResult", &parameters, NOW, token);
        assert_eq!(read(&stand.mock.answer(&sent)).1["Code"].as_str().unwrap_or_default(), code, "{role} {token}");
    }
}

#[test]
fn a_wrong_signature_shows_the_string_to_sign_and_burns_no_nonce() {
    let stand = Stand::new();
    let good = call(&stand);
    let bad = replaced(&good, "BizId=b", "BizId=c");
    let message = read(&stand.mock.answer(&bad)).1["Message"].as_str().expect("message").to_owned();
    assert!(
        message
            .starts_with("Specified signature is not matched with our calculation. server string to sign is:POST&%2F&")
    );
    assert_eq!(stand.mock.answer(&good).status, 200);
}

async fn running(change: impl FnOnce(&mut MockOptions)) -> RunningMock {
    let mut options = options();
    change(&mut options);
    start(&target(), contracts(), options).await.expect("starts")
}

/// Sends bytes and reads until the connection ends.
async fn exchange(running: &RunningMock, bytes: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(running.address()).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn on_wire(request: &Request, chunked: bool) -> Vec<u8> {
    let body = String::from_utf8(request.body.to_vec()).expect("utf-8");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: 127.0.0.1:1\r\ncontent-type: application/x-www-form-urlencoded\r\nconnection: close\r\n",
        request.target
    );
    if !chunked {
        return format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes();
    }
    let (first, second) = body.split_at(10);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}").into_bytes()
}

#[tokio::test]
async fn calls_arrive_over_tcp_whole_and_chunked() {
    let running = running(|_| ()).await;
    let stand = Stand::new();
    for chunked in [false, true] {
        let answer = exchange(&running, &on_wire(&call(&stand), chunked)).await.expect("answer");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\r\ncontent-type: application/json;charset=utf-8\r\n"), "{answer}");
        assert!(answer.contains("\"VerifyStatus\":-1"), "{answer}");
    }
    let huge = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000\r\n\r\n";
    let answer = exchange(&running, huge.as_bytes()).await.expect("answer");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_plain_call_to_the_https_port_is_told_so() {
    let running = running(|options| options.tls = true).await;
    assert!(running.ca_pem().is_some_and(|pem| pem.contains("BEGIN CERTIFICATE")));
    let answer = exchange(&running, &on_wire(&call(&Stand::new()), false)).await.expect("answer");
    assert!(answer.contains("InvalidProtocol.NeedSsl"), "{answer}");
    running.shutdown().await;
}

#[tokio::test]
async fn faults_spoil_answers() {
    let running = running(|_| ()).await;
    let stand = Stand::new();
    let fault =
        |kind| running.mock().faults.replace(vec![Fault { access_key_id: None, action: None, times: Some(1), kind }]);
    fault(FaultKind::Reset);
    assert!(exchange(&running, &on_wire(&call(&stand), false)).await.is_err());
    fault(FaultKind::Garbage);
    let answer = exchange(&running, &on_wire(&call(&stand), false)).await.unwrap_or_default();
    assert!(!answer.starts_with("HTTP"), "{answer}");
    fault(FaultKind::TruncateBody(5));
    let answer = exchange(&running, &on_wire(&call(&stand), false)).await.unwrap_or_default();
    assert!(answer.ends_with("\r\n\r\n{\"Req"), "{answer}");
    let raw = "HTTP/1.0 200 OK\r\n\r\nas it is";
    fault(FaultKind::Raw(raw.to_owned()));
    assert_eq!(exchange(&running, &on_wire(&call(&stand), false)).await.expect("an orderly end"), raw);
    let coded = |coding: &str| ScriptedAnswer {
        status: 201,
        headers: Default::default(),
        body: String::new(),
        body_base64: Some("Y29kZWQ=".to_owned()),
        if_accepts: Some(coding.to_owned()),
    };
    let accepting = |coding: &str| {
        let text = String::from_utf8(on_wire(&call(&stand), false)).expect("UTF-8");
        text.replacen("\r\n", &format!("\r\naccept-encoding: {coding}\r\n"), 1).into_bytes()
    };
    for (coding, start, end) in [("br, gzip", "HTTP/1.1 201 ", "\r\n\r\ncoded"), ("br", "HTTP/1.1 200 ", "}")] {
        fault(FaultKind::Answer(coded("gzip")));
        let answer = exchange(&running, &accepting(coding)).await.expect("answer");
        assert!(answer.starts_with(start) && answer.ends_with(end), "{answer}");
    }
    fault(FaultKind::HttpError(503));
    let answer = exchange(&running, &on_wire(&call(&stand), false)).await.expect("answer");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let answer = exchange(&running, &on_wire(&call(&stand), false)).await.expect("answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    running.shutdown().await;
}

#[tokio::test]
async fn only_loopback_unless_asked() {
    let mut options = options();
    options.listen = ([0, 0, 0, 0], 0).into();
    assert!(start(&target(), contracts(), options).await.is_err());
}
