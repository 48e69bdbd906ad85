//! A bar on a terminal while the run goes; nothing anywhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, LoadClass, LoadInterval, Verdict};

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
