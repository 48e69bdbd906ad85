//! A connection without a task of its own: bytes out, answers in, driven by whoever polls it.
//!
//! What load needs: no allocation for a request, the moment of each write known, one thread for thousands of connections.

mod response;

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

pub use response::ResponseHead;
pub(crate) use response::read_in_two;
use response::{ResponseReader, Unreadable};

use super::endpoint::Endpoint;
use super::failure;
use crate::exchange::NoResponse;

/// Whom to connect to, resolved.
#[derive(Clone)]
pub struct RawAddress {
    pub endpoint: Endpoint,
    pub address: SocketAddr,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl std::fmt::Debug for RawAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RawAddress({})", self.address)
    }
}

impl RawAddress {
    /// Prepares an address; `tls` is what connections to it are made with, where it has TLS.
    pub fn new(endpoint: Endpoint, address: SocketAddr, tls: &Arc<ClientConfig>) -> Result<Self, NoResponse> {
        let tls = match endpoint.tls {
            false => None,
            true => {
                let name = ServerName::try_from(endpoint.host.clone());
                Some((Arc::clone(tls), name.map_err(|error| NoResponse::Tls(error.to_string()))?))
            }
        };
        Ok(Self { endpoint, address, tls })
    }
}

/// What became of a connection when it was driven.
#[derive(Debug)]
pub enum Driven {
    /// Nothing yet.
    Waiting,
    /// The whole answer is there: its head, and where its body is in [`RawConnection::body`].
    Answered(ResponseHead),
    /// The connection is of no use any more.
    Ended(NoResponse),
}

/// One connection.
pub struct RawConnection {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    connected: bool,
    out: Vec<u8>,
    written: usize,
    reader: ResponseReader,
    /// A request was given and has no answer yet.
    busy: bool,
}

/// Bytes read at a time.
const CHUNK: usize = 16 * 1024;

impl RawConnection {
    /// Begins to connect.
    pub fn open(to: &RawAddress, registry: &Registry, token: Token, body_limit: usize) -> Result<Self, NoResponse> {
        let broken = |error: io::Error| failure::opening(&error, &to.endpoint.authority);
        let mut stream = TcpStream::connect(to.address).map_err(broken)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).map_err(broken)?;
        let tls = match &to.tls {
            None => None,
            Some((config, name)) => {
                let connection = ClientConnection::new(Arc::clone(config), name.clone());
                Some(Box::new(connection.map_err(|error| NoResponse::Tls(error.to_string()))?))
            }
        };
        Ok(Self {
            stream,
            tls,
            connected: false,
            out: Vec::new(),
            written: 0,
            reader: ResponseReader::new(body_limit),
            busy: false,
        })
    }

    /// Says whether a request would go out at once.
    pub fn is_ready(&self) -> bool {
        self.connected && !self.busy && self.tls.as_ref().is_none_or(|tls| !tls.is_handshaking())
    }

    /// Returns the room for the next request, emptied. [`Self::send`] sends what was put there.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.out.clear();
        self.written = 0;
        &mut self.out
    }

    /// Begins to send what is in the room. The answer comes by [`Self::drive`].
    pub fn send(&mut self) -> Driven {
        self.busy = true;
        self.reader.begin();
        match self.write() {
            Ok(()) => Driven::Waiting,
            Err(error) => Driven::Ended(NoResponse::Broken(error.to_string())),
        }
    }

    /// Returns the body of the answer that was last reported.
    pub fn body(&self) -> &[u8] {
        self.reader.body()
    }

    /// Says whether the last request has gone out whole: an answer may come before, and then no other request may follow.
    pub fn has_sent_all(&self) -> bool {
        self.written == self.out.len() && self.tls.as_ref().is_none_or(|tls| !tls.wants_write())
    }

    /// Makes the connection ready for another request, when its answer allows one.
    pub fn reuse(&mut self) {
        self.busy = false;
    }

    /// Stops being polled.
    pub fn close(&mut self, registry: &Registry) {
        // It is closed right behind; a registration that is gone already is what was wanted.
        let _ = registry.deregister(&mut self.stream);
    }

    /// Does what can be done without waiting: connect, write, read.
    pub fn drive(&mut self) -> Driven {
        if !self.connected {
            match self.finish_connecting() {
                Ok(false) => return Driven::Waiting,
                Ok(true) => self.connected = true,
                Err(error) => return Driven::Ended(error),
            }
        }
        if let Err(error) = self.write() {
            return Driven::Ended(NoResponse::Broken(error.to_string()));
        }
        self.read()
    }

    fn finish_connecting(&mut self) -> Result<bool, NoResponse> {
        let failed = |error: io::Error| NoResponse::Connect(error.to_string());
        if let Some(error) = self.stream.take_error().map_err(failed)? {
            return Err(failed(error));
        }
        match self.stream.peer_addr() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        // A request goes out in one piece; waiting for more would only delay it.
        let _ = self.stream.set_nodelay(true);
        Ok(true)
    }

    fn write(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            if !tls.is_handshaking() && self.busy && self.written < self.out.len() {
                tls.writer().write_all(&self.out[self.written..])?;
                self.written = self.out.len();
            }
            while tls.wants_write() {
                match tls.write_tls(&mut self.stream) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            return Ok(());
        }
        while self.busy && self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Driven {
        loop {
            let taken = match &mut self.tls {
                None => self.reader.fill(CHUNK, |room| self.stream.read(room)),
                Some(tls) => match read_tls(tls, &mut self.stream, &mut self.reader) {
                    Ok(taken) => taken,
                    Err(error) => return Driven::Ended(error),
                },
            };
            // A handshake that ended, or a key update, may have something to write.
            if self.tls.is_some()
                && let Err(error) = self.write()
            {
                return Driven::Ended(NoResponse::Broken(error.to_string()));
            }
            let ended = match taken {
                Ok(0) => true,
                Ok(_) => false,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Driven::Waiting,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Driven::Ended(NoResponse::Broken(error.to_string())),
            };
            if !self.busy {
                return match ended {
                    true => Driven::Ended(NoResponse::Broken("it was closed while idle".to_owned())),
                    false => Driven::Ended(NoResponse::NotHttp("bytes came that no request asked for".to_owned())),
                };
            }
            match self.reader.answer(ended) {
                Ok(Some(head)) => return Driven::Answered(head),
                Ok(None) if ended => {
                    return Driven::Ended(NoResponse::Broken("it was closed before the whole answer came".to_owned()));
                }
                Ok(None) => {}
                Err(Unreadable::TooLarge(limit)) => return Driven::Ended(NoResponse::TooLarge(limit)),
                Err(Unreadable::NotHttp(text)) => return Driven::Ended(NoResponse::NotHttp(text)),
            }
        }
    }
}

