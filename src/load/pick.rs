//! A few fields of a JSON answer, without building the rest of it.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Which fields to take, as a tree of keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    children: Vec<(String, Wanted)>,
    slots: Vec<usize>,
}

/// A field that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) is_there: bool,
    /// Text of a string, number or boolean; empty for null, objects and arrays.
    pub(super) text: String,
}

impl Wanted {
    /// Wants the field at a path such as `ResultObject.CertifyId`, to be put into a slot.
    ///
    /// # Errors
    /// A fragment, for a path into an array or into JSON inside a string.
    pub(super) fn want(&mut self, path: &str, slot: usize) -> Result<(), String> {
        if path.contains(['#', '[']) {
            return Err(format!("take `{path}` from an answer: a load profile takes plain paths alone"));
        }
        let mut node = self;
        for key in path.split('.') {
            let known = node.children.iter().position(|(name, _)| name == key);
            let position = known.unwrap_or_else(|| {
                node.children.push((key.to_owned(), Self::default()));
                node.children.len() - 1
            });
            node = &mut node.children[position].1;
        }
        node.slots.push(slot);
        Ok(())
    }

    /// Takes the fields out of an answer; fields that are not there are marked so.
    ///
    /// # Errors
    /// When the text is no JSON object, whole and nothing behind it.
    pub(super) fn pick(&self, text: &[u8], fields: &mut [Field]) -> Result<(), serde_json::Error> {
        for field in fields.iter_mut() {
            field.is_there = false;
            field.text.clear();
        }
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        Root(Node { wanted: self, fields }).deserialize(&mut deserializer)?;
        deserializer.end()
    }
}

struct Root<'a>(Node<'a>);

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self.0)
    }
}

struct Node<'a> {
    wanted: &'a Wanted,
    fields: &'a mut [Field],
}

impl Node<'_> {
    fn take(self, write: impl Fn(&mut String)) {
        for slot in &self.wanted.slots {
            if let Some(field) = self.fields.get_mut(*slot) {
                // Of a key that stands twice, the last counts.
                field.is_there = true;
                field.text.clear();
                write(&mut field.text);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn write(text: &mut String, value: impl std::fmt::Display) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = write!(text, "{value}");
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.take(|text| text.push_str(value));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.take(|text| write(text, value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.take(|text| write(text, value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.take(|text| write(text, value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.take(|text| write(text, value));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.take(|_| {});
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(position) = entries.next_key_seed(Key(self.wanted))? {
            match position.and_then(|position| self.wanted.children.get(position)) {
                None => drop(entries.next_value::<IgnoredAny>()?),
                Some((_, wanted)) => entries.next_value_seed(Node { wanted, fields: &mut *self.fields })?,
            }
        }
        self.take(|_| {});
        Ok(())
    }
}

/// A key, as the position among those wanted.
struct Key<'a>(&'a Wanted);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.children.iter().position(|(name, _)| name == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(text: &str) -> Result<Vec<Option<String>>, String> {
        let mut wanted = Wanted::default();
        for (slot, path) in ["Code", "Result.Id", "Result.Deep.N", "Result", "Flag"].iter().enumerate() {
            wanted.want(path, slot).expect("a plain path");
        }
        let mut fields = vec![Field::default(); 5];
        wanted.pick(text.as_bytes(), &mut fields).map_err(|error| error.to_string())?;
        Ok(fields.into_iter().map(|field| field.is_there.then_some(field.text)).collect())
    }

    #[test]
    fn fields_are_taken_where_they_are() {
        let text =
            r#"{"x":[1,{"Code":"no"}],"Code":"200","Result":{"Id":"a\u00e9","Deep":{"N":17,"y":{}}},"Flag":true}"#;
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(pick(text), Ok(vec![some("200"), some("aé"), some("17"), some(""), some("true")]));
        assert_eq!(pick(r#"{"Code":200,"Result":null}"#), Ok(vec![some("200"), None, None, None, None]));
        assert_eq!(pick(r#"{"Code":"1","Code":"2"}"#).map(|fields| fields[0].clone()), Ok(some("2")));
        assert_eq!(pick(r#"{"Result":"text"}"#).map(|fields| fields[3].clone()), Ok(some("text")));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for text in ["", "[]", "{", r#"{"Code":"200"} x"#, r#"{"Code":"200"}{}"#, "null", r#"{"a":tru}"#] {
            assert!(pick(text).is_err(), "{text}");
        }
        assert!(Wanted::default().want("A#b", 0).is_err());
    }
}
