//! The plots of a load run, as SVG.

use hdrhistogram::Histogram;
use plotters::prelude::*;

use crate::load_profile::Tried;
use crate::load_summary::{Capacity, LoadSummary, SecondFigures};
use crate::report::Lang;

/// Pixels.
const SIZE: (u32, u32) = (860, 300);

/// Colours that are told apart by whoever does not see red or green (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
];

/// A plot: its title and its SVG.
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) svg: String,
}

/// A named line through points.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// What is along the axes.
struct Axes<'a> {
    x: &'a str,
    y: &'a str,
}

/// Draws all plots that there is something to show in.
pub(super) fn plots(summary: &LoadSummary, lang: Lang) -> Vec<Plot> {
    let mut plots = Vec::new();
    let mut add = |title: &str, svg: Option<String>| {
        plots.extend(svg.map(|svg| Plot { title: title.to_owned(), svg }));
    };
    if let Some(found) = &summary.capacity {
        add(lang.pick("p99 by rate", "各速率的 p99"), knee(found, lang));
    }
    add(lang.pick("Latency of good answers by percentile", "成功应答延迟分位"), percentiles(summary, lang));
    add(lang.pick("Latency over time", "延迟随时间分布"), heat_map(summary, lang));
    add(lang.pick("Rate asked and achieved", "应发与实际速率"), rates(summary, lang));
    add(lang.pick("Answers by kind", "应答类别"), kinds(summary, lang));
    add(lang.pick("How late calls were sent, p99", "发送延误 p99"), lateness(summary, lang));
    plots
}

/// Draws; a plot that cannot be drawn is left out, and its figures are in the tables all the same.
fn svg(draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Option<()>) -> Option<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        draw(&root)?;
        root.present().ok()?;
    }
    Some(text)
}

fn lines(axes: &Axes<'_>, lines: &[Line]) -> Option<String> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let largest = |pick: fn(&(f64, f64)) -> f64| points().map(pick).fold(0.0, f64::max);
    points().next()?;
    let (x, y) = (largest(|point| point.0).max(1.0), largest(|point| point.1).max(1e-3) * 1.05);
    svg(|root| {
        root.fill(&WHITE).ok()?;
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..x, 0.0..y)
            .ok()?;
        chart.configure_mesh().x_desc(axes.x).y_desc(axes.y).light_line_style(WHITE).draw().ok()?;
        for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), style))
                .ok()?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw().ok()
    })
}

fn by_second(summary: &LoadSummary, name: &str, value: impl Fn(&SecondFigures) -> f64) -> Line {
    let points = summary.seconds.iter().map(|second| (second.second as f64, value(second))).collect();
    Line { name: name.to_owned(), points }
}

fn rates(summary: &LoadSummary, lang: Lang) -> Option<String> {
    // The last second may be short.
    let a_second = |count: u64, second: &SecondFigures| count as f64 * 1e6 / second.micros.max(100_000) as f64;
    let due = by_second(summary, lang.pick("arrivals due", "应发"), |second| a_second(second.due, second));
    let mut all = vec![due];
    for (idx, step) in summary.steps.iter().enumerate() {
        all.push(by_second(summary, &step.step, |second| {
            let step = &second.steps[idx];
            a_second(step.ok + step.refused + step.throttled + step.failed, second)
        }));
    }
    lines(&Axes { x: lang.pick("s", "秒"), y: lang.pick("a second", "每秒") }, &all)
}

fn kinds(summary: &LoadSummary, lang: Lang) -> Option<String> {
    let sum = |second: &SecondFigures, pick: fn(&crate::load_summary::StepSecond) -> u64| {
        second.steps.iter().map(pick).sum::<u64>() as f64
    };
    let all = [
        by_second(summary, lang.pick("ok", "成功"), |second| sum(second, |step| step.ok)),
        by_second(summary, lang.pick("refused", "业务拒绝"), |second| sum(second, |step| step.refused)),
        by_second(summary, lang.pick("throttled", "被限流"), |second| sum(second, |step| step.throttled)),
        by_second(summary, lang.pick("failed", "失败"), |second| sum(second, |step| step.failed)),
        by_second(summary, lang.pick("dropped", "丢弃"), |second| second.dropped as f64),
    ];
    lines(&Axes { x: lang.pick("s", "秒"), y: lang.pick("in the second", "该秒内") }, &all)
}

fn lateness(summary: &LoadSummary, lang: Lang) -> Option<String> {
    let late = by_second(summary, "p99", |second| second.lag_p99 as f64 / 1e3);
    lines(&Axes { x: lang.pick("s", "秒"), y: lang.pick("ms", "毫秒") }, &[late])
}

/// Percentiles along the number of nines: 90, 99, 99.9, …
fn percentiles(summary: &LoadSummary, lang: Lang) -> Option<String> {
    let mut all = Vec::new();
    for step in &summary.steps {
        let Some(ok) = step.ok() else { continue };
        for (name, histogram) in
            [(lang.pick("latency", "延迟"), &ok.latency), (lang.pick("service", "服务耗时"), &ok.service)]
        {
            let points = histogram.iter_quantiles(5).filter(|one| one.quantile_iterated_to() < 1.0);
            let points =
                points.map(|one| (-(1.0 - one.quantile_iterated_to()).log10(), one.value_iterated_to() as f64 / 1e3));
            all.push(Line { name: format!("{} {name}", step.step), points: points.collect() });
        }
    }
    let x = lang.pick("nines: 1 is p90, 2 is p99, 3 is p99.9", "九的个数：1 为 p90，2 为 p99，3 为 p99.9");
    lines(&Axes { x, y: lang.pick("ms", "毫秒") }, &all)
}

