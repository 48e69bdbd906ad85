//! Mistakes in files that hold secrets and persons: keys are shown, values are not.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::Diagnostic;

/// A key of a mapping with what makes it one.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z_][A-Za-z0-9_-]*[ ]*:(?:\s|$)").expect("a constant pattern"));

/// A text that a message quotes.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*""#).expect("a constant pattern"));

/// Hides the values of a file below a key of the top level, and in the whole file where there is no such key.
///
/// Places stay where they are: what is hidden keeps its length.
pub fn mask_below(key: &str, mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mask = |mistake: Diagnostic| {
        let begins = format!("{key}:");
        let line_starts = std::iter::once(0).chain(mistake.text.match_indices('\n').map(|(at, _)| at + 1));
        let from = line_starts.into_iter().find(|at| mistake.text[*at..].starts_with(&begins)).unwrap_or(0);
        if mistake.span.start < from {
            return mistake;
        }
        let masked = format!("{}{}", &mistake.text[..from], masked(&mistake.text[from..]));
        let message = QUOTED.replace_all(&mistake.message, "\"…\"").into_owned();
        Diagnostic { text: Arc::from(masked), message, ..mistake }
    };
    mistakes.into_iter().map(mask).collect()
}

fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut at = 0;
        for key in KEY.find_iter(line) {
            hide(&line[at..key.start()], &mut out);
            out.push_str(key.as_str());
            at = key.end();
        }
        hide(&line[at..], &mut out);
    }
    out
}

fn hide(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            ' ' | '\t' | '\r' | '\n' | '{' | '}' | '[' | ']' | ',' | '-' | '"' | '\'' => out.push(char),
            _ => (0..char.len_utf8()).for_each(|_| out.push('*')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_and_values_go() {
        let text = "name: mine\nsandbox:\n  - { role: 张三, secret: \"a: b-c\" }\n  plain # note\n";
        let mistake = |start| Diagnostic {
            origin: "o".to_owned(),
            text: Arc::from(text),
            span: start..start + 1,
            message: "invalid type: string \"a \\\" b\", expected `x`".to_owned(),
            hint: None,
        };
        let at = text.find("secret").expect("there");
        let shown = &mask_below("sandbox", vec![mistake(at)])[0];
        assert_eq!(&*shown.text, "name: mine\nsandbox:\n  - { role: ******, secret: \"a: *-*\" }\n  ***** * ****\n");
        assert_eq!(shown.message, "invalid type: string \"…\", expected `x`");
        assert_eq!(shown.text.len(), text.len());
        // What stands above is shown, unless nothing says where values begin.
        assert_eq!(&*mask_below("sandbox", vec![mistake(2)])[0].text, text);
        assert!(mask_below("absent", vec![mistake(2)])[0].text.starts_with("name: ****\n"));
    }
}
