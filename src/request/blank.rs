//! One request made once, from which many are filled in: what differs from one to the next stands there as a marker.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, Value};

use super::{Built, CaseState, Expressions, Moment, RequestError, RequestInput};
use crate::clock::Timestamp;
use crate::plan::RolesInUse;
use crate::signing::Credentials;
use crate::suite::Call;

/// A signed request whose changing texts are known.
#[derive(Debug, Clone)]
pub struct Blank {
    pub built: Built,
    pub credentials: Credentials,
    /// The text of `Timestamp` or `x-acs-date`.
    pub timestamp: String,
}

/// Texts that stand where each filled-in request has its own. Shared by all steps of a scenario.
#[derive(Debug, Clone, Default)]
pub struct Markers(Arc<Mutex<MarkerList>>);

#[derive(Debug, Default)]
struct MarkerList {
    uniques: Vec<UniqueMarker>,
    captures: Vec<CaptureMarker>,
    /// Steps whose answers may be named.
    steps: Vec<String>,
}

/// A text that `unique` gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueMarker {
    pub text: String,
    /// True when it was given a label: then it is the same wherever the transaction says that label.
    pub labelled: bool,
}

/// A value that an earlier answer will give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureMarker {
    pub text: String,
    /// Step whose answer is meant.
    pub step: String,
    /// Path in it, for example `ResultObject.CertifyId`.
    pub path: String,
}

impl Markers {
    /// Lets later steps name the answer of this one.
    pub fn answer_of(&self, step: &str) {
        self.with(|list| list.steps.push(step.to_owned()));
    }

    /// Returns the texts of `unique`, in the order in which they were given.
    pub fn uniques(&self) -> Vec<UniqueMarker> {
        self.with(|list| list.uniques.clone())
    }

    /// Returns the values that answers have to give.
    pub fn captures(&self) -> Vec<CaptureMarker> {
        self.with(|list| list.captures.clone())
    }

    pub(super) fn steps(&self) -> Vec<String> {
        self.with(|list| list.steps.clone())
    }

    pub(super) fn drew(&self, text: &str, labelled: bool) {
        self.with(|list| {
            if !list.uniques.iter().any(|known| known.text == text) {
                list.uniques.push(UniqueMarker { text: text.to_owned(), labelled });
            }
        });
    }

    /// Returns the marker of a value; the same for the same path.
    fn capture(&self, step: &str, path: &str) -> String {
        self.with(|list| {
            let known = list.captures.iter().find(|known| known.step == step && known.path == path);
            if let Some(known) = known {
                return known.text.clone();
            }
            // Letters and digits alone, so that no encoding changes it.
            let text = format!("idvetvaluenumber{:06}ofananswer", list.captures.len());
            let (step, path) = (step.to_owned(), path.to_owned());
            list.captures.push(CaptureMarker { text: text.clone(), step, path });
            text
        })
    }

    fn with<R>(&self, work: impl FnOnce(&mut MarkerList) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An answer that has not come yet: any path into it is the marker of what will be there.
#[derive(Debug)]
struct AnswerToCome {
    markers: Markers,
    step: String,
    path: String,
}

impl Object for AnswerToCome {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        let (markers, step) = (self.markers.clone(), self.step.clone());
        Some(Value::from_object(Self { markers, step, path }))
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.markers.capture(&self.step, &self.path))
    }
}

/// Returns the answers that expressions may name.
pub(super) fn answers_to_come(markers: &Markers) -> impl Iterator<Item = (String, Value)> {
    markers.steps().into_iter().map(|step| {
        let (markers, path) = (markers.clone(), String::new());
        (step.clone(), Value::from_object(AnswerToCome { markers, step, path }))
    })
}

/// The time of every blank: no value of a request looks like it.
const BLANK_TIME: Timestamp = Timestamp(34_567_890_123);

impl RequestInput<'_> {
    /// Builds the request of a call with markers where requests differ. `state` is that of the scenario.
    ///
    /// # Errors
    /// As [`RequestInput::build`].
    pub fn blank(
        &self,
        expressions: &Expressions,
        state: &mut CaseState,
        call: &Call,
        authority: &str,
    ) -> Result<Blank, RequestError> {
        let built = self.build(expressions, state, call, (Moment { now: BLANK_TIME }, authority))?;
        let credentials = self.credentials_of(&built.roles.account, state.account_number(&built.roles.account))?;
        Ok(Blank { built, credentials, timestamp: BLANK_TIME.to_iso() })
    }

    /// Renders a text of a step with markers.
    ///
    /// # Errors
    /// As [`RequestInput::text`].
    pub fn blank_text(
        &self,
        expressions: &Expressions,
        state: &CaseState,
        text: &str,
        (api, roles): (&str, &RolesInUse),
    ) -> Result<String, RequestError> {
        self.text(expressions, state, text, (api, roles, Moment { now: BLANK_TIME }))
    }
}
