//! A bar on a terminal while the run goes; nothing anywhere else.

use indexmap::IndexMap;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, LoadClass, LoadInterval, LoadPlanned, Verdict};
use crate::load_summary::read_histogram;

/// Hears events and shows how far the run is, on stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    n_planned: u64,
    n_failed: u64,
    /// Of a load run.
    planned: Option<LoadPlanned>,
}

const SECOND: u64 = 1_000_000_000;

/// Codes other than success that are told of a second, those that came most often.
const CODES: usize = 3;

/// Says what a second of a load run was like: answers, latency, codes, what is spent of the limit that is nearest, time left.
fn load_message(planned: Option<&LoadPlanned>, interval: &LoadInterval) -> String {
    let calls: u64 = interval.rows.iter().map(|row| row.calls).sum();
    let mut text = format!("s, {calls} answers/s");
    let mut latency = hdrhistogram::Histogram::<u64>::new(3).expect("three digits");
    let mut codes: IndexMap<&str, u64> = IndexMap::new();
    for row in &interval.rows {
        if row.class == LoadClass::Ok {
            // What cannot be read is said at the end; a histogram that grows holds whatever another holds.
            let _ = read_histogram(&row.latency).map(|one| latency.add(&one));
        } else {
            row.codes.iter().for_each(|(code, count)| *codes.entry(code).or_default() += count);
        }
    }
    if !latency.is_empty() {
        let at = |quantile: f64| latency.value_at_quantile(quantile) as f64 / 1e3;
        text.push_str(&format!(", p50 {:.1} ms, p99 {:.1} ms", at(0.5), at(0.99)));
    }
    codes.sort_by(|_, one, _, other| other.cmp(one));
    for (code, count) in codes.iter().take(CODES) {
        text.push_str(&format!(", {count} {code}"));
    }
    if codes.len() > CODES {
        text.push_str(&format!(" and {} more", codes.len() - CODES));
    }
    if interval.dropped > 0 {
        text.push_str(&format!(", {} dropped", interval.dropped));
    }
    if let Some(planned) = planned {
        text.push_str(&spent(planned, interval));
        let left = (planned.length_nanos / SECOND).saturating_sub(interval.second + 1);
        text.push_str(&format!(", {left} s left,"));
    }
    text
}

/// Says what share of the limit that is nearest was spent in a second.
fn spent(planned: &LoadPlanned, interval: &LoadInterval) -> String {
    if interval.shares.contains(&0) {
        return ", no share of a limit: the budget server gives none or cannot be reached".to_owned();
    }
    let used = planned.limits.iter().enumerate().map(|(idx, limit)| {
        let rows = interval.rows.iter().filter(|row| limit.steps.contains(&row.step));
        let per_second = interval.shares.get(idx).copied().unwrap_or(limit.per_second).max(1);
        (rows.map(|row| row.calls).sum::<u64>() * 100 / u64::from(per_second), &limit.name)
    });
    used.max().map_or_else(String::new, |(percent, name)| format!(", {percent} % of the limit of {name}"))
}

impl Progress {
    /// Makes a bar that is drawn only when `enabled` (the caller knows of terminals and `--quiet`).
    pub fn new(enabled: bool) -> Self {
        let target = if enabled { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template = "{bar:30} {pos}/{len} {msg} {elapsed}";
        bar.set_style(ProgressStyle::with_template(template).expect("a constant template"));
        Self { bar, n_planned: 0, n_failed: 0, planned: None }
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
            Event::LoadPlanned(planned) => {
                self.bar.set_length(planned.length_nanos / SECOND);
                self.planned = Some(planned.clone());
            }
            Event::LoadInterval(interval) => {
                self.bar.set_position(interval.second + 1);
                self.bar.set_message(load_message(self.planned.as_ref(), interval));
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
    use crate::event::LoadLimit;
    use crate::load_summary::fixture::{MadeUp, row, second};

    #[test]
    fn a_second_of_load_is_told_in_a_line() {
        let events = MadeUp::new(vec![second(0, Vec::new()); 20]).events();
        let planned = events.iter().find_map(|event| match event {
            Event::LoadPlanned(planned) => Some(planned),
            _ => None,
        });
        let mut planned = planned.expect("a plan").clone();
        let limit = |name: &str, per_second: u32| LoadLimit {
            name: name.to_owned(),
            per_second,
            documented: true,
            is_shared: false,
            steps: vec![0],
        };
        planned.limits = vec![limit("the product", 1_000), limit("the operation", 120)];
        let ok = row(LoadClass::Ok, "200", &[2_000; 99], 0);
        let throttled = row(LoadClass::Throttled, "Throttling.User", &[9; 3], 0);
        let mut interval = second(2, vec![ok, throttled]);
        interval.dropped = 2;
        let told = "s, 102 answers/s, p50 2.0 ms, p99 2.0 ms, 3 Throttling.User, 2 dropped";
        assert_eq!(
            load_message(Some(&planned), &interval),
            format!("{told}, 85 % of the limit of the operation, 17 s left,")
        );
        interval.shares = vec![500, 60];
        assert!(load_message(Some(&planned), &interval).contains(", 170 % of the limit of the operation"));
        interval.shares = vec![500, 0];
        assert!(load_message(Some(&planned), &interval).contains("the budget server gives none or cannot be reached"));
        assert_eq!(load_message(None, &interval), told);
        assert_eq!(load_message(None, &second(1, Vec::new())), "s, 0 answers/s");
        let many = ["a", "b", "b", "c", "d"].map(|code| row(LoadClass::Refused, code, &[9], 0));
        assert_eq!(load_message(None, &second(1, many.to_vec())), "s, 5 answers/s, 2 b, 1 a, 1 c and 1 more");
    }
}
