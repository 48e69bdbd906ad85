//! The mock's own CA and certificate, made at start.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A server certificate with the CA that signed it.
pub(in crate::mock) struct Identity {
    pub(in crate::mock) acceptor: TlsAcceptor,
    /// Certificate of the CA, PEM.
    pub(in crate::mock) ca_pem: String,
}

/// Whether a certificate may still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mock) enum Age {
    Valid,
    /// It ended in 2020.
    Over,
}

/// Makes a CA and a certificate for loopback names, an address, and host names.
pub(in crate::mock) fn make_identity(address: IpAddr, hosts: &[String], age: Age) -> Result<Identity, TlsError> {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    ca.distinguished_name.push(DnType::CommonName, "idvet mock CA");
    let issuer = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

    let mut names = vec!["localhost".to_owned()];
    names.extend_from_slice(hosts);
    let mut leaf = CertificateParams::new(names)?;
    for ip in ["127.0.0.1", "::1"].into_iter().filter_map(|text| text.parse().ok()).chain([address]) {
        leaf.subject_alt_names.push(SanType::IpAddress(ip));
    }
    leaf.distinguished_name.push(DnType::CommonName, "idvet mock");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if age == Age::Over {
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &issuer)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), ca_pem: issuer.pem() })
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("set up TLS: {0}")]
    Setup(#[from] rustls::Error),
}
