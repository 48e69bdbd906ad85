//! What is called: a server that does next to nothing, and the mock.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::IDVET;

/// Answers every request with the same good answer, and notes when each came, in a thread of its connection.
pub(crate) struct Static {
    pub(crate) url: String,
    pub(crate) noted: Arc<Noted>,
}

/// What came to a server, and how it behaves.
pub(crate) struct Noted {
    arrivals: Mutex<Vec<Instant>>,
    pub(crate) resets: AtomicU64,
    /// Microseconds that a thread of the server was held up for at most, by the machine: arrivals may be noted that much late.
    pub(crate) held_up: AtomicU64,
    /// Nobody is answered in the first second of every seven, and one request in a hundred is answered by closing.
    is_bad: bool,
    begun: Instant,
}

const ANSWER: &str = r#"{"RequestId":"130A2C10-B9EE-4D84-88E3-5384FF039795","Message":"success","ResultObject":{"CertifyId":"91707dc296d469ad38e4c5efa6a0f24b"},"Code":"200","Padding":"so that the answer has about three hundred bytes, as those of the service have, headers left aside: ----------------"}"#;

impl Static {
    pub(crate) fn start(is_bad: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let noted = Arc::new(Noted {
            arrivals: Mutex::new(Vec::new()),
            resets: AtomicU64::new(0),
            held_up: AtomicU64::new(0),
            is_bad,
            begun: Instant::now(),
        });
        let watched = Arc::downgrade(&noted);
        std::thread::spawn(move || {
            while let Some(noted) = watched.upgrade() {
                let begun = Instant::now();
                std::thread::sleep(Duration::from_millis(1));
                let late = begun.elapsed().saturating_sub(Duration::from_millis(1));
                noted.held_up.fetch_max(late.as_micros() as u64, Ordering::Relaxed);
            }
        });
        let at_work = Arc::clone(&noted);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&at_work);
                std::thread::spawn(move || serve(stream, &noted));
            }
        });
        Self { url, noted }
    }

    pub(crate) fn take_arrivals(&self) -> Vec<Instant> {
        let mut arrivals = std::mem::take(&mut *self.noted.arrivals.lock().expect("a list"));
        arrivals.sort_unstable();
        arrivals
    }
}

fn serve(mut stream: TcpStream, noted: &Noted) {
    let _ = stream.set_nodelay(true);
    let answer = answer();
    let mut room = vec![0; 16_384];
    let mut filled = 0;
    loop {
        match stream.read(&mut room[filled..]) {
            Ok(0) | Err(_) => return,
            Ok(n) => filled += n,
        }
        let now = Instant::now();
        if is_whole(&room[..filled]) {
            noted.arrivals.lock().expect("a list").push(now);
            filled = 0;
            if noted.is_bad {
                let into = noted.begun.elapsed().as_millis() as u64 % 7_000;
                std::thread::sleep(Duration::from_millis(if into < 1_000 { 1_000 - into } else { 1 }));
                if rand::random_ratio(1, 100) {
                    noted.resets.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn answer() -> String {
    let length = ANSWER.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{ANSWER}")
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}

/// Answers in the order in which requests came, each a millisecond after it, but nobody in the last second of every ten: with
/// so little to do for an answer that what waited is told at once.
pub(crate) struct Stalling {
    pub(crate) url: String,
    /// From when a request had come to when its answer was written.
    took: Arc<Mutex<Vec<Duration>>>,
}

/// How long an answer takes, how often a stall comes, and how long it lasts.
const SERVICE: Duration = Duration::from_millis(1);
const EVERY: Duration = Duration::from_secs(10);
const LASTING: Duration = Duration::from_secs(1);

impl Stalling {
    pub(crate) fn start() -> Self {
        let address = "127.0.0.1:0".parse().expect("an address");
        let listener = mio::net::TcpListener::bind(address).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let took = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&took);
        std::thread::spawn(move || stalling(listener, &noted));
        Self { url, took }
    }

    /// Returns the 99th and 99.9th percentile and the longest of what answers took, in milliseconds.
    pub(crate) fn take_percentiles(&self) -> [f64; 3] {
        let mut took = std::mem::take(&mut *self.took.lock().expect("a list"));
        took.sort_unstable();
        let last = took.len().saturating_sub(1);
        [0.99, 0.999, 1.0]
            .map(|share| took.get((last as f64 * share) as usize).map_or(0.0, Duration::as_secs_f64) * 1e3)
    }
}

/// One connection of a stalling server: what came of a request so far.
struct Waiting {
    stream: mio::net::TcpStream,
    taken: Vec<u8>,
}

fn stalling(mut listener: mio::net::TcpListener, took: &Mutex<Vec<Duration>>) {
    let begun = Instant::now();
    let mut poll = mio::Poll::new().expect("a poll");
    let mut events = mio::Events::with_capacity(4_096);
    poll.registry().register(&mut listener, mio::Token(usize::MAX), mio::Interest::READABLE).expect("registers");
    let mut connections: Vec<Option<Waiting>> = Vec::new();
    let mut due: VecDeque<(Instant, Instant, usize)> = VecDeque::new();
    let mut room = vec![0; 16_384];
    let answer = answer();
    loop {
        let left = due.front().map(|(at, ..)| at.saturating_duration_since(Instant::now()));
        poll.poll(&mut events, left).expect("polls");
        for event in &events {
            if event.token() == mio::Token(usize::MAX) {
                while let Ok((mut stream, _)) = listener.accept() {
                    let token = mio::Token(connections.len());
                    let _ = stream.set_nodelay(true);
                    poll.registry().register(&mut stream, token, mio::Interest::READABLE).expect("registers");
                    connections.push(Some(Waiting { stream, taken: Vec::new() }));
                }
                continue;
            }
            let Some(Waiting { stream, taken }) = &mut connections[event.token().0] else { continue };
            let mut is_over = false;
            while let Ok(n) = stream.read(&mut room) {
                if n == 0 {
                    is_over = true;
                    break;
                }
                taken.extend_from_slice(&room[..n]);
            }
            if is_over {
                connections[event.token().0] = None;
            } else if is_whole(taken) {
                taken.clear();
                let came = Instant::now();
                due.push_back((answered_at(begun, came), came, event.token().0));
            }
        }
        while due.front().is_some_and(|(at, ..)| *at <= Instant::now()) {
            let Some((_, came, idx)) = due.pop_front() else { break };
            let Some(connection) = &mut connections[idx] else { continue };
            let _ = connection.stream.write(answer.as_bytes());
            took.lock().expect("a list").push(came.elapsed());
        }
    }
}

/// Returns when a request is answered that came at a time.
fn answered_at(begun: Instant, came: Instant) -> Instant {
    let ready = came + SERVICE;
    let into = Duration::from_nanos((ready.duration_since(begun).as_nanos() % EVERY.as_nanos()) as u64);
    // The stall is at the end of every ten seconds.
    if into >= EVERY - LASTING { ready + (EVERY - into) } else { ready }
}

/// A mock in a process of its own.
pub(crate) struct Mock {
    child: Child,
    pub(crate) url: String,
}

impl Mock {
    pub(crate) fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(IDVET)
            .args(["mock", "--throttle", "off", "--threads", "1"])
            .args(more)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mock starts");
        let mut text = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut text).expect("an address");
        Self { url: text.split_whitespace().next().expect("an address").to_owned(), child }
    }

    /// Stops it as a user would, so that its log is written.
    pub(crate) fn stop(mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
