//! What every request of every case is looked at for. Each function says what is wrong for one requirement; nothing
//! where the request says nothing about it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use regex::Regex;
use secrecy::ExposeSecret as _;

use super::suite::ValidCall;
use crate::clock::Timestamp;
use crate::contract::Operation;
use crate::event::Mismatch;
use crate::exchange::Request;
use crate::mock::Seen;
use crate::signing::{self, Claim, ClaimError, Credentials, Empties, Key, Reason, Vice};

/// Milliseconds that a request's time may be off (source: signing.md §3).
const SKEW_MS: i64 = 900_000;

/// A request, and what the judge knows about it.
pub(super) struct Subject<'a> {
    pub(super) seen: &'a Seen,
    pub(super) operation: &'a Operation,
    pub(super) call: &'a ValidCall,
    /// `<api>.<Operation>`.
    pub(super) key: &'a str,
    /// The credentials as configured.
    pub(super) credentials: &'a Credentials,
    /// Scheme and authority that were given.
    pub(super) endpoint: &'a str,
    pub(super) sdk_version: &'a str,
    /// Names that the caller set.
    pub(super) given: &'a [String],
    pub(super) now: Timestamp,
}

/// What a requirement says of a request: held, or what is wrong.
pub(super) type Finding = (&'static str, Option<Mismatch>);

/// Looks at a request in every way.
pub(super) fn look(subject: &Subject<'_>) -> Vec<Finding> {
    let request = &subject.seen.request;
    let mut findings = signature(subject);
    findings.extend(encoding(request));
    findings.extend(framing(subject));
    findings.extend(schema(subject));
    findings
}

fn wrong(place: impl Into<String>, expected: impl Into<String>, actual: impl Into<String>) -> Option<Mismatch> {
    Some(Mismatch { place: place.into(), expected: expected.into(), actual: actual.into() })
}

fn unless(holds: bool, place: &str, expected: &str, actual: impl Into<String>) -> Option<Mismatch> {
    if holds { None } else { wrong(place, expected, actual) }
}

fn signature(subject: &Subject<'_>) -> Vec<Finding> {
    let request = &subject.seen.request;
    let claim = match signing::claim(request) {
        Ok(claim) => claim,
        Err(
            error @ (ClaimError::UnknownMethod(_) | ClaimError::UnknownVersion(_) | ClaimError::UnknownAlgorithm(_)),
        ) => {
            let names = "SignatureMethod, SignatureVersion and algorithm of a documented scheme";
            return vec![("sdk.signing.8", wrong("signature", names, error.to_string()))];
        }
        Err(error) => return vec![("sdk.signing.1", wrong("signature", "one signature", error.to_string()))],
    };
    let mut findings = vec![("sdk.signing.1", one_signature(request)), ("sdk.signing.8", None)];
    findings.extend(verified(subject, &claim));
    findings.extend(nonce_and_time(subject, &claim));
    findings.extend(signed_headers(request, &claim));
    if let Some(token) = super::stage::token(subject.credentials) {
        let sent = claim.security_token.as_deref() == Some(token);
        findings.push(("sdk.signing.15", unless(sent, "security token", "the configured token", "another or none")));
    } else {
        let name = if claim.scheme.is_acs3() { "x-acs-security-token" } else { "SecurityToken" };
        let raw = signing::parameters(request).unwrap_or_default();
        let is_sent =
            request.header("x-acs-security-token").is_some() || raw.iter().any(|(key, _)| key == "SecurityToken");
        findings.push(("sdk.signing.16", unless(!is_sent, name, "not sent", "sent without one configured")));
    }
    findings
}

fn one_signature(request: &Request) -> Option<Mismatch> {
    let pairs = request.query().unwrap_or_default().into_iter().chain(request.form().unwrap_or_default());
    let n_parameters = pairs.filter(|(name, _)| name == "Signature").count();
    let headers = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let count = n_parameters + headers.count();
    unless(count == 1, "signature", "exactly one", count.to_string())
}

/// Verifies, and says which rule a wrong signature breaks.
fn verified(subject: &Subject<'_>, claim: &Claim) -> Vec<Finding> {
    let request = &subject.seen.request;
    let key = Key::new(subject.credentials.secret.clone());
    let parameters = signing::parameters(request).unwrap_or_default();
    if claim.scheme.is_acs3() {
        let Err(mismatched) = key.verify(request, claim) else {
            return vec![("sdk.signing.3", None), ("sdk.signing.4", None), ("sdk.signing.5", None)];
        };
        let broken = match &mismatched.reason {
            Reason::BodyHash { .. } => "sdk.signing.4",
            Reason::HostUnsigned | Reason::HeaderUnsigned { .. } => "sdk.signing.5",
            Reason::HeaderAbsent { .. } => "sdk.signing.6",
            _ => "sdk.signing.3",
        };
        return vec![(broken, wrong("signature", "the one derived from the request", mismatched.reason.to_string()))];
    }
    let has_empties = parameters.iter().any(|(_, value)| value.is_empty());
    match key.verify_decoded_lenient(&request.method, &parameters, claim) {
        Ok((_, Empties::Signed)) => {
            let mut held = vec![("sdk.signing.2", None)];
            held.extend(has_empties.then_some(("sdk.signing.9", None)));
            held.extend((!request.form().unwrap_or_default().is_empty()).then_some(("sdk.signing.14", None)));
            held
        }
        Ok((_, Empties::LeftOut)) => {
            let names: Vec<&str> =
                parameters.iter().filter(|pair| pair.1.is_empty()).map(|pair| pair.0.as_str()).collect();
            let actual = format!("{} sent empty and left out of it", names.join(", "));
            vec![("sdk.signing.9", wrong("string to sign", "every parameter sent", actual))]
        }
        Err(mismatched) => {
            // A known vice names the rule.
            let with = |vice| key.verify_with_vice(request, &parameters, claim, vice).is_ok();
            let known = [(Vice::FormUnsigned, "sdk.signing.14"), (Vice::TokenUnsigned, "sdk.signing.15")];
            let broken = known.into_iter().find(|(vice, _)| with(*vice)).map_or("sdk.signing.2", |(_, id)| id);
            vec![(broken, wrong("signature", "the one derived from the request", mismatched.reason.to_string()))]
        }
    }
}

static ISO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$").expect("a constant pattern"));

fn nonce_and_time(subject: &Subject<'_>, claim: &Claim) -> Vec<Finding> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    let is_fine = !nonce.is_empty() && nonce.chars().count() <= 64 && !nonce.chars().any(char::is_whitespace);
    let time = claim.timestamp.as_deref().unwrap_or_default();
    let age = signing::claimed_time(claim).map(|at| subject.now.0 - at.0);
    let is_near = age.is_some_and(|age| age.abs() <= SKEW_MS);
    vec![
        ("sdk.signing.12", unless(is_fine, "nonce", "at most 64 characters without white space", nonce)),
        (
            "sdk.signing.13",
            unless(ISO.is_match(time) && is_near, "timestamp", "UTC, seconds, Z, near the server's time", time),
        ),
    ]
}

fn signed_headers(request: &Request, claim: &Claim) -> Vec<Finding> {
    if !claim.scheme.is_acs3() {
        return Vec::new();
    }
    let names = &claim.signed_headers;
    let is_sorted = names.windows(2).all(|pair| pair[0] < pair[1]);
    let is_lower = names.iter().all(|name| !name.chars().any(char::is_uppercase));
    let all_there = names.iter().all(|name| request.header(name).is_some());
    let touched: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| matches!(*name, "user-agent" | "accept")).collect();
    let must = |name: &str| name == "host" || name.starts_with("x-acs-") || name == "content-type";
    let missing: Vec<&str> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| must(name) && !names.iter().any(|signed| signed == name))
        .collect();
    vec![
        (
            "sdk.signing.5",
            unless(
                missing.is_empty(),
                "SignedHeaders",
                "host, content-type and every x-acs-*",
                format!("without {}", missing.join(", ")),
            ),
        ),
        (
            "sdk.signing.6",
            unless(
                is_sorted && is_lower && all_there,
                "SignedHeaders",
                "lower-case, sorted, each once and present",
                names.join(";"),
            ),
        ),
        (
            "sdk.signing.7",
            unless(touched.is_empty(), "SignedHeaders", "without user-agent and accept", touched.join(";")),
        ),
    ]
}

