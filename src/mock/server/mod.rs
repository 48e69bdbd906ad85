//! The listener side: connections, TLS, limits on what clients may send, and faults on the wire.

mod body;
mod connection;
mod listen;
mod tls;
mod wire;

pub(super) use body::AnswerBody;
pub(super) use connection::{Handler, Received, Reply, refuse_received};
pub(super) use listen::{Listener, bind};
pub(super) use tls::{Age, TlsError, make_identity};
pub(super) use wire::Fate;
