//! The mock's own key pairs: SM2 for encrypted names and numbers, RSA for encToken.
//!
//! The real private keys are not public, so the public keys here are settings of a client (source:
//! saf-2017-03-31.md §8).

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sm2::pke::{DecryptingKey, Mode};

use super::ids::Ids;

/// Length of `C1` (uncompressed point) and `C3` (SM3 digest) around the text, in bytes.
const SM2_OVERHEAD: usize = 97;

/// Key pairs made from the seed (SM2) or at first use (RSA, since making one takes long).
pub(super) struct Keys {
    sm2: DecryptingKey,
    rsa: OnceLock<Option<RsaPair>>,
}

struct RsaPair {
    private: Pkcs1PrivateDecryptingKey,
    public_der: Vec<u8>,
}

/// Why an encrypted value was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecryptError {
    #[error("text that is not Base64")]
    NotBase64,
    #[error("a ciphertext that the private key does not open")]
    NotOpened,
    #[error("a content of the wrong form")]
    WrongContent,
}

impl Keys {
    pub(super) fn new(ids: Ids) -> Self {
        let candidates = (0..).map(|number| ids.bytes("sm2", "", number));
        let mut keys = candidates.filter_map(|bytes| sm2::SecretKey::from_slice(&bytes).ok());
        let secret = keys.next().expect("almost every 256-bit number is a key");
        let sm2 = DecryptingKey::new_with_mode(secret.to_nonzero_scalar(), Mode::C1C2C3);
        Self { sm2, rsa: OnceLock::new() }
    }

    /// Returns the SM2 public key: uncompressed point, hex, leading `04`.
    pub(super) fn sm2_public_hex(&self) -> String {
        use sm2::elliptic_curve::sec1::ToSec1Point;
        hex::encode(self.sm2.encrypting_key().as_affine().to_sec1_point(false).as_bytes())
    }

    /// Returns the RSA public key: X.509 SubjectPublicKeyInfo, Base64. Empty when the machine cannot make a key.
    pub(super) fn enc_token_public(&self) -> String {
        self.rsa().map(|pair| STANDARD.encode(&pair.public_der)).unwrap_or_default()
    }

    /// Opens Base64 of `C1 ‖ C2 ‖ C3` (source: saf-2017-03-31.md §8.1).
    pub(super) fn open_sm2(&self, text: &str) -> Result<String, DecryptError> {
        let bytes = STANDARD.decode(text).map_err(|_| DecryptError::NotBase64)?;
        if bytes.len() <= SM2_OVERHEAD || bytes[0] != 0x04 {
            return Err(DecryptError::NotOpened);
        }
        let plain = self.sm2.decrypt(&bytes).map_err(|_| DecryptError::NotOpened)?;
        String::from_utf8(plain).map_err(|_| DecryptError::WrongContent)
    }

    /// Opens encToken: RSA PKCS#1 v1.5 over the Base64 text of an AES key (source: saf-2017-03-31.md §8.2).
    ///
    /// Sources differ about the key's size, so 16, 24 and 32 bytes are taken.
    pub(super) fn open_enc_token(&self, text: &str) -> Result<Vec<u8>, DecryptError> {
        let bytes = STANDARD.decode(text).map_err(|_| DecryptError::NotBase64)?;
        let pair = self.rsa().ok_or(DecryptError::NotOpened)?;
        let mut plain = vec![0; pair.private.min_output_size()];
        let plain = pair.private.decrypt(&bytes, &mut plain).map_err(|_| DecryptError::NotOpened)?;
        let key = STANDARD.decode(plain).map_err(|_| DecryptError::WrongContent)?;
        if matches!(key.len(), 16 | 24 | 32) { Ok(key) } else { Err(DecryptError::WrongContent) }
    }

    fn rsa(&self) -> Option<&RsaPair> {
        self.rsa.get_or_init(RsaPair::generate).as_ref()
    }
}

impl RsaPair {
    fn generate() -> Option<Self> {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).ok()?;
        let public_der = AsDer::<PublicKeyX509Der<'_>>::as_der(&private.public_key()).ok()?.as_ref().to_vec();
        Some(Self { private: Pkcs1PrivateDecryptingKey::new(private).ok()?, public_der })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
    use sm2::pke::EncryptingKey;

    fn encrypt(public_hex: &str, text: &str, mode: Mode) -> String {
        let point = hex::decode(public_hex).expect("hex");
        let public = sm2::PublicKey::from_sec1_bytes(&point).expect("point");
        let key = EncryptingKey::new_with_mode(public, mode);
        let mut random = sm2::elliptic_curve::rand_core::UnwrapErr(getrandom_source());
        STANDARD.encode(key.encrypt(&mut random, text.as_bytes()).expect("encrypts"))
    }

    fn getrandom_source() -> rand::rngs::SysRng {
        rand::rngs::SysRng
    }

    #[test]
    fn sm2_opens_c1c2c3_and_nothing_else() {
        let keys = Keys::new(Ids::new(1));
        let public = keys.sm2_public_hex();
        assert!(public.starts_with("04") && public.len() == 130);
        let cipher = encrypt(&public, "张试真", Mode::C1C2C3);
        assert!(cipher.starts_with('B'));
        assert_eq!(keys.open_sm2(&cipher).as_deref(), Ok("张试真"));
        assert!(keys.open_sm2(&encrypt(&public, "张试真", Mode::C1C3C2)).is_err());
        assert_eq!(keys.open_sm2("***"), Err(DecryptError::NotBase64));
        assert_eq!(keys.open_sm2("BAAA"), Err(DecryptError::NotOpened));
        let other = Keys::new(Ids::new(2));
        assert!(other.open_sm2(&cipher).is_err());
    }

    #[test]
    fn enc_token_holds_an_aes_key() {
        let keys = Keys::new(Ids::new(1));
        let der = STANDARD.decode(keys.enc_token_public()).expect("base64");
        let public = Pkcs1PublicEncryptingKey::new(PublicEncryptingKey::from_der(&der).expect("key")).expect("key");
        let seal = |content: &[u8]| {
            let mut cipher = vec![0; public.ciphertext_size()];
            let cipher = public.encrypt(content, &mut cipher).expect("encrypts");
            STANDARD.encode(cipher)
        };
        let token = seal(STANDARD.encode([7u8; 32]).as_bytes());
        assert_eq!(token.len(), 344);
        assert_eq!(keys.open_enc_token(&token), Ok(vec![7; 32]));
        assert_eq!(keys.open_enc_token(&seal(b"not a key")), Err(DecryptError::WrongContent));
        assert_eq!(keys.open_enc_token("AAAA"), Err(DecryptError::NotOpened));
    }
}
