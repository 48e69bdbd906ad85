//! From an admitted call to its service.

use std::borrow::Cow;

use super::context::{Context, Outcome};
use super::{account_state, cloudauth_init, cloudauth_query, intl_check, intl_init, saf, throttle};
use super::{verify_material, verify_result, verify_token};
use crate::exchange::Request;
use crate::mock::core::Mock;
use crate::mock::defect::Behaviour;
use crate::mock::gateway::{Admitted, Parameters, Refusal};
use crate::mock::operations::Served;
use crate::mock::rows::Breach;
use crate::mock::variant::Variant;
use crate::signing;

/// Serves a call whose caller is known.
pub(in crate::mock) fn serve(mock: &Mock, call: &Admitted, base: &str) -> Outcome {
    let served = mock.operations.find(&call.version, &call.action)?;
    let Some(first) = served.first() else { return Err(Refusal::of("InvalidAction.NotFound")) };
    if call.action == "ExecuteRequest" {
        return saf::multiplex(mock, call, base, served);
    }
    let context = context(mock, call, base, first);
    enter(&context)?;
    if mock.reads(Variant::AccountFirst)
        && let Some(refusal) = account_state::refusal(&context)
    {
        return refusal;
    }
    match first.operation.name.as_str() {
        "InitFaceVerify" => cloudauth_init::serve(&context),
        "DescribeFaceVerify" => cloudauth_query::serve(&context),
        "DescribeVerifyToken" => verify_token::serve(&context),
        "DescribeVerifyResult" => verify_result::serve(&context),
        "VerifyMaterial" => verify_material::serve(&context),
        "Initialize" | "InitializeV2" => intl_init::serve(&context),
        "CheckResult" => intl_check::serve(&context),
        _ => Err(Refusal::of("InvalidAction.NotFound")),
    }
}

/// Names the operation of a call as the contracts do.
pub(in crate::mock) fn operation_name(call: &Admitted) -> String {
    match call.action.as_str() {
        "ExecuteRequest" => format!("ExecuteRequest.{}", saf::method(&call.parameters).unwrap_or_default()),
        action => action.to_owned(),
    }
}

/// Puts the first wrong business parameter in place of another refusal, where there is one.
pub(in crate::mock) fn put_breach_first(mock: &Mock, request: &Request, refusal: &mut Refusal) {
    let parameters = Parameters(signing::parameters(request).unwrap_or_default());
    let of = |name: &str, header: &str| request.header(header).unwrap_or(parameters.text(name)).to_owned();
    let (version, action) = (of("Version", "x-acs-version"), of("Action", "x-acs-action"));
    let served = mock.operations.find(&version, &action).ok().and_then(|served| served.first());
    match served.and_then(|served| served.rows.first_breach(&|name| parameters.get(name).map(Cow::Borrowed))) {
        Some(Breach::Missing(name)) => *refusal = Refusal::missing(name),
        Some(Breach::Invalid(name)) => *refusal = Refusal::invalid(name),
        None => {}
    }
}

/// Returns what a service sees of a call.
pub(super) fn context<'a>(mock: &'a Mock, call: &'a Admitted, base: &'a str, served: &'a Served) -> Context<'a> {
    Context {
        mock,
        account: &call.account,
        state: call.state,
        served,
        parameters: &call.parameters,
        now: call.now,
        base,
    }
}

/// The stages between the gateway and a service.
pub(super) fn enter(context: &Context<'_>) -> Result<(), Refusal> {
    account_state::check_at_gateway(context)?;
    let is_off = !context.mock.options.throttle || context.mock.breaks(Behaviour::ThrottleOff);
    if is_off { Ok(()) } else { throttle::check(context) }
}

impl Context<'_> {
    /// Returns the first parameter that breaks its row.
    pub(super) fn breach(&self) -> Option<Breach<'_>> {
        let breach = self.served.rows.first_breach(&|name| match name {
            "scene.solution" => self.solution().map(Cow::Borrowed),
            _ => self.parameters.get(name).map(Cow::Borrowed),
        });
        breach.filter(|breach| !matches!(breach, Breach::Invalid("CallbackUrl")) || !self.takes_plain_callback())
    }

    /// Says whether a callback address without TLS is taken although it is to be refused.
    pub(super) fn takes_plain_callback(&self) -> bool {
        self.parameters.text("CallbackUrl").starts_with("http://")
            && self.mock.breaks(Behaviour::PlainCallbackTaken(self.served.family))
    }

    /// Returns the code for a breach, as the operation refuses it.
    pub(super) fn breach_code(&self, breach: &Breach<'_>) -> String {
        let refusals = &self.served.operation.refusals;
        match breach {
            Breach::Missing(name) => refusals.missing.replace("{name}", name),
            Breach::Invalid(name) => refusals.invalid.replace("{name}", name),
        }
    }

    /// Refuses a breach in the gateway's form.
    pub(super) fn refuse_breach(&self, breach: &Breach<'_>) -> Refusal {
        let code = self.breach_code(breach);
        let message = match breach {
            Breach::Missing(name) => format!("{name} is mandatory for this action."),
            Breach::Invalid(name) => format!("Specified parameter {name} is not valid."),
        };
        let status = self.served.text(&code).map_or(400, |(status, _)| status);
        Refusal::new(code, status, message)
    }

    /// Returns the solution bound to the scene of an older-flow call.
    pub(super) fn solution(&self) -> Option<&str> {
        self.scene(self.parameters.get("BizType")?)?.solution.as_deref()
    }
}
