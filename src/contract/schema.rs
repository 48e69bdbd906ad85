//! JSON Schema of contract files, for editors and for `idvet schema`.

use schemars::schema_for;
use serde_json::Value;

use super::Contract;

/// Returns the JSON Schema of a `suites/<api>/contract.yaml`.
pub fn contract_schema() -> Value {
    let mut schema = schema_for!(Contract);
    schema.insert("title".to_owned(), "idvet contract".into());
    let description = "The protocol of one API family as data: suites/<api>/contract.yaml, format idvet/contract/1.";
    schema.insert("description".to_owned(), description.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_strict_and_describes_its_keys() {
        let schema = contract_schema();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["title"], "idvet contract");
        let rule = &schema["$defs"]["Rule"]["properties"]["figures"];
        assert!(rule["description"].as_str().is_some_and(|text| text.contains("units in the name")), "{rule}");
    }
}
