//! A driver as a process: started, greeted, asked, ended. Whatever it does wrong has a name.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::protocol::{Answered, Call, Hello, PROTOCOL, Said, read_line};
use super::usage::Usage;

/// Bytes of one line that are taken.
const LINE_LIMIT: u64 = 32 << 20;

/// Part of the time of a call that did not come back, from which on the driver spins rather than waits.
const SPINNING: f64 = 0.3;

/// How often memory is looked at.
const WATCHED_EVERY: Duration = Duration::from_millis(20);

/// What stands in a parameter for an unpaired surrogate.
const SURROGATE: &str = "{surrogate}";

/// Bytes of stderr that are kept for messages.
const STDERR_KEPT: usize = 4_000;

/// Bytes of stderr that are kept where it is a debug log.
const LOG_KEPT: usize = 4 << 20;

/// How a driver is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    pub folder: PathBuf,
    /// Variables set besides those it inherits; an empty value takes a variable away.
    pub environment: Vec<(String, String)>,
    /// Time until the hello.
    pub hello_time: Duration,
    /// Bytes of memory that the driver may take beyond what it has when it says hello. Watched on Linux alone.
    pub memory_limit: u64,
    /// Variables that turn the SDK's debug log on; empty where nobody knows how.
    pub debug: Vec<(String, String)>,
}

/// The usual [`Launch::memory_limit`].
pub const MEMORY_LIMIT: u64 = 1 << 30;

/// What a driver did wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverFault {
    #[error("start the driver {program}: {reason}")]
    Start { program: String, reason: String },
    #[error("the driver said no hello within {0} ms")]
    NoHello(u128),
    #[error("the driver speaks protocol {0}, this idvet speaks {PROTOCOL}")]
    OtherProtocol(u32),
    #[error("the driver wrote a line that is not of the protocol ({reason}): {line}")]
    Garbage { line: String, reason: String },
    #[error("the driver wrote a line of more than {LINE_LIMIT} bytes")]
    Flood,
    #[error("the driver ended ({status}){stderr}")]
    Ended { status: String, stderr: String },
    #[error("the driver gave no answer within {0} ms")]
    Hang(u128),
    #[error("the driver gave no answer within {0} ms, and kept a processor busy for {1} ms of them")]
    Spin(u128, u128),
    #[error("the driver took {} MB of memory beyond what it began with, and was stopped", .0 >> 20)]
    Memory(u64),
}

/// Calls that wait for their answers; nothing any more once the driver is lost.
type Calls = Result<HashMap<String, oneshot::Sender<Answered>>, DriverFault>;
type Waiting = Arc<Mutex<Calls>>;

/// A driver that said hello.
#[derive(Debug)]
pub struct Driver {
    pub hello: Hello,
    waiting: Waiting,
    lines: mpsc::UnboundedSender<String>,
    child: Arc<tokio::sync::Mutex<Child>>,
    usage: Usage,
    last_words: LastWords,
}

impl Driver {
    /// Starts a driver with its SDK's debug log turned on.
    pub async fn start_logging(launch: &Launch) -> Result<Self, DriverFault> {
        let mut launch = launch.clone();
        launch.environment.extend(launch.debug.clone());
        Self::start_keeping(&launch, LOG_KEPT).await
    }

    /// Starts a driver and waits for its hello.
    pub async fn start(launch: &Launch) -> Result<Self, DriverFault> {
        Self::start_keeping(launch, STDERR_KEPT).await
    }

