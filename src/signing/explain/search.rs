//! Looks for the derivation that the client must have made: by its signature, else by its text.

use super::basis::Basis;
use super::difference::{Text, common_prefix, first_difference};
use super::rule::Finding;
use super::trial::{Trial, earlier_trials, pair_trials, single_trials, text_fault};
use super::{Confidence, Evidence};
use crate::signing::{Claim, Derivation, Key, Reason, Vice};

/// What a search starts from.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) claim: &'a Claim,
    pub(super) key: &'a Key,
    pub(super) basis: &'a Basis,
    pub(super) server: &'a Derivation,
}

/// What a search found.
pub(super) struct Outcome {
    pub(super) confidence: Confidence,
    pub(super) findings: Vec<Finding>,
    pub(super) alternatives: Vec<&'static str>,
    pub(super) client: Option<ClientText>,
    pub(super) notes: Vec<String>,
}

/// What is known of the client's texts.
pub(super) struct ClientText {
    pub(super) canonical: Option<String>,
    pub(super) string_to_sign: Option<String>,
}

const NOTHING_FOUND: &str = "no known fault gives this signature: either the secret is another one, or a value was \
    changed between signing and sending; let the client print its string to sign (V1) or canonical request (ACS3) \
    and hand it over with --client-string";
const ONLY_A_HASH: &str = "under ACS3 the string to sign shows a hash only: hand over the canonical request instead";
const OTHER_SECRET_TOO: &str = "the signature is not that of the client's text under this secret either";

impl Outcome {
    pub(super) fn valid(derivation: Derivation) -> Self {
        Self { client: Some(derivation.into()), ..Self::of(Confidence::Valid, Vec::new()) }
    }

    fn of(confidence: Confidence, findings: Vec<Finding>) -> Self {
        Self { confidence, findings, alternatives: Vec::new(), client: None, notes: Vec::new() }
    }

    fn exact(findings: Vec<Finding>, client: Derivation) -> Self {
        Self { client: Some(client.into()), ..Self::of(Confidence::Exact, findings) }
    }
}

impl From<Derivation> for ClientText {
    fn from(derivation: Derivation) -> Self {
        Self { canonical: Some(derivation.canonical), string_to_sign: Some(derivation.string_to_sign) }
    }
}

impl Search<'_> {
    pub(super) fn run(&self, reason: &Reason) -> Outcome {
        if *reason == Reason::NeedsPublicKey {
            let notes = vec![reason.to_string()];
            return Outcome { notes, ..Outcome::of(Confidence::None, Vec::new()) };
        }
        if let Some(finding) = self.fault_beside_the_text(reason) {
            return Outcome::exact(vec![finding], self.server.clone());
        }
        let singles = single_trials(self);
        if let Some(outcome) = self.by_signature(&singles) {
            return outcome;
        }
        match self.evidence.client_text {
            Some(text) => self.by_text(text.trim_end_matches(['\r', '\n']), &singles),
            None => {
                let notes = vec![NOTHING_FOUND.to_owned()];
                Outcome { notes, ..Outcome::of(Confidence::None, Vec::new()) }
            }
        }
    }

    /// Tells a fault of a request whose signature was derived as the server does.
    fn fault_beside_the_text(&self, reason: &Reason) -> Option<Finding> {
        let scheme = self.claim.scheme;
        if let Some(finding) = Finding::of_reason(reason, scheme) {
            return Some(finding);
        }
        if self.server.signature == self.claim.signature {
            return Some(Finding::of_vice(Vice::BodyHash, scheme));
        }
        text_fault(self.claim, &self.server.signature)
    }

    fn by_signature(&self, singles: &[Trial]) -> Option<Outcome> {
        let gives = |trial: &Trial| trial.derivation.signature == self.claim.signature;
        let earlier = earlier_trials(self);
        let mut found = singles.iter().chain(&earlier).filter(|trial| gives(trial));
        if let Some(trial) = found.next() {
            let mut alternatives: Vec<&'static str> = found.map(|trial| trial.findings[0].rule).collect();
            alternatives.dedup();
            alternatives.retain(|rule| *rule != trial.findings[0].rule);
            let Trial { findings, derivation } = trial.clone();
            return Some(Outcome { alternatives, ..Outcome::exact(findings, derivation) });
        }
        let pair = pair_trials(self).find(gives)?;
        Some(Outcome::exact(pair.findings, pair.derivation))
    }

    /// Compares with the text that the client says it signed.
    fn by_text(&self, client: &str, singles: &[Trial]) -> Outcome {
        let scheme = self.claim.scheme;
        let whole = |derivation: &Derivation| derivation.canonical == client || derivation.string_to_sign == client;
        if whole(self.server) {
            return Outcome::exact(vec![Finding::other_secret(scheme)], self.server.clone());
        }
        let pairs = || pair_trials(self);
        let reproduced = singles.iter().cloned().chain(pairs()).find(|trial| whole(&trial.derivation));
        if let Some(Trial { mut findings, derivation }) = reproduced {
            findings.push(Finding::other_secret(scheme));
            let notes = vec![OTHER_SECRET_TOO.to_owned()];
            return Outcome { notes, ..Outcome::exact(findings, derivation) };
        }
        let is_hash = scheme.is_acs3() && client.starts_with(scheme.wire_name());
        if is_hash {
            let notes = vec![ONLY_A_HASH.to_owned()];
            return Outcome { notes, ..Outcome::of(Confidence::None, Vec::new()) };
        }
        self.nearest(client, singles)
    }

    /// Names the fault that follows the client's text the furthest, else the place where the texts part.
    fn nearest(&self, client: &str, singles: &[Trial]) -> Outcome {
        let scheme = self.claim.scheme;
        let kind = match scheme.is_acs3() {
            true => Text::CanonicalRequest,
            false if client.contains("&%2F&") => Text::StringToSign,
            false => Text::CanonicalQuery,
        };
        let text = |derivation: &'_ Derivation| match kind {
            Text::StringToSign => derivation.string_to_sign.clone(),
            _ => derivation.canonical.clone(),
        };
        let own = common_prefix(&text(self.server), client);
        let reach = |trial: &Trial| common_prefix(&text(&trial.derivation), client);
        // The first of equals is the likelier one, so the list is gone through from behind.
        let best = singles.iter().rev().max_by_key(|trial| reach(trial)).filter(|trial| reach(trial) > own);
        let findings = best.map(|trial| trial.findings.clone()).unwrap_or_else(|| {
            let difference = first_difference(kind, &text(self.server), client);
            let place = difference.map_or_else(|| "the text".to_owned(), |difference| difference.place);
            vec![Finding::value_differs(scheme, &place)]
        });
        let own_text = Some(client.to_owned());
        let client = match kind {
            Text::StringToSign => ClientText { canonical: None, string_to_sign: own_text },
            _ => ClientText { canonical: own_text, string_to_sign: None },
        };
        Outcome { client: Some(client), ..Outcome::of(Confidence::Likely, findings) }
    }
}