fn encoding(request: &Request) -> Vec<Finding> {
    let form =
        if request.has_form_body() { String::from_utf8_lossy(&request.body).into_owned() } else { String::new() };
    let query = request.raw_query();
    let escapes = |text: &str| -> Vec<String> {
        let starts = text.match_indices('%').map(|(at, _)| at);
        starts.map(|at| text.get(at..at + 3).unwrap_or(&text[at..]).to_owned()).collect()
    };
    let all: Vec<String> = escapes(query).into_iter().chain(escapes(&form)).collect();
    let is_upper = |escape: &String| {
        escape.len() == 3 && escape[1..].bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
    };
    let odd = all.iter().find(|escape| !is_upper(escape));
    let decodes = request.query().is_ok() && request.form().is_ok();
    let needless = all.iter().find(|escape| {
        let byte = u8::from_str_radix(escape.get(1..).unwrap_or_default(), 16).unwrap_or(0);
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
    });
    let bare = query.chars().find(|char| !(char.is_ascii_alphanumeric() || "-._~%&=+".contains(*char)));
    let has_two = query.split('&').any(|pair| pair.matches('=').count() > 1);
    let mut findings = vec![(
        "sdk.encoding.23",
        match odd {
            Some(escape) => wrong("percent escapes", "two upper-case hex digits", escape.as_str()),
            None => unless(decodes, "percent escapes", "UTF-8", "not UTF-8"),
        },
    )];
    if !query.is_empty() {
        findings.push(("sdk.encoding.24", unless(!query.contains('+'), "query", "a space as %20", "a space as +")));
        let bare = bare.map(|char| char.to_string()).or_else(|| has_two.then(|| "=".to_owned()));
        findings.push((
            "sdk.encoding.26",
            unless(
                bare.is_none(),
                "query",
                "reserved characters escaped",
                format!("{} as it is", bare.unwrap_or_default()),
            ),
        ));
    }
    let needless = needless.map(|escape| format!("{escape} escaped"));
    findings.push((
        "sdk.encoding.25",
        needless.and_then(|actual| wrong("percent escapes", "unreserved characters as they are", actual)),
    ));
    findings
}

