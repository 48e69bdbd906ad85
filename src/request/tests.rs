//! Requests as they go out.
