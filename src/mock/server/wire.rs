//! The stream below HTTP, so that a connection can be reset or fed garbage in the middle of everything.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::mock::sync::hold;

/// Bytes that no client takes for HTTP.
const GARBAGE: &[u8] = b"\x00\x16\xff\xfeidvet garbage, not HTTP\x00\r\n\r\n\x7f";

/// Bytes of a request that are kept as they came.
const HEARD: usize = 256 << 10;

const ORDINARY: u8 = 0;
const RESET: u8 = 1;
const RAW: u8 = 2;

/// What is to become of a connection at its next write.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Fate(Arc<Sealed>);

#[derive(Debug)]
struct Sealed {
    state: AtomicU8,
    raw: OnceLock<Bytes>,
    connection: u64,
    /// What came since the last request; absent where nobody wants to know.
    heard: Option<Mutex<Vec<u8>>>,
}

impl Fate {
    /// Begins a connection; `is_heard`: requests are kept as they come.
    pub(super) fn new(is_heard: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let connection = NEXT.fetch_add(1, Ordering::Relaxed);
        let heard = is_heard.then(Mutex::default);
        Self(Arc::new(Sealed { state: AtomicU8::new(ORDINARY), raw: OnceLock::new(), connection, heard }))
    }

    /// Returns the beginning of the request that is being answered, as it came.
    pub(in crate::mock) fn take_heard(&self) -> Vec<u8> {
        self.0.heard.as_ref().map_or_else(Vec::new, |heard| std::mem::take(&mut *hold(heard)))
    }

    fn hear(&self, bytes: &[u8]) {
        let Some(heard) = &self.0.heard else { return };
        let mut heard = hold(heard);
        let room = HEARD.saturating_sub(heard.len());
        heard.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Returns a number that no other connection has.
    pub(in crate::mock) fn connection(&self) -> u64 {
        self.0.connection
    }

    /// The connection ends in a TCP reset.
    pub(in crate::mock) fn reset(&self) {
        self.0.state.store(RESET, Ordering::Release);
    }

    /// Garbage goes out instead of the answer, then the connection ends.
    pub(in crate::mock) fn garble(&self) {
        self.raw(Bytes::from_static(GARBAGE));
    }

    /// These bytes go out instead of the answer, then the connection ends in order.
    pub(in crate::mock) fn raw(&self, bytes: Bytes) {
        let _ = self.0.raw.set(bytes);
        self.0.state.store(RAW, Ordering::Release);
    }

    fn state(&self) -> u8 {
        self.0.state.load(Ordering::Acquire)
    }
}

/// A stream whose socket can be told to reset.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// A stream that meets its fate when it is written to.
pub(super) struct Wire<S> {
    stream: S,
    fate: Fate,
    raw_sent: usize,
}

impl<S: Socket> Wire<S> {
    pub(super) fn new(stream: S, fate: Fate) -> Self {
        Self { stream, fate, raw_sent: 0 }
    }

    fn write_reset(&self) -> io::Error {
        // With a linger of zero, closing sends a reset instead of the orderly end.
        let _ = socket2::SockRef::from(self.stream.tcp()).set_linger(Some(Duration::ZERO));
        io::ErrorKind::ConnectionReset.into()
    }

    fn poll_raw(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let raw = self.fate.0.raw.get().cloned().unwrap_or_default();
        while self.raw_sent < raw.len() {
            let rest = &raw[self.raw_sent..];
            self.raw_sent += std::task::ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
        }
        std::task::ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }
}

impl<S: Socket> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.fate.hear(&buffer.filled()[filled..]);
        read
    }
}

impl<S: Socket> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.fate.state() {
            ORDINARY => Pin::new(&mut self.stream).poll_write(context, bytes),
            RESET => Poll::Ready(Err(self.write_reset())),
            _ => self.poll_raw(context),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.fate.state() == RESET {
            return Poll::Ready(Err(self.write_reset()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
