//! `{{ it.… }}` in the texts of a case family, resolved while loading.
//!
//! A block that names other roots besides `it` is left for the run, which is then handed the row.

use std::sync::LazyLock;

use minijinja::Environment;

use super::loaded::Row;

/// Replaces every block whose only root is `it` with its value.
pub(super) fn substitute(text: &str, row: &Row) -> Result<String, String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else { break };
        let block = &rest[start + 2..start + length];
        done.push_str(&rest[..start]);
        match value(block.trim(), row)? {
            Some(value) => done.push_str(&value),
            None => done.push_str(&rest[start..start + length + 2]),
        }
        rest = &rest[start + length + 2..];
    }
    done.push_str(rest);
    Ok(done)
}

/// Says whether a text may need [`substitute`].
pub(super) fn mentions_row(text: &str) -> bool {
    text.contains("it.")
}

/// Made once: it registers every filter there is.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(Environment::new);

/// Returns the value of an expression over `it` alone, nothing where it needs more.
fn value(expression: &str, row: &Row) -> Result<Option<String>, String> {
    if let Some(key) = expression.strip_prefix("it.").filter(|key| key.chars().all(|c| c.is_alphanumeric() || c == '_'))
    {
        let found = row.get(key).ok_or_else(|| unknown_key(key, row))?;
        return Ok(Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned)));
    }
    if !mentions_row(expression) {
        return Ok(None);
    }
    let compiled = ENVIRONMENT.compile_expression(expression).map_err(|error| error.to_string())?;
    if compiled.undeclared_variables(false).iter().any(|root| root != "it") {
        return Ok(None);
    }
    let value = compiled
        .eval(minijinja::context! { it => minijinja::Value::from(minijinja::value::Serde(row)) })
        .map_err(|error| error.to_string())?;
    Ok(Some(value.to_string()))
}

fn unknown_key(key: &str, row: &Row) -> String {
    let known: Vec<&str> = row.keys().map(String::as_str).collect();
    format!("the row has no `it.{key}`, only `it.{}`", known.join("`, `it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::from([("name".to_owned(), "SceneId".into()), ("qps".to_owned(), 30.into())])
    }

    #[test]
    fn blocks_over_the_row_are_resolved_and_others_kept() {
        for (text, expected) in [
            ("a", "a"),
            ("{{ it.name }}.x", "SceneId.x"),
            ("{{it.qps}}{{ it.qps + 1 }}", "3031"),
            ("{{ person.name }}", "{{ person.name }}"),
            ("{{ it.name ~ unique(3) }}", "{{ it.name ~ unique(3) }}"),
            ("{{ it.name | lower }}", "sceneid"),
            ("{{ submit.name }} {{", "{{ submit.name }} {{"),
        ] {
            assert_eq!(substitute(text, &row()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_known_ones() {
        let mistake = substitute("{{ it.nmae }}", &row()).expect_err("a mistake");
        assert_eq!(mistake, "the row has no `it.nmae`, only `it.name`, `it.qps`");
    }
}
