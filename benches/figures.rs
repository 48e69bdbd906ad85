//! `cargo bench`: the figures that README quotes, measured from outside on the release binary.
//!
//! Each figure stands beside what it has to be. Nothing here fails: a shared or busy machine says so by its figures.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idvet::clock::{Clock, SystemClock};
use idvet::exchange::{Request, encode_pairs};
use idvet::signing::{Credentials, Scheme, SigningInput, sign};

const IDVET: &str = env!("CARGO_BIN_EXE_idvet");

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("{:<58} {:>14}   has to be", "figure", "measured");
    check(folder.path());
    mock_start(folder.path());
    for scheme in [Scheme::V1, Scheme::Acs3] {
        for operation in [Operation::Init, Operation::Query] {
            mock_rate(folder.path(), scheme, operation);
        }
    }
}

fn line(figure: &str, measured: String, wanted: &str) {
    println!("{figure:<58} {measured:>14}   {wanted}");
}

/// Runs of one kind; the median is told.
const RUNS: usize = 7;

fn check(folder: &Path) {
    let mut runs: Vec<CheckRun> = (0..RUNS).map(|_| run_check(folder)).collect();
    let n_cases = runs[0].n_cases;
    line("check on the embedded mock, cases", n_cases.to_string(), "600 or more");
    runs.sort_by_key(|run| run.wall);
    line("check, wall time", format!("{:.2} s", runs[RUNS / 2].wall.as_secs_f64()), "2 s at most");
    runs.sort_by_key(|run| run.first_case);
    let first = runs[RUNS / 2].first_case.as_secs_f64() * 1e3;
    line("check, process start to first exchange on disk", format!("{first:.0} ms"), "100 ms at most");
    let peak = runs.iter().map(|run| run.peak_kib).max().unwrap_or_default();
    line("check, peak resident memory", format!("{:.0} MB", peak as f64 * 1.024e-3), "100 MB at most");
}

struct CheckRun {
    wall: Duration,
    first_case: Duration,
    peak_kib: u64,
    n_cases: usize,
}

