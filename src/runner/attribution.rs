//! Which requirement a check speaks for.
//!
//! Rows of the response table speak for themselves. What a case wants speaks for the requirement it names: the
//! strictest of them, rows of responses and marks that other checks judge set aside. A code speaks for itself where the
//! case names it, or where it came as wanted; nothing in a case weighs more than what the case names.

use crate::contract::Level;
use crate::event::CheckRecorded;
use crate::suite::Case;

/// Attributes the checks of one case.
#[derive(Debug, Clone)]
pub(super) struct Attribution {
    /// Named requirements, empty for a derived twin.
    named: Vec<String>,
    /// The requirement that what the case wants speaks for.
    pub(super) primary: String,
    strictest: Option<Level>,
}

impl Attribution {
    pub(super) fn of(case: &Case, level: impl Fn(&str) -> Level) -> Self {
        let has_own_check =
            |id: &String| id.contains(".response.") || id.ends_with(".http-status") || id.ends_with(".billing");
        let strictest = |ids: &mut dyn Iterator<Item = &String>| {
            // The first of the strictest: authors name the point of a case first.
            ids.fold(None::<(Level, &String)>, |best, id| match best {
                Some((known, _)) if known >= level(id) => best,
                _ => Some((level(id), id)),
            })
            .map(|(level, id)| (level, id.clone()))
        };
        let generic = strictest(&mut case.named.iter().filter(|id| !has_own_check(id)));
        let any = generic.or_else(|| strictest(&mut case.named.iter()));
        let implied = || case.implied.iter().find(|id| !id.ends_with(".http-status")).cloned();
        let strictest_level = strictest(&mut case.named.iter()).map(|(level, _)| level);
        let primary = any.map(|(_, id)| id).or_else(implied).unwrap_or_else(|| format!("{}.rule.baseline", case.api));
        Self { named: case.named.clone(), primary, strictest: strictest_level }
    }

    /// Returns the records of what an explicit expectation was judged by: a code that did not come as wanted speaks
    /// for the case's requirement unless the case names the code.
    pub(super) fn wanted(&self, records: Vec<CheckRecorded>) -> Vec<CheckRecorded> {
        let mut all = Vec::with_capacity(records.len() + 1);
        for mut record in records {
            let own =
                self.named.is_empty() || self.named.contains(&record.requirement) || record.requirement == self.primary;
            if record.check == "code" && !own {
                match record.mismatch {
                    Some(_) => record.requirement.clone_from(&self.primary),
                    None => all.push(CheckRecorded { requirement: self.primary.clone(), ..record.clone() }),
                }
            }
            all.push(record);
        }
        all
    }

    /// Lets no mismatch weigh more than what the case names, where all it names is only observed.
    pub(super) fn observed(&self, records: &mut [CheckRecorded], level: impl Fn(&str) -> Level) {
        if self.strictest != Some(Level::Info) {
            return;
        }
        for record in records.iter_mut().filter(|record| record.mismatch.is_some()) {
            if level(&record.requirement) != Level::Info {
                record.requirement.clone_from(&self.primary);
            }
        }
    }
}
