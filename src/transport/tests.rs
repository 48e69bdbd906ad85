//! The transport against servers that behave, and servers that do not.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::exchange::{NoResponse, Request, Response};

/// Answers every connection with some bytes once a request's head has come, and returns what it read.
async fn serve(answer: &'static [u8], hang: bool) -> (Endpoint, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("parses");
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut read = vec![0; 65_536];
        let n_bytes = stream.read(&mut read).await.expect("a request");
        read.truncate(n_bytes);
        stream.write_all(answer).await.expect("an answer");
        if hang {
            std::future::pending::<()>().await;
        }
        read
    });
    (endpoint, task)
}

fn request(endpoint: &Endpoint, body: &str) -> Request {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        method: "POST".to_owned(),
        target: "/?Action=X&b=%20".to_owned(),
        headers: vec![header("host", &endpoint.authority), header("X-Acs-Date", "now")],
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn transport(timeout_ms: u64, body_limit: usize) -> Transport {
    Transport::new(&TransportOptions { ca_pem: None, timeout_ms, body_limit }).expect("a transport")
}

async fn outcome(answer: &'static [u8], hang: bool) -> Result<Response, NoResponse> {
    let (endpoint, _task) = serve(answer, hang).await;
    transport(300, 1_000).send(&endpoint, request(&endpoint, "a=b"), Framing::Length).await.outcome
}

#[tokio::test]
async fn a_request_goes_out_as_it_stands() {
    for (framing, frame) in [(Framing::Length, "content-length: 6"), (Framing::Chunked, "transfer-encoding: chunked")] {
        let (endpoint, task) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-a: b\r\n\r\n{}", false).await;
        let exchange = transport(2_000, 1_000).send(&endpoint, request(&endpoint, "a=b%20"), framing).await;
        let response = exchange.outcome.expect("an answer");
        assert_eq!((response.status, &response.body[..], response.header("X-A")), (200, &b"{}"[..], Some("b")));
        let sent = String::from_utf8(task.await.expect("the server ends")).expect("text");
        assert!(sent.starts_with("POST /?Action=X&b=%20 HTTP/1.1\r\n"), "{sent}");
        assert!(sent.to_ascii_lowercase().contains(frame), "{sent}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    assert!(matches!(outcome(b"", false).await, Err(NoResponse::Broken(_))));
    assert!(matches!(outcome(b"", true).await, Err(NoResponse::Timeout(300))));
    assert!(matches!(
        outcome(b"\x15\x03\x01\x00\x02\x02\x46 no http at all\r\n\r\n", false).await,
        Err(NoResponse::NotHttp(_))
    ));
    let truncated = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}";
    assert!(matches!(outcome(truncated, false).await, Err(NoResponse::Broken(_))));
    let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
    assert!(matches!(outcome(endless, true).await, Err(NoResponse::Timeout(300))));
    let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(outcome(empty, false).await.map(|response| response.status), Ok(204));
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(outcome(redirect, false).await.map(|response| response.status), Ok(302));
}

#[tokio::test]
async fn a_huge_answer_is_cut_off() {
    let (endpoint, _task) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789", true).await;
    let exchange = transport(2_000, 8).send(&endpoint, request(&endpoint, ""), Framing::Length).await;
    assert_eq!(exchange.outcome, Err(NoResponse::TooLarge(8)));
}

#[tokio::test]
async fn nobody_there_and_no_tls_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let endpoint = Endpoint::parse(&format!("http://{address}")).expect("parses");
    let exchange = transport(2_000, 8).send(&endpoint, request(&endpoint, ""), Framing::Length).await;
    assert!(matches!(exchange.outcome, Err(NoResponse::Connect(_))));
    let (endpoint, _task) = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n", false).await;
    let endpoint = Endpoint { tls: true, ..endpoint };
    let exchange = transport(2_000, 8).send(&endpoint, request(&endpoint, ""), Framing::Length).await;
    assert!(matches!(exchange.outcome, Err(NoResponse::Tls(_))), "{:?}", exchange.outcome);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("parses");
    // One connection and no more: a second would find nobody.
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        drop(listener);
        for _ in 0..3 {
            let mut read = [0; 4_096];
            let n_bytes = stream.read(&mut read).await.expect("a request");
            assert!(n_bytes > 0, "a request");
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.expect("an answer");
        }
    });
    let transport = transport(2_000, 1_000);
    for _ in 0..3 {
        let exchange = transport.send(&endpoint, request(&endpoint, ""), Framing::Length).await;
        assert_eq!(exchange.outcome.map(|response| response.status), Ok(200));
    }
    server.await.expect("the server ends");
}
