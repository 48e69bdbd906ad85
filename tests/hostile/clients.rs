//! Clients that misbehave against `idvet mock`: it answers everybody else all the while, and its memory stays bounded.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::bomb::gzip_bomb;
use super::process::{Kept, idvet, peak_mb, run};
use super::servers::reset;
use super::{is_full, n_big};

/// Megabytes that the mock may hold after all of it: each connection may buffer one head and one body up to its limit.
const MOST_MB: u64 = 400;

/// How many connections an attack opens.
const N_CLIENTS: usize = 24;

/// What a client does with its connections to an address; those it returns stay open while the mock is looked at.
type Attack = fn(&str) -> Vec<TcpStream>;

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connects");
    for limit in [TcpStream::set_write_timeout, TcpStream::set_read_timeout] {
        limit(&stream, Some(Duration::from_millis(500))).expect("a limit");
    }
    stream
}

/// Sends the same beginning on many connections and leaves them there.
fn send_all(address: &str, text: &[u8]) -> Vec<TcpStream> {
    let send = |_| {
        let mut stream = connect(address);
        // The mock may well have had enough in the middle.
        let _ = stream.write_all(text);
        stream
    };
    (0..N_CLIENTS).map(send).collect()
}

/// Sends, and reads whatever comes back.
fn talk(address: &str, text: &[u8]) -> Vec<TcpStream> {
    let mut streams = send_all(address, text);
    for stream in &mut streams {
        let _ = stream.read(&mut [0; 4_096]);
    }
    streams
}

fn post(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("POST / HTTP/1.1\r\nhost: a\r\n{head}\r\n").as_bytes(), body].concat()
}

fn form(body: &[u8]) -> Vec<u8> {
    post(&format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", body.len()), body)
}

const ATTACKS: &[(&str, Attack)] = &[
    ("idle connections", |address| (0..if is_full() { 4_000 } else { 500 }).map(|_| connect(address)).collect()),
    ("half a head", |address| send_all(address, b"POST / HTTP/1.1\r\nhost: a\r\nx-half")),
    ("endless headers", |address| {
        send_all(address, &[&b"GET / HTTP/1.1\r\n"[..], &b"x-more: and more\r\n".repeat(60_000)].concat())
    }),
    ("endless header line", |address| {
        send_all(address, &[&b"GET / HTTP/1.1\r\nx: "[..], &vec![b'x'; 1 << 20]].concat())
    }),
    ("endless request line", |address| send_all(address, &[&b"GET /"[..], &vec![b'x'; 1 << 20]].concat())),
    ("length of 2^63 bytes", |address| talk(address, &post("content-length: 9223372036854775807\r\n", b"a=b"))),
    ("negative length", |address| talk(address, &post("content-length: -1\r\n", b""))),
    ("body never sent", |address| send_all(address, &post("content-length: 1000\r\n", b"a=b"))),
    ("endless body", |address| {
        let chunk = [b"100000\r\n".to_vec(), vec![b'x'; 0x10_0000], b"\r\n".to_vec()].concat();
        send_all(address, &post("transfer-encoding: chunked\r\n", &chunk.repeat(n_big() / 0x10_0000 + 1)))
    }),
    ("chunk of 2^64 bytes", |address| {
        talk(address, &post("transfer-encoding: chunked\r\n", b"FFFFFFFFFFFFFFFF1\r\nx"))
    }),
    ("many parameters", |address| talk(address, &form(&b"a=b&".repeat(1 << 16)))),
    ("many names", |address| {
        let names: Vec<String> = (0..60_000).map(|idx| format!("n{idx}=v")).collect();
        talk(address, &form(names.join("&").as_bytes()))
    }),
    ("one long parameter", |address| talk(address, &form(&[&b"Action="[..], &vec![b'%'; 7 << 20]].concat()))),
    ("nested JSON", |address| {
        let json = vec![b'['; 2 << 20];
        talk(address, &form(&[&b"Action=ExecuteRequest&Version=2017-03-31&ServiceParameters="[..], &json].concat()))
    }),
    ("compression bomb", |address| {
        let bomb = gzip_bomb(n_big());
        talk(address, &post(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", bomb.len()), &bomb))
    }),
    ("two lengths", |address| talk(address, &post("content-length: 3\r\ncontent-length: 4\r\n", b"a=bc"))),
    ("length and chunks", |address| {
        talk(
            address,
            &post("content-length: 4\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
        )
    }),
    ("NUL bytes", |address| talk(address, b"GET /\0 HTTP/1.1\r\nhost: a\0b\r\n\r\n")),
    ("garbage", |address| talk(address, &(0..=255u8).cycle().take(100_000).collect::<Vec<u8>>())),
    ("TLS on the plain port", |address| talk(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")),
    ("HTTP/2 preface", |address| talk(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
    ("pipelined", |address| send_all(address, &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2_000))),
    ("reset", |address| {
        for stream in send_all(address, &post("content-length: 10\r\n", b"a=b")) {
            reset(&stream).expect("resets");
        }
        Vec::new()
    }),
    ("half closed", |address| {
        let streams = send_all(address, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        streams.iter().for_each(|stream| stream.shutdown(std::net::Shutdown::Write).expect("closes"));
        streams
    }),
];

/// Asks the mock something harmless and returns how long the answer took.
fn ask(address: &str) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a limit");
    stream.write_all(b"GET /.well-known/idvet HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    begun.elapsed()
}

#[test]
fn bad_clients_leave_the_mock_to_everybody_else() {
    let folder = tempfile::tempdir().expect("folder");
    let mut mock = Kept(idvet(folder.path(), &["mock"]).spawn().expect("starts"));
    let mut line = String::new();
    BufReader::new(mock.0.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    let url = line.split(' ').next().expect("an address").trim().to_owned();
    let address = url.trim_start_matches("http://").to_owned();
    let mut table = "| client | command | a good answer after | peak memory |\n|---|---|---|---|\n".to_owned();
    for (name, attack) in ATTACKS {
        let streams = attack(&address);
        let took = ask(&address);
        let peak = peak_mb(mock.0.id()).expect("still there");
        table.push_str(&format!("| {name} | mock | {:.1} ms | {peak} MB |\n", took.as_secs_f64() * 1_000.0));
        // An unoptimised mock on a busy machine takes its time over a megabyte of parameters.
        assert!(took < Duration::from_secs(30), "{name}: {took:?}");
        assert!(peak < MOST_MB, "{name}: {peak} MB");
        drop(streams);
    }
    // What it remembers of all that changes no verdict.
    let ran = run(folder.path(), &["check", "saf/flow/", "--target", &url], Duration::from_secs(60));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stderr, ran.stdout);
    assert!(mock.0.try_wait().expect("a state").is_none(), "the mock is still there");
    println!("{table}");
}
