//! `idvet check` against every kind of bad server: a named verdict, bounded time and memory, results on disk.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use super::bomb::gzip_bomb;
use super::n_big;
use super::process::{Ran, run};
use super::servers::{Misbehaviour, Server, answer, forever, hear, reset, say, stall};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const NONE: Duration = Duration::ZERO;

/// The target was judged and found wrong; it could not be judged.
const FAILED: i32 = 1;
const COULD_NOT_JUDGE: i32 = 3;

/// Runs at a time; most of them wait.
const AT_A_TIME: usize = 4;

/// Megabytes that a run may hold: a check of these few cases holds some forty by itself, an answer is taken in up to
/// its limit, and eight cases run at a time.
const MOST_MB: u64 = 400;

fn reset_after(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<()> {
    if hear(stream) {
        stream.write_all(text)?;
        stream.flush()?;
        std::thread::sleep(Duration::from_millis(10));
    }
    reset(stream)
}

/// Markup, escapes and quotes for every format that a field may end up in.
const MARKUP: &str = "\\u001b[2J\\u001b]0;owned\\u0007<script>alert(1)</script>|`*_[x](javascript:1)]]>&amp;\\r\\n## owned\\u202e\\u0000";

fn markup(stream: &mut TcpStream) -> std::io::Result<()> {
    let keys = ["Code", "Message", "RequestId", "HostId", "Recommend", "ResultObject", "Data", "Result", MARKUP];
    let fields: Vec<String> = keys.iter().map(|key| format!("\"{key}\":\"{MARKUP}\"")).collect();
    answer(stream, "x-acs-request-id: <script>red</script>\r\n", format!("{{{}}}", fields.join(",")).as_bytes())
}

fn two_answers(stream: &mut TcpStream) -> std::io::Result<()> {
    let one = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"Code\":\"200\"}";
    while hear(stream) {
        stream.write_all(&[&one[..], one].concat())?;
    }
    Ok(())
}

fn redirects(stream: &mut TcpStream) -> std::io::Result<()> {
    let home = stream.local_addr()?;
    let head = format!("HTTP/1.1 302 Found\r\nlocation: http://{home}/again\r\ncontent-length: 0\r\n\r\n");
    say(stream, head.as_bytes())
}

/// Name, what the server does, exit code, and words of report or stderr.
const SERVERS: &[(&str, Misbehaviour, i32, &str)] = &[
    ("reset at once", |stream| reset(stream), COULD_NOT_JUDGE, "reset"),
    ("reset after request", |stream| reset_after(stream, b""), COULD_NOT_JUDGE, "reset"),
    ("reset in head", |stream| reset_after(stream, b"HTTP/1.1 200 OK\r\nx-a"), COULD_NOT_JUDGE, "reset"),
    ("reset in body", |stream| reset_after(stream, &[HEAD, b"{\"Code\""].concat()), COULD_NOT_JUDGE, "reset"),
    ("closed at once", |_| Ok(()), COULD_NOT_JUDGE, "the connection broke"),
    ("closed in body", |stream| say(stream, &[HEAD, b"{"].concat()), COULD_NOT_JUDGE, "end of file"),
    ("silent", |stream| stall(stream, b""), COULD_NOT_JUDGE, "no answer within"),
    ("stalls in head", |stream| stall(stream, b"HTTP/1.1 200 OK\r\n"), COULD_NOT_JUDGE, "no answer within"),
    ("stalls in body", |stream| stall(stream, HEAD), COULD_NOT_JUDGE, "no answer within"),
    (
        "drips its head",
        |stream| forever(stream, b"HTTP/1.1 200 OK\r\nx-slow: ", b"x", Duration::from_millis(20)),
        COULD_NOT_JUDGE,
        "no answer within",
    ),
    (
        "drips its body",
        |stream| forever(stream, &[CHUNKED, b"5\r\n"].concat(), b" ", Duration::from_millis(50)),
        COULD_NOT_JUDGE,
        "",
    ),
    (
        "endless headers",
        |stream| forever(stream, b"HTTP/1.1 200 OK\r\n", b"x-more: and more and more and more\r\n", NONE),
        COULD_NOT_JUDGE,
        "not HTTP",
    ),
    (
        "endless header line",
        |stream| forever(stream, b"HTTP/1.1 200 OK\r\nx-more: ", &[b'x'; 4_096], NONE),
        COULD_NOT_JUDGE,
        "not HTTP",
    ),
    (
        "endless 100 Continue",
        |stream| forever(stream, b"", b"HTTP/1.1 100 Continue\r\n\r\n", NONE),
        COULD_NOT_JUDGE,
        "",
    ),
    (
        "endless body",
        |stream| {
            let piece = [b"100000\r\n".to_vec(), vec![b'['; 0x10_0000], b"\r\n".to_vec()].concat();
            forever(stream, CHUNKED, &piece, NONE)
        },
        COULD_NOT_JUDGE,
        "",
    ),
    (
        "endless small chunks",
        |stream| forever(stream, CHUNKED, &b"1\r\n[\r\n".repeat(1_000), NONE),
        COULD_NOT_JUDGE,
        "",
    ),
    (
        "endless trailers",
        |stream| forever(stream, &[CHUNKED, b"0\r\n"].concat(), &b"x-more: and more\r\n".repeat(100), NONE),
        COULD_NOT_JUDGE,
        "",
    ),
    (
        "chunk of 2^64 bytes",
        |stream| say(stream, &[CHUNKED, b"FFFFFFFFFFFFFFFF1\r\n[[["].concat()),
        COULD_NOT_JUDGE,
        "",
    ),
    (
        "length of 2^63 bytes",
        |stream| say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n{"),
        COULD_NOT_JUDGE,
        "exceeds",
    ),
    (
        "negative length",
        |stream| say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}"),
        COULD_NOT_JUDGE,
        "not HTTP",
    ),
    (
        "two lengths",
        |stream| say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x"),
        COULD_NOT_JUDGE,
        "not HTTP",
    ),
    ("compression bomb", |stream| answer(stream, "content-encoding: gzip\r\n", &BOMB), 0, ""),
    ("nested JSON", |stream| answer(stream, "", &vec![b'['; n_big()]), 0, ""),
    ("nested objects", |stream| answer(stream, "", &b"{\"Code\":".repeat(400_000)), FAILED, "JSON"),
    (
        "long text",
        |stream| answer(stream, "", &[b"{\"Code\":\"", &vec![b'2'; 3 << 20][..], b"\"}"].concat()),
        FAILED,
        "",
    ),
    ("many keys", |stream| answer(stream, "", &many_keys()), FAILED, ""),
    (
        "large number",
        |stream| answer(stream, "", b"{\"Code\":1e999999,\"RequestId\":99999999999999999999999}"),
        FAILED,
        "",
    ),
    ("not UTF-8", |stream| answer(stream, "", b"{\"Code\":\"\xFF\xFE\"}"), FAILED, "UTF-8"),
    ("lone surrogate", |stream| answer(stream, "", b"{\"Code\":\"\\ud800\"}"), FAILED, "JSON"),
    ("NUL bytes", |stream| answer(stream, "", b"\0\0\0\0"), FAILED, "JSON"),
    ("NUL in a header", |stream| say(stream, b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n{}"), COULD_NOT_JUDGE, "not HTTP"),
    ("empty body", |stream| answer(stream, "", b""), FAILED, "JSON"),
    ("a page", |stream| answer(stream, "", b"<html>no</html>"), FAILED, "JSON"),
    ("markup and escapes", markup, FAILED, ""),
    ("garbage", |stream| say(stream, b"\x00\x16\xff\xfe\r\n\r\n\x7f"), COULD_NOT_JUDGE, "not HTTP"),
    ("another protocol", |stream| say(stream, b"SSH-2.0-nothing\r\n\r\n"), COULD_NOT_JUDGE, "not HTTP"),
    ("HTTP/2 preface", |stream| say(stream, b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64"), COULD_NOT_JUDGE, "not HTTP"),
    ("HTTP/0.9", |stream| say(stream, b"{\"Code\":\"200\"}"), COULD_NOT_JUDGE, "not HTTP"),
    ("two answers to one", two_answers, FAILED, ""),
    ("redirects to itself", redirects, FAILED, ""),
];

static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip_bomb(n_big() * 10));

fn many_keys() -> Vec<u8> {
    let fields: Vec<String> = (0..100_000).map(|idx| format!("\"k{idx}\":[{idx}]")).collect();
    format!("{{{}}}", fields.join(",")).into_bytes()
}

/// What does not hold of a run that has to hold of every one, whatever the server did.
fn faults(ran: &Ran, folder: &std::path::Path, (code, words): (i32, &str)) -> Vec<String> {
    let mut faults = Vec::new();
    let mut hold = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    let expected = if code == 0 { [FAILED, COULD_NOT_JUDGE] } else { [code; 2] };
    hold(ran.code.is_some_and(|code| expected.contains(&code)), "exit code");
    hold(ran.took < Duration::from_secs(40), "time");
    hold(ran.peak_mb < MOST_MB, "memory");
    let read = |file: &str| std::fs::read_to_string(folder.join("reports/latest").join(file)).unwrap_or_default();
    let (events, report, junit) = (read("events.jsonl"), read("report.md"), read("junit.xml"));
    hold(events.contains("\"event\":\"run-finished\""), "results on disk");
    hold(format!("{}{report}", ran.stderr).contains(words), words);
    for (place, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr), ("report.md", &report), ("junit", &junit)] {
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        hold(!text.contains(control) && !text.contains('\u{202e}'), &format!("control characters in {place}"));
        hold(!text.contains("\n## owned"), &format!("a line of its own in {place}"));
    }
    hold(!outside_code(&report).contains("<script>") && !junit.contains("<script>"), "markup");
    let mut reader = quick_xml::Reader::from_str(&junit);
    let well_formed = std::iter::from_fn(|| match reader.read_event() {
        Ok(quick_xml::events::Event::Eof) => None,
        event => Some(event.is_ok()),
    });
    hold(well_formed.take_while(|ok| *ok).count() > 1, "JUnit");
    hold(reader.error_position() == 0, "well-formed JUnit");
    faults
}

/// Returns Markdown without its fenced blocks and code spans, in which nothing is markup.
fn outside_code(markdown: &str) -> String {
    let ticks = |text: &str| text.len() - text.trim_start_matches('`').len();
    let mut fence = 0;
    let mut outside = String::new();
    for line in markdown.lines() {
        match (fence, ticks(line)) {
            (0, n_ticks @ 3..) => fence = n_ticks,
            (0, _) => {
                let mut rest = line;
                while let Some(start) = rest.find('`') {
                    let span = &rest[start..];
                    let mark = &span[..ticks(span)];
                    outside.push_str(&rest[..start]);
                    rest = span[mark.len()..].split_once(mark).map_or("", |(_, after)| after);
                }
                outside.push_str(rest);
                outside.push('\n');
            }
            (open, n_ticks) if n_ticks == open => fence = 0,
            _ => {}
        }
    }
    outside
}

#[test]
fn only_code_is_left_out() {
    assert_eq!(outside_code("a `<b>` c ``d`<e>`` <f>\n```http\n<g>\n```\n<h>"), "a  c  <f>\n<h>\n");
}

/// A row of the table, and what does not hold.
fn check(name: &str, target: &str, expected: (i32, &str)) -> (String, Option<String>) {
    let folder = tempfile::tempdir().expect("folder");
    let line = ["check", "saf/baseline/init", "intl/baseline/initialize*", "--target", target, "--timeout-ms", "500"];
    let ran = run(folder.path(), &line, Duration::from_secs(120));
    let code = ran.code.map_or_else(|| "?".to_owned(), |code| code.to_string());
    let row = format!("| {name} | check | {code} | {:.1} s | {} MB |\n", ran.took.as_secs_f64(), ran.peak_mb);
    let faults = faults(&ran, folder.path(), expected);
    let told = || format!("{name}: {}\n{}\n{}", faults.join(", "), ran.stderr, ran.stdout);
    (row, (!faults.is_empty()).then(told))
}

#[test]
fn bad_servers_get_a_named_verdict_in_bounded_time_and_memory() {
    let secure: &[(&str, Misbehaviour, i32, &str)] = &[
        ("TLS: plain HTTP", |stream| answer(stream, "", b"{}"), COULD_NOT_JUDGE, "TLS"),
        (
            "TLS: garbage",
            |stream| forever(stream, b"\x16\x03\x03\xff\xff", &[0xff; 4_096], NONE),
            COULD_NOT_JUDGE,
            "TLS",
        ),
        ("TLS: silent", |stream| stall(stream, b""), COULD_NOT_JUDGE, "no answer within"),
        ("TLS: alert", |stream| say(stream, b"\x15\x03\x03\x00\x02\x02\x28"), COULD_NOT_JUDGE, "TLS"),
    ];
    let plain = SERVERS.iter().map(|row| ("http", row));
    let all: Vec<_> = plain.chain(secure.iter().map(|row| ("https", row))).collect();
    let ran = Mutex::new(vec![None; all.len()]);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let idx = next.fetch_add(1, Ordering::SeqCst);
                    let Some((scheme, (name, misbehave, code, words))) = all.get(idx) else { break };
                    let server = Server::start(*misbehave);
                    let done = check(name, &format!("{scheme}://{}", server.address), (*code, *words));
                    ran.lock().expect("nobody panicked")[idx] = Some(done);
                }
            });
        }
    });
    let ran = ran.into_inner().expect("nobody panicked");
    let ran: Vec<(String, Option<String>)> = ran.into_iter().map(|done| done.expect("all ran")).collect();
    println!("bodies of up to {} MB, {AT_A_TIME} runs at a time", n_big() >> 20);
    println!("| server | command | exit code | time | peak memory |\n|---|---|---|---|---|");
    println!("{}", ran.iter().map(|(row, _)| row.as_str()).collect::<String>());
    let faults: Vec<&str> = ran.iter().filter_map(|(_, fault)| fault.as_deref()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_refused_connection_is_told_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let target = format!("http://127.0.0.1:{port}");
    let ran = run(folder.path(), &["check", "saf/baseline/", "--target", &target], Duration::from_secs(20));
    assert_eq!(ran.code, Some(COULD_NOT_JUDGE), "{}", ran.stderr);
    assert!(ran.stderr.contains("refused") && ran.took < Duration::from_secs(5), "{}", ran.stderr);
}
