//! A mistake as text: file, line, caret, message, hint.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, floor_char};

/// Whether the text carries terminal colours; the caller knows the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Coloured,
}

/// Renders mistakes one after another, a blank line between them.
pub fn render(diagnostics: &[Diagnostic], style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let texts: Vec<String> = diagnostics.iter().map(|one| renderer.render(&[group(one)])).collect();
    texts.join("\n\n")
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let title = Level::ERROR.primary_title(&diagnostic.message);
    let group = if diagnostic.span.is_empty() && diagnostic.span.start == 0 {
        title.element(Origin::path(&diagnostic.origin))
    } else {
        let annotation = AnnotationKind::Primary.span(visible(diagnostic));
        title.element(Snippet::source(&*diagnostic.text).path(&diagnostic.origin).annotation(annotation))
    };
    match &diagnostic.hint {
        Some(hint) => group.element(Level::HELP.message(hint)),
        None => group,
    }
}

/// Clamps a span to the text, to the line it begins in and to whole characters.
fn visible(diagnostic: &Diagnostic) -> std::ops::Range<usize> {
    let text = &diagnostic.text;
    let start = floor_char(text, diagnostic.span.start);
    let end = floor_char(text, diagnostic.span.end).max(start);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end.min(line_end)
}