/// Watches a check from outside: its memory in `/proc`, its events as they reach the disk.
fn run_check(folder: &Path) -> CheckRun {
    let events = folder.join("out/events.jsonl");
    let _ = std::fs::remove_file(&events);
    let begun = Instant::now();
    let mut child = Command::new(IDVET)
        .args(["check", "--quiet", "--out", "out"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("idvet starts");
    let (mut first_case, mut peak_kib, mut seen) = (None, 0, Vec::new());
    let mut file = None;
    let wall = loop {
        peak_kib = peak_kib.max(peak_memory(&child));
        if first_case.is_none() {
            file = file.or_else(|| std::fs::File::open(&events).ok());
            if let Some(file) = &mut file {
                file.read_to_end(&mut seen).expect("events are readable");
                first_case = holds(&seen, b"\"event\":\"exchange\"").then(|| begun.elapsed());
            }
        }
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "the check failed: {status}");
            break begun.elapsed();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let text = std::fs::read_to_string(&events).expect("events");
    let n_cases = text.lines().filter(|line| line.starts_with("{\"event\":\"case-finished\"")).count();
    CheckRun { wall, first_case: first_case.unwrap_or(wall), peak_kib, n_cases }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Returns the high-water mark of a process in KiB; 0 where the system does not tell.
fn peak_memory(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
}

/// A mock in a process of its own, on one processor where `taskset` is there.
struct Mock {
    child: Child,
    address: String,
}

impl Mock {
    fn start(folder: &Path) -> Self {
        let words = [IDVET, "mock", "--threads", "1", "--throttle", "off"];
        let is_pinnable = Command::new("taskset").arg("-V").output().is_ok();
        let words = if is_pinnable { [&["taskset", "-c", "0"][..], &words].concat() } else { words.to_vec() };
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mock starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("the mock says where it is");
        let address = line.split_whitespace().next().and_then(|url| url.strip_prefix("http://")).expect("an address");
        Self { address: address.to_owned(), child }
    }

    /// Returns the processor time used so far, user and system.
    fn processor_time(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // A tick is 10 ms on every Linux.
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mock_start(folder: &Path) {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            let mock = Mock::start(folder);
            let taken = begun.elapsed().as_secs_f64() * 1e3;
            drop(mock);
            taken
        })
        .collect();
    times.sort_by(f64::total_cmp);
    line("mock, process start to its address on stdout", format!("{:.0} ms", times[RUNS / 2]), "under 50 ms");
}

#[derive(Clone, Copy)]
enum Operation {
    Init,
    Query,
}

/// Requests of one measurement: enough for a second and more of one processor.
const REQUESTS: usize = 60_000;
/// Connections; on each one request at a time.
const CONNECTIONS: usize = 32;
/// Accounts that take turns.
const ACCOUNTS: usize = 64;

fn mock_rate(folder: &Path, scheme: Scheme, operation: Operation) {
    let mock = Mock::start(folder);
    let requests: Vec<Vec<u8>> = (0..REQUESTS).map(|number| signed(&mock.address, scheme, operation, number)).collect();
    let mut connections: Vec<Connection> = (0..CONNECTIONS).map(|_| Connection::open(&mock.address)).collect();
    let (begun, used) = (Instant::now(), mock.processor_time());
    for batch in requests.chunks(CONNECTIONS) {
        for (connection, request) in connections.iter_mut().zip(batch) {
            connection.stream.write_all(request).expect("sent");
        }
        for connection in connections.iter_mut().take(batch.len()) {
            connection.take_answer(operation);
        }
    }
    let (wall, used) = (begun.elapsed(), mock.processor_time() - used);
    let name = match operation {
        Operation::Init => "InitFaceVerify",
        Operation::Query => "DescribeFaceVerify",
    };
    let scheme = if scheme.is_acs3() { "ACS3" } else { "V1" };
    let per_second = |taken: Duration| format!("{:.0} /s", REQUESTS as f64 / taken.as_secs_f64());
    line(&format!("mock, one thread, {scheme} {name}, by processor time"), per_second(used), "25,000 /s or more");
    line("    the same by wall time, client on the other processor", per_second(wall), "");
}

fn signed(address: &str, scheme: Scheme, operation: Operation, number: usize) -> Vec<u8> {
    let account = number % ACCOUNTS;
    let credentials = Credentials {
        access_key_id: format!("idvet-ordinary-{account}"),
        secret: "idvet-ordinary-secret".to_owned().into(),
        security_token: None,
    };
    let order = format!("{number:032}");
    let (action, pairs): (&str, Vec<(&str, &str)>) = match operation {
        Operation::Init => (
            "InitFaceVerify",
            vec![
                ("SceneId", "1000000007"),
                ("OuterOrderNo", &order),
                ("ProductCode", "ID_PRO"),
                ("CertType", "IDENTITY_CARD"),
                ("CertName", "张试真"),
                ("CertNo", "330103199001011230"),
                (
                    "MetaInfo",
                    r#"{"zimVer":"3.0.0","appVersion":"1","bioMetaInfo":"4.1.0:2916352,0","appName":"idvet.example.com","deviceType":"h5","osVersion":"","apdidToken":"","deviceModel":"","ua":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148","guardToken":"idvet-guard-token"}"#,
                ),
                ("CertifyUrlType", "H5"),
                ("ReturnUrl", "https://www.example.com/back"),
            ],
        ),
        Operation::Query => {
            ("DescribeFaceVerify", vec![("SceneId", "1000000007"), ("CertifyId", "0123456789abcdef0123456789abcdef")])
        }
    };
    let mut headers = vec![
        ("host".to_owned(), address.to_owned()),
        ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
    ];
    let mut target = "/".to_owned();
    if scheme.is_acs3() {
        headers.push(("x-acs-action".to_owned(), action.to_owned()));
        headers.push(("x-acs-version".to_owned(), "2019-03-07".to_owned()));
    } else {
        target = format!("/?{}", encode_pairs([("Action", action), ("Version", "2019-03-07"), ("Format", "JSON")]));
    }
    let mut request = Request { method: "POST".to_owned(), target, headers, body: encode_pairs(pairs).into() };
    let input = SigningInput::new(scheme, &credentials, SystemClock.now().to_iso(), format!("nonce-{number}"));
    sign(&mut request, &input).expect("signs");
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.target).into_bytes();
    for (name, value) in &request.headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", request.body.len()).as_bytes());
    bytes.extend_from_slice(&request.body);
    bytes
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, buffer: vec![0; 65_536] }
    }

    /// Takes one answer in whole, and holds that it is what the service answers and no refusal of the gateway.
    fn take_answer(&mut self, operation: Operation) {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).expect("an answer");
            assert!(read > 0, "the mock closed");
            filled += read;
            let text = String::from_utf8_lossy(&self.buffer[..filled]);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length: usize = length.and_then(|text| text.parse().ok()).expect("a length");
            if body.len() >= length {
                let wanted = match operation {
                    Operation::Init => "CertifyId",
                    Operation::Query => "ResultObject",
                };
                assert!(body.contains(wanted) || body.contains("\"Code\":\"406\""), "{text}");
                return;
            }
        }
    }
}