fn framing(subject: &Subject<'_>) -> Vec<Finding> {
    let request = &subject.seen.request;
    let all = |name: &str| request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).count();
    let authority = subject.endpoint.split("://").nth(1).unwrap_or_default();
    let host = request.header("host").unwrap_or_default();
    let (length, chunked) = (all("content-length"), all("transfer-encoding"));
    let has_body = !request.body.is_empty();
    let content_type = request.header("content-type");
    let accept = request.header("accept").unwrap_or_default();
    let parameters = signing::parameters(request).unwrap_or_default();
    let format = parameters.iter().find(|(name, _)| name == "Format").map(|(_, value)| value.as_str());
    let asks_json = accept.to_ascii_lowercase().contains("json")
        || format.is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let agent = request.header("user-agent").unwrap_or_default();
    let names_version = subject.sdk_version.split(' ').any(|version| !version.is_empty() && agent.contains(version));
    let is_framed = length + chunked <= 1 && (!has_body || length + chunked == 1);
    let mut findings = vec![
        ("sdk.framing.34", unless(all("host") == 1 && host == authority, "Host", authority, host)),
        (
            "sdk.framing.35",
            unless(is_framed, "framing", "Content-Length or chunked, not both", format!("{length} and {chunked}")),
        ),
        (
            "sdk.framing.38",
            unless(asks_json, "Accept or Format", "JSON", format!("Accept {accept:?}, Format {format:?}")),
        ),
        (
            "sdk.framing.40",
            unless(names_version, "User-Agent", &format!("SDK and version {}", subject.sdk_version), agent),
        ),
        ("sdk.framing.41", names_machine(agent)),
        ("sdk.framing.45", secret_in(request, subject.credentials)),
    ];
    if has_body {
        let is_form =
            content_type.is_some_and(|text| text.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        findings.push((
            "sdk.framing.36",
            unless(is_form, "Content-Type", "application/x-www-form-urlencoded", content_type.unwrap_or("none")),
        ));
    } else {
        findings.push((
            "sdk.framing.37",
            unless(content_type.is_none(), "Content-Type", "none without a body", content_type.unwrap_or_default()),
        ));
    }
    if let Some(sum) = request.header("content-md5") {
        let of_body = STANDARD.encode(Md5::digest(&request.body));
        findings.push(("sdk.framing.44", unless(sum == of_body, "Content-MD5", &of_body, sum)));
    }
    findings
}

