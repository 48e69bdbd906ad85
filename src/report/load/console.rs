//! What the terminal shows at the end of a load run.

use super::words::{class, figure, milliseconds, rate, reason, statement, tried, verdict};
use crate::event::LoadClass;
use crate::load_summary::{Capacity, LoadSummary, Plateau, Throttling};
use crate::report::Lang;
use crate::report::markup::{visible_lines, width};

const CLASSES: [LoadClass; 4] = [LoadClass::Ok, LoadClass::Refused, LoadClass::Throttled, LoadClass::Failed];

/// Renders a run as text.
pub fn render_console(summary: &LoadSummary, lang: Lang) -> String {
    let mut text = head(summary, lang);
    if let Some(found) = &summary.capacity {
        text.push_str(&capacity(found, lang));
        text.push_str(&wrong(summary, lang));
        summary.gate.reasons.iter().for_each(|one| text.push_str(&format!("{}\n", reason(one, lang))));
        return visible_lines(&text);
    }
    text.push_str(&answers(summary, lang));
    text.push_str(&latencies(summary, lang));
    text.push_str(&sending(summary, lang));
    text.push_str(&codes(summary, lang));
    text.push_str(&throttling(summary, lang));
    text.push_str(&wrong(summary, lang));
    text.push_str(&thresholds(summary, lang));
    // Codes and values are the peer's.
    visible_lines(&text)
}

fn head(summary: &LoadSummary, lang: Lang) -> String {
    let planned = &summary.planned;
    let partial = if summary.is_partial() { lang.pick(", PARTIAL", "，不完整") } else { "" };
    let shard =
        planned.shard.as_ref().map(|shard| format!(", {} {shard}", lang.pick("shard", "分片"))).unwrap_or_default();
    format!(
        "{} {} {}{shard}{partial}\n{}: {:.1} s{}\n\n",
        planned.profile,
        lang.pick("on", "→"),
        summary.run.subject,
        lang.pick("measured", "计量时长"),
        summary.totals.measured_seconds,
        match summary.totals.warm_up_calls {
            0 => String::new(),
            n => format!("{}{n}", lang.pick(", answers of the warm-up left out: ", "，预热应答（不计入）：")),
        }
    )
}

/// The rates tried, in order of rate, and what follows of them.
fn capacity(found: &Capacity, lang: Lang) -> String {
    let head = [
        ("rate", "速率"),
        ("verdict", "结论"),
        ("good/s", "每秒成功"),
        ("p50 ms", "p50 毫秒"),
        ("p99 ms", "p99 毫秒"),
        ("not held", "未达标项"),
    ];
    let mut rows = vec![head.map(|(en, zh)| lang.pick(en, zh).to_owned()).to_vec()];
    let mut plateaus: Vec<&Plateau> = found.plateaus.iter().collect();
    plateaus.sort_by(|left, right| left.rate.total_cmp(&right.rate));
    for plateau in plateaus {
        let good: u64 = plateau.summary.steps.iter().map(|step| step.count(LoadClass::Ok)).sum();
        let latency = plateau.summary.latency();
        rows.push(vec![
            format!("{:.2}", plateau.rate),
            tried(plateau.outcome, lang).to_owned(),
            rate(good, plateau.summary.totals.measured_seconds),
            milliseconds(latency.value_at_quantile(0.5)),
            milliseconds(latency.value_at_quantile(0.99)),
            plateau.failed().join(", "),
        ]);
    }
    format!("{}{}\n\n", table(&rows), statement(found, lang))
}

