//! One line a second and step, for spreadsheets and plotting programs.

use crate::load_summary::LoadSummary;

const HEAD: &str = "second,micros,due,dropped,held_by_limit,held_by_connection,open_connections,lag_p99_us,step,ok,refused,\
                    throttled,failed,p50_us,p90_us,p99_us,max_us\n";

/// Renders the seconds. Latencies are those of good answers.
pub(super) fn render(summary: &LoadSummary) -> String {
    let mut text = HEAD.to_owned();
    for second in &summary.seconds {
        for (step, figures) in second.steps.iter().enumerate() {
            let latency = figures.latency();
            let at = |quantile: f64| latency.value_at_quantile(quantile);
            let name = summary.steps.get(step).map_or("", |step| step.step.as_str());
            text.push_str(&format!(
                "{},{},{},{},{},{},{},{},{name},{},{},{},{},{},{},{},{}\n",
                second.second,
                second.micros,
                second.due,
                second.dropped,
                second.held_by_limit,
                second.held_by_connection,
                second.open,
                second.lag_p99,
                figures.ok,
                figures.refused,
                figures.throttled,
                figures.failed,
                at(0.5),
                at(0.9),
                at(0.99),
                latency.max(),
            ));
        }
    }
    text
}
