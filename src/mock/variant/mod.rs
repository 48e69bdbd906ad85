//! Variants: other legitimate readings of what the documents leave open, so that suites cannot lean on this mock.
//!
//! [`READINGS`] lists them. Each departs from the mock's own reading at one point; two readings of one point exclude
//! each other. None of them may turn a case red at MUST or SHOULD. A mock without variants pays for one comparison.

mod contracts;
mod dress;
mod table;
mod text;
mod wire;

pub(super) use contracts::reread;
pub(super) use dress::{dress, redress};
pub use table::{READINGS, Reading, Variant};
pub(super) use text::write_body;
pub(super) use wire::rewire;

/// Which variants a mock follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Variants(u128);

/// Why variants cannot be followed together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariantError {
    #[error("no variant `{0}`: `idvet mock --list-variants` lists them")]
    Unknown(String),
    #[error("variants `{0}` and `{1}` read the same point differently")]
    Clash(&'static str, &'static str),
}

impl Variants {
    /// Returns a set of variants, or the two among them that read one point.
    pub fn of(variants: &[Variant]) -> Result<Self, VariantError> {
        let mut set = Self::default();
        for (place, variant) in variants.iter().enumerate() {
            let point = variant.reading().point;
            let earlier =
                variants[..place].iter().find(|earlier| **earlier != *variant && earlier.reading().point == point);
            if let Some(earlier) = earlier {
                return Err(VariantError::Clash(earlier.reading().id, variant.reading().id));
            }
            set.0 |= 1 << *variant as u8;
        }
        Ok(set)
    }

    /// Returns the set that ids name.
    pub fn named<S: AsRef<str>>(ids: &[S]) -> Result<Self, VariantError> {
        let find = |id: &S| Variant::named(id.as_ref()).ok_or_else(|| VariantError::Unknown(id.as_ref().to_owned()));
        Self::of(&ids.iter().map(find).collect::<Result<Vec<_>, _>>()?)
    }

    pub fn has(self, variant: Variant) -> bool {
        self.0 >> variant as u8 & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns sets that hold every variant once, with as many points at a time as there are.
    pub fn bundles() -> Vec<Vec<Variant>> {
        let mut bundles: Vec<Vec<Variant>> = Vec::new();
        for reading in READINGS {
            let free = |bundle: &Vec<Variant>| bundle.iter().all(|variant| variant.reading().point != reading.point);
            match bundles.iter_mut().find(|bundle| free(bundle)) {
                Some(bundle) => bundle.push(reading.variant),
                None => bundles.push(vec![reading.variant]),
            }
        }
        bundles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_clashes_named() {
        let set = Variants::named(&["http-1.0", "chunked"]).expect("both");
        assert!(set.has(Variant::Http10) && set.has(Variant::Chunked) && !set.has(Variant::ConnectionClose));
        assert!(Variants::default().is_empty() && !set.is_empty());
        assert_eq!(Variants::named(&["nothing"]), Err(VariantError::Unknown("nothing".to_owned())));
        let clash = Variants::named(&["keys-sorted", "chunked", "keys-reversed"]);
        assert_eq!(clash, Err(VariantError::Clash("keys-sorted", "keys-reversed")));
    }

    #[test]
    fn bundles_hold_every_variant_once_and_none_that_clash() {
        let bundles = Variants::bundles();
        assert_eq!(bundles.iter().map(Vec::len).sum::<usize>(), READINGS.len());
        for bundle in bundles {
            Variants::of(&bundle).expect("no clash");
        }
    }
}
