//! Figures against thresholds. A figure that the generator itself spoiled is inconclusive, never passed.

use hdrhistogram::Histogram;

use super::histogram::{add, empty};
use super::reason::Reason;
use super::{LoadSummary, StepFigures};
use crate::event::{LoadClass, RunFinished, StopCause};
use crate::load_profile::Threshold;
use crate::load_profile::threshold::{Metric, Statistic};

/// What became of a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdVerdict {
    /// As written.
    pub text: String,
    /// The figure, as the threshold has it: microseconds, a share, a number; absent where there is none.
    pub figure: Option<f64>,
    pub verdict: Verdict,
    /// Why it is inconclusive.
    pub reason: Option<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Held,
    Missed,
    Inconclusive,
}

/// What the whole run came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GateOutcome {
    /// As documented for all commands.
    pub exit_code: u8,
    /// Why it is not 0.
    pub reasons: Vec<Reason>,
}

/// The share of a threshold that calls may be late by, at their 99th percentile, before its verdict means nothing.
const LATE_SHARE: f64 = 0.1;

pub(super) fn thresholds(summary: &LoadSummary) -> Vec<ThresholdVerdict> {
    let judge = |text: &String| match Threshold::parse(text) {
        Ok(threshold) => judge(summary, &threshold),
        Err(why) => {
            let reason = Some(Reason::Unreadable(why));
            ThresholdVerdict { text: text.clone(), figure: None, verdict: Verdict::Inconclusive, reason }
        }
    };
    summary.planned.thresholds.iter().map(judge).collect()
}

fn judge(summary: &LoadSummary, threshold: &Threshold) -> ThresholdVerdict {
    let steps: Vec<&StepFigures> =
        summary.steps.iter().filter(|step| threshold.step.as_ref().is_none_or(|name| step.step == *name)).collect();
    let figure = figure(summary, threshold, &steps);
    let (verdict, reason) = match &figure {
        Err(reason) => (Verdict::Inconclusive, Some(reason.clone())),
        Ok(figure) => {
            let holds = threshold.relation.holds(*figure, threshold.value);
            match (spoiled(summary, threshold, &steps, holds), holds) {
                (Some(reason), _) => (Verdict::Inconclusive, Some(reason)),
                (None, true) => (Verdict::Held, None),
                (None, false) => (Verdict::Missed, None),
            }
        }
    };
    ThresholdVerdict { text: threshold.text.clone(), figure: figure.ok(), verdict, reason }
}

fn figure(summary: &LoadSummary, threshold: &Threshold, steps: &[&StepFigures]) -> Result<f64, Reason> {
    let count = |class: LoadClass| -> f64 { steps.iter().map(|step| step.count(class)).sum::<u64>() as f64 };
    let calls: f64 = steps.iter().map(|step| step.calls()).sum::<u64>() as f64;
    let share = |part: f64| if calls > 0.0 { Ok(part / calls) } else { Err(Reason::NoCall) };
    let seconds = summary.totals.measured_seconds;
    let rate = |part: f64| if seconds > 0.0 { Ok(part / seconds) } else { Err(Reason::NothingMeasured) };
    match threshold.metric {
        Metric::Latency(statistic) => statistic_of(&merged(steps, |answers| &answers.latency), statistic),
        Metric::Service(statistic) => statistic_of(&merged(steps, |answers| &answers.service), statistic),
        Metric::ErrorRate => share(count(LoadClass::Failed)),
        Metric::RefusalRate => share(count(LoadClass::Refused)),
        Metric::ThrottleRate => share(count(LoadClass::Throttled)),
        Metric::Throttled => share(0.0).map(|_| count(LoadClass::Throttled)),
        Metric::Failed => share(0.0).map(|_| count(LoadClass::Failed)),
        Metric::Refused => share(0.0).map(|_| count(LoadClass::Refused)),
        Metric::Dropped => Ok(summary.totals.dropped as f64),
        Metric::Wrong if summary.totals.checked == 0 => Err(Reason::NoneChecked),
        Metric::Wrong => Ok(summary.totals.wrong as f64),
        Metric::Goodput => rate(count(LoadClass::Ok)),
        Metric::Throughput => rate(calls),
    }
}

fn merged(steps: &[&StepFigures], pick: impl Fn(&super::Answers) -> &Histogram<u64>) -> Histogram<u64> {
    let mut all = empty();
    for answers in steps.iter().filter_map(|step| step.ok()) {
        // Histograms that grow hold whatever another holds.
        let _ = add(&mut all, pick(answers));
    }
    all
}

