//! Connections that wait for the next request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::connect::Connection;
use super::endpoint::Endpoint;

/// Connections kept for one endpoint at most.
const KEPT: usize = 256;

/// Idle connections by endpoint.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<Endpoint, Vec<Connection>>>,
}

impl Pool {
    /// Returns a connection that can take a request.
    pub(super) async fn take(&self, endpoint: &Endpoint) -> Option<Connection> {
        loop {
            let mut connection = self.lock().get_mut(endpoint)?.pop()?;
            if !connection.sender.is_closed() && connection.sender.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose answer was taken in whole.
    pub(super) fn keep(&self, endpoint: &Endpoint, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let mut idle = self.lock();
        let kept = match idle.get_mut(endpoint) {
            Some(kept) => kept,
            None => idle.entry(endpoint.clone()).or_default(),
        };
        if kept.len() < KEPT {
            kept.push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Endpoint, Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
