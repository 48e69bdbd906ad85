//! Which requirement a check speaks for.
//!
//! Rows of the response table speak for themselves. What a case wants speaks for every requirement it names, rows of
//! responses and marks that other checks judge set aside, and above all for the strictest of them. A code speaks for
//! itself where the case names it, or where it came as wanted; nothing in a case weighs more than what the case names.

use crate::contract::Level;
use crate::event::CheckRecorded;
use crate::suite::Case;

/// Attributes the checks of one case.
#[derive(Debug, Clone)]
pub(super) struct Attribution {
    /// Named requirements, empty for a derived twin.
    named: Vec<String>,
    /// The requirement that what the case wants speaks for above all.
    pub(super) primary: String,
    /// The others it speaks for.
    others: Vec<String>,
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
        let others = case.named.iter().filter(|id| !has_own_check(id) && **id != primary).cloned().collect();
        Self { named: case.named.clone(), primary, others, strictest: strictest_level }
    }

    /// Returns the records of what an explicit expectation was judged by: a code that did not come as wanted speaks
    /// for the case's requirement unless the case names the code.
    pub(super) fn wanted(&self, records: Vec<CheckRecorded>, level: impl Fn(&str) -> Level) -> Vec<CheckRecorded> {
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
        let spoken: Vec<CheckRecorded> = {
            let spoken_for = std::iter::once(&self.primary).filter(|_| !self.named.is_empty()).chain(&self.others);
            spoken_for.filter_map(|id| self.for_other(id, &all, &level)).collect()
        };
        all.extend(spoken);
        all
    }

    /// Returns what a field that is wrongly there or not says of the row of the response table, where the case names it.
    pub(super) fn row_of(&self, record: &CheckRecorded, path: &str) -> Option<CheckRecorded> {
        let ending = format!(".response.{path}.presence");
        let row = self.named.iter().find(|id| id.ends_with(&ending)).filter(|_| record.mismatch.is_some())?;
        Some(CheckRecorded { requirement: row.clone(), ..record.clone() })
    }

    /// Returns a record of the case's point, and what it says of the other requirements that the case names.
    pub(super) fn spoken(&self, record: CheckRecorded, level: impl Fn(&str) -> Level) -> Vec<CheckRecorded> {
        let mut all = vec![record];
        let spoken: Vec<CheckRecorded> =
            self.others.iter().filter_map(|other| self.for_other(other, &all, &level)).collect();
        all.extend(spoken);
        all
    }

    /// Returns what the records say of a requirement that the case names, when they do not say it themselves: a
    /// mismatch where there is one. What is only inferred speaks for nothing that is documented.
    fn for_other(
        &self,
        other: &str,
        records: &[CheckRecorded],
        level: impl Fn(&str) -> Level,
    ) -> Option<CheckRecorded> {
        let speaks = |record: &&CheckRecorded| {
            let is_point = record.requirement == self.primary || record.check == "code";
            is_point && level(&record.requirement) >= level(other)
        };
        let spoken = records.iter().filter(speaks);
        let told = spoken.clone().find(|record| record.mismatch.is_some()).or_else(|| spoken.clone().next())?;
        let is_said = |record: &CheckRecorded| {
            record.requirement == other && record.mismatch.is_some() == told.mismatch.is_some()
        };
        (!records.iter().any(is_said)).then(|| CheckRecorded { requirement: other.to_owned(), ..told.clone() })
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
