//! What a failure has to say, for console and Markdown alike.

use crate::coverage::CaseResult;
use crate::event::{CheckRecorded, Mismatch};
use crate::report::Document;
use crate::report::text::{Lang, Word};

/// One mismatch of a case, as labelled lines.
pub(super) struct Block {
    pub(super) requirement: String,
    /// `must`, `should`, `info`, or nothing for an id no contract declares.
    pub(super) level: Option<String>,
    pub(super) text: Option<String>,
    pub(super) citations: Vec<String>,
    pub(super) step: u32,
    pub(super) mismatch: Mismatch,
    /// True when the ledger excuses it.
    pub(super) is_known: bool,
}

impl Block {
    /// Returns the level as reports print it.
    pub(super) fn level_name(&self) -> String {
        self.level.as_deref().unwrap_or("must").to_uppercase()
    }

    /// Returns place, expected and actual with their labels.
    pub(super) fn sides(&self) -> [(Word, &str); 3] {
        let Mismatch { place, expected, actual } = &self.mismatch;
        [(Word::Place, place), (Word::Expected, expected), (Word::Actual, actual)]
    }
}

/// Returns the blocks of a case, without INFO, which is never judged.
pub(super) fn blocks(document: &Document, case: &CaseResult, lang: Lang) -> Vec<Block> {
    let all = case.mismatches.iter().enumerate();
    let judged = all.filter_map(|(idx, check)| block(document, check, case.excused.contains(&idx), lang));
    judged.filter(|block| block.level.as_deref() != Some("info")).collect()
}

fn block(document: &Document, check: &CheckRecorded, is_known: bool, lang: Lang) -> Option<Block> {
    let mismatch = check.mismatch.clone()?;
    let declared = document.requirement(&check.requirement);
    Some(Block {
        requirement: check.requirement.clone(),
        level: declared.map(|declared| declared.level.clone()),
        text: declared.map(|declared| lang.pick(&declared.text_en, &declared.text_zh).to_owned()),
        citations: declared.map(|declared| declared.citations.clone()).unwrap_or_default(),
        step: check.step,
        mismatch,
        is_known,
    })
}

/// Returns the reasons for which cases came to nothing, with their cases, in the order first seen.
pub(super) fn by_reason<'a>(cases: impl Iterator<Item = &'a CaseResult>) -> Vec<(&'a str, Vec<&'a CaseResult>)> {
    let mut groups: indexmap::IndexMap<&str, Vec<&CaseResult>> = indexmap::IndexMap::new();
    for case in cases {
        groups.entry(case.reason.as_deref().unwrap_or("-")).or_default().push(case);
    }
    groups.into_iter().collect()
}
