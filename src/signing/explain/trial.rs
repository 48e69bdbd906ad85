//! Derives a signature in every wrong way that is known, alone and in pairs.

use super::basis::Basis;
use super::rule::Finding;
use super::search::Search;
use crate::signing::vice::Vices;
use crate::signing::{Claim, Derivation, Vice, v1};

/// A derivation and the rules it breaks.
#[derive(Clone)]
pub(super) struct Trial {
    pub(super) findings: Vec<Finding>,
    pub(super) derivation: Derivation,
}

/// The zones of the world are whole quarters of an hour from UTC−12 to UTC+14.
const QUARTERS: std::ops::RangeInclusive<i64> = -48..=56;

/// Derives in all ways that give another signature than the server's, the likelier first.
pub(super) fn single_trials(search: &Search<'_>) -> Vec<Trial> {
    let Search { claim, key, basis, server, evidence } = *search;
    let request = evidence.request;
    let scheme = claim.scheme;
    let vices = Vice::ALL.iter().filter(|vice| !matches!(vice, Vice::WrongSecret | Vice::LocalTime));
    let mut trials: Vec<Trial> = vices
        .filter_map(|vice| {
            let derivation = basis.derive(key, claim, Vices::of(&[*vice]))?;
            Some(Trial { findings: vec![Finding::of_vice(*vice, scheme)], derivation })
        })
        .collect();
    if let Some(derivation) = Basis::of_raw_plus(request, claim).and_then(|raw| raw.derive(key, claim, Vices::NONE)) {
        trials.push(Trial { findings: vec![Finding::plus_unescaped(scheme)], derivation });
    }
    for name in basis.names() {
        if let Some(derivation) = basis.clone().without(&name).derive(key, claim, Vices::NONE) {
            trials.push(Trial { findings: vec![Finding::parameter_unsigned(scheme, &name)], derivation });
        }
    }
    for seconds in QUARTERS.map(|quarter| quarter * 900).filter(|seconds| *seconds != 0) {
        let moved = basis.clone().moved(seconds).and_then(|moved| moved.derive(key, claim, Vices::NONE));
        let finding = || vec![Finding::time_moved(scheme, seconds)];
        trials.extend(moved.map(|derivation| Trial { findings: finding(), derivation }));
    }
    trials.retain(|trial| trial.derivation.signature != server.signature);
    trials
}

/// Derives with pairs of those vices that make a difference alone.
pub(super) fn pair_trials<'a>(search: &Search<'a>) -> impl Iterator<Item = Trial> + 'a {
    let Search { claim, key, basis, server, .. } = *search;
    let matters = |vice: &Vice| {
        let derivation = basis.derive(key, claim, Vices::of(&[*vice]));
        *vice != Vice::WrongSecret && derivation.is_some_and(|derivation| derivation.signature != server.signature)
    };
    let vices: Vec<Vice> = Vice::ALL.into_iter().filter(matters).collect();
    let pairs = (0..vices.len()).flat_map(|left| (left + 1..vices.len()).map(move |right| (left, right)));
    let pairs: Vec<[Vice; 2]> = pairs.map(|(left, right)| [vices[left], vices[right]]).collect();
    pairs.into_iter().filter_map(|pair| {
        let derivation = basis.derive(key, claim, Vices::of(&pair))?;
        let findings = pair.map(|vice| Finding::of_vice(vice, claim.scheme)).to_vec();
        Some(Trial { findings, derivation })
    })
}

/// Derives V1 over what earlier requests of the same client sent, with and without the signature they had.
pub(super) fn earlier_trials(search: &Search<'_>) -> Vec<Trial> {
    let Search { claim, key, evidence, .. } = *search;
    if claim.scheme.is_acs3() {
        return Vec::new();
    }
    let mut trials = Vec::new();
    for before in evidence.earlier.iter().rev() {
        let Ok(parameters) = v1::parameters(before) else { continue };
        let mut pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        let mut push = |broken, pairs: &mut [(&str, &str)]| {
            let (canonical, string_to_sign) = v1::texts(&evidence.request.method, pairs, Vices::NONE);
            let signature = key.signature(claim.scheme, &string_to_sign, Vices::NONE, &claim.access_key_id);
            let findings = vec![Finding::earlier_request(claim.scheme, broken)];
            trials.push(Trial { findings, derivation: Derivation { canonical, string_to_sign, signature } });
        };
        push("the parameters of an earlier attempt were signed, its Signature included", &mut pairs);
        pairs.retain(|(name, _)| *name != "Signature");
        push("the parameters of an earlier attempt were signed", &mut pairs);
    }
    trials
}

/// Tells what was done to a signature text between derivation and sending.
pub(super) fn text_fault(claim: &Claim, derived: &str) -> Option<Finding> {
    let claimed = claim.signature.as_str();
    let once = percent_encoding::percent_decode_str(claimed).decode_utf8_lossy();
    let row = if claimed.is_empty() {
        ("signature-empty", "the signature is empty")
    } else if claimed.replace(' ', "+") == derived {
        ("signature-plus-unescaped", "the signature's + was sent unescaped and arrives as a space")
    } else if once == derived {
        ("signature-double-encoded", "the signature was sent escaped twice")
    } else if claimed.trim() == derived {
        ("signature-untrimmed", "the signature was sent with white space around it")
    } else if claimed.eq_ignore_ascii_case(derived) {
        ("signature-letter-case", "the letter case of the signature was changed")
    } else {
        return None;
    };
    Some(Finding::signature_text(claim.scheme, row.0, row.1))
}
