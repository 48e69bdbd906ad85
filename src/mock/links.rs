//! Signed links to pictures, videos and pages on the mock. Nothing is stored: a link holds all that is needed.

use super::ids::Ids;
use crate::clock::Timestamp;
use crate::exchange::{decode_form, encode_component};

/// First part of the path of material links.
const MATERIAL: &str = "/material/";

/// Makes and checks links of the form of signed object-storage addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    ids: Ids,
}

/// What a link names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) key_id: String,
    pub(super) name: String,
    /// The instant from which the link no longer opens.
    pub(super) expires: Timestamp,
}

impl Links {
    pub(super) fn new(ids: Ids) -> Self {
        Self { ids }
    }

    /// Returns an address below `base` that opens until `expires`; `object` is a path such as `verify/id/face.jpeg`.
    pub(super) fn material(&self, base: &str, key_id: &str, object: &str, expires: Timestamp) -> String {
        let path = format!("{MATERIAL}{}/{object}", encode_component(key_id));
        let until = expires.0 / 1_000;
        format!("{base}{path}?Expires={until}&OSSAccessKeyId=STS.mock&Signature={}", self.signature(&path, until))
    }

    /// Reads a link of the mock's own making; nothing when it is none, or was changed.
    pub(super) fn read(&self, path: &str, query: &str) -> Option<Material> {
        let rest = path.strip_prefix(MATERIAL)?;
        let (key_id, name) = rest.split_once('/')?;
        let fields = decode_form(query).ok()?;
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let until: i64 = field("Expires")?.parse().ok()?;
        if field("Signature")? != self.signature(path, until) {
            return None;
        }
        let key_id = percent_encoding::percent_decode_str(key_id).decode_utf8().ok()?.into_owned();
        Some(Material { key_id, name: name.to_owned(), expires: Timestamp(until * 1_000) })
    }

    /// Says whether a path is one of material links.
    pub(super) fn is_material(path: &str) -> bool {
        path.starts_with(MATERIAL)
    }

    fn signature(&self, path: &str, until: i64) -> String {
        hex::encode(&self.ids.bytes("link", path, until.unsigned_abs())[..14])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_back_unless_changed() {
        let links = Links::new(Ids::new(3));
        let url = links.material("http://h:1", "k/ä", "verify/x/face.jpeg", Timestamp(1_500_999));
        let (path, query) = url.strip_prefix("http://h:1").and_then(|rest| rest.split_once('?')).expect("query");
        let material = links.read(path, query).expect("own link");
        assert_eq!(material.key_id, "k/ä");
        assert_eq!(material.name, "verify/x/face.jpeg");
        assert_eq!(material.expires, Timestamp(1_500_000));
        assert_eq!(links.read(path, &query.replace("1500", "1600")), None);
        assert_eq!(links.read(&path.replace("face", "other"), query), None);
        assert_eq!(Links::new(Ids::new(4)).read(path, query), None);
    }
}
