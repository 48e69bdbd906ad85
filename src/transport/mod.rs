//! The only client side: connections, TLS, limits.