    async fn start_keeping(launch: &Launch, kept: usize) -> Result<Self, DriverFault> {
        let mut child = spawn(launch)?;
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(mut stderr)) = (stdin, stdout, stderr) else {
            return Err(ended(&mut child, &LastWords::default()).await);
        };
        let last_words = LastWords::default();
        let heard = last_words.clone();
        tokio::spawn(async move {
            let mut piece = vec![0; 4_096];
            while let Ok(n_bytes @ 1..) = stderr.read(&mut piece).await {
                let mut words = heard.text.lock().unwrap_or_else(PoisonError::into_inner);
                words.push_str(&String::from_utf8_lossy(&piece[..n_bytes]));
                let cut = words.len().saturating_sub(kept);
                let cut = (cut..words.len()).find(|at| words.is_char_boundary(*at)).unwrap_or(0);
                words.drain(..cut);
            }
            heard.over.cancel();
        });
        let mut lines = BufReader::new(stdout);
        let greeted = tokio::time::timeout(launch.hello_time, next_line(&mut lines)).await;
        let line = match greeted {
            Err(_) => {
                let _ = child.kill().await;
                return Err(DriverFault::NoHello(launch.hello_time.as_millis()));
            }
            Ok(Err(fault)) => return Err(fault),
            Ok(Ok(None)) => return Err(ended(&mut child, &last_words).await),
            Ok(Ok(Some(line))) => line,
        };
        let hello = match read_line(&line) {
            Ok(Said::Hello(hello)) if hello.protocol == PROTOCOL => hello,
            Ok(Said::Hello(hello)) => return Err(DriverFault::OtherProtocol(hello.protocol)),
            Ok(Said::Answer(_)) => return Err(garbage(&line, "an answer before the hello")),
            Err(reason) => return Err(garbage(&line, &reason)),
        };
        let waiting: Waiting = Arc::new(Mutex::new(Ok(HashMap::new())));
        let child = Arc::new(tokio::sync::Mutex::new(child));
        tokio::spawn(listen(lines, Arc::clone(&waiting), Arc::clone(&child), last_words.clone()));
        let usage = Usage::of(child.lock().await.id());
        tokio::spawn(watch(usage, launch.memory_limit, Arc::downgrade(&waiting), Arc::clone(&child)));
        Ok(Self { hello, waiting, lines: writer(stdin), child, usage, last_words })
    }

    /// Makes a call and waits for its answer.
    pub async fn call(&self, call: &Call, limit: Duration) -> Result<Answered, DriverFault> {
        let (sender, receiver) = oneshot::channel();
        match &mut *hold(&self.waiting) {
            Ok(waiting) => waiting.insert(call.id.clone(), sender),
            Err(fault) => return Err(fault.clone()),
        };
        // No text here can hold half a surrogate pair; JSON can.
        let line = serde_json::to_string(call).unwrap_or_default().replace(SURROGATE, r"\ud800");
        // A driver that is gone is told of below.
        let _ = self.lines.send(line);
        let busy_before = self.usage.processor_time();
        match tokio::time::timeout(limit, receiver).await {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(_)) => Err(self.fault().unwrap_or(DriverFault::Hang(limit.as_millis()))),
            Err(_) => {
                if let Ok(waiting) = &mut *hold(&self.waiting) {
                    waiting.remove(&call.id);
                }
                let busy = self.usage.processor_time().saturating_sub(busy_before);
                Err(match busy > limit.mul_f64(SPINNING) {
                    true => DriverFault::Spin(limit.as_millis(), busy.as_millis()),
                    false => DriverFault::Hang(limit.as_millis()),
                })
            }
        }
    }

    /// Returns what ended the driver, if anything did.
    pub fn fault(&self) -> Option<DriverFault> {
        hold(&self.waiting).as_ref().err().cloned()
    }

    /// Ends the driver: stdin closes, and after a moment it is killed.
    pub async fn stop(self) {
        drop(self.lines);
        let mut child = self.child.lock().await;
        if tokio::time::timeout(Duration::from_secs(2), child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }

    /// Ends the driver and returns what it wrote to stderr.
    pub async fn log(self) -> String {
        let last_words = self.last_words.clone();
        self.stop().await;
        let _ = tokio::time::timeout(Duration::from_secs(1), last_words.over.cancelled()).await;
        let text = last_words.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone()
    }
}

fn hold(waiting: &Waiting) -> std::sync::MutexGuard<'_, Calls> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Variables by which clients find a proxy, or do not.
const PROXY_VARIABLES: [&str; 8] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

fn spawn(launch: &Launch) -> Result<Child, DriverFault> {
    let program = launch.argv.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(launch.argv.iter().skip(1)).current_dir(&launch.folder).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A proxy of whoever runs this is not for the mock.
    for name in PROXY_VARIABLES {
        command.env_remove(name);
    }
    for (name, value) in &launch.environment {
        match value.is_empty() {
            true => command.env_remove(name),
            false => command.env(name, value),
        };
    }
    let program = program.to_string_lossy().into_owned();
    command.spawn().map_err(|error| DriverFault::Start { program, reason: error.to_string() })
}

