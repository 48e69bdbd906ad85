//! What an id means, in words: a requirement, a code or a case. The caller has looked it up.

use crate::report::Lang;
use crate::report::markup::visible;
use crate::report::text::Word;

/// Something that has an id.
#[derive(Debug, Clone, Default)]
pub struct Explained {
    pub id: String,
    /// `requirement`, `code`, `case` in the reader's language, or whatever else it is.
    pub kind: String,
    /// `must`, `should` or `info`; absent for cases.
    pub level: Option<String>,
    pub text_en: String,
    pub text_zh: String,
    /// Further facts, label and value, for example `HTTP status` and `400`.
    pub facts: Vec<(String, String)>,
    pub citations: Vec<String>,
    /// Cases that exercise it, or for a case the requirements it speaks for.
    pub related: Vec<String>,
    /// Why nothing exercises it.
    pub unexercised_en: Option<String>,
    pub unexercised_zh: Option<String>,
}

/// Returns the text of `idvet explain`.
pub fn explain(explained: &Explained, lang: Lang) -> String {
    let level = explained.level.as_ref().map(|level| format!(" ({})", level.to_uppercase())).unwrap_or_default();
    let mut lines = vec![format!("{} {}{level}", explained.kind, explained.id)];
    lines.push(format!("  {}", lang.pick(&explained.text_en, &explained.text_zh)));
    lines.extend(explained.facts.iter().map(|(label, value)| format!("  {label}: {value}")));
    lines.extend(explained.citations.iter().map(|citation| format!("  {}: {citation}", lang.say(Word::Citation))));
    if let Some(en) = &explained.unexercised_en {
        let why = lang.pick(en, explained.unexercised_zh.as_deref().unwrap_or(en));
        lines.push(format!("  {}: {why}", lang.say(Word::Unexercised)));
    }
    if !explained.related.is_empty() {
        lines.push(format!("  {}:", lang.say(Word::Exercised)));
        lines.extend(explained.related.iter().map(|related| format!("    {related}")));
    }
    lines.iter().map(|line| format!("{}\n", visible(line))).collect()
}
