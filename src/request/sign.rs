//! Building: parameters rendered, placed, signed, and made wrong where the case asks for it.

use secrecy::SecretString;

use super::expression::ScopeFacts;
use super::parameters::{Parameters, assemble};
use super::send_form::SendForm;
use super::tamper;
use super::{Built, CaseState, Expressions, Moment, RequestError, RequestInput};
use crate::contract::Operation;
use crate::exchange::Request;
use crate::plan::RolesInUse;
use crate::signing::{Credentials, Place, Scheme, SigningInput, sign_with_vices};
use crate::suite::{Burst, Call, Difference, LoadedBaseline, SchemeName, Tamper};

const FORM: &str = "application/x-www-form-urlencoded";

/// One call on its way to the wire.
struct Draft<'a> {
    loaded: &'a LoadedBaseline,
    operation: &'a Operation,
    roles: RolesInUse,
    form: SendForm<'a>,
    scheme: Scheme,
    parameters: Parameters,
    differs: Option<&'a Difference>,
    authority: &'a str,
}

impl RequestInput<'_> {
    /// Builds and signs the request of a call. `authority` is the endpoint's host as the `host` header writes it.
    pub fn build(
        &self,
        expressions: &Expressions,
        state: &mut CaseState,
        call: &Call,
        (moment, authority): (Moment, &str),
    ) -> Result<Built, RequestError> {
        if let Some(Difference::ReplayOf(name)) = &call.differs {
            let sent = state.sent_as(name).ok_or_else(|| RequestError::Earlier(name.clone()))?;
            return Ok(sent.built.clone());
        }
        let (loaded, operation) = self.operation(&call.baseline)?;
        let form = SendForm::of(&call.wire, call.differs.as_ref(), operation);
        let draft = Draft {
            loaded,
            operation,
            roles: RolesInUse::of(&loaded.baseline.roles, &call.roles, call.differs.as_ref()),
            scheme: form.wire.scheme.as_ref().map_or(self.scheme, |choice| scheme(choice.get())),
            form,
            parameters: Parameters::of(&loaded.baseline, call),
            differs: call.differs.as_ref(),
            authority,
        };
        self.finish(expressions, state, draft, moment)
    }

    /// Builds one request of a burst; each is signed afresh.
    pub fn build_burst(
        &self,
        expressions: &Expressions,
        state: &mut CaseState,
        burst: &Burst,
        (moment, authority): (Moment, &str),
    ) -> Result<Built, RequestError> {
        let (loaded, operation) = self.operation(&burst.baseline)?;
        let wire = crate::suite::Wire::default();
        let draft = Draft {
            loaded,
            operation,
            roles: RolesInUse::of(&loaded.baseline.roles, &burst.roles, None),
            form: SendForm::of(&wire, None, operation),
            scheme: self.scheme,
            parameters: Parameters::with(&loaded.baseline, &burst.set),
            differs: None,
            authority,
        };
        self.finish(expressions, state, draft, moment)
    }

    /// Renders a text of a step. `roles` are those of the call it belongs to.
    pub fn text(
        &self,
        expressions: &Expressions,
        state: &CaseState,
        text: &str,
        (api, roles, moment): (&str, &RolesInUse, Moment),
    ) -> Result<String, RequestError> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let facts = ScopeFacts { target: self.target, api, roles, keys: self.keys, now: moment.now };
        expressions.render(text, &expressions.scope(state, &facts))
    }

    /// Returns a baseline and its operation.
    pub fn operation(&self, baseline: &str) -> Result<(&LoadedBaseline, &Operation), RequestError> {
        let unknown = || RequestError::Baseline(baseline.to_owned());
        let loaded = self.suites.baseline(baseline).ok_or_else(unknown)?;
        let operation = self.contracts.operation(&loaded.api, &loaded.baseline.operation).ok_or_else(unknown)?;
        Ok((loaded, operation))
    }

    fn finish(
        &self,
        expressions: &Expressions,
        state: &mut CaseState,
        mut draft: Draft<'_>,
        moment: Moment,
    ) -> Result<Built, RequestError> {
        let business = self.render(expressions, state, &mut draft, moment)?;
        let credentials = self.credentials(state, &draft)?;
        let nonce = nonce(state, &draft)?;
        let timestamp = timestamp(&draft, moment);
        let duplicates: Vec<(String, String)> = std::mem::take(&mut draft.parameters.duplicates).into_iter().collect();
        let mut request = Request {
            method: draft.form.method.clone(),
            target: "/".to_owned(),
            headers: vec![("host".to_owned(), draft.authority.to_owned())],
            body: bytes::Bytes::new(),
        };
        let mut input = SigningInput::new(draft.scheme, &credentials, timestamp, nonce.clone());
        let common = match draft.scheme.is_acs3() {
            true => self.acs3_headers(&draft, &mut request, &mut input),
            false => self.v1_common(&draft, &mut input),
        };
        place(&draft.form, &mut request, (common, business.clone(), duplicates));
        let tampering = match draft.differs {
            Some(Difference::Tamper(tamper)) => Some(tamper.get()),
            _ => None,
        };
        let vices = tampering.and_then(tamper::vice);
        sign_with_vices(&mut request, &input, vices.as_slice())?;
        set_signature(&draft, &mut request);
        if let Some(tampering) = tampering {
            tamper_with(tampering, &mut request, &business);
        }
        for (name, value) in &draft.form.wire.headers {
            set_header(&mut request, name, value);
        }
        Ok(Built {
            request,
            api: draft.loaded.api.clone(),
            operation: draft.operation.name.clone(),
            chunked: draft.form.wire.chunked == Some(true),
            plain_http: draft.form.wire.plain_http == Some(true),
            roles: draft.roles,
            parameters: business,
            nonce,
        })
    }

    /// Renders all texts of a draft; returns the business parameters, assembled.
    fn render(
        &self,
        expressions: &Expressions,
        state: &CaseState,
        draft: &mut Draft<'_>,
        moment: Moment,
    ) -> Result<Vec<(String, String)>, RequestError> {
        let api = draft.loaded.api.as_str();
        let facts = ScopeFacts { target: self.target, api, roles: &draft.roles, keys: self.keys, now: moment.now };
        let mut scope = None;
        let mut text = |text: &str| {
            if !text.contains("{{") {
                return Ok(text.to_owned());
            }
            let scope = scope.get_or_insert_with(|| expressions.scope(state, &facts));
            expressions.render(text, scope)
        };
        let mut business = Vec::with_capacity(draft.parameters.business.len());
        for (name, value) in &draft.parameters.business {
            business.push((text(name)?, text(value)?));
        }
        for value in draft.parameters.common.values_mut().chain(draft.parameters.duplicates.values_mut()) {
            *value = text(value)?;
        }
        if let Some(Difference::TimestampText(stamp)) = draft.differs {
            draft.parameters.common.insert("Timestamp".to_owned(), text(stamp)?);
        }
        Ok(assemble(business))
    }

    fn credentials(&self, state: &CaseState, draft: &Draft<'_>) -> Result<Credentials, RequestError> {
        let role = &draft.roles.account;
        let own = self.credentials_of(role, state.account_number(role))?;
        let given = draft.parameters.common.get("AccessKeyId");
        let token = draft.parameters.common.get("SecurityToken").map(|text| SecretString::from(text.clone()));
        let without_token = draft.parameters.without.iter().any(|name| name == "SecurityToken");
        Ok(Credentials {
            access_key_id: given.cloned().unwrap_or(own.access_key_id),
            secret: own.secret,
            security_token: if without_token { None } else { token.or(own.security_token) },
        })
    }

    /// Returns the key of an account of the sandbox.
    pub(super) fn credentials_of(&self, role: &str, number: u32) -> Result<Credentials, RequestError> {
        let missing = || RequestError::Role { kind: "account", role: role.to_owned() };
        let account = self.target.sandbox.account(role).ok_or_else(missing)?;
        Ok(Credentials {
            access_key_id: account.key_id(number).ok_or_else(missing)?,
            secret: account.access_key_secret.clone().unwrap_or_default(),
            security_token: account.security_token.clone(),
        })
    }

    /// Returns the V1 parameters that signing does not add itself, or that the case gives another value.
    fn v1_common(&self, draft: &Draft<'_>, input: &mut SigningInput<'_>) -> Vec<(String, String)> {
        let Parameters { common: given, without, .. } = &draft.parameters;
        let contract = self.contracts.by_api.get(&draft.loaded.api);
        let version = contract.and_then(|contract| contract.version.clone()).unwrap_or_default();
        let defaults =
            [("Action", draft.operation.action.clone()), ("Version", version), ("Format", "JSON".to_owned())];
        let mut pairs = Vec::new();
        for (name, value) in defaults {
            if !without.iter().any(|left_out| left_out == name) {
                pairs.push((name.to_owned(), given.get(name).cloned().unwrap_or(value)));
            }
        }
        // Key and token came with the credentials; the signature is put in behind.
        let others = given.iter().filter(|(name, _)| {
            !["Action", "Version", "Format", "AccessKeyId", "SecurityToken", "Signature"].contains(&name.as_str())
        });
        pairs.extend(others.map(|(name, value)| (name.clone(), value.clone())));
        input.without.clone_from(without);
        input.place = if draft.form.common_in_form { Place::Form } else { Place::Query };
        pairs
    }

    /// Adds the headers that ACS3 has in the place of common parameters; returns the common parameters it knows no
    /// header for.
    fn acs3_headers(
        &self,
        draft: &Draft<'_>,
        request: &mut Request,
        input: &mut SigningInput<'_>,
    ) -> Vec<(String, String)> {
        let Parameters { common: given, without, .. } = &draft.parameters;
        let contract = self.contracts.by_api.get(&draft.loaded.api);
        let version = contract.and_then(|contract| contract.version.clone()).unwrap_or_default();
        let mut others = Vec::new();
        let defaults =
            [("Action", draft.operation.action.clone()), ("Version", version), ("Format", "JSON".to_owned())];
        for (name, value) in defaults {
            if !without.iter().any(|left_out| left_out == name) && !given.contains_key(name) {
                add_acs3(request, name, &value);
            }
        }
        for (name, value) in given {
            match name.as_str() {
                "AccessKeyId" | "Signature" | "SecurityToken" => {}
                _ if acs3_name(name).is_some() || name.to_ascii_lowercase().starts_with("x-acs-") => {
                    add_acs3(request, name, value);
                }
                _ => others.push((name.clone(), value.clone())),
            }
        }
        for (name, value) in &draft.form.wire.signed_headers {
            set_header(request, name, value);
            input.also_signed.push(name.clone());
        }
        let left_out = |name: &String| match name.as_str() {
            "Signature" => "Authorization".to_owned(),
            _ => acs3_name(name).unwrap_or(name).to_owned(),
        };
        input.without = without.iter().map(left_out).collect();
        input.signature_first = draft.form.wire.signature_first == Some(true);
        others
    }
}

