//! A profile made ready: requests as templates, what is taken out of answers, which limits each call counts against.

use std::collections::HashSet;

use super::LoadError;
use super::pick::Wanted;
use super::template::Template;
use crate::contract::{Level, Operation};
use crate::control::{SubmitRequest, SubmittedPerson};
use crate::exchange::Request;
use crate::load_profile::model::{LoadStep, LoadSubmit, Scenario};
use crate::load_profile::{Limits, LoadProfile};
use crate::plan::RolesInUse;
use crate::request::{Built, CaptureMarker, CaseState, Expressions, Markers, RequestInput};
use crate::transport::{Endpoint, RawAddress};

/// A profile made ready.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) scenarios: Vec<ReadyScenario>,
    /// Calls and submissions of all scenarios.
    pub(super) calls: Vec<ReadyCall>,
    /// Names of the steps that are counted.
    pub(super) labels: Vec<String>,
    pub(super) addresses: Vec<RawAddress>,
}

#[derive(Debug)]
pub(super) struct ReadyScenario {
    pub(super) weight: u64,
    pub(super) steps: Vec<ReadyStep>,
    /// Values that answers give.
    pub(super) n_captures: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum ReadyStep {
    /// Position among the calls.
    Call(usize),
    /// Nanoseconds.
    Think(u64),
}

/// A call or submission.
#[derive(Debug)]
pub(super) struct ReadyCall {
    /// Position among the labels; absent: a submission, which is not counted.
    pub(super) label: Option<usize>,
    /// Position among the addresses.
    pub(super) address: usize,
    pub(super) template: Template,
    /// Positions among the limits.
    pub(super) lanes: Vec<usize>,
    pub(super) billable: bool,
    /// Fields of the answer: the code first, then the captures, then what ends the asking.
    pub(super) wanted: Wanted,
    pub(super) n_fields: usize,
    /// Slots among the scenario's captures, for the fields behind the code.
    pub(super) captures: Vec<usize>,
    pub(super) until: Option<ReadyUntil>,
    /// The code of success; absent: success carries none.
    pub(super) success: Option<String>,
    /// Codes that the operation documents.
    pub(super) codes: HashSet<String>,
    /// What a full check of its answers needs.
    pub(super) checked: Option<Checked>,
}

#[derive(Debug)]
pub(super) struct ReadyUntil {
    /// Position of its field.
    pub(super) field: usize,
    pub(super) is: Vec<String>,
    /// Nanoseconds.
    pub(super) every: u64,
    pub(super) at_most: u32,
}

/// What a full check of an answer needs to know of its request.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) api: String,
    pub(super) operation: String,
    pub(super) scene: String,
    pub(super) request: Request,
    /// Business parameters; those that differ from call to call hold markers.
    pub(super) parameters: Vec<(String, String)>,
    /// Position of the call that began the transaction.
    pub(super) began: Option<usize>,
}

/// What a program is made from.
pub(super) struct ProgramInput<'a> {
    pub(super) profile: &'a LoadProfile,
    pub(super) request: RequestInput<'a>,
    pub(super) limits: &'a Limits,
    /// Resolved, by API; the control API under [`CONTROL`].
    pub(super) addresses: Vec<(String, RawAddress)>,
}

/// The name of the control API among the addresses.
pub(super) const CONTROL: &str = "control API";

impl Program {
    pub(super) fn new(input: &ProgramInput<'_>) -> Result<Self, LoadError> {
        let mut maker = Maker {
            input,
            expressions: Expressions::new(&input.request),
            program: Self {
                scenarios: Vec::new(),
                calls: Vec::new(),
                labels: input.profile.labels(),
                addresses: input.addresses.iter().map(|(_, address)| address.clone()).collect(),
            },
            n_planned: 0,
        };
        for scenario in &input.profile.file.scenarios {
            maker.scenario(scenario)?;
        }
        Ok(maker.program)
    }
}

struct Maker<'a> {
    input: &'a ProgramInput<'a>,
    expressions: Expressions,
    program: Program,
    /// Calls of the profile that are made so far; its limits are by that number.
    n_planned: usize,
}

/// A call that a later one of its scenario may go on from.
struct Earlier {
    position: usize,
    label: String,
    built: Built,
}

impl Earlier {
    /// Says whether this call began the transaction that a later request is about.
    fn began(&self, later: &Built, captures: &[CaptureMarker]) -> bool {
        later.goes_on_from(&self.built, |ids| {
            captures.iter().any(|capture| capture.step == self.label && ids.contains(&capture.text))
        })
    }
}

