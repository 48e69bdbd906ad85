//! A field of a step that a case family may fill from its row.
//!
//! Before expansion such a field may hold the text `{{ it.… }}`; loading refuses any that is left behind it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{I64Deserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value, or the expression over `it` that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<T> {
    Is(T),
    Row(String),
}

impl<T: Copy> Choice<T> {
    /// Returns the value.
    ///
    /// # Panics
    /// On a field that loading has not expanded.
    pub fn get(&self) -> T {
        match self {
            Self::Is(value) => *value,
            Self::Row(text) => unreachable!("`{text}` is expanded when the suite is loaded"),
        }
    }

    /// Returns the expression that is still to be resolved.
    pub(super) fn unresolved(&self) -> Option<&str> {
        match self {
            Self::Is(_) => None,
            Self::Row(text) => Some(text),
        }
    }
}

impl<T> From<T> for Choice<T> {
    fn from(value: T) -> Self {
        Self::Is(value)
    }
}

impl<T: Serialize> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(value) => value.serialize(serializer),
            Self::Row(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor(PhantomData))
    }
}

struct ChoiceVisitor<T>(PhantomData<T>);

impl<T: DeserializeOwned> Visitor<'_> for ChoiceVisitor<T> {
    type Value = Choice<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value or `{{ it.… }}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.contains("{{") {
            return Ok(Choice::Row(text.to_owned()));
        }
        // What a row gives is text, also where the field wants a number.
        match (T::deserialize(StrDeserializer::<E>::new(text)), text.parse()) {
            (Ok(value), _) => Ok(Choice::Is(value)),
            (Err(_), Ok(number)) => self.visit_i64(number),
            (Err(error), Err(_)) => Err(error),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(I64Deserializer::<E>::new(number)).map(Choice::Is)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(number).map_err(E::custom)?)
    }
}

impl<T: JsonSchema> JsonSchema for Choice<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrRow", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [value, { "type": "string", "pattern": "\\{\\{" }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::model::Tamper;

    #[test]
    fn values_and_expressions_are_told_apart() {
        let tamper = |text: &str| serde_json::from_str::<Choice<Tamper>>(text).map_err(|error| error.to_string());
        assert_eq!(tamper(r#""flipped""#), Ok(Choice::Is(Tamper::Flipped)));
        assert_eq!(tamper(r#""{{ it.tamper }}""#), Ok(Choice::Row("{{ it.tamper }}".to_owned())));
        assert!(tamper(r#""fliped""#).is_err_and(|error| error.starts_with("unknown variant `fliped`")));
        let number = |text: &str| serde_json::from_str::<Choice<i64>>(text).ok();
        assert_eq!(number("-840"), Some(Choice::Is(-840)));
        assert_eq!(number(r#""-840""#), Some(Choice::Is(-840)));
        assert_eq!(number(r#""soon""#), None);
    }
}