/// Says when a User-Agent holds this machine's name or its kernel's release.
fn names_machine(agent: &str) -> Option<Mismatch> {
    #[cfg(target_os = "linux")]
    {
        let machine = rustix::system::uname();
        let told = |text: &std::ffi::CStr| text.to_str().is_ok_and(|text| text.len() > 2 && agent.contains(text));
        let told = match (told(machine.release()), told(machine.nodename())) {
            (true, _) => "the kernel's release",
            (_, true) => "the machine's name",
            (false, false) => return None,
        };
        wrong("User-Agent", "no more of the machine than the OS family", told)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

fn secret_in(request: &Request, credentials: &Credentials) -> Option<Mismatch> {
    let secret = credentials.secret.expose_secret();
    if secret.len() < 6 {
        return None;
    }
    let forms = [secret.to_owned(), crate::exchange::encode_component(secret), STANDARD.encode(secret)];
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = String::from_utf8_lossy(&request.body);
    let places = headers.chain([("query", request.raw_query()), ("body", &*body)]);
    let found = places.into_iter().find(|(_, text)| forms.iter().any(|form| text.contains(form.as_str())));
    found.and_then(|(place, _)| wrong(place, "no secret", "the AccessKey secret"))
}

/// Common parameters of V1 (source: signing.md §1.1); those of ACS3 are headers.
const COMMON: &[&str] = &[
    "Action",
    "Version",
    "Format",
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "SignatureType",
    "Timestamp",
    "SecurityToken",
    "RegionId",
];

/// Says whether a parameter is what the caller gave, or an item of a list that the caller gave (`Name.1`).
fn is_of(given: &str, name: &str) -> bool {
    let rest = name.strip_prefix(given);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(|nth| nth.parse::<u32>().is_ok()))
}

fn schema(subject: &Subject<'_>) -> Vec<Finding> {
    let request = &subject.seen.request;
    let parameters = signing::parameters(request).unwrap_or_default();
    let of = |name: &str, header: &str| {
        let parameter = parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        request.header(header).or(parameter).unwrap_or_default()
    };
    let (action, version) = (of("Action", "x-acs-action"), of("Version", "x-acs-version"));
    let wanted = format!("{} {}", subject.call.action, subject.call.version);
    let methods: Vec<&str> = subject.operation.methods.iter().map(String::as_str).collect();
    let rows = || subject.operation.request.iter().map(|row| row.name.as_str()).chain(COMMON.iter().copied());
    let odd = parameters.iter().map(|(name, _)| name.as_str()).find(|name| {
        let is_known = rows().any(|row| row.split('#').next() == Some(*name))
            || subject.given.iter().any(|given| is_of(given, name));
        !is_known
    });
    let documented =
        odd.map(|name| rows().find(|row| row.eq_ignore_ascii_case(name)).unwrap_or("no such parameter").to_owned());
    let mut findings = vec![
        ("sdk.schema.47", odd.and_then(|name| wrong("parameters", documented.unwrap_or_default(), name))),
        (
            "sdk.schema.48",
            unless(
                format!("{action} {version}") == wanted,
                "Action and Version",
                &wanted,
                format!("{action} {version}"),
            ),
        ),
        (
            "sdk.schema.49",
            unless(
                methods.contains(&request.method.as_str()),
                "method",
                &methods.join(" or "),
                request.method.as_str(),
            ),
        ),
    ];
    if subject.key == "saf.ExecuteRequest" {
        let find =
            |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str());
        let is_json =
            serde_json::from_str::<serde_json::Value>(find("ServiceParameters")).is_ok_and(|json| json.is_object());
        let holds = find("Service") == "fin_face_verify" && is_json;
        findings.push((
            "sdk.schema.52",
            unless(holds, "Service and ServiceParameters", "fin_face_verify and one JSON object", find("Service")),
        ));
    }
    findings
}

/// Returns the nonce, time and signature of a request, for comparisons between requests.
pub(super) fn marks(request: &Request) -> Option<[String; 3]> {
    let claim = signing::claim(request).ok()?;
    Some([claim.nonce.unwrap_or_default(), claim.timestamp.unwrap_or_default(), claim.signature])
}

#[cfg(test)]
mod tests {
    use super::{is_of, names_machine};

    #[test]
    #[cfg(target_os = "linux")]
    fn a_user_agent_may_tell_the_os_family_and_no_more() {
        let machine = rustix::system::uname();
        let release = machine.release().to_str().expect("text");
        let told = names_machine(&format!("sdk/1 (Linux {release})")).expect("a finding");
        assert_eq!(told.actual, "the kernel's release");
        assert_eq!(names_machine("sdk/1 (linux; amd64)"), None);
    }

    #[test]
    fn an_item_of_a_list_belongs_to_what_was_given() {
        for (name, wanted) in [("Name", true), ("Name.1", true), ("Name.12", true), ("Name.x", false), ("Names", false)]
        {
            assert_eq!(is_of("Name", name), wanted, "{name}");
        }
    }
}
