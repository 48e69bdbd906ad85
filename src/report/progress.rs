//! A bar on a terminal while the run goes; nothing anywhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, Verdict};

/// Hears events and shows how far the run is, on stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    n_planned: u64,
    n_failed: u64,
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
            Event::RunStarted(_) | Event::Requirement(_) | Event::KnownFailure(_) | Event::Exchange(_) => {}
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
