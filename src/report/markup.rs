//! Foreign text made harmless: for terminals, for Markdown, for XML.

/// Returns text on one line: control characters and those that turn the direction of writing become visible escapes.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_treacherous(char) => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
    out
}

/// Returns text whose line breaks stay.
pub(super) fn visible_lines(text: &str) -> String {
    text.split('\n').map(|line| visible(line.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}

fn is_treacherous(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns text as Markdown prose, also good in a table cell: nothing in it is markup.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in visible(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(char);
            }
            _ => out.push(char),
        }
    }
    // Bare addresses would become links, whatever they are.
    out.replace("://", ":\\//")
}

/// Returns text as a code span in a table cell, where a bar must be escaped even there.
pub(super) fn cell_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Returns text as a code span, outside tables.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    if text.is_empty() {
        return "` `".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Returns text as a fenced block.
pub(super) fn fenced(text: &str, language: &str) -> String {
    let text = visible_lines(text);
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}\n")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for char in text.chars() {
        run = if char == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Returns the columns that text takes on a terminal: East Asian characters take two.
pub(super) fn width(text: &str) -> usize {
    let is_wide = |char: char| {
        matches!(char, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|char| if is_wide(char) { 2 } else { 1 }).sum()
}

/// Cuts text to a number of characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_moves_the_cursor_or_becomes_markup() {
        assert_eq!(visible("a\x1b[31mb\nc\u{202e}d\u{9b}张"), "a\\u{1b}[31mb\\nc\\u{202e}d\\u{9b}张");
        assert_eq!(prose("<b>|*x*_y_`z`[l](u)"), "&lt;b&gt;\\|\\*x\\*\\_y\\_\\`z\\`\\[l\\](u)");
        assert_eq!((code("a|b"), cell_code("a|b")), ("`a|b`".to_owned(), "`a\\|b`".to_owned()));
        assert_eq!(code("a``b`"), "``` a``b` ```");
        assert_eq!(fenced("x\n```\ny\x07", "http"), "````http\nx\n```\ny\\u{7}\n````\n");
        assert_eq!((width("a张"), cut("张三丰", 2).as_str()), (3, "张三…"));
    }
}
