//! Client of the control API.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::control::{
    BillingAnswer, BillingRequest, CallbacksAnswer, CallbacksRequest, ClockAnswer, ClockRequest, KeysAnswer,
    SubmitAnswer, SubmitRequest, TrustRequest,
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
        let mut headers = vec![("host".to_owned(), self.endpoint.authority.clone())];
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let request = Request { method: method.to_owned(), target: path.to_owned(), headers, body: body.into() };
        let exchange = transport.send(&self.endpoint, request, Framing::Length).await;
        let response = exchange.outcome.map_err(|error| format!("control API {path}: {error}"))?;
        if response.status != 200 {
            let text = String::from_utf8_lossy(&response.body).chars().take(200).collect::<String>();
            return Err(format!("control API {path}: HTTP {}: {text}", response.status));
        }
        // An answer without content says as much as `null`.
        let text: &[u8] = if response.body.is_empty() { b"null" } else { &response.body };
        serde_json::from_slice(text).map_err(|error| format!("control API {path}: {error}"))
    }
}