/// Takes what TLS has, reading more where it has nothing.
fn read_tls(
    tls: &mut ClientConnection,
    stream: &mut TcpStream,
    reader: &mut ResponseReader,
) -> Result<io::Result<usize>, NoResponse> {
    let failed = |error: rustls::Error| NoResponse::Tls(error.to_string());
    loop {
        match reader.fill(CHUNK, |room| tls.reader().read(room)) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // A peer that leaves without saying so has left all the same.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(Ok(0)),
            taken => return Ok(taken),
        }
        match tls.read_tls(stream) {
            Ok(_) => {
                tls.process_new_packets().map_err(failed)?;
            }
            Err(error) => return Ok(Err(error)),
        }
        if tls.is_handshaking() && tls.wants_write() {
            return Ok(Err(ErrorKind::WouldBlock.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a request to a peer that answers at once and reads only what comes in one piece.
    fn answered_early(request_bytes: usize) -> RawConnection {
        use std::io::{Read as _, Write as _};

        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (done, over) = std::sync::mpsc::channel::<()>();
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let _ = stream.read(&mut [0; 1_000]);
            stream.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").expect("an answer");
            // Held open until it was looked at.
            let _ = over.recv();
        });
        let endpoint = Endpoint::parse(&format!("http://{address}")).expect("an address");
        let tls = crate::transport::TransportOptions::default().tls().expect("settings");
        let to = RawAddress::new(endpoint, address, &tls).expect("an address");
        let mut poll = mio::Poll::new().expect("a poll");
        let mut connection = RawConnection::open(&to, poll.registry(), Token(0), 1_000).expect("opens");
        let mut events = mio::Events::with_capacity(8);
        let mut is_sent = false;
        for _ in 0..1_000 {
            poll.poll(&mut events, Some(std::time::Duration::from_secs(10))).expect("polls");
            match connection.drive() {
                Driven::Answered(head) => {
                    assert_eq!(head.status, 413);
                    drop(done);
                    peer.join().expect("a peer that ends");
                    return connection;
                }
                Driven::Waiting => {}
                Driven::Ended(error) => panic!("{error}"),
            }
            if connection.is_ready() && !is_sent {
                connection.room().resize(request_bytes, b'a');
                assert!(matches!(connection.send(), Driven::Waiting));
                is_sent = true;
            }
        }
        panic!("no answer");
    }

    #[test]
    fn an_answer_that_came_before_the_request_was_out_leaves_it_unsent() {
        // More than the buffers of both ends hold.
        assert!(!answered_early(64 << 20).has_sent_all());
        assert!(answered_early(500).has_sent_all());
    }
}