/// Writes lines as they come; ends, and so closes stdin, with the last sender.
fn writer(mut stdin: ChildStdin) -> mpsc::UnboundedSender<String> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        while let Some(mut line) = receiver.recv().await {
            line.push('\n');
            if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
                break;
            }
        }
    });
    sender
}

async fn next_line(lines: &mut BufReader<tokio::process::ChildStdout>) -> Result<Option<String>, DriverFault> {
    let mut line = Vec::new();
    let n_read = (&mut *lines).take(LINE_LIMIT).read_until(b'\n', &mut line).await.unwrap_or(0);
    match n_read {
        0 => Ok(None),
        _ if line.last() != Some(&b'\n') && line.len() as u64 >= LINE_LIMIT => Err(DriverFault::Flood),
        // Lines may have megabytes, which are copied for those alone who do not write UTF-8.
        _ => {
            let mut line =
                String::from_utf8(line).unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned());
            line.truncate(line.trim_end().len());
            Ok(Some(line))
        }
    }
}

/// Hands answers to those who wait, until the driver ends or loses its way.
async fn listen(
    mut lines: BufReader<tokio::process::ChildStdout>,
    waiting: Waiting,
    child: Arc<tokio::sync::Mutex<Child>>,
    last_words: LastWords,
) {
    let fault = loop {
        let line = match next_line(&mut lines).await {
            Ok(Some(line)) if line.is_empty() => continue,
            Ok(Some(line)) => line,
            Ok(None) => break ended(&mut *child.lock().await, &last_words).await,
            Err(fault) => break fault,
        };
        match read_line(&line) {
            Ok(Said::Answer(mut answer)) => {
                drop(line);
                answer.outcome.shorten();
                let sender = hold(&waiting).as_mut().ok().and_then(|waiting| waiting.remove(&answer.id));
                // An answer that nobody waits for any more comes too late, which was told when it was missed.
                if let Some(sender) = sender {
                    let _ = sender.send(answer);
                }
            }
            Ok(Said::Hello(_)) => break garbage(&line, "a second hello"),
            Err(reason) => break garbage(&line, &reason),
        }
    };
    lose(&waiting, fault);
    let _ = child.lock().await.start_kill();
}
fn garbage(line: &str, reason: &str) -> DriverFault {
    let line: String = line.chars().take(200).collect();
    DriverFault::Garbage { line, reason: reason.to_owned() }
}

/// Takes a driver off: the first reason counts, for who was stopped ends as well.
fn lose(waiting: &Waiting, fault: DriverFault) {
    let mut waiting = hold(waiting);
    if waiting.is_ok() {
        *waiting = Err(fault);
    }
}

/// Stops a driver that takes more memory than it may.
async fn watch(usage: Usage, limit: u64, waiting: Weak<Mutex<Calls>>, child: Arc<tokio::sync::Mutex<Child>>) {
    let Some(begun_with) = usage.memory() else { return };
    let mut ticks = tokio::time::interval(WATCHED_EVERY);
    while let (Some(has), Some(waiting)) = (usage.memory(), waiting.upgrade()) {
        let more = has.saturating_sub(begun_with);
        if more > limit {
            lose(&waiting, DriverFault::Memory(more));
            let _ = child.lock().await.start_kill();
            return;
        }
        drop(waiting);
        ticks.tick().await;
    }
}

/// What a driver writes to stderr, the end of it.
#[derive(Debug, Clone, Default)]
struct LastWords {
    text: Arc<Mutex<String>>,
    /// Nothing more will come.
    over: CancellationToken,
}

