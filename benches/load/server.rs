//! What is called: a server that does next to nothing, and the mock.

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
            is_bad,
            begun: Instant::now(),
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
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
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

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
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
