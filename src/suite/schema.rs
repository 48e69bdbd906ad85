//! JSON Schema of suite files, for editors and for `idvet schema`.

use schemars::schema_for;
use serde_json::Value;

use super::model::SuiteFile;

/// Returns the JSON Schema of a `suites/<api>/<topic>.yaml`.
pub fn suite_schema() -> Value {
    let mut schema = schema_for!(SuiteFile);
    schema.insert("title".to_owned(), "idvet suite".into());
    let description = "Baselines and cases of one topic: suites/<api>/<topic>.yaml, format idvet/suite/1.";
    schema.insert("description".to_owned(), description.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_strict_and_says_what_a_step_is() {
        let schema = suite_schema();
        assert_eq!(schema["additionalProperties"], false);
        let step = schema["$defs"]["Step"]["oneOf"].as_array().expect("steps are alternatives");
        assert!(step.iter().any(|one| one["required"] == serde_json::json!(["submit"])));
    }
}
