//! Ids that look as documented and are the same in every run with the same seed.

use sha2::{Digest, Sha256};

/// Makes ids from the seed, the account they belong to and a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    seed: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Returns 32 bytes that depend on all arguments and on the seed.
    pub(super) fn bytes(&self, kind: &str, scope: &str, number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(kind.as_bytes());
        hash.update([0]);
        hash.update(scope.as_bytes());
        hash.finalize().into()
    }

    /// Returns a RequestId: a UUID in upper case, newer ones with 5 as version (source: signing.md §6).
    pub(super) fn request_id(&self, scope: &str, number: u64) -> String {
        let bytes = self.bytes("request", scope, number);
        let mut half = [0u8; 16];
        half.copy_from_slice(&bytes[..16]);
        let uuid = uuid::Builder::from_sha1_bytes(half).into_uuid();
        let mut text = [0u8; 36];
        uuid.hyphenated().encode_upper(&mut text).to_owned()
    }

    /// Returns 32 characters: a prefix of the family and hex digits (source: cloudauth-2019-03-07.md §13).
    pub(super) fn transaction(&self, prefix: &str, scope: &str, number: u64) -> String {
        let hex = hex::encode(self.bytes(prefix, scope, number));
        let mut id = String::with_capacity(32);
        id.push_str(prefix);
        id.push_str(&hex[..32 - prefix.len()]);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_documented_form_and_repeat_with_the_seed() {
        let ids = Ids::new(7);
        let request_id = ids.request_id("key", 1);
        assert_eq!(request_id.len(), 36);
        assert_eq!(request_id, request_id.to_uppercase());
        assert_eq!(&request_id[14..15], "5");
        assert_eq!(ids.transaction("sha", "key", 1).len(), 32);
        assert!(ids.transaction("sha", "key", 1).starts_with("sha"));
        assert_eq!(request_id, Ids::new(7).request_id("key", 1));
        for other in [ids.request_id("key", 2), ids.request_id("yek", 1), Ids::new(8).request_id("key", 1)] {
            assert_ne!(request_id, other);
        }
    }
}
