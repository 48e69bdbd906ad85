//! Two runs side by side, for release notes: what was fixed, what got worse, what is exercised for the first time.

use std::collections::HashMap;

use crate::coverage::{CaseOutcome, CaseResult, RequirementResult, RequirementVerdict, Summary};
use crate::report::markup::{code, prose};
use crate::report::text::Lang;

/// What changed from one run to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Held or was not judged, and is wrong now.
    pub regressed: Vec<Change>,
    /// Was wrong or known, and holds now.
    pub fixed: Vec<Change>,
    /// Was not judged, and holds now.
    pub newly_exercised: Vec<Change>,
    /// Was judged, and is not any more.
    pub no_longer_exercised: Vec<Change>,
    /// Cases that passed, or were not there, and fail now, of requirements that did not change.
    pub cases: Vec<Change>,
}

/// A requirement or case that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub id: String,
    /// `must`, `should` or `info`; of cases nothing.
    pub level: String,
    pub text_en: String,
    pub text_zh: String,
    pub before: String,
    pub after: String,
}

/// How a requirement stands, as far as releases are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Wrong,
    Known,
    Holds,
    NotJudged,
}

impl Standing {
    fn of(verdict: Option<RequirementVerdict>) -> Self {
        match verdict {
            Some(RequirementVerdict::Failed) => Self::Wrong,
            Some(RequirementVerdict::KnownFailure) => Self::Known,
            Some(RequirementVerdict::Passed) => Self::Holds,
            // What is only observed is no matter of releases.
            Some(RequirementVerdict::Differs | RequirementVerdict::Holds) => Self::NotJudged,
            Some(
                RequirementVerdict::Indeterminate
                | RequirementVerdict::NotExercised
                | RequirementVerdict::Unexercised
                | RequirementVerdict::NeverNamed,
            )
            | None => Self::NotJudged,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Known => "known failure",
            Self::Holds => "holds",
            Self::NotJudged => "not judged",
        }
    }
}

impl Difference {
    /// Compares two runs.
    pub fn between(old: &Summary, new: &Summary) -> Self {
        let before: HashMap<&str, &RequirementResult> =
            old.requirements.iter().map(|result| (result.id.as_str(), result)).collect();
        let mut difference = Self::default();
        for result in &new.requirements {
            let was = Standing::of(before.get(result.id.as_str()).map(|result| result.verdict));
            difference.sort(result, was, Standing::of(Some(result.verdict)));
        }
        let after: HashMap<&str, &RequirementResult> =
            new.requirements.iter().map(|result| (result.id.as_str(), result)).collect();
        for result in old.requirements.iter().filter(|result| !after.contains_key(result.id.as_str())) {
            difference.sort(result, Standing::of(Some(result.verdict)), Standing::NotJudged);
        }
        difference.cases = cases(old, new);
        difference
    }

    fn sort(&mut self, result: &RequirementResult, was: Standing, is: Standing) {
        let list = match (was, is) {
            (Standing::Wrong, Standing::Wrong) => return,
            (_, Standing::Wrong) => &mut self.regressed,
            (Standing::Wrong | Standing::Known, Standing::Holds) => &mut self.fixed,
            (Standing::NotJudged, Standing::Holds | Standing::Known) => &mut self.newly_exercised,
            (Standing::Wrong | Standing::Known | Standing::Holds, Standing::NotJudged) => &mut self.no_longer_exercised,
            // A failure that is excused now, or an excuse that was not needed: the ledger's business.
            _ => return,
        };
        list.push(Change {
            id: result.id.clone(),
            level: result.level.clone(),
            text_en: result.text_en.clone(),
            text_zh: result.text_zh.clone(),
            before: was.name().to_owned(),
            after: is.name().to_owned(),
        });
    }

    /// Says whether anything got worse.
    pub fn has_regressed(&self) -> bool {
        !self.regressed.is_empty() || !self.cases.is_empty()
    }

    /// Returns the difference as Markdown.
    pub fn to_markdown(&self, old: &Summary, new: &Summary, lang: Lang) -> String {
        let subject = |summary: &Summary| {
            let run = summary.run.as_ref();
            run.map_or_else(|| "?".to_owned(), |run| format!("{} {} · {}", run.tool, run.command, run.subject))
        };
        let mut text = format!("# {} → {}\n", prose(&subject(old)), prose(&subject(new)));
        let parts = [
            (lang.pick("Regressed", "退步"), &self.regressed),
            (lang.pick("Cases that fail now", "新失败的用例"), &self.cases),
            (lang.pick("Fixed", "已修复"), &self.fixed),
            (lang.pick("Newly exercised", "新覆盖"), &self.newly_exercised),
            (lang.pick("No longer exercised", "不再覆盖"), &self.no_longer_exercised),
        ];
        for (title, changes) in parts.into_iter().filter(|(_, changes)| !changes.is_empty()) {
            text.push_str(&format!("\n## {title}: {}\n\n", changes.len()));
            for change in changes {
                let level =
                    if change.level.is_empty() { String::new() } else { format!(" ({})", change.level.to_uppercase()) };
                let words = prose(lang.pick(&change.text_en, &change.text_zh));
                text.push_str(&format!(
                    "- {}{level}: {words} [{} → {}]\n",
                    code(&change.id),
                    change.before,
                    change.after
                ));
            }
        }
        if *self == Self::default() {
            text.push_str(&format!("\n{}\n", lang.pick("Nothing changed.", "没有变化。")));
        }
        text
    }
}

/// Returns cases that fail now although they did not.
fn cases(old: &Summary, new: &Summary) -> Vec<Change> {
    let before: HashMap<&str, &CaseResult> = old.case_results.iter().map(|case| (case.case.as_str(), case)).collect();
    let fails = |case: &&CaseResult| case.outcome == CaseOutcome::Failed;
    let is_new =
        |case: &&CaseResult| before.get(case.case.as_str()).is_none_or(|old| old.outcome == CaseOutcome::Passed);
    let change = |case: &CaseResult| Change {
        id: case.case.clone(),
        level: String::new(),
        text_en: case.title_en.clone(),
        text_zh: case.title_zh.clone(),
        before: if before.contains_key(case.case.as_str()) { "passed" } else { "not there" }.to_owned(),
        after: "failed".to_owned(),
    };
    new.case_results.iter().filter(fails).filter(is_new).map(change).collect()
}