/// Columns of the heat map at most; a long run puts several seconds into one.
const COLUMNS: usize = 120;
/// Rows of it.
const ROWS: usize = 32;

/// How many answers took how long, second by second; latency on a logarithmic scale.
fn heat_map(summary: &LoadSummary, lang: Lang) -> Option<String> {
    let per_column = summary.seconds.len().div_ceil(COLUMNS).max(1);
    let columns: Vec<Histogram<u64>> = summary.seconds.chunks(per_column).map(merged).collect();
    let least = columns.iter().filter(|one| !one.is_empty()).map(Histogram::min).min()?.max(1) as f64;
    let most = columns.iter().map(Histogram::max).max()?.max(2) as f64;
    let (low, high) = (least.log10(), (most * 1.01).log10().max(least.log10() + 0.1));
    let row_of = |value: u64| (((value.max(1) as f64).log10() - low) / (high - low) * ROWS as f64) as usize;
    let mut cells = vec![[0_u64; ROWS]; columns.len()];
    for (column, histogram) in columns.iter().enumerate() {
        for one in histogram.iter_recorded() {
            cells[column][row_of(one.value_iterated_to()).min(ROWS - 1)] += one.count_at_value();
        }
    }
    let densest = cells.iter().flatten().copied().max()?.max(1) as f64;
    let height = (high - low) / ROWS as f64;
    svg(|root| {
        root.fill(&WHITE).ok()?;
        let width = (columns.len() * per_column) as f64;
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..width, low..high)
            .ok()?;
        let in_ms = |exponent: &f64| format!("{:.3}", 10_f64.powf(*exponent) / 1e3);
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(lang.pick("s", "秒"))
            .y_desc(lang.pick("ms, logarithmic", "毫秒（对数）"))
            .y_label_formatter(&in_ms)
            .draw()
            .ok()?;
        let drawn = cells.iter().enumerate().flat_map(|(column, rows)| {
            let left = (column * per_column) as f64;
            rows.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(row, count)| {
                // The root shows single answers beside thousands.
                let shade = 0.12 + 0.88 * (*count as f64 / densest).sqrt();
                let bottom = low + row as f64 * height;
                let corners = [(left, bottom), (left + per_column as f64, bottom + height)];
                Rectangle::new(corners, COLOURS[0].mix(shade).filled())
            })
        });
        chart.draw_series(drawn).ok().map(drop)
    })
}

fn merged(seconds: &[SecondFigures]) -> Histogram<u64> {
    let mut all = Histogram::new(3).expect("three digits");
    for step in seconds.iter().flat_map(|second| &second.steps) {
        // A histogram that grows holds whatever another holds.
        let _ = all.add(step.latency());
    }
    all
}

/// The rates of a search and their p99: the knee.
fn knee(found: &Capacity, lang: Lang) -> Option<String> {
    let mut points: Vec<(f64, f64, Tried)> = found
        .plateaus
        .iter()
        .map(|plateau| (plateau.rate, plateau.summary.latency().value_at_quantile(0.99) as f64 / 1e3, plateau.outcome))
        .collect();
    points.sort_by(|left, right| left.0.total_cmp(&right.0));
    let x = points.iter().map(|point| point.0).fold(1.0, f64::max) * 1.05;
    let y = points.iter().map(|point| point.1).fold(1e-3, f64::max) * 1.1;
    svg(|root| {
        root.fill(&WHITE).ok()?;
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..x, 0.0..y)
            .ok()?;
        let (x_name, y_name) = (lang.pick("arrivals a second", "笔/秒"), lang.pick("p99, ms", "p99（毫秒）"));
        chart.configure_mesh().x_desc(x_name).y_desc(y_name).light_line_style(WHITE).draw().ok()?;
        let line = points.iter().map(|point| (point.0, point.1));
        chart.draw_series(LineSeries::new(line, COLOURS[0].stroke_width(1))).ok()?;
        let is_held = |point: &&(f64, f64, Tried)| point.2 == Tried::Held;
        let held = points.iter().filter(is_held).map(|point| Circle::new((point.0, point.1), 4, COLOURS[0].filled()));
        chart
            .draw_series(held)
            .ok()?
            .label(lang.pick("held", "达标"))
            .legend(|(x, y)| Circle::new((x + 9, y), 4, COLOURS[0].filled()));
        let missed = points.iter().filter(|point| !is_held(point));
        let missed = missed.map(|point| Cross::new((point.0, point.1), 5, COLOURS[4].stroke_width(2)));
        chart
            .draw_series(missed)
            .ok()?
            .label(lang.pick("not held", "未达标"))
            .legend(|(x, y)| Cross::new((x + 9, y), 5, COLOURS[4].stroke_width(2)));
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw().ok()
    })
}
