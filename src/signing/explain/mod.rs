//! Explains why a signature does not match: finds the derivation that the client must have made, shows where it
//! leaves the server's, and names the rule behind it.

mod basis;
mod difference;
mod rule;
mod search;
mod text;
mod trial;

pub use difference::{Difference, Side, Text};
pub use rule::Finding;
pub use text::write_text;

use secrecy::SecretString;
use serde::Serialize;

use self::basis::Basis;
use self::difference::first_difference;
use self::search::{Outcome, Search};
use super::{Claim, ClaimError, Derivation, Key, Mismatched, claim, claimed_time};
use crate::clock::Timestamp;
use crate::exchange::Request;

/// What an explanation is drawn from.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    pub request: &'a Request,
    pub secret: &'a SecretString,
    /// String to sign or canonical request as the client derived it, when it can tell.
    pub client_text: Option<&'a str>,
    /// Earlier requests of the same client, oldest first.
    pub earlier: &'a [Request],
    /// When the request arrived, to judge its time.
    pub at: Option<Timestamp>,
}

/// How sure an explanation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The signature is valid.
    Valid,
    /// The findings reproduce the client's signature, or its text, byte for byte.
    Exact,
    /// The findings are what fits best.
    Likely,
    /// Nothing was found.
    None,
}

/// The texts of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Texts {
    pub canonical: Option<String>,
    pub string_to_sign: Option<String>,
    pub signature: String,
}

/// Why a signature does or does not match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub scheme: &'static str,
    pub valid: bool,
    pub confidence: Confidence,
    /// The rules broken, the likeliest first.
    pub findings: Vec<Finding>,
    /// Names of other single faults that would give the same signature.
    pub alternatives: Vec<&'static str>,
    pub server: Texts,
    pub client: Texts,
    pub difference: Option<Difference>,
    /// What else to do or to know.
    pub notes: Vec<String>,
}

/// Explains the signature of a request. Takes milliseconds: it derives in hundreds of wrong ways.
pub fn explain(evidence: &Evidence<'_>) -> Result<Explanation, ClaimError> {
    let claim = claim(evidence.request)?;
    let basis = Basis::of(evidence.request, &claim)?;
    let key = Key::new(evidence.secret.clone());
    let (server, outcome) = match key.verify(evidence.request, &claim) {
        Ok(derivation) => (derivation.clone(), Outcome::valid(derivation)),
        Err(mismatched) => {
            let Mismatched { reason, derivation } = *mismatched;
            let search = Search { evidence, claim: &claim, key: &key, basis: &basis, server: &derivation };
            let outcome = search.run(&reason);
            (derivation, outcome)
        }
    };
    let mut explanation = assemble(&claim, server, outcome);
    judge_time(&mut explanation, &claim, evidence.at);
    Ok(explanation)
}

fn assemble(claim: &Claim, server: Derivation, outcome: Outcome) -> Explanation {
    let Outcome { confidence, findings, alternatives, client, notes } = outcome;
    let signature = claim.signature.clone();
    let (canonical, string_to_sign) = client.map_or((None, None), |text| (text.canonical, text.string_to_sign));
    let difference = difference_of(claim, &server, canonical.as_deref(), string_to_sign.as_deref());
    Explanation {
        scheme: claim.scheme.name(),
        valid: confidence == Confidence::Valid,
        confidence,
        findings,
        alternatives,
        server: Texts {
            canonical: Some(server.canonical),
            string_to_sign: Some(server.string_to_sign),
            signature: server.signature,
        },
        client: Texts { canonical, string_to_sign, signature },
        difference,
        notes,
    }
}

/// Compares the text that shows most: under ACS3 the canonical request, since the string to sign is but its hash.
fn difference_of(
    claim: &Claim,
    server: &Derivation,
    canonical: Option<&str>,
    string_to_sign: Option<&str>,
) -> Option<Difference> {
    if claim.scheme.is_acs3() {
        return first_difference(Text::CanonicalRequest, &server.canonical, canonical?);
    }
    match string_to_sign {
        Some(client) => first_difference(Text::StringToSign, &server.string_to_sign, client),
        None => first_difference(Text::CanonicalQuery, &server.canonical, canonical?),
    }
}

/// A quarter of an hour either way is a gateway's window, and the step of the world's zones (source: signing.md §3).
const WINDOW_SECONDS: i64 = 900;

fn judge_time(explanation: &mut Explanation, claim: &Claim, at: Option<Timestamp>) {
    let Some(at) = at else { return };
    let Some(sent) = claimed_time(claim) else {
        explanation.notes.push("the time of the request is missing or malformed".to_owned());
        return;
    };
    let off = sent.seconds_since(at);
    if off.abs() <= WINDOW_SECONDS {
        return;
    }
    // Within five minutes of a whole half hour, a zone is likelier than a clock that is wrong by chance.
    let zone = (off as f64 / 1800.0).round() as i64 * 1800;
    let is_zone = (off - zone).abs() <= 300 && (-12 * 3600..=14 * 3600).contains(&zone);
    let scheme = claim.scheme;
    let finding = if is_zone { Finding::time_sent_local(scheme, zone) } else { Finding::time_outside(scheme, off) };
    explanation.findings.push(finding);
}
