//! Histograms in the formats of HdrHistogram's own tools: percentile distributions, and logs of intervals.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::clock::Timestamp;
use crate::load_summary::LoadSummary;

/// Steps of a distribution for each halving of what is left.
const TICKS: u32 = 5;

/// Writes the percentile distribution of good answers, in milliseconds, step by step.
pub(super) fn hgrm(summary: &LoadSummary) -> String {
    let mut text = String::new();
    for step in &summary.steps {
        let Some(ok) = step.ok() else { continue };
        text.push_str(&format!("# {}, latency of good answers in milliseconds\n", step.step));
        distribution(&ok.latency, &mut text);
    }
    text
}

fn distribution(histogram: &Histogram<u64>, text: &mut String) {
    text.push_str(&format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)"));
    let mut counted = 0;
    for step in histogram.iter_quantiles(TICKS) {
        counted += step.count_since_last_iteration();
        let quantile = step.quantile_iterated_to();
        let value = step.value_iterated_to() as f64 / 1e3;
        let rest = if quantile < 1.0 { format!("{:14.2}", 1.0 / (1.0 - quantile)) } else { String::new() };
        text.push_str(format!("{value:12.3} {quantile:2.12} {counted:10} {rest}").trim_end());
        text.push('\n');
    }
    text.push_str(&format!(
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n",
        histogram.mean() / 1e3,
        histogram.stdev() / 1e3
    ));
    text.push_str(&format!(
        "#[Max     = {:12.3}, Total count    = {:12}]\n",
        histogram.max() as f64 / 1e3,
        histogram.len()
    ));
    let magnitude = 64 - histogram.high().leading_zeros();
    text.push_str(&format!("#[Buckets = {:12}, SubBuckets     = {:12}]\n\n", magnitude.saturating_sub(11) + 1, 2048));
}

/// Writes the latency of good answers second by second, one tag a step; values in microseconds.
pub(super) fn hlog(summary: &LoadSummary) -> String {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    write_log(summary, &mut bytes).expect("a log that can be written");
    String::from_utf8_lossy(&bytes).into_owned()
}

type LogError = hdrhistogram::serialization::interval_log::IntervalLogWriterError<
    hdrhistogram::serialization::V2DeflateSerializeError,
>;

fn write_log(summary: &LoadSummary, bytes: &mut Vec<u8>) -> Result<(), LogError> {
    let mut serializer = V2DeflateSerializer::new();
    let start = Timestamp::parse_iso(&summary.run.started_at).unwrap_or(Timestamp(0));
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(start.0.unsigned_abs());
    let mut builder = IntervalLogWriterBuilder::new();
    let mut log = builder
        .add_comment("latency of good answers in microseconds, one tag a step")
        .with_start_time(start)
        .with_base_time(start)
        .with_max_value_divisor(1_000.0)
        .begin_log_with(bytes, &mut serializer)?;
    for second in &summary.seconds {
        for (idx, figures) in second.steps.iter().enumerate() {
            let latency = figures.latency();
            if latency.is_empty() {
                continue;
            }
            let name = summary.steps.get(idx).map_or("", |step| step.step.as_str());
            let begin = Duration::from_secs(second.second);
            log.write_histogram(&latency, begin, Duration::from_micros(second.micros), Tag::new(name))?;
        }
    }
    Ok(())
}
