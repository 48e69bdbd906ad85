//! A bar on a terminal while the run goes; nothing anywhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, LoadClass, LoadInterval, Verdict};
use crate::load_summary::read_histogram;

/// Hears events and shows how far the run is, on stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    n_planned: u64,
    n_failed: u64,
}

const SECOND: u64 = 1_000_000_000;

/// Says what a second of a load run was like.
fn load_message(interval: &LoadInterval) -> String {
    let calls: u64 = interval.rows.iter().map(|row| row.calls).sum();
    let of =
        |class: LoadClass| -> u64 { interval.rows.iter().filter(|row| row.class == class).map(|row| row.calls).sum() };
    let mut text = format!("s, {calls} answers/s");
    let mut latency = hdrhistogram::Histogram::<u64>::new(3).expect("three digits");
    for row in interval.rows.iter().filter(|row| row.class == LoadClass::Ok) {
        // What cannot be read is said at the end; a histogram that grows holds whatever another holds.
        let _ = read_histogram(&row.latency).map(|one| latency.add(&one));
    }
    if !latency.is_empty() {
        let at = |quantile: f64| latency.value_at_quantile(quantile) as f64 / 1e3;
        text.push_str(&format!(", p50 {:.1} ms, p99 {:.1} ms", at(0.5), at(0.99)));
    }
    let named = [(LoadClass::Refused, "refused"), (LoadClass::Throttled, "throttled"), (LoadClass::Failed, "failed")];
    for (class, name) in named {
        if of(class) > 0 {
            text.push_str(&format!(", {} {name}", of(class)));
        }
    }
    if interval.dropped > 0 {
        text.push_str(&format!(", {} dropped", interval.dropped));
    }
    text
}

impl Progress {
    /// Makes a bar that is drawn only when `enabled` (the caller knows of terminals and `--quiet`).
    pub fn new(enabled: bool) -> Self {
        let target = if enabled { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template = "{bar:30} {pos}/{len} {msg} {elapsed}";
        bar.set_style(ProgressStyle::with_template(template).expect("a constant template"));
        Self { bar, n_planned: 0, n_failed: 0 }
    }

    /// Takes note of an event.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::CasePlanned(_) => {
                self.n_planned += 1;
                self.bar.set_length(self.n_planned);
            }
            Event::CaseFinished(case) => {
                self.bar.inc(1);
                if case.verdict == Verdict::Failed {
                    self.n_failed += 1;
                    self.bar.set_message(format!("({} failed)", self.n_failed));
                }
            }
            Event::RunFinished(_) => self.bar.finish_and_clear(),
            Event::LoadPlanned(planned) => self.bar.set_length(planned.length_nanos / SECOND),
            Event::LoadInterval(interval) => {
                self.bar.set_position(interval.second + 1);
                self.bar.set_message(load_message(interval));
            }
            Event::RunStarted(_)
            | Event::Requirement(_)
            | Event::KnownFailure(_)
            | Event::Exchange(_)
            | Event::LoadPlateau(_)
            | Event::LoadWrong(_) => {}
        }
    }

    /// Takes the bar away, for a run that ends without its last event.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Returns finished and planned cases.
    pub fn position(&self) -> (u64, u64) {
        (self.bar.position(), self.n_planned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_summary::fixture::{row, second};

    #[test]
    fn a_second_of_load_is_told_in_a_line() {
        let ok = row(LoadClass::Ok, "200", &[2_000; 99], 0);
        let throttled = row(LoadClass::Throttled, "Throttling.User", &[9; 3], 0);
        let mut interval = second(0, vec![ok, throttled]);
        interval.dropped = 2;
        assert_eq!(load_message(&interval), "s, 102 answers/s, p50 2.0 ms, p99 2.0 ms, 3 throttled, 2 dropped");
        assert_eq!(load_message(&second(1, Vec::new())), "s, 0 answers/s");
    }
}
