//! What a service sees of a call, and what it gives back.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::mock::account::Account;
use crate::mock::core::Mock;
use crate::mock::defect::Behaviour;
use crate::mock::gateway::{Parameters, Refusal};
use crate::mock::operations::Served;
use crate::target::model::{AccountState, Scene};

/// A call at its service.
pub(super) struct Context<'a> {
    pub(super) mock: &'a Mock,
    pub(super) account: &'a Arc<Account>,
    pub(super) state: AccountState,
    pub(super) served: &'a Served,
    pub(super) parameters: &'a Parameters,
    pub(super) now: Timestamp,
    /// Scheme and authority that links begin with.
    pub(super) base: &'a str,
}

/// A service's answer; the RequestId is put in front of it.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Reply {
    pub(in crate::mock) status: u16,
    pub(in crate::mock) code: Option<String>,
    pub(in crate::mock) body: Map<String, Value>,
}

/// An answer, or a refusal in the gateway's form.
pub(super) type Outcome = Result<Reply, Refusal>;

impl Reply {
    /// Returns a flat answer without a code.
    pub(super) fn flat(body: Map<String, Value>) -> Self {
        Self { status: 200, code: None, body }
    }
}

impl Context<'_> {
    /// Returns an answer that carries a code of the operation and nothing else, the code as text.
    pub(super) fn code(&self, code: &str) -> Reply {
        let (status, message) = self.served.text(code).unwrap_or((200, ""));
        self.coded(code, Value::from(code), status, message)
    }

    /// As [`Context::code`], the code as a number.
    pub(super) fn numeric_code(&self, code: &str) -> Reply {
        let (status, message) = self.served.text(code).unwrap_or((200, ""));
        let number = code.parse::<i64>().map_or_else(|_| Value::from(code), Value::from);
        self.coded(code, number, status, message)
    }

    fn coded(&self, code: &str, value: Value, status: u16, message: &str) -> Reply {
        let mut body = Map::with_capacity(3);
        body.insert("Message".to_owned(), Value::from(message));
        body.insert("Code".to_owned(), value);
        Reply { status, code: Some(code.to_owned()), body }
    }

    /// Refuses in the gateway's form with a code of the operation; `status` holds where the contract has none.
    pub(super) fn refuse(&self, code: &str, status: u16) -> Refusal {
        let (status, message) = self.served.text(code).unwrap_or((status, ""));
        Refusal::new(code.to_owned(), status, message)
    }

    /// Returns a scene that exists at the service.
    pub(super) fn scene(&self, id: &str) -> Option<&Scene> {
        self.mock.sandbox.scene(self.served.family.api(), id).filter(|scene| scene.exists)
    }

    /// Returns the signed address of a picture or video of a transaction, open for some seconds from now.
    pub(super) fn material_link(&self, transaction: &str, file: &str, seconds: i64) -> String {
        let object = format!("verify/{transaction}/{file}");
        let is_longer = self.mock.breaks(Behaviour::LinkOpenLonger(self.served.family));
        let seconds = if is_longer { seconds + 120 } else { seconds };
        self.mock.links.material(self.base, &self.account.key_id, &object, self.now.plus_seconds(seconds))
    }
}

/// Puts an object under a key.
pub(super) fn with_object(mut reply: Reply, key: &str, object: Map<String, Value>) -> Reply {
    reply.body.insert(key.to_owned(), Value::Object(object));
    reply
}

/// Turns a `json!` object into a map.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
