//! Connections that wait for the next request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::client::conn::http1::SendRequest;

use super::connect::Body;
use super::endpoint::Endpoint;

/// Connections kept for one endpoint at most.
const KEPT: usize = 256;

/// Idle connections by endpoint.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<Endpoint, Vec<SendRequest<Body>>>>,
}

impl Pool {
    /// Returns a connection that can take a request.
    pub(super) async fn take(&self, endpoint: &Endpoint) -> Option<SendRequest<Body>> {
        loop {
            let mut sender = self.lock().get_mut(endpoint)?.pop()?;
            if !sender.is_closed() && sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    /// Keeps a connection whose answer was taken in whole.
    pub(super) fn keep(&self, endpoint: &Endpoint, sender: SendRequest<Body>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.lock();
        let kept = match idle.get_mut(endpoint) {
            Some(kept) => kept,
            None => idle.entry(endpoint.clone()).or_default(),
        };
        if kept.len() < KEPT {
            kept.push(sender);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Endpoint, Vec<SendRequest<Body>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
