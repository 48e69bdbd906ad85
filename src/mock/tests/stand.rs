//! A mock on a clock that stands still, and a client that signs.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::clock::{FixedClock, Timestamp};
use crate::contract::Contracts;
use crate::control::{SubmitRequest, SubmittedPerson};
use crate::exchange::{Request, encode_pairs};
use crate::files::SuiteFiles;
use crate::mock::core::Mock;
use crate::mock::{Answer, MockOptions, service};
use crate::signing::{Credentials, Scheme, SigningInput, sign};
use crate::target::model::Target;

pub(super) const NOW: Timestamp = Timestamp(1_795_000_000_000);

pub(super) fn target() -> Target {
    let files = SuiteFiles::embedded();
    serde_saphyr::from_str(&files.files["targets/mock.yaml"]).expect("target")
}

pub(super) fn contracts() -> Arc<Contracts> {
    Arc::new(Contracts::load(&SuiteFiles::embedded()).unwrap_or_else(|mistakes| panic!("{mistakes:?}")))
}

pub(super) fn options() -> MockOptions {
    MockOptions::new(Arc::new(FixedClock(NOW)))
}

pub(super) struct Stand {
    pub(super) mock: Mock,
    nonces: Cell<u64>,
}

impl Stand {
    pub(super) fn new() -> Self {
        let mock = Mock::new(&target(), &contracts(), options()).expect("mock");
        Self { mock, nonces: Cell::new(0) }
    }

    /// Returns a signed V1 call in the form body, dated as the account's clock says.
    pub(super) fn signed(&self, role: &str, action: &str, parameters: &[(&str, &str)]) -> Request {
        let number = self.nonces.get() + 1;
        self.nonces.set(number);
        let key = format!("idvet-{role}-1");
        let account = self.mock.accounts.find(&self.mock.sandbox, &key);
        let now = account.map_or(NOW, |account| account.now(NOW));
        signed(&key, role, action, parameters, now, &number.to_string())
    }

    pub(super) fn call(&self, role: &str, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        read(&self.mock.answer(&self.signed(role, action, parameters)))
    }

    pub(super) fn submit(
        &self,
        api: &str,
        transaction: &str,
        person: Option<(&str, &str)>,
    ) -> Result<(), &'static str> {
        let person =
            person.map(|(name, number)| SubmittedPerson { name: name.to_owned(), id_number: number.to_owned() });
        let request = SubmitRequest {
            api: api.to_owned(),
            access_key_id: "idvet-ordinary-1".to_owned(),
            transaction: transaction.to_owned(),
            person,
            sub_code: None,
            abandon: false,
        };
        service::submit(&self.mock, &request)
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.mock.accounts.find(&self.mock.sandbox, "idvet-ordinary-1").expect("account").advance(seconds);
    }

    pub(super) fn get(&self, url: &str) -> Answer {
        let target = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        self.mock.answer(&Request {
            method: "GET".to_owned(),
            target: format!("/{target}"),
            headers: vec![("host".to_owned(), "127.0.0.1:1".to_owned())],
            body: Bytes::new(),
        })
    }
}

pub(super) fn read(answer: &Answer) -> (u16, Value) {
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

pub(super) fn version(action: &str) -> &'static str {
    match action {
        "ExecuteRequest" => "2017-03-31",
        "Initialize" | "InitializeV2" | "CheckResult" => "2022-08-09",
        _ => "2019-03-07",
    }
}

pub(super) fn signed(
    key: &str,
    role: &str,
    action: &str,
    parameters: &[(&str, &str)],
    now: Timestamp,
    nonce: &str,
) -> Request {
    let mut pairs = vec![("Action", action), ("Version", version(action)), ("Format", "JSON")];
    pairs.extend_from_slice(parameters);
    let mut request = Request {
        method: "POST".to_owned(),
        target: "/".to_owned(),
        headers: vec![
            ("host".to_owned(), "127.0.0.1:1".to_owned()),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ],
        body: encode_pairs(pairs).into(),
    };
    let credentials = Credentials {
        access_key_id: key.to_owned(),
        secret: format!("idvet-{role}-secret").into(),
        security_token: None,
    };
    sign(&mut request, &SigningInput::new(Scheme::V1, &credentials, now.to_iso(), nonce.to_owned())).expect("signs");
    request
}