fn table(rows: &[Vec<String>]) -> String {
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let room = " ".repeat(widest(column).unwrap_or_default().saturating_sub(width(cell)));
            // Names to the left, figures to the right.
            line.push_str(&if column == 0 { format!("{cell}{room}") } else { format!("  {room}{cell}") });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

fn answers(summary: &LoadSummary, lang: Lang) -> String {
    let seconds = summary.totals.measured_seconds;
    let mut head = vec![lang.pick("answers", "应答").to_owned(), lang.pick("calls", "调用").to_owned()];
    head.extend(CLASSES.map(|one| class(one, lang).to_owned()));
    head.push(lang.pick("a second", "每秒").to_owned());
    head.push(lang.pick("good a second", "每秒成功").to_owned());
    let mut rows = vec![head];
    for step in &summary.steps {
        let mut row = vec![step.step.clone(), step.calls().to_string()];
        row.extend(CLASSES.map(|one| step.count(one).to_string()));
        row.push(rate(step.calls(), seconds));
        row.push(rate(step.count(LoadClass::Ok), seconds));
        rows.push(row);
    }
    table(&rows)
}

fn latencies(summary: &LoadSummary, lang: Lang) -> String {
    let words = ["p50", "p90", "p99", "p99.9"];
    let mut head = vec![lang.pick("ms, good answers", "毫秒（成功应答）").to_owned()];
    head.extend(words.map(str::to_owned));
    head.extend([lang.pick("max", "最大").to_owned(), lang.pick("mean", "平均").to_owned()]);
    let mut rows = vec![head];
    for step in &summary.steps {
        let Some(ok) = step.ok() else { continue };
        let kinds = [
            (lang.pick("latency", "延迟"), &ok.latency),
            (lang.pick("service", "服务耗时"), &ok.service),
            (lang.pick("sent late", "发送延误"), &step.lag),
        ];
        for (name, histogram) in kinds {
            let mut row = vec![format!("{} {name}", step.step)];
            row.extend([0.5, 0.9, 0.99, 0.999].map(|quantile| milliseconds(histogram.value_at_quantile(quantile))));
            row.push(milliseconds(histogram.max()));
            row.push(milliseconds(histogram.mean().round() as u64));
            rows.push(row);
        }
    }
    if rows.len() == 1 { String::new() } else { table(&rows) }
}

fn sending(summary: &LoadSummary, lang: Lang) -> String {
    let totals = &summary.totals;
    let text = |en: &str, zh: &str, n: u64| format!("{} {n}", lang.pick(en, zh));
    let mut parts = vec![
        text("arrivals due", "到达", totals.due),
        text("finished", "完成", totals.finished),
        text("abandoned", "放弃", totals.abandoned),
        text("dropped", "丢弃", totals.dropped),
        text("held by a limit", "因限额等待", totals.held_by_limit),
        text("held by a connection", "因连接等待", totals.held_by_connection),
        text("connections", "连接", totals.connections),
    ];
    if totals.retries > 0 {
        parts.push(text("retries", "重试", totals.retries));
    }
    if totals.submissions_failed > 0 {
        parts.push(text("submissions not accepted", "未受理的提交", totals.submissions_failed));
    }
    if let Some(finished) = &summary.finished {
        parts.push(text("calls that may be billed", "可能计费的调用", finished.billable_calls));
    }
    format!("{}\n\n", parts.join(lang.pick(", ", "，")))
}

fn codes(summary: &LoadSummary, lang: Lang) -> String {
    let mut text = String::new();
    for step in &summary.steps {
        let mut codes: Vec<(&String, &u64)> = step.codes.iter().collect();
        codes.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), (*code).clone()));
        let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code} × {count}")).collect();
        if !codes.is_empty() {
            text.push_str(&format!("{} {}: {}\n", step.step, lang.pick("codes", "返回码"), codes.join(", ")));
        }
    }
    text
}

fn throttling(summary: &LoadSummary, lang: Lang) -> String {
    let mut text = String::new();
    for (idx, step) in summary.steps.iter().enumerate() {
        let Some(found) = Throttling::of(&summary.seconds, idx) else { continue };
        let recovered = match found.recovered_after {
            Some(seconds) => format!("{} {seconds} s", lang.pick("good answers again after", "恢复于其后")),
            None => lang.pick("no good answer after the last", "最后一次限流后未再成功").to_owned(),
        };
        text.push_str(&format!(
            "{} {}: {} {} s, {} {} s, {} {} ({} {}), {recovered}\n",
            step.step,
            lang.pick("throttled", "限流"),
            lang.pick("first after", "首次于"),
            found.first,
            lang.pick("in", "共"),
            found.seconds,
            lang.pick("good answers in such a second", "该秒内成功数"),
            found.accepted,
            lang.pick("at most", "最多"),
            found.accepted_most,
        ));
    }
    text
}

fn wrong(summary: &LoadSummary, lang: Lang) -> String {
    let totals = &summary.totals;
    if totals.checked == 0 {
        return format!("{}\n", lang.pick("no answer was held against the contract", "未对照合约核查任何应答"));
    }
    let mut text = format!(
        "{} {}, {} {}\n",
        lang.pick("answers held against the contract:", "对照合约核查的应答："),
        totals.checked,
        lang.pick("wrong:", "不符："),
        totals.wrong
    );
    for one in summary.wrong.iter().take(20) {
        let mismatch = &one.mismatch;
        text.push_str(&format!(
            "  {} {}: {}: {} {}, {} {}\n",
            one.step,
            one.requirement,
            mismatch.place,
            lang.pick("expected", "应为"),
            mismatch.expected,
            lang.pick("got", "实为"),
            mismatch.actual
        ));
    }
    text
}

fn thresholds(summary: &LoadSummary, lang: Lang) -> String {
    let mut text = String::new();
    let width = summary.thresholds.iter().map(|one| one.text.chars().count()).max().unwrap_or_default();
    for one in &summary.thresholds {
        let reason = one.reason.as_ref().map(|why| format!("  ({})", reason(why, lang))).unwrap_or_default();
        text.push_str(&format!("{:width$}  {:>12}  {}{reason}\n", one.text, figure(one), verdict(one.verdict, lang)));
    }
    text.push_str(&reasons(summary, lang));
    text
}

/// What the table of thresholds does not say.
fn reasons(summary: &LoadSummary, lang: Lang) -> String {
    let others = summary.gate.reasons.iter().filter(|reason| !reason.is_of_threshold());
    others.map(|one| format!("{}\n", reason(one, lang))).collect()
}
