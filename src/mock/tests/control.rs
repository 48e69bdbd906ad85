//! The control API over TCP, and callbacks to a listener over TLS.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::stand::{NOW, contracts, options, signed, target};
use crate::mock::server::{Age, make_identity};
use crate::mock::{RunningMock, start};

const KEY: &str = "idvet-ordinary-7";

async fn send(address: &str, head: &str, content_type: &str, body: &str) -> (u16, Value) {
    let address = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let length = body.len();
    let text = format!(
        "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    let status = answer.get(9..12).and_then(|text| text.parse().ok()).expect("status");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn control(running: &RunningMock, path: &str, body: Value) -> (u16, Value) {
    send(&running.control_url(), &format!("POST {path}"), "application/json", &body.to_string()).await
}

/// Serves one connection after another: counts those that send a request and gives each its status, 200 at last.
/// Returns the request lines through a channel.
async fn listen(statuses: Vec<u16>) -> (String, String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let identity = make_identity([127, 0, 0, 1].into(), &[], Age::Valid).expect("identity");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("https://{}/hook?own=1", listener.local_addr().expect("address"));
    let (lines, received) = tokio::sync::mpsc::unbounded_channel();
    let acceptor = identity.acceptor;
    tokio::spawn(async move {
        let mut statuses = statuses.into_iter();
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = vec![0; 4096];
            let Ok(length @ 1..) = stream.read(&mut bytes).await else { continue };
            let line = String::from_utf8_lossy(&bytes[..length]).lines().next().unwrap_or_default().to_owned();
            let status = statuses.next().unwrap_or(200);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
            let _ = lines.send(line);
        }
    });
    (url, identity.ca_pem, received)
}

async fn init(running: &RunningMock, callback: &str, nonce: &str) -> Value {
    let parameters = [
        ("SceneId", "1000000006"),
        ("OuterOrderNo", "a1"),
        ("ProductCode", "ID_PRO"),
        ("CertType", "IDENTITY_CARD"),
        ("CertName", "周异貌"),
        ("CertNo", "330103199104054110"),
        ("MetaInfo", r#"{"deviceType":"ios","bioMetaInfo":"x"}"#),
        ("CallbackUrl", callback),
        ("CallbackToken", "t k"),
    ];
    let request = signed(KEY, "ordinary", "InitFaceVerify", &parameters, NOW, nonce);
    let body = String::from_utf8(request.body.to_vec()).expect("utf-8");
    let head = format!("POST {}", request.target);
    // The signature does not cover the host under V1.
    send(&running.url(), &head, "application/x-www-form-urlencoded", &body).await.1
}

#[tokio::test]
async fn a_callback_is_tested_sent_and_tried_again_on_the_accounts_clock() {
    let running = start(&target(), contracts(), options()).await.expect("starts");
    let (url, ca_pem, mut lines) = listen(vec![500]).await;
    assert_eq!(init(&running, &url, "1").await["Code"], "401", "an untrusted listener is not reachable");
    assert_eq!(control(&running, "/trust", json!({ "ca_pem": ca_pem })).await.0, 200);
    let begun = init(&running, &url, "2").await;
    let id = begun["ResultObject"]["CertifyId"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    let leave = json!({ "api": "cloudauth", "access_key_id": KEY, "transaction": id, "abandon": true });
    assert_eq!(control(&running, "/submit", leave).await.1["accepted"], true);
    let key = json!({ "access_key_id": KEY });
    assert_eq!(control(&running, "/callbacks", key.clone()).await.1, json!({ "sent": 0, "scheduled": 0 }));
    let submit = json!({ "api": "cloudauth", "access_key_id": KEY, "transaction": id });
    assert_eq!(control(&running, "/submit", submit.clone()).await.1["accepted"], true);
    assert_eq!(control(&running, "/submit", submit).await.1["reason"], "already submitted");
    assert_eq!(control(&running, "/callbacks", key.clone()).await.1, json!({ "sent": 1, "scheduled": 1 }));
    let expected = format!("GET /hook?own=1&callbackToken=t%20k&certifyId={id}&passed=204 HTTP/1.1");
    assert_eq!(lines.recv().await.as_deref(), Some(expected.as_str()));
    let moved = control(&running, "/clock", json!({ "access_key_id": KEY, "advance_seconds": 3 })).await.1;
    assert_eq!(moved["now"], NOW.plus_seconds(3).to_iso());
    assert_eq!(control(&running, "/callbacks", key.clone()).await.1, json!({ "sent": 2, "scheduled": 0 }));
    assert_eq!(lines.recv().await.as_deref(), Some(expected.as_str()));
    assert_eq!(control(&running, "/billing", key).await.1["count"], 1);
    running.shutdown().await;
}

#[tokio::test]
async fn testers_read_keys_and_journal_and_reset_accounts() {
    let running = start(&target(), contracts(), options()).await.expect("starts");
    let get = |path: &'static str| {
        let address = running.control_url();
        async move { send(&address, &format!("GET {path}"), "text/plain", "").await.1 }
    };
    assert_eq!(get("/keys").await["sm2_public_key"].as_str().map(str::len), Some(130));
    init(&running, "http://plain.example.com", "1").await;
    let journal = get("/journal").await;
    assert_eq!(journal[0]["action"], "InitFaceVerify", "{journal}");
    assert_eq!(journal[0]["code"], "401");
    assert_eq!(control(&running, "/reset", json!({ "access_key_id": KEY })).await.0, 200);
    assert_eq!(get("/journal").await, json!([]));
    assert_eq!(control(&running, "/submit", json!({ "api": 1 })).await.0, 400);
    assert_eq!(control(&running, "/nothing", json!({})).await.0, 404);
    assert_eq!(control(&running, "/billing", json!({ "access_key_id": "nobody" })).await.0, 404);
    running.shutdown().await;
}
