//! Limits and trust of a transport.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What a transport needs to know.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    /// PEM text with the CAs to trust; Mozilla's when absent.
    pub ca_pem: Option<String>,
    /// Milliseconds for connecting, sending and taking the whole answer.
    pub timeout_ms: u64,
    /// Bytes of a body that are taken at most.
    pub body_limit: usize,
}

/// Why a transport cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("read the CA: {0}")]
    Pem(rustls::pki_types::pem::Error),
    #[error("read the CA: it holds no certificate")]
    NoCertificate,
    #[error("trust the CA: {0}")]
    Tls(#[from] rustls::Error),
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self { ca_pem: None, timeout_ms: 10_000, body_limit: 16 << 20 }
    }
}

impl TransportOptions {
    /// Returns what TLS connections are made with.
    pub fn tls(&self) -> Result<Arc<ClientConfig>, TransportError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, TransportError> {
        let mut roots = RootCertStore::empty();
        let Some(pem) = &self.ca_pem else {
            roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
            return Ok(roots);
        };
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.map_err(TransportError::Pem)?)?;
        }
        if roots.is_empty() { Err(TransportError::NoCertificate) } else { Ok(roots) }
    }
}
