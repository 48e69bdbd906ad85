//! The stream below HTTP, so that a connection can be reset or fed garbage in the middle of everything.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Bytes that no client takes for HTTP.
const GARBAGE: &[u8] = b"\x00\x16\xff\xfeidvet garbage, not HTTP\x00\r\n\r\n\x7f";

const ORDINARY: u8 = 0;
const RESET: u8 = 1;
const GARBLED: u8 = 2;

/// What is to become of a connection at its next write.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Fate(Arc<AtomicU8>, u64);

impl Default for Fate {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::default(), NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Fate {
    /// Returns a number that no other connection has.
    pub(in crate::mock) fn connection(&self) -> u64 {
        self.1
    }

    /// The connection ends in a TCP reset.
    pub(in crate::mock) fn reset(&self) {
        self.0.store(RESET, Ordering::Release);
    }

    /// Garbage goes out instead of the answer, then the connection ends.
    pub(in crate::mock) fn garble(&self) {
        self.0.store(GARBLED, Ordering::Release);
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
    garbage_sent: usize,
}

impl<S: Socket> Wire<S> {
    pub(super) fn new(stream: S, fate: Fate) -> Self {
        Self { stream, fate, garbage_sent: 0 }
    }

    fn write_reset(&self) -> io::Error {
        // With a linger of zero, closing sends a reset instead of the orderly end.
        let _ = socket2::SockRef::from(self.stream.tcp()).set_linger(Some(Duration::ZERO));
        io::ErrorKind::ConnectionReset.into()
    }

    fn poll_garbage(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while self.garbage_sent < GARBAGE.len() {
            let rest = &GARBAGE[self.garbage_sent..];
            self.garbage_sent += std::task::ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
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
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Socket> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.fate.0.load(Ordering::Acquire) {
            ORDINARY => Pin::new(&mut self.stream).poll_write(context, bytes),
            RESET => Poll::Ready(Err(self.write_reset())),
            _ => self.poll_garbage(context),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.fate.0.load(Ordering::Acquire) == RESET {
            return Poll::Ready(Err(self.write_reset()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
