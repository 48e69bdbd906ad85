//! Where to connect: scheme, host and port of a base address.

use url::{Host, Url};

/// An address that requests go to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    pub tls: bool,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    pub port: u16,
    /// Host as the `host` header and URLs write it, with the port where it is not the scheme's own.
    pub authority: String,
}

/// Why an address cannot be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("read the address `{0}`: {1}")]
    NotAnAddress(String, url::ParseError),
    #[error("use the address `{0}`: its scheme is neither http nor https")]
    Scheme(String),
    #[error("use the address `{0}`: it names no host")]
    NoHost(String),
}

impl Endpoint {
    /// Parses a base address such as `https://cloudauth.aliyuncs.com`; what follows the host is left aside.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|error| EndpointError::NotAnAddress(text.to_owned(), error))?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(EndpointError::Scheme(text.to_owned())),
        };
        let host = url.host().ok_or_else(|| EndpointError::NoHost(text.to_owned()))?;
        let port = url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 });
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let host = match host {
            Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        };
        Ok(Self { tls, host, port, authority })
    }

    /// Returns the same place over plain HTTP.
    pub fn plain(&self) -> Self {
        Self { tls: false, ..self.clone() }
    }

    /// Says whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, tls, host, port, authority, loopback) in [
            ("http://127.0.0.1:8080", false, "127.0.0.1", 8080, "127.0.0.1:8080", true),
            ("https://cloudauth.aliyuncs.com/", true, "cloudauth.aliyuncs.com", 443, "cloudauth.aliyuncs.com", false),
            ("http://localhost/x?y", false, "localhost", 80, "localhost", true),
            ("https://[::1]:1/", true, "::1", 1, "[::1]:1", true),
        ] {
            let endpoint = Endpoint::parse(text).expect("an endpoint");
            let expected = Endpoint { tls, host: host.to_owned(), port, authority: authority.to_owned() };
            assert_eq!(endpoint, expected);
            assert_eq!(endpoint.is_loopback(), loopback, "{text}");
        }
        assert!(matches!(Endpoint::parse("ftp://a"), Err(EndpointError::Scheme(_))));
        assert!(matches!(Endpoint::parse("nonsense"), Err(EndpointError::NotAnAddress(..))));
    }
}
