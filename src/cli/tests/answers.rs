//! Answers that no service should give, against a whole `check`: a named verdict each, in bounded time, nothing lost.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{folder, idvet};
use crate::cli::exit;

/// What a server writes to every request before it closes.
type Misbehaviour = fn(&mut TcpStream) -> std::io::Result<()>;

fn whole(stream: &mut TcpStream, more: &str, body: &[u8]) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(CHUNKED)?;
    let chunk = [b"400\r\n".to_vec(), vec![b' '; 0x400], b"\r\n".to_vec()].concat();
    loop {
        stream.write_all(&chunk)?;
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn huge(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(CHUNKED)?;
    let chunk = [b"100000\r\n".to_vec(), vec![b'['; 0x10_0000], b"\r\n".to_vec()].concat();
    loop {
        stream.write_all(&chunk)?;
    }
}

fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    for byte in b"HTTP/1.1 200 OK\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x')) {
        stream.write_all(&[*byte])?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn headers(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
    loop {
        stream.write_all(b"x-more: and more and more and more and more and more and more\r\n")?;
    }
}

/// Empty bombs apart, what is expected of each: exit code, and words of the report.
const ANSWERS: &[(&str, Misbehaviour, u8, &str)] = &[
    ("empty", |stream| whole(stream, "", b""), exit::FAILED, "JSON"),
    ("not JSON", |stream| whole(stream, "", b"<html>no</html>"), exit::FAILED, "JSON"),
    ("not UTF-8", |stream| whole(stream, "", b"{\"Code\":\"\xFF\xFE\"}"), exit::FAILED, "UTF-8"),
    ("NUL bytes", |stream| whole(stream, "", b"\0\0\0\0"), exit::FAILED, "JSON"),
    (
        "compressed",
        |stream| whole(stream, "content-encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        exit::FAILED,
        "JSON",
    ),
    ("nested", |stream| whole(stream, "", &vec![b'['; 4 << 20]), exit::FAILED, "JSON"),
    (
        "truncated",
        |stream| stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"Code\""),
        exit::COULD_NOT_JUDGE,
        "end of file before message length reached",
    ),
    ("closed at once", |_| Ok(()), exit::COULD_NOT_JUDGE, "closed before the answer was complete"),
    ("not HTTP", |stream| stream.write_all(b"SSH-2.0-nothing\r\n\r\n"), exit::COULD_NOT_JUDGE, "not HTTP"),
    ("huge", huge, exit::COULD_NOT_JUDGE, "exceeds"),
    ("endless", endless, exit::COULD_NOT_JUDGE, "no answer within"),
    ("drip", drip, exit::COULD_NOT_JUDGE, "no answer within"),
    ("endless headers", headers, exit::COULD_NOT_JUDGE, "not HTTP"),
    (
        "silent",
        |_| {
            std::thread::sleep(Duration::from_secs(2));
            Ok(())
        },
        exit::COULD_NOT_JUDGE,
        "no answer within",
    ),
];

/// A server that misbehaves until it is dropped.
struct Server {
    address: String,
    stop: Arc<AtomicBool>,
}

impl Server {
    fn start(misbehave: Misbehaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            for stream in listener.incoming().take_while(|_| !stopped.load(Ordering::Relaxed)) {
                let Ok(mut stream) = stream else { break };
                std::thread::spawn(move || {
                    let mut request = [0; 65_536];
                    // Whoever only looks whether somebody listens sends nothing and goes.
                    if stream.read(&mut request).is_ok_and(|read| read > 0) {
                        // The client leaves when it has had enough.
                        let _ = misbehave(&mut stream);
                    }
                });
            }
        });
        Self { address, stop }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
    }
}

#[test]
fn every_bad_answer_has_a_named_verdict_in_bounded_time() {
    let mut table = String::new();
    for (name, misbehave, code, words) in ANSWERS {
        let here = folder();
        let server = Server::start(*misbehave);
        let begun = Instant::now();
        let line = ["check", "saf/baseline/init", "intl/baseline/", "--target", &server.address, "--timeout-ms", "300"];
        let ran = idvet(here.path(), &line);
        let took = begun.elapsed();
        table.push_str(&format!("{name:<16} exit {} in {took:.1?}\n", ran.code));
        assert_eq!(ran.code, *code, "{name}: {}{}", ran.stderr, ran.stdout);
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        let report = std::fs::read_to_string(here.path().join("reports/latest/report.md")).expect("a report");
        let report = format!("{}{report}", ran.stderr);
        assert!(report.contains(words), "{name}: {words} in\n{}", ran.stdout);
        let again = idvet(here.path(), &["report", "render", "console"]);
        assert_eq!((again.code, again.stdout), (exit::SATISFIED, ran.stdout), "{name}: nothing is lost");
    }
    println!("{table}");
}
