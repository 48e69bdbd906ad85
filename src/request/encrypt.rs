//! Parameters that travel encrypted: SM2 fields and encToken (source: saf-2017-03-31.md §8).

use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sm2::elliptic_curve::rand_core::UnwrapErr;
use sm2::pke::{EncryptingKey, Mode};

/// Encrypts UTF-8 text under SM2, C1 ‖ C2 ‖ C3, and returns Base64.
pub(super) fn sm2(public_hex: &str, text: &str) -> Result<String, String> {
    let point = hex::decode(public_hex).map_err(|_| "the SM2 key is not hex".to_owned())?;
    let public =
        sm2::PublicKey::from_sec1_bytes(&point).map_err(|_| "the SM2 key is no point of the curve".to_owned())?;
    let key = EncryptingKey::new_with_mode(public, Mode::C1C2C3);
    let mut random = UnwrapErr(rand::rngs::SysRng);
    let bytes = key.encrypt(&mut random, text.as_bytes()).map_err(|_| "SM2 encryption failed".to_owned())?;
    Ok(STANDARD.encode(bytes))
}

/// Encrypts the Base64 text of an AES key under RSA PKCS#1 v1.5, and returns Base64.
pub(super) fn enc_token(public: &str, aes_key: &[u8]) -> Result<String, String> {
    let der = STANDARD.decode(public).map_err(|_| "the encToken key is not Base64".to_owned())?;
    let key = PublicEncryptingKey::from_der(&der).map_err(|_| "the encToken key is no RSA key".to_owned())?;
    let key = Pkcs1PublicEncryptingKey::new(key).map_err(|_| "the encToken key cannot encrypt".to_owned())?;
    let mut cipher = vec![0; key.ciphertext_size()];
    let plain = STANDARD.encode(aes_key);
    let cipher = key.encrypt(plain.as_bytes(), &mut cipher).map_err(|_| "RSA encryption failed".to_owned())?;
    Ok(STANDARD.encode(&*cipher))
}
