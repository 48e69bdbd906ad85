//! The highest rate at which all thresholds hold: which rate to try next, a function of what was tried alone.

use super::span::Span;

/// A search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapacitySearch {
    /// Arrivals a second.
    pub from: f64,
    pub to: f64,
    pub step: f64,
    /// How far apart, as a share, the answer and the rate that misses may lie.
    pub resolution: f64,
    /// How often the answer has to hold.
    pub repeats: u32,
    /// How long each rate is held, behind `settle`.
    pub plateau: Span,
    /// What is left out at the beginning of each.
    pub settle: Span,
}

/// What became of a rate once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    Held,
    Missed,
    /// Counts as missed: what cannot be shown is not claimed.
    Inconclusive,
}

/// Tries at most; a search that is not done by then has no answer that repeats.
const MOST_TRIES: usize = 60;

impl CapacitySearch {
    /// Returns the rate to try next; nothing when the search is over.
    pub fn next(&self, tried: &[(f64, Tried)]) -> Option<f64> {
        if tried.len() >= MOST_TRIES {
            return None;
        }
        let Some(best) = self.best(tried) else {
            // Either nothing was tried yet, or not even the lowest rate holds.
            return tried.is_empty().then_some(self.from);
        };
        match self.lowest_missed(tried) {
            None if best < self.to => return Some((best + self.step).min(self.to)),
            Some(missed) if missed / best - 1.0 > self.resolution + 1e-9 => return Some((best + missed) / 2.0),
            _ => {}
        }
        (self.count(tried, best) < self.repeats).then_some(best)
    }

    /// Returns the highest rate below every one that missed.
    pub fn best(&self, tried: &[(f64, Tried)]) -> Option<f64> {
        let missed = self.lowest_missed(tried).unwrap_or(f64::MAX);
        let held = tried.iter().filter(|(rate, outcome)| *outcome == Tried::Held && *rate < missed);
        held.map(|(rate, _)| *rate).max_by(f64::total_cmp)
    }

    /// Returns the lowest rate that missed, ever.
    pub fn lowest_missed(&self, tried: &[(f64, Tried)]) -> Option<f64> {
        let missed = tried.iter().filter(|(_, outcome)| *outcome != Tried::Held);
        missed.map(|(rate, _)| *rate).min_by(f64::total_cmp)
    }

    /// Returns how often a rate held.
    pub fn count(&self, tried: &[(f64, Tried)], rate: f64) -> u32 {
        let held = tried.iter().filter(|(other, outcome)| *other == rate && *outcome == Tried::Held);
        u32::try_from(held.count()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> CapacitySearch {
        CapacitySearch {
            from: 10.0,
            to: 100.0,
            step: 20.0,
            resolution: 0.05,
            repeats: 3,
            plateau: Span(1),
            settle: Span(0),
        }
    }

    /// Searches a service; returns all tries.
    fn run(mut service: impl FnMut(f64, usize) -> Tried) -> Vec<(f64, Tried)> {
        let mut tried = Vec::new();
        while let Some(rate) = search().next(&tried) {
            let outcome = service(rate, tried.len());
            tried.push((rate, outcome));
        }
        tried
    }

    fn below(limit: f64) -> impl FnMut(f64, usize) -> Tried {
        move |rate, _| if rate <= limit { Tried::Held } else { Tried::Missed }
    }

    #[test]
    fn the_highest_rate_that_holds_is_found_and_repeated() {
        for limit in [10.0, 11.0, 37.3, 64.0, 99.0] {
            let tried = run(below(limit));
            let best = search().best(&tried).expect("a rate");
            let missed = search().lowest_missed(&tried).expect("a rate that misses");
            assert!(best <= limit && limit < missed && missed / best <= 1.05 + 1e-9, "{limit}: {best} to {missed}");
            assert_eq!(search().count(&tried, best), 3);
            assert!(tried.len() <= 14, "{limit}: {} tries", tried.len());
        }
    }

    #[test]
    fn the_ends_of_the_range_are_told_as_they_are() {
        let tried = run(below(500.0));
        assert_eq!((search().best(&tried), search().lowest_missed(&tried)), (Some(100.0), None));
        assert_eq!(search().count(&tried, 100.0), 3);
        let tried = run(below(5.0));
        assert_eq!((search().best(&tried), tried.len()), (None, 1));
    }

    #[test]
    fn a_rate_that_holds_only_at_times_is_not_the_answer() {
        // Above 40 every third try misses.
        let tried = run(|rate, n| if rate > 40.0 && n % 3 == 2 { Tried::Missed } else { Tried::Held });
        let best = search().best(&tried).expect("a rate");
        assert!(search().count(&tried, best) >= 3 && best < 60.0, "{tried:?}");
        let inconclusive = run(|rate, _| if rate > 40.0 { Tried::Inconclusive } else { Tried::Held });
        assert!(search().best(&inconclusive).is_some_and(|best| best <= 40.0));
    }
}
