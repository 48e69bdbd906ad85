//! The report of a load run for people, to be kept beside a release.

use super::console::render_console;
use super::words::{figure, milliseconds, reason, statement, verdict};
use crate::load_summary::LoadSummary;
use crate::report::Lang;
use crate::report::markup::{cell_code, fenced, prose};

/// Renders a run.
pub(super) fn render(summary: &LoadSummary, lang: Lang) -> String {
    let planned = &summary.planned;
    let title = lang.pick(&planned.title_en, &planned.title_zh);
    let mut text = format!("# {}\n\n{}\n\n", prose(&planned.profile), prose(title));
    text.push_str(&format!(
        "{}: {} · {} · {}\n\n",
        lang.pick("Target", "目标"),
        prose(&summary.run.subject),
        prose(&summary.run.tool),
        prose(&summary.run.started_at)
    ));
    text.push_str(&verdicts(summary, lang));
    text.push_str(&limits(summary, lang));
    text.push_str(&format!("## {}\n\n", lang.pick("Figures", "数据")));
    text.push_str(lang.pick(
        "Latency counts from the moment a call was due, service time from its first byte sent; how late calls were sent is \
         shown beside both.\n\n",
        "延迟自调用应发时刻起算，服务耗时自首字节发出起算；发送延误另列。\n\n",
    ));
    text.push_str(&fenced(render_console(summary, lang).trim_end(), "text"));
    text.push_str("\n\n");
    text.push_str(&seconds(summary, lang));
    text
}

fn verdicts(summary: &LoadSummary, lang: Lang) -> String {
    if let Some(found) = &summary.capacity {
        return format!("{}\n\n", prose(&statement(found, lang)));
    }
    if summary.thresholds.is_empty() {
        return format!("{}\n\n", lang.pick("The profile sets no threshold.", "该负载配置未设阈值。"));
    }
    let mut text = format!(
        "| {} | {} | {} |\n|---|---|---|\n",
        lang.pick("threshold", "阈值"),
        lang.pick("figure", "实测"),
        lang.pick("verdict", "结论")
    );
    for one in &summary.thresholds {
        let reason = one.reason.as_ref().map(|why| format!(" ({})", prose(&reason(why, lang)))).unwrap_or_default();
        text.push_str(&format!(
            "| {} | {} | {}{reason} |\n",
            cell_code(&one.text),
            figure(one),
            verdict(one.verdict, lang)
        ));
    }
    text.push('\n');
    text
}

fn limits(summary: &LoadSummary, lang: Lang) -> String {
    let mut text = String::new();
    for (idx, limit) in summary.planned.limits.iter().enumerate() {
        let most = busiest(summary, limit.steps.as_slice());
        let origin = match limit.documented {
            true => lang.pick("documented", "文档规定"),
            false => lang.pick("budget", "预算"),
        };
        let shared = match summary.share(idx) {
            _ if !limit.is_shared => String::new(),
            None => lang.pick(", held together with other processes", "，与其他进程共同遵守").to_owned(),
            Some((least, most, n_without)) => match lang {
                Lang::En => format!(
                    ", held together with other processes: {least} to {most} a second were this run's, none in {n_without} s"
                ),
                Lang::Zh => format!("，与其他进程共同遵守：本次运行占 {least} 至 {most} 次/秒，{n_without} 秒没有份额"),
            },
        };
        text.push_str(&format!(
            "* {}: {} {} ({origin}{shared}), {} {most}\n",
            prose(&limit.name),
            limit.per_second,
            lang.pick("calls a second", "次/秒"),
            lang.pick("answers in the busiest second:", "最繁忙一秒的应答数：")
        ));
    }
    match text.is_empty() {
        true => text,
        false => format!("## {}\n\n{text}\n", lang.pick("Limits held", "遵守的限额")),
    }
}

fn busiest(summary: &LoadSummary, steps: &[u32]) -> u64 {
    let of = |second: &crate::load_summary::SecondFigures| -> u64 {
        let steps = steps.iter().filter_map(|step| second.steps.get(*step as usize));
        steps.map(|step| step.ok + step.refused + step.throttled + step.failed).sum()
    };
    summary.seconds.iter().map(of).max().unwrap_or_default()
}

/// Rows of the table of seconds; a long run is shown in as many, evenly.
const ROWS: usize = 60;

fn seconds(summary: &LoadSummary, lang: Lang) -> String {
    let mut text = format!(
        "## {}\n\n| s | {} | {} | {} | {} | {} | {} | p50 ms | p99 ms | max ms | {} |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        lang.pick("Second by second", "逐秒"),
        lang.pick("due", "应发"),
        lang.pick("ok", "成功"),
        lang.pick("refused", "拒绝"),
        lang.pick("throttled", "限流"),
        lang.pick("failed", "失败"),
        lang.pick("dropped", "丢弃"),
        lang.pick("late p99 ms", "延误 p99 ms")
    );
    let step = summary.seconds.len().div_ceil(ROWS).max(1);
    for second in summary.seconds.iter().step_by(step) {
        let mut latency = hdrhistogram::Histogram::<u64>::new(3).expect("three digits");
        let sum = |pick: fn(&crate::load_summary::StepSecond) -> u64| second.steps.iter().map(pick).sum::<u64>();
        for one in &second.steps {
            // A histogram that grows holds whatever another holds.
            let _ = latency.add(one.latency());
        }
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            second.second,
            second.due,
            sum(|step| step.ok),
            sum(|step| step.refused),
            sum(|step| step.throttled),
            sum(|step| step.failed),
            second.dropped,
            milliseconds(latency.value_at_quantile(0.5)),
            milliseconds(latency.value_at_quantile(0.99)),
            milliseconds(latency.max()),
            milliseconds(second.lag_p99)
        ));
    }
    text
}
