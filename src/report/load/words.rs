//! Figures and verdicts in words, for all formats that people read.

use crate::event::LoadClass;
use crate::load_profile::threshold::Metric;
use crate::load_profile::{Threshold, Tried};
use crate::load_summary::{Capacity, ThresholdVerdict, Verdict};
use crate::report::Lang;

/// Writes microseconds as milliseconds.
pub(super) fn milliseconds(micros: u64) -> String {
    let ms = micros as f64 / 1e3;
    match ms {
        ms if ms >= 100.0 => format!("{ms:.0}"),
        ms if ms >= 10.0 => format!("{ms:.1}"),
        ms => format!("{ms:.2}"),
    }
}

/// Writes a rate.
pub(super) fn rate(calls: u64, seconds: f64) -> String {
    match seconds > 0.0 {
        true => format!("{:.1}", calls as f64 / seconds),
        false => "–".to_owned(),
    }
}

pub(super) fn class(class: LoadClass, lang: Lang) -> &'static str {
    match class {
        LoadClass::Ok => lang.pick("ok", "成功"),
        LoadClass::Refused => lang.pick("refused", "业务拒绝"),
        LoadClass::Throttled => lang.pick("throttled", "被限流"),
        LoadClass::Failed => lang.pick("failed", "失败"),
    }
}

pub(super) fn verdict(verdict: Verdict, lang: Lang) -> &'static str {
    match verdict {
        Verdict::Held => lang.pick("held", "达标"),
        Verdict::Missed => lang.pick("MISSED", "未达标"),
        Verdict::Inconclusive => lang.pick("INCONCLUSIVE", "无法判定"),
    }
}

/// Writes a threshold's figure in its own unit.
pub(super) fn figure(one: &ThresholdVerdict) -> String {
    let Some(figure) = one.figure else { return "–".to_owned() };
    match Threshold::parse(&one.text).map(|threshold| threshold.metric) {
        Ok(Metric::Latency(_) | Metric::Service(_)) => format!("{} ms", milliseconds(figure as u64)),
        Ok(Metric::ErrorRate | Metric::RefusalRate | Metric::ThrottleRate) => format!("{:.3} %", figure * 100.0),
        Ok(Metric::Goodput | Metric::Throughput) => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

pub(super) fn tried(outcome: Tried, lang: Lang) -> &'static str {
    match outcome {
        Tried::Held => verdict(Verdict::Held, lang),
        Tried::Missed => verdict(Verdict::Missed, lang),
        Tried::Inconclusive => verdict(Verdict::Inconclusive, lang),
    }
}

/// Says what a capacity search found, and how sure that is.
pub(super) fn statement(found: &Capacity, lang: Lang) -> String {
    let Some(best) = found.rate else {
        return format!(
            "{} {:.2}",
            lang.pick("no rate was shown to hold, from", "未能证实任何速率达标，起始于"),
            found.search.from
        );
    };
    let upper = match found.missed {
        Some(missed) => format!("{} {missed:.2}", lang.pick("the lowest rate that missed:", "最低未达标速率：")),
        None => lang.pick("no rate missed: the range ends there", "无未达标速率：已到范围上限").to_owned(),
    };
    // A rate that misses every other time would hold so often with this chance.
    let chance = 100.0 * 0.5_f64.powi(i32::try_from(found.held).unwrap_or(i32::MAX));
    match lang {
        Lang::En => format!(
            "capacity: {best:.2} arrivals a second, held in {} of {} runs (a rate that misses every other time would do so with a \
             chance of {chance:.1} %); {upper}",
            found.held, found.held
        ),
        Lang::Zh => format!(
            "容量：每秒 {best:.2} 笔，{} 次运行均达标（若实际半数不达标，偶然如此的概率为 {chance:.1} %）；{upper}",
            found.held
        ),
    }
}
