//! Servers that misbehave, one thread a connection, until they are dropped.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a server does with a connection.
pub(super) type Misbehaviour = fn(&mut TcpStream) -> std::io::Result<()>;

pub(super) struct Server {
    /// Host and port.
    pub(super) address: String,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(super) fn start(misbehave: Misbehaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let address = listener.local_addr().expect("an address").to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            for stream in listener.incoming().take_while(|_| !stopped.load(Ordering::Relaxed)) {
                let Ok(mut stream) = stream else { break };
                // No connection outlives a test that has forgotten it.
                let _ = stream.set_write_timeout(Some(Duration::from_secs(5)));
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                std::thread::spawn(move || misbehave(&mut stream));
            }
        });
        Self { address, stop }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.address);
    }
}

/// Reads what the client sends at once; false when it only looked whether somebody listens.
pub(super) fn hear(stream: &mut TcpStream) -> bool {
    let mut request = [0; 65_536];
    stream.read(&mut request).is_ok_and(|n_read| n_read > 0)
}

/// Answers every request of a connection with a whole body.
pub(super) fn answer(stream: &mut TcpStream, more: &str, body: &[u8]) -> std::io::Result<()> {
    while hear(stream) {
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
    }
    Ok(())
}

/// Writes once the client has said something, and then closes.
pub(super) fn say(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<()> {
    if hear(stream) { stream.write_all(text) } else { Ok(()) }
}

/// Writes a beginning, then the same piece again and again until the client has had enough.
pub(super) fn forever(stream: &mut TcpStream, first: &[u8], piece: &[u8], pause: Duration) -> std::io::Result<()> {
    if !hear(stream) {
        return Ok(());
    }
    stream.write_all(first)?;
    loop {
        stream.write_all(piece)?;
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
}

/// Says something and goes quiet, the connection open, for longer than any client here waits.
pub(super) fn stall(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<()> {
    say(stream, text)?;
    std::thread::sleep(Duration::from_secs(4));
    Ok(())
}

/// Ends a connection with a reset instead of a goodbye.
pub(super) fn reset(stream: &TcpStream) -> std::io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
