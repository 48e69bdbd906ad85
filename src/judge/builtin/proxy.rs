//! The proxy that the environment names, for plain HTTP: calls over HTTPS go straight.

use super::Quirk;
use crate::transport::Endpoint;

/// Where calls go through, and which do not.
#[derive(Debug, Default)]
pub struct Proxy {
    http: Option<Endpoint>,
    /// Hosts that are called straight, with all that ends in them; `*` is every host.
    straight: Vec<String>,
}

impl Proxy {
    /// Reads the variables `http_proxy`, `HTTP_PROXY`, `no_proxy` and `NO_PROXY`. One that cannot be understood counts as none.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |names: [&str; 2]| names.into_iter().find_map(&variable).filter(|text| !text.is_empty());
        let http = read(["http_proxy", "HTTP_PROXY"]).and_then(|text| Endpoint::parse(text.trim_end_matches('/')).ok());
        let straight = read(["no_proxy", "NO_PROXY"]).unwrap_or_default();
        let straight = straight.split(',').map(|host| host.trim().trim_start_matches('.').to_ascii_lowercase());
        Self { http, straight: straight.filter(|host| !host.is_empty()).collect() }
    }

    /// Returns the proxy for an endpoint.
    pub(super) fn of(&self, endpoint: &Endpoint, quirk: Option<Quirk>) -> Option<&Endpoint> {
        if endpoint.tls || quirk == Some(Quirk::ProxyIgnored) {
            return None;
        }
        let is_straight = quirk != Some(Quirk::NoProxyIgnored)
            && self.straight.iter().any(|known| {
                let host = endpoint.host.to_ascii_lowercase();
                let is_below =
                    host.strip_suffix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                known == "*" || *known == format!("{host}:{}", endpoint.port) || is_below
            });
        self.http.as_ref().filter(|_| !is_straight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_for_all_but_those_that_are_called_straight() {
        let proxy = |none: &str| {
            Proxy::from_variables(|name| match name {
                "HTTP_PROXY" => Some("http://127.0.0.1:8080/".to_owned()),
                "no_proxy" => Some(none.to_owned()),
                _ => None,
            })
        };
        let of = |none: &str, to: &str| {
            let endpoint = Endpoint::parse(to).expect("an endpoint");
            proxy(none).of(&endpoint, None).map(|proxy| proxy.authority.clone())
        };
        assert_eq!(of("", "http://a.example").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(of("b.example,xa.example", "http://a.example").as_deref(), Some("127.0.0.1:8080"));
        for none in ["*", "a.example", "x, .example", "A.example:80"] {
            let authority = if none.ends_with("80") { "http://a.example:80" } else { "http://a.example" };
            assert_eq!(of(&none.to_ascii_lowercase(), authority), None, "{none}");
        }
        assert_eq!(of("", "https://a.example"), None);
    }
}
