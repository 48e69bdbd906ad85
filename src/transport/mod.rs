//! The only client side: connections, TLS, limits.
//!
//! Sends a request as it stands and takes the answer in whole. Nothing is retried but a request that a connection
//! closed before any of it was sent; redirects are answers like any other.

mod connect;
mod endpoint;
mod failure;
mod metered;
mod options;
mod pool;
mod raw;
mod send;
#[cfg(test)]
mod tests;

pub use endpoint::{Endpoint, EndpointError};
pub use options::{TransportError, TransportOptions};
pub(crate) use raw::read_in_two;
pub use raw::{Driven, RawAddress, RawConnection, ResponseHead};
pub use send::{Framing, Transport};
