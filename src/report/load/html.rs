//! The report of a load run for a browser: one file, nothing fetched, no script.

use super::console::render_console;
use super::plots::plots;
use super::words::{figure, reason, statement, verdict};
use crate::load_summary::{LoadSummary, Verdict};
use crate::report::Lang;
use crate::report::markup::{visible, visible_lines};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#1a1a1a}\
    table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}\
    pre{background:#f6f6f6;padding:1em;overflow-x:auto;font-size:12px}svg{max-width:100%;height:auto}\
    .missed{background:#fbe3d8}.inconclusive{background:#fdf1d0}";

/// Renders a run.
pub(super) fn render(summary: &LoadSummary, lang: Lang) -> String {
    let planned = &summary.planned;
    let language = lang.pick("en", "zh-CN");
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{profile}</title><style>{STYLE}</style></head><body>\n<h1>{profile}</h1>\n<p>{title}</p>\n\
         <p>{subject} · {tool} · {started}</p>\n",
        profile = escaped(&planned.profile),
        title = escaped(lang.pick(&planned.title_en, &planned.title_zh)),
        subject = escaped(&summary.run.subject),
        tool = escaped(&summary.run.tool),
        started = escaped(&summary.run.started_at),
    );
    text.push_str(&verdicts(summary, lang));
    for plot in plots(summary, lang) {
        text.push_str(&format!("<h2>{}</h2>\n{}\n", escaped(&plot.title), plot.svg));
    }
    let figures = escaped_lines(&render_console(summary, lang));
    text.push_str(&format!("<h2>{}</h2>\n<pre>{figures}</pre>\n</body></html>\n", lang.pick("Figures", "数据")));
    text
}

fn verdicts(summary: &LoadSummary, lang: Lang) -> String {
    if let Some(found) = &summary.capacity {
        return format!("<p><strong>{}</strong></p>\n", escaped(&statement(found, lang)));
    }
    let mut text = format!(
        "<table><tr><th>{}</th><th>{}</th><th>{}</th></tr>\n",
        lang.pick("threshold", "阈值"),
        lang.pick("figure", "实测"),
        lang.pick("verdict", "结论")
    );
    for one in &summary.thresholds {
        let class = match one.verdict {
            Verdict::Held => "held",
            Verdict::Missed => "missed",
            Verdict::Inconclusive => "inconclusive",
        };
        let reason = one.reason.as_ref().map(|why| format!(" ({})", reason(why, lang))).unwrap_or_default();
        text.push_str(&format!(
            "<tr class=\"{class}\"><td>{}</td><td>{}</td><td>{}{}</td></tr>\n",
            escaped(&one.text),
            escaped(&figure(one)),
            verdict(one.verdict, lang),
            escaped(&reason)
        ));
    }
    text.push_str("</table>\n");
    text
}

fn escaped(text: &str) -> String {
    markup_free(&visible(text))
}

fn escaped_lines(text: &str) -> String {
    markup_free(&visible_lines(text))
}

fn markup_free(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
