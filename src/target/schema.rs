//! JSON Schema of target files, for editors and for `idvet schema`.

use schemars::schema_for;
use serde_json::Value;

use super::model::Target;

/// Returns the JSON Schema of a target file.
pub fn target_schema() -> Value {
    let mut schema = schema_for!(Target);
    schema.insert("title".to_owned(), "idvet target".into());
    let description =
        "Where to send, with which keys, into which sandbox, within which budgets: format idvet/target/1.";
    schema.insert("description".to_owned(), description.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_text_in_the_schema_and_unknown_keys_are_refused() {
        let schema = target_schema();
        assert_eq!(schema["additionalProperties"], false);
        let secret = &schema["$defs"]["Account"]["properties"]["access_key_secret"]["type"];
        assert_eq!(secret, &serde_json::json!(["string", "null"]));
    }
}
