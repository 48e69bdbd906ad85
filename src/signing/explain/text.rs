//! An explanation as text for people.

use std::io::{self, Write};

use super::{Confidence, Difference, Explanation, Texts};

/// Writes an explanation as plain text, the answer first, the texts last.
pub fn write_text(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", explanation.scheme, headline(explanation))?;
    for finding in &explanation.findings {
        writeln!(out, "\n{}: {}", finding.rule, finding.broken)?;
        writeln!(out, "  rule:   {}", finding.documented)?;
        writeln!(out, "  source: {}, {}", finding.section, finding.address)?;
    }
    if !explanation.alternatives.is_empty() {
        writeln!(out, "\nthe same signature would come of: {}", explanation.alternatives.join(", "))?;
    }
    if let Some(difference) = &explanation.difference {
        write_difference(difference, out)?;
    }
    for note in &explanation.notes {
        writeln!(out, "\nnote: {note}")?;
    }
    write_side("server", &explanation.server, out)?;
    write_side("client", &explanation.client, out)
}

fn headline(explanation: &Explanation) -> &'static str {
    match explanation.confidence {
        Confidence::Valid if explanation.findings.is_empty() => "the signature is valid",
        Confidence::Valid => "the signature is valid, the time is not",
        Confidence::Exact => "the signature does not match, and this is why",
        Confidence::Likely => "the signature does not match, most likely because of this",
        Confidence::None => "the signature does not match, the reason is not known",
    }
}

fn write_difference(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    let Difference { text, offset, place, server, client } = difference;
    writeln!(out, "\nfirst difference: byte {offset} of the {}, in {place}", text.name())?;
    for (side, context) in [("server", server), ("client", client)] {
        let before = one_line(&context.before);
        writeln!(out, "  {side} …{before}{}…", one_line(&context.after))?;
    }
    let width = one_line(&server.before).chars().count();
    writeln!(out, "         {}^", " ".repeat(width + 1))
}

/// Shows control characters as pictures of one column each, so that the caret stands under its byte.
fn one_line(text: &str) -> String {
    let show = |letter: char| match u32::from(letter) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => letter,
    };
    text.chars().map(show).collect()
}

fn write_side(side: &str, texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    let texts = [
        ("canonical", texts.canonical.as_deref()),
        ("string to sign", texts.string_to_sign.as_deref()),
        ("signature", Some(texts.signature.as_str())),
    ];
    for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        writeln!(out, "\n{side} {name}:\n{text}")?;
    }
    Ok(())
}