/// Returns the header that stands for a common parameter under ACS3 (source: signing.md §2.1).
fn acs3_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "Action" => "x-acs-action",
        "Version" => "x-acs-version",
        "Timestamp" => "x-acs-date",
        "SignatureNonce" => "x-acs-signature-nonce",
        "SecurityToken" => "x-acs-security-token",
        "Format" => "accept",
        _ => return None,
    })
}

fn add_acs3(request: &mut Request, name: &str, value: &str) {
    let format = match value.to_ascii_uppercase().as_str() {
        "JSON" => "application/json",
        "XML" => "application/xml",
        _ => value,
    };
    match acs3_name(name) {
        Some("accept") => set_header(request, "accept", format),
        Some(header) => set_header(request, header, value),
        None => set_header(request, name, value),
    }
}

fn set_header(request: &mut Request, name: &str, value: &str) {
    match request.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some(header) => value.clone_into(&mut header.1),
        None => request.headers.push((name.to_owned(), value.to_owned())),
    }
}

type Pairs = Vec<(String, String)>;

fn place(form: &SendForm<'_>, request: &mut Request, (common, business, duplicates): (Pairs, Pairs, Pairs)) {
    let (query, body) = form.written(common, business, duplicates);
    if !query.is_empty() {
        request.target = format!("/?{query}");
    }
    if !body.is_empty() || form.common_in_form {
        request.headers.push(("content-type".to_owned(), FORM.to_owned()));
        request.body = body.into();
    }
}

