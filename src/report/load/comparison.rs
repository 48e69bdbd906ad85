//! Two runs side by side, as Markdown.

use super::words::milliseconds;
use crate::load_summary::{Change, Comparison, LoadSummary};
use crate::report::Lang;
use crate::report::markup::prose;

/// Renders a comparison.
pub fn render_comparison(base: &LoadSummary, new: &LoadSummary, comparison: &Comparison, lang: Lang) -> String {
    let mut text = format!(
        "# {}\n\n{} → {}\n\n| {} | {} | {} | {} | {} | {} | {} |\n|---|---|---|---|---|---|---|\n",
        prose(&new.planned.profile),
        prose(&format!("{} {}", base.run.subject, base.run.started_at)),
        prose(&format!("{} {}", new.run.subject, new.run.started_at)),
        lang.pick("step", "步骤"),
        lang.pick("percentile", "百分位"),
        lang.pick("before, ms", "之前（毫秒）"),
        lang.pick("after, ms", "之后（毫秒）"),
        lang.pick("change", "变化"),
        lang.pick("95 % interval", "95% 置信区间"),
        lang.pick("verdict", "结论"),
    );
    for one in &comparison.latency {
        text.push_str(&format!(
            "| {} | p{} | {} | {} | {} | {} … {} | {} |\n",
            prose(&one.step),
            one.percentile,
            milliseconds(one.base),
            milliseconds(one.new),
            percent(one.change),
            percent(one.low),
            percent(one.high),
            verdict(one.verdict, &percent((one.high - one.low) / 2.0), lang)
        ));
    }
    text.push_str(&format!(
        "\n| {} | {} | {} | {} | {} |\n|---|---|---|---|---|\n",
        lang.pick("step", "步骤"),
        lang.pick("no good answer before", "之前无成功应答"),
        lang.pick("after", "之后"),
        lang.pick("95 % interval", "95% 置信区间"),
        lang.pick("verdict", "结论"),
    ));
    for one in &comparison.answers {
        text.push_str(&format!(
            "| {} | {:.2} % | {:.2} % | {} … {} | {} |\n",
            prose(&one.step),
            one.base * 100.0,
            one.new * 100.0,
            points(one.low, lang),
            points(one.high, lang),
            verdict(one.verdict, &points((one.high - one.low) / 2.0, lang), lang)
        ));
    }
    text.push('\n');
    text.push_str(lang.pick(
        "Latency of good answers. Intervals are bootstrapped by seconds and hold for all lines together.\n",
        "延迟为成功应答的延迟。置信区间按秒自助抽样，对所有行同时成立。\n",
    ));
    text
}

fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

/// A difference of two shares.
fn points(difference: f64, lang: Lang) -> String {
    format!("{:+.2} {}", difference * 100.0, lang.pick("points", "个百分点"))
}

/// `least` is the smallest change that could have been seen.
fn verdict(change: Change, least: &str, lang: Lang) -> String {
    match change {
        Change::Worse => lang.pick("WORSE", "变差").to_owned(),
        Change::Better => lang.pick("better", "变好").to_owned(),
        Change::None => {
            format!("{} {least}", lang.pick("no change seen, could have seen", "未见变化，可察觉的变化为"))
        }
        Change::Unknown => {
            lang.pick("UNKNOWN: fewer than ten seconds, or no good answer", "无法判定：不足十秒或无成功应答").to_owned()
        }
        Change::Otherwise => {
            lang.pick("NOT COMPARED: more or fewer calls were answered well", "未比较：成功应答的比例不同").to_owned()
        }
    }
}