async fn ended(child: &mut Child, last_words: &LastWords) -> DriverFault {
    let waited = tokio::time::timeout(Duration::from_secs(2), child.wait()).await;
    let status = match waited {
        Ok(Ok(status)) => status.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => {
            let _ = child.kill().await;
            "it closed its stdout".to_owned()
        }
    };
    // The process may be gone before what it said is heard.
    let _ = tokio::time::timeout(Duration::from_secs(1), last_words.over.cancelled()).await;
    let stderr = last_words.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let tail: Vec<&str> = stderr.lines().rev().take(5).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    let stderr = if tail.is_empty() { String::new() } else { format!("; it said: {}", tail.join(" | ")) };
    DriverFault::Ended { status, stderr }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use secrecy::SecretString;

    use super::*;
    use crate::judge::protocol::{CallCredentials, CallOptions, Outcome};

    const HELLO: &str = r#"{"type":"hello","protocol":1,"driver":"d","sdk":"s","sdk_version":"1","language":"sh","language_version":"1","operations":{}}"#;

    async fn start(script: &str) -> Result<Driver, DriverFault> {
        let argv = ["sh", "-c", script].map(OsString::from).to_vec();
        let folder = std::env::temp_dir();
        let hello_time = Duration::from_millis(1_500);
        Driver::start(&Launch {
            argv,
            folder,
            environment: Vec::new(),
            hello_time,
            memory_limit: 64 << 20,
            debug: Vec::new(),
        })
        .await
    }

    fn call() -> Call {
        Call {
            id: "c1".to_owned(),
            operation: "saf.ExecuteRequest".to_owned(),
            version: String::new(),
            action: String::new(),
            endpoint: String::new(),
            credentials: CallCredentials {
                access_key_id: String::new(),
                access_key_secret: SecretString::from(""),
                security_token: None,
            },
            parameters: IndexMap::new(),
            options: CallOptions::default(),
        }
    }

    async fn asked(script: &str) -> Result<Outcome, DriverFault> {
        asked_within(script, Duration::from_millis(800)).await
    }

    async fn asked_within(script: &str, limit: Duration) -> Result<Outcome, DriverFault> {
        let driver = start(&format!("echo '{HELLO}'; {script}")).await.expect("a hello");
        let outcome = driver.call(&call(), limit).await;
        driver.stop().await;
        outcome.map(|answered| answered.outcome)
    }

    #[tokio::test]
    async fn a_driver_that_keeps_to_the_protocol_is_heard() {
        let answer = r#"read line; echo '{"type":"answer","id":"c1","outcome":"ok","body":{"a":1}}'; read line"#;
        let body = serde_json::json!({ "a": 1 });
        assert_eq!(asked(answer).await, Ok(Outcome::Ok { http_status: None, body }));
    }

    #[tokio::test]
    async fn whatever_a_driver_does_wrong_has_a_name() {
        let started = |result: Result<Driver, DriverFault>| result.expect_err("a fault").to_string();
        for (script, words) in [
            ("sleep 5", "no hello within 1500 ms"),
            ("echo oops >&2; exit 3", "the driver ended (exit status: 3); it said: oops"),
            ("echo hello", "not of the protocol"),
            (r#"echo '{"type":"answer","id":"1","outcome":"ok"}'"#, "an answer before the hello"),
        ] {
            let fault = started(start(script).await);
            assert!(fault.contains(words), "{script}: {fault}");
        }
        let other = HELLO.replace("\"protocol\":1", "\"protocol\":9");
        assert_eq!(start(&format!("echo '{other}'; sleep 5")).await.err(), Some(DriverFault::OtherProtocol(9)));
        let no_program = Launch {
            argv: vec![OsString::from("no-such-program-here")],
            folder: std::env::temp_dir(),
            environment: Vec::new(),
            hello_time: Duration::from_secs(1),
            memory_limit: MEMORY_LIMIT,
            debug: Vec::new(),
        };
        assert!(matches!(Driver::start(&no_program).await, Err(DriverFault::Start { .. })));
        for (script, words) in [
            ("sleep 5", "no answer within 800 ms"),
            ("read line; echo broken >&2; exit 1", "it said: broken"),
            ("read line; echo nonsense; sleep 5", "not of the protocol"),
            ("read line; kill -9 $$", "signal: 9"),
            ("exec yes", "not of the protocol"),
        ] {
            let fault = asked(script).await.expect_err("a fault").to_string();
            assert!(fault.contains(words), "{script}: {fault}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn who_eats_memory_is_stopped_and_who_spins_is_told_from_who_waits() {
        let eats = "x=$(head -c 150000000 /dev/zero | tr '\\0' a); sleep 60";
        let fault = asked_within(eats, Duration::from_secs(60)).await.expect_err("a fault");
        assert!(matches!(fault, DriverFault::Memory(bytes) if bytes > 64 << 20), "{fault}");
        // On a busy machine a turn may come late.
        for _ in 0..20 {
            let fault = asked("while :; do :; done").await.expect_err("a fault");
            if matches!(fault, DriverFault::Spin(800, _)) {
                return;
            }
            assert_eq!(fault, DriverFault::Hang(800));
        }
        panic!("who spins was never told from who waits");
    }
}