impl Maker<'_> {
    fn scenario(&mut self, scenario: &Scenario) -> Result<(), LoadError> {
        let keep_alive = self.input.profile.file.connections.keep_alive;
        let markers = Markers::default();
        let mut state = CaseState::for_blanks(&scenario.name, &self.input.request, markers.clone());
        let mut steps = Vec::new();
        let mut roles = RolesInUse::of(&Default::default(), &Default::default(), None);
        let mut api = self.input.profile.file.api.clone();
        let mut named: Vec<(usize, String)> = Vec::new();
        let mut earlier: Vec<Earlier> = Vec::new();
        for step in &scenario.steps {
            let position = self.program.calls.len();
            let (call, name) = match step {
                LoadStep::Think(length) => {
                    steps.push(ReadyStep::Think(length.0));
                    continue;
                }
                LoadStep::Submit(submit) => {
                    let request = self.submission(submit, &state, (&api, &roles))?;
                    (self.submit_call(&request, &markers, keep_alive)?, None)
                }
                LoadStep::Call(call) => {
                    let endpoint = self.endpoint(&self.api_of(&call.baseline)?)?.clone();
                    let failed = |reason: String| LoadError::Step { step: call.label().to_owned(), reason };
                    let blank =
                        self.input.request.blank(&self.expressions, &mut state, &call.call(), &endpoint.authority);
                    let blank = blank.map_err(|error| failed(error.to_string()))?;
                    let texts = (markers.uniques(), markers.captures());
                    let template = Template::new(&blank, (&texts.0, &texts.1), keep_alive);
                    let template = template.map_err(|error| failed(error.to_string()))?;
                    roles = blank.built.roles.clone();
                    api.clone_from(&blank.built.api);
                    let began = earlier.iter().rev().find(|one| one.began(&blank.built, &markers.captures()));
                    let began = began.map(|one| one.position);
                    let checked = Checked {
                        api: blank.built.api.clone(),
                        operation: blank.built.operation.clone(),
                        scene: roles.scene.clone(),
                        request: blank.built.request.clone(),
                        parameters: blank.built.parameters.clone(),
                        began,
                    };
                    earlier.push(Earlier { position, label: call.label().to_owned(), built: blank.built.clone() });
                    let ready = self.api_call(call, template, checked)?;
                    markers.answer_of(call.label());
                    (ready, Some(call.label().to_owned()))
                }
            };
            steps.push(ReadyStep::Call(position));
            self.program.calls.push(call);
            named.extend(name.map(|name| (position, name)));
        }
        self.give_slots(&named, &markers.captures())?;
        let n_captures = markers.captures().len();
        self.program.scenarios.push(ReadyScenario { weight: u64::from(scenario.weight), steps, n_captures });
        Ok(())
    }

    fn api_of(&self, baseline: &str) -> Result<String, LoadError> {
        let loaded = self.input.request.suites.baseline(baseline);
        loaded.map(|loaded| loaded.api.clone()).ok_or_else(|| LoadError::Step {
            step: baseline.to_owned(),
            reason: "there is no such baseline".to_owned(),
        })
    }

    fn endpoint(&self, api: &str) -> Result<&Endpoint, LoadError> {
        self.address(api).map(|position| &self.input.addresses[position].1.endpoint)
    }

    fn address(&self, api: &str) -> Result<usize, LoadError> {
        let position = self.input.addresses.iter().position(|(name, _)| name == api);
        position.ok_or_else(|| LoadError::NoEndpoint(api.to_owned()))
    }

    fn api_call(
        &mut self,
        call: &crate::load_profile::model::LoadCall,
        template: Template,
        checked: Checked,
    ) -> Result<ReadyCall, LoadError> {
        let operation = self.input.request.contracts.operation(&checked.api, &checked.operation);
        let operation: &Operation = operation.ok_or_else(|| LoadError::NoEndpoint(checked.api.clone()))?;
        let failed = |reason: String| LoadError::Step { step: call.label().to_owned(), reason };
        let mut wanted = Wanted::default();
        wanted.want(&operation.envelope.code, 0).map_err(failed)?;
        // A gateway that refuses says so at the top, whatever the operation's own envelope is.
        if operation.envelope.code != "Code" {
            wanted.want("Code", 0).map_err(failed)?;
        }
        let planned = self.n_planned;
        self.n_planned += 1;
        let until = call.until.as_ref();
        let until = until.map(|until| {
            wanted.want(&until.field, 1).map_err(failed)?;
            let is = until.is.clone();
            Ok::<_, LoadError>(ReadyUntil { field: 1, is, every: until.every.0, at_most: until.at_most })
        });
        let until = until.transpose()?;
        Ok(ReadyCall {
            label: self.program.labels.iter().position(|label| label == call.label()),
            address: self.address(&checked.api)?,
            template,
            lanes: self.input.limits.of_call.get(planned).cloned().unwrap_or_default(),
            billable: operation.billable,
            n_fields: if until.is_some() { 2 } else { 1 },
            wanted,
            captures: Vec::new(),
            until,
            success: operation.envelope.success.clone(),
            codes: operation.codes.iter().map(|row| row.code.clone()).collect(),
            checked: Some(checked),
        })
    }

    fn submission(
        &self,
        submit: &LoadSubmit,
        state: &CaseState,
        (api, roles): (&str, &RolesInUse),
    ) -> Result<Request, LoadError> {
        let failed = |reason: String| LoadError::Step { step: "submit".to_owned(), reason };
        let endpoint = self.endpoint(CONTROL)?;
        let sandbox = &self.input.request.target.sandbox;
        let role = submit.person.as_ref();
        let person = role.map(|role| {
            let found = sandbox.person(role).ok_or_else(|| failed(format!("the sandbox has no person `{role}`")))?;
            Ok::<_, LoadError>(SubmittedPerson { name: found.name.clone(), id_number: found.id_number.clone() })
        });
        let key_id = sandbox.account(&roles.account).and_then(|account| account.key_id(0));
        let transaction = self.input.request.blank_text(&self.expressions, state, &submit.transaction, (api, roles));
        let body = SubmitRequest {
            api: api.to_owned(),
            access_key_id: key_id.ok_or_else(|| failed(format!("the sandbox has no account `{}`", roles.account)))?,
            transaction: transaction.map_err(|error| failed(error.to_string()))?,
            person: person.transpose()?,
            sub_code: None,
            abandon: false,
        };
        let body = serde_json::to_vec(&body).map_err(|error| failed(error.to_string()))?;
        Ok(Request {
            method: "POST".to_owned(),
            target: "/submit".to_owned(),
            headers: vec![
                ("host".to_owned(), endpoint.authority.clone()),
                ("content-type".to_owned(), "application/json".to_owned()),
            ],
            body: body.into(),
        })
    }

    fn submit_call(&self, request: &Request, markers: &Markers, keep_alive: bool) -> Result<ReadyCall, LoadError> {
        let failed = |reason: String| LoadError::Step { step: "submit".to_owned(), reason };
        let template = Template::unsigned(request, (&markers.uniques(), &markers.captures()), keep_alive);
        let mut wanted = Wanted::default();
        wanted.want("accepted", 0).map_err(failed)?;
        Ok(ReadyCall {
            label: None,
            address: self.address(CONTROL)?,
            template: template.map_err(|error| failed(error.to_string()))?,
            lanes: Vec::new(),
            billable: false,
            wanted,
            n_fields: 1,
            captures: Vec::new(),
            until: None,
            success: Some("true".to_owned()),
            codes: HashSet::new(),
            checked: None,
        })
    }

    /// Has each call take out of its answers what later requests name.
    fn give_slots(&mut self, named: &[(usize, String)], captures: &[CaptureMarker]) -> Result<(), LoadError> {
        for (slot, capture) in captures.iter().enumerate() {
            let giver = named.iter().find(|(_, name)| *name == capture.step);
            let Some((position, _)) = giver else { continue };
            let call = &mut self.program.calls[*position];
            let failed = |reason: String| LoadError::Step { step: capture.step.clone(), reason };
            call.wanted.want(&capture.path, call.n_fields).map_err(failed)?;
            call.captures.push(slot);
            call.n_fields += 1;
        }
        Ok(())
    }
}

impl ReadyCall {
    /// Returns the position of the field that gives the `n`th capture.
    pub(super) fn capture_field(&self, n: usize) -> usize {
        n + self.n_fields - self.captures.len()
    }
}

/// Says whether a breach of a requirement makes an answer wrong.
pub(super) fn weighs(level: Option<Level>) -> bool {
    !matches!(level, Some(Level::Info))
}