/// Returns a figure of a distribution, when there are enough answers for it to mean something: a 99th percentile of fifty
/// answers is their maximum by another name.
fn statistic_of(histogram: &Histogram<u64>, statistic: Statistic) -> Result<f64, Reason> {
    let n = histogram.len();
    let percentile = match statistic {
        _ if n == 0 => return Err(Reason::NoGoodAnswer),
        Statistic::Mean => return Ok(histogram.mean()),
        Statistic::Percentile(percentile) if percentile >= 100.0 => return Ok(histogram.max() as f64),
        Statistic::Percentile(percentile) => percentile,
    };
    // Less a little: 99.9 in binary is a hair more.
    let needed = (100.0 / (100.0 - percentile) - 1e-6).ceil();
    if (n as f64) < needed {
        return Err(Reason::TooFew { n, percentile, needed });
    }
    Ok(histogram.value_at_quantile(percentile / 100.0) as f64)
}

/// Says what makes a verdict meaningless, if anything does.
fn spoiled(summary: &LoadSummary, threshold: &Threshold, steps: &[&StepFigures], holds: bool) -> Option<Reason> {
    let of_time = matches!(threshold.metric, Metric::Latency(_) | Metric::Service(_));
    let of_rate = matches!(threshold.metric, Metric::Goodput | Metric::Throughput);
    let totals = &summary.totals;
    if (of_time || of_rate) && totals.wrong > 0 {
        return Some(Reason::Void { wrong: totals.wrong, checked: totals.checked });
    }
    if summary.is_partial() && holds {
        return Some(Reason::EndedEarly);
    }
    // What was not sent might have been the slowest; a figure that is too high without it is too high.
    if of_time && holds && totals.dropped > 0 {
        return Some(Reason::Unsent { dropped: totals.dropped, lacking: totals.lacking > 0 });
    }
    if threshold.metric == Metric::Dropped && !holds && totals.lacking > 0 {
        return Some(Reason::Lacking);
    }
    if !of_time {
        return None;
    }
    let mut lag = empty();
    for step in steps {
        let _ = add(&mut lag, &step.lag);
    }
    let late = lag.value_at_quantile(0.99) as f64;
    if late <= LATE_SHARE * threshold.value {
        return None;
    }
    let is_ours = holds || service_holds(threshold, steps);
    is_ours.then_some(Reason::SentLate { ms: late / 1e3 })
}

/// A latency that is missed although the service itself was fast enough was missed by whoever sent late.
fn service_holds(threshold: &Threshold, steps: &[&StepFigures]) -> bool {
    let Metric::Latency(statistic) = threshold.metric else { return false };
    let service = statistic_of(&merged(steps, |answers| &answers.service), statistic);
    service.is_ok_and(|service| threshold.relation.holds(service, threshold.value))
}

/// Says how a run ended that did not end by itself.
pub(super) fn how_it_ended(finished: Option<&RunFinished>) -> Option<Reason> {
    let Some(finished) = finished else { return Some(Reason::CutOff) };
    let said = finished.reason.clone()?;
    Some(Reason::Stopped { cause: finished.cause, said })
}

pub(super) fn gate(summary: &LoadSummary) -> GateOutcome {
    let mut reasons = Vec::new();
    let with = |verdict: Verdict| summary.thresholds.iter().filter(move |one| one.verdict == verdict);
    reasons.extend(with(Verdict::Missed).map(|one| Reason::Missed(one.text.clone())));
    let n_missed = reasons.len();
    let inconclusive = with(Verdict::Inconclusive).filter_map(|one| Some((one, one.reason.clone()?)));
    reasons.extend(inconclusive.map(|(one, reason)| Reason::Inconclusive(one.text.clone(), Box::new(reason))));
    let finished = summary.finished.as_ref();
    reasons.extend(how_it_ended(finished));
    let answered = summary.steps.iter().map(|step| step.calls() - step.count(LoadClass::Failed)).sum::<u64>();
    let silent = answered == 0 && summary.totals.warm_up_calls == 0;
    if silent {
        reasons.push(Reason::NoneUnderstood);
    }
    let exit_code = match finished.and_then(|finished| finished.cause) {
        Some(StopCause::Internal) => 70,
        Some(StopCause::Budget) => 5,
        _ if silent => 3,
        _ if n_missed > 0 => 1,
        _ if !reasons.is_empty() => 3,
        _ => 0,
    };
    GateOutcome { exit_code, reasons }
}
