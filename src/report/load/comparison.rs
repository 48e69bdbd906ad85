//! Two runs side by side, as Markdown.

use super::words::milliseconds;
use crate::load_summary::{Change, Compared, LoadSummary};
use crate::report::Lang;
use crate::report::markup::prose;

/// Renders a comparison.
pub fn render_comparison(base: &LoadSummary, new: &LoadSummary, compared: &[Compared], lang: Lang) -> String {
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
    for one in compared {
        text.push_str(&format!(
            "| {} | p{} | {} | {} | {} | {} … {} | {} |\n",
            prose(&one.step),
            one.percentile,
            milliseconds(one.base),
            milliseconds(one.new),
            percent(one.change),
            percent(one.low),
            percent(one.high),
            verdict(one, lang)
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

fn verdict(one: &Compared, lang: Lang) -> String {
    match one.verdict {
        Change::Slower => lang.pick("SLOWER", "变慢").to_owned(),
        Change::Faster => lang.pick("faster", "变快").to_owned(),
        Change::None => {
            let seen = percent((one.high - one.low) / 2.0);
            format!("{} {seen}", lang.pick("no change seen, could have seen", "未见变化，可察觉的变化为"))
        }
        Change::Unknown => {
            lang.pick("UNKNOWN: fewer than ten seconds, or no good answer", "无法判定：不足十秒或无成功应答").to_owned()
        }
    }
}
