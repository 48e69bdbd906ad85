//! The whole run as one JSON object, for scripts.

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::event::LoadClass;
use crate::load_profile::Tried;
use crate::load_summary::{Capacity, LoadSummary, StepFigures, Throttling, Verdict};

/// Value of `format` in the JSON report of a load run.
pub const LOAD_REPORT_FORMAT: &str = "idvet/load-report/1";

const CLASSES: [(LoadClass, &str); 4] = [
    (LoadClass::Ok, "ok"),
    (LoadClass::Refused, "refused"),
    (LoadClass::Throttled, "throttled"),
    (LoadClass::Failed, "failed"),
];

/// Renders a run. All lengths of time are in microseconds.
pub(super) fn render(summary: &LoadSummary) -> String {
    let totals = &summary.totals;
    let planned = &summary.planned;
    let report = json!({
        "format": LOAD_REPORT_FORMAT,
        "profile": planned.profile, "subject": summary.run.subject, "tool": summary.run.tool,
        "started_at": summary.run.started_at, "seed": summary.run.seed, "shard": planned.shard,
        "partial": summary.is_partial(),
        "exit_code": summary.gate.exit_code, "reasons": summary.gate.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "measured_seconds": totals.measured_seconds,
        "arrivals": { "planned": planned.arrivals, "due": totals.due, "finished": totals.finished,
            "abandoned": totals.abandoned, "submissions_failed": totals.submissions_failed, "retries": totals.retries, "dropped": totals.dropped,
                "warm_up_dropped": totals.warm_up_dropped, "connections_lacking": totals.lacking },
        "held": { "by_limit": totals.held_by_limit, "by_connection": totals.held_by_connection },
        "connections": totals.connections,
        "checked": totals.checked, "wrong": totals.wrong,
        "billable_calls": summary.finished.as_ref().map(|finished| finished.billable_calls),
        "limits": (0..planned.limits.len()).map(|idx| limit(summary, idx)).collect::<Vec<_>>(),
        "steps": summary.steps.iter().enumerate().map(|(idx, one)| step(summary, idx, one)).collect::<Vec<_>>(),
        "thresholds": summary.thresholds.iter().map(|one| json!({
            "threshold": one.text, "figure": one.figure, "reason": one.reason.as_ref().map(ToString::to_string),
            "verdict": match one.verdict {
                Verdict::Held => "held",
                Verdict::Missed => "missed",
                Verdict::Inconclusive => "inconclusive",
            },
        })).collect::<Vec<_>>(),
        "capacity": summary.capacity.as_ref().map(capacity),
        "wrong_answers": summary.wrong,
    });
    format!("{report:#}\n")
}

fn capacity(found: &Capacity) -> Value {
    let plateaus = found.plateaus.iter().map(|plateau| {
        json!({
            "rate": plateau.rate, "failed": plateau.failed(), "latency": distribution(&plateau.summary.latency()),
            "outcome": match plateau.outcome {
                Tried::Held => "held",
                Tried::Missed => "missed",
                Tried::Inconclusive => "inconclusive",
            },
        })
    });
    json!({
        "rate": found.rate, "held": found.held, "confirmed": found.is_confirmed(), "lowest_missed": found.missed,
        "search": found.search, "plateaus": plateaus.collect::<Vec<_>>(),
    })
}

/// A limit, and where it is held together with other processes, what this run had of it.
fn limit(summary: &LoadSummary, idx: usize) -> Value {
    let mut limit = json!(summary.planned.limits[idx]);
    if let Some((least, most, n_without)) = summary.share(idx) {
        limit["share"] = json!({ "least": least, "most": most, "seconds_without": n_without });
    }
    limit
}

fn step(summary: &LoadSummary, idx: usize, step: &StepFigures) -> Value {
    let classes = CLASSES.iter().map(|(class, name)| {
        let answers = step.classes.get(class);
        let figures = json!({
            "calls": step.count(*class),
            "latency": answers.map(|answers| distribution(&answers.latency)),
            "service": answers.map(|answers| distribution(&answers.service)),
        });
        ((*name).to_owned(), figures)
    });
    let throttling = Throttling::of(&summary.seconds, idx).map(|found| {
        json!({
            "first_second": found.first, "last_second": found.last, "seconds": found.seconds,
            "accepted_a_second": found.accepted, "accepted_most": found.accepted_most,
            "recovered_after_seconds": found.recovered_after,
        })
    });
    json!({
        "step": step.step, "operation": format!("{}.{}", step.api, step.operation),
        "calls": step.calls(), "classes": classes.collect::<Map<String, Value>>(), "codes": step.codes,
        "sent_late": distribution(&step.lag), "throttling": throttling,
    })
}

fn distribution(histogram: &Histogram<u64>) -> Value {
    let at = |quantile: f64| histogram.value_at_quantile(quantile);
    json!({
        "count": histogram.len(), "min": histogram.min(), "mean": histogram.mean(),
        "p50": at(0.5), "p90": at(0.9), "p95": at(0.95), "p99": at(0.99), "p99.9": at(0.999), "p99.99": at(0.9999),
        "max": histogram.max(),
    })
}
