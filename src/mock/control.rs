//! The control API: what testers may ask of the mock, on a listener of its own.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::Account;
use super::answer::Answer;
use super::api::reply;
use super::core::Mock;
use super::server::{Fate, Handler, Received, Reply, refuse_received};
use super::service;
use super::sync::hold;
use crate::control::{
    BillingAnswer, BillingRequest, CallbacksAnswer, CallbacksRequest, ClockAnswer, ClockRequest, FaultsRequest,
    KeysAnswer, ResetRequest, SubmitAnswer, SubmitRequest, TrustRequest,
};
use crate::exchange::Request;

/// Serves testers.
pub(super) struct Control {
    pub(super) mock: Arc<Mock>,
}

/// Why a tester's request is refused: HTTP status and text.
type Refused = (u16, String);

impl Handler for Control {
    async fn handle(&self, received: Received, _tls: bool, _fate: &Fate) -> Reply {
        let Received::Whole(request) = received else { return refuse_received(&received) };
        let answer = self.answer(&request).await.unwrap_or_else(|(status, text)| {
            json(status, &serde_json::json!({ "error": text }))
                .unwrap_or_else(|(status, text)| Answer::plain(status, "text/plain;charset=utf-8", text))
        });
        reply(answer)
    }
}

impl Control {
    async fn answer(&self, request: &Request) -> Result<Answer, Refused> {
        let mock = &self.mock;
        match (request.method.as_str(), request.path()) {
            ("POST", "/submit") => json(200, &submit(mock, &parse(request)?)),
            ("POST", "/clock") => json(200, &self.move_clock(&parse(request)?)?),
            ("POST", "/reset") => json(200, &self.reset(&parse(request)?)?),
            ("POST", "/billing") => {
                let BillingRequest { access_key_id } = parse(request)?;
                json(200, &BillingAnswer { count: hold(&self.account(&access_key_id)?.ledger).billed })
            }
            ("POST", "/callbacks") => {
                let CallbacksRequest { access_key_id } = parse(request)?;
                let account = self.account(&access_key_id)?;
                account.callbacks.idle().await;
                json(200, &CallbacksAnswer { sent: account.callbacks.sent(), scheduled: account.callbacks.scheduled() })
            }
            ("POST", "/trust") => {
                let TrustRequest { ca_pem } = parse(request)?;
                let trusted = mock.caller.trust(&ca_pem);
                if trusted {
                    json(200, &serde_json::json!({}))
                } else {
                    Err((400, "no certificate in ca_pem".to_owned()))
                }
            }
            ("POST", "/faults") => {
                let FaultsRequest { faults } = parse(request)?;
                mock.faults.replace(faults);
                json(200, &serde_json::json!({}))
            }
            ("GET", "/keys") => json(200, &keys(mock)),
            ("GET", "/journal") => json(200, &mock.journal.entries()),
            (_, path) => Err((404, format!("nothing at {path}"))),
        }
    }

    fn account(&self, access_key_id: &str) -> Result<Arc<Account>, Refused> {
        let found = self.mock.accounts.find(&self.mock.sandbox, access_key_id);
        found.ok_or_else(|| (404, format!("no account has the key {access_key_id}")))
    }

    /// Moves time and sends the callbacks that have become due by it.
    fn move_clock(&self, request: &ClockRequest) -> Result<ClockAnswer, Refused> {
        let mock = &self.mock;
        let now = match &request.access_key_id {
            Some(access_key_id) => {
                let account = self.account(access_key_id)?;
                account.advance(request.advance_seconds);
                mock.call_back(&account, None);
                account.now(mock.global_now())
            }
            None => {
                mock.advance(request.advance_seconds);
                mock.accounts.seen().iter().for_each(|account| mock.call_back(account, None));
                mock.global_now()
            }
        };
        Ok(ClockAnswer { now: now.to_iso() })
    }

    fn reset(&self, request: &ResetRequest) -> Result<serde_json::Value, Refused> {
        match &request.access_key_id {
            Some(access_key_id) => self.account(access_key_id)?.reset(),
            None => {
                self.mock.accounts.seen().iter().for_each(|account| account.reset());
                self.mock.faults.replace(Vec::new());
                self.mock.reset_clock();
            }
        }
        self.mock.journal.forget(request.access_key_id.as_deref());
        Ok(serde_json::json!({}))
    }
}

fn submit(mock: &Mock, request: &SubmitRequest) -> SubmitAnswer {
    match service::submit(mock, request) {
        Ok(()) => SubmitAnswer { accepted: true, reason: None },
        Err(reason) => SubmitAnswer { accepted: false, reason: Some(reason.to_owned()) },
    }
}

fn keys(mock: &Mock) -> KeysAnswer {
    KeysAnswer {
        sm2_public_key: mock.keys.sm2_public_hex(),
        enc_token_public_key: mock.keys.enc_token_public(),
        ca_pem: mock.ca_pem.get().cloned(),
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Refused> {
    let body = if request.body.is_empty() { b"{}".as_slice() } else { &request.body };
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

fn json<T: Serialize>(status: u16, value: &T) -> Result<Answer, Refused> {
    let body = serde_json::to_vec(value).map_err(|error| (500, error.to_string()))?;
    Ok(Answer::plain(status, "application/json;charset=utf-8", body))
}
