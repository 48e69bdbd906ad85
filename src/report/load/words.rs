//! Figures and verdicts in words, for all formats that people read.

use crate::event::{LoadClass, StopCause};
use crate::load_profile::threshold::Metric;
use crate::load_profile::{Threshold, Tried};
use crate::load_summary::{Capacity, Reason, ThresholdVerdict, Verdict};
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

/// Writes why a verdict is not what it seems, or a run not satisfied.
pub(super) fn reason(reason: &Reason, lang: Lang) -> String {
    match lang {
        Lang::En => reason.to_string(),
        Lang::Zh => in_chinese(reason),
    }
}

const LACKING: &str = "本机已无可用的文件描述符或端口；请提高 `ulimit -n` 或降低 `connections.at_most`";

fn in_chinese(reason: &Reason) -> String {
    match reason {
        Reason::Unreadable(why) => why.clone(),
        Reason::NoCall => "没有发出任何调用".to_owned(),
        Reason::NothingMeasured => "没有测得任何数据".to_owned(),
        Reason::NoneChecked => "没有响应与契约核对".to_owned(),
        Reason::NoGoodAnswer => "没有成功的响应".to_owned(),
        Reason::TooFew { n, percentile, needed } => {
            format!("{n} 个成功响应不足以得出 p{percentile}：需要 {needed:.0} 个")
        }
        Reason::Void { wrong, checked } => format!("作废：核对的 {checked} 个响应中有 {wrong} 个错误"),
        Reason::EndedEarly => "运行提前结束".to_owned(),
        Reason::Unsent { dropped, lacking } => {
            let lacking = if *lacking { format!("：{LACKING}") } else { String::new() };
            format!("{dropped} 次调用未能及时发出{lacking}")
        }
        Reason::Lacking => LACKING.to_owned(),
        Reason::SentLate { ms } => format!("调用发出最多延误 {ms:.1} ms（p99），超过阈值的十分之一"),
        Reason::Missed(text) => format!("未达标：{text}"),
        Reason::Inconclusive(text, why) => format!("无法判定：{text}（{}）", in_chinese(why)),
        Reason::Stopped { cause: Some(StopCause::Interrupted), .. } => "在全部到达之前被中断".to_owned(),
        Reason::Stopped { cause: Some(StopCause::Budget), .. } => "计费调用预算已用完".to_owned(),
        Reason::Stopped { said, .. } => said.clone(),
        Reason::CutOff => "运行被切断".to_owned(),
        Reason::NoneUnderstood => "没有任何调用得到可理解的响应".to_owned(),
        Reason::NoRateHolds { from } => format!("未达标：每秒 {from} 次也不能保持"),
        Reason::Unconfirmed => "无法判定：没有速率保持到所需次数".to_owned(),
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