fn nonce(state: &mut CaseState, draft: &Draft<'_>) -> Result<String, RequestError> {
    if let Some(Difference::NonceOf(name)) = draft.differs {
        let sent = state.sent_as(name).ok_or_else(|| RequestError::Earlier(name.clone()))?;
        return Ok(sent.built.nonce.clone());
    }
    match draft.parameters.common.get("SignatureNonce") {
        Some(nonce) => Ok(nonce.clone()),
        None => Ok(state.next_nonce()),
    }
}

fn timestamp(draft: &Draft<'_>, moment: Moment) -> String {
    let skew = match draft.differs {
        Some(Difference::ClockSkewSeconds(seconds)) => seconds.get(),
        _ => 0,
    };
    moment.now.plus_seconds(skew).to_iso()
}

/// Puts a signature that the case gives in the place of the derived one.
fn set_signature(draft: &Draft<'_>, request: &mut Request) {
    if let Some(signature) = draft.parameters.common.get("Signature") {
        tamper::replace_signature(request, |_| signature.clone());
    }
}

fn tamper_with(tampering: Tamper, request: &mut Request, business: &[(String, String)]) {
    let last = business.iter().rev().find(|(name, value)| !value.is_empty() && name != "MetaInfo");
    tamper::edit(tampering, request, last.map(|(name, _)| name.as_str()));
}

fn scheme(name: SchemeName) -> Scheme {
    match name {
        SchemeName::V1 => Scheme::V1,
        SchemeName::Acs3 => Scheme::Acs3,
        SchemeName::Acs3Sm3 => Scheme::Acs3Sm3,
    }
}
