//! Listening addresses, and threads that accept on them.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{self, Handler};

/// Time for a client to begin, and for the TLS handshake.
const HANDSHAKE_TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// A bound address with what serves it.
pub(in crate::mock) struct Listener<H> {
    pub(in crate::mock) handler: Arc<H>,
    pub(in crate::mock) tls: Option<TlsAcceptor>,
    pub(in crate::mock) stop: CancellationToken,
    pub(in crate::mock) tasks: TaskTracker,
}

/// Binds an address and returns it with the port it got.
pub(in crate::mock) fn bind(address: SocketAddr) -> io::Result<(StdListener, SocketAddr)> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    socket.set_nonblocking(true)?;
    let listener: StdListener = socket.into();
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

impl<H: Handler> Listener<H> {
    /// Accepts on the present runtime, until stopped.
    pub(in crate::mock) fn spawn(self, listener: StdListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let tasks = self.tasks.clone();
        tasks.spawn(async move { self.accept(listener).await });
        Ok(())
    }

    /// Accepts on a thread of its own with its own event loop, so that no request moves between cores.
    pub(in crate::mock) fn spawn_thread(self, listener: StdListener) -> io::Result<std::thread::JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("idvet-mock".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let tasks = self.tasks.clone();
                self.accept(listener).await;
                tasks.close();
                tasks.wait().await;
            });
        })
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, _)) => self.spawn_connection(stream),
                // Out of file descriptors, or a client that was gone at once: wait, others may leave.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    }

    fn spawn_connection(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let (handler, stop) = (self.handler.clone(), self.stop.clone());
        match self.tls.clone() {
            None => self.tasks.spawn(connection::serve(stream, false, handler, stop)),
            Some(acceptor) => self.tasks.spawn(async move {
                // A plain HTTP client on the HTTPS port gets an answer that says so, instead of a broken handshake.
                let Some(secure) = stop.run_until_cancelled(is_tls(&stream)).await else { return };
                if !secure {
                    return connection::serve(stream, false, handler, stop).await;
                }
                let handshake = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream));
                if let Some(Ok(Ok(stream))) = stop.run_until_cancelled(handshake).await {
                    connection::serve(stream, true, handler, stop).await;
                }
            }),
        };
    }
}

/// Says whether a client begins with a TLS handshake record (first byte 22).
async fn is_tls(stream: &TcpStream) -> bool {
    let mut first = [0u8; 1];
    let peeked = tokio::time::timeout(HANDSHAKE_TIME, stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(1))) && first[0] == 22
}
