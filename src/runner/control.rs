//! Client of the control API.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::control::{
    BillingAnswer, BillingRequest, CallbacksAnswer, CallbacksRequest, ClockAnswer, ClockRequest, KeysAnswer,
    ResetRequest, SubmitAnswer, SubmitRequest, TrustRequest,
};
use crate::exchange::Request;
use crate::transport::{Endpoint, Framing, Transport};

/// Asks the control API of a target. Errors are lower-case fragments for a case's reason.
#[derive(Debug, Clone)]
pub(super) struct ControlClient {
    endpoint: Endpoint,
}

impl ControlClient {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    pub(super) async fn submit(&self, transport: &Transport, body: &SubmitRequest) -> Result<SubmitAnswer, String> {
        self.post(transport, "/submit", body).await
    }

    pub(super) async fn clock(&self, transport: &Transport, body: &ClockRequest) -> Result<ClockAnswer, String> {
        self.post(transport, "/clock", body).await
    }

    pub(super) async fn billing(&self, transport: &Transport, key: &str) -> Result<BillingAnswer, String> {
        self.post(transport, "/billing", &BillingRequest { access_key_id: key.to_owned() }).await
    }

    pub(super) async fn callbacks(&self, transport: &Transport, key: &str) -> Result<CallbacksAnswer, String> {
        self.post(transport, "/callbacks", &CallbacksRequest { access_key_id: key.to_owned() }).await
    }

    pub(super) async fn trust(&self, transport: &Transport, ca_pem: &str) -> Result<(), String> {
        let body = TrustRequest { ca_pem: ca_pem.to_owned() };
        self.post::<serde::de::IgnoredAny>(transport, "/trust", &body).await.map(drop)
    }

    pub(super) async fn keys(&self, transport: &Transport) -> Result<KeysAnswer, String> {
        self.send(transport, "GET", "/keys", Vec::new()).await
    }

    /// Forgets what an account did before. A key that the target does not know has nothing to forget.
    pub(super) async fn reset(&self, transport: &Transport, key: &str) -> Result<(), String> {
        let body = ResetRequest { access_key_id: Some(key.to_owned()) };
        let body = serde_json::to_vec(&body).map_err(|error| error.to_string())?;
        match self.exchange(transport, "POST", "/reset", body).await? {
            (200 | 404, _) => Ok(()),
            (status, text) => Err(refused("/reset", status, &text)),
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        transport: &Transport,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, String> {
        let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        self.send(transport, "POST", path, body).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        transport: &Transport,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, String> {
        let (status, body) = self.exchange(transport, method, path, body).await?;
        if status != 200 {
            return Err(refused(path, status, &body));
        }
        // An answer without content says as much as `null`.
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(text).map_err(|error| format!("control API {path}: {error}"))
    }

    async fn exchange(
        &self,
        transport: &Transport,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(u16, Bytes), String> {
        let mut headers = vec![("host".to_owned(), self.endpoint.authority.clone())];
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let request = Request { method: method.to_owned(), target: path.to_owned(), headers, body: body.into() };
        let exchange = transport.send(&self.endpoint, request, Framing::Length).await;
        let response = exchange.outcome.map_err(|error| format!("control API {path}: {error}"))?;
        Ok((response.status, response.body))
    }
}

fn refused(path: &str, status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).chars().take(200).collect::<String>();
    format!("control API {path}: HTTP {status}: {text}")
}
