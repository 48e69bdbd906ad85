//! Where SDKs are called: mocks that keep every request, and a key of its own for each case.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use socket2::{Domain, SockAddr, Socket, Type};

use super::decoys;
use super::suite::{EndpointUse, TokenUse};
use crate::clock::Clock;
use crate::contract::Contracts;
use crate::control::FaultKind;
use crate::mock::{MockError, MockOptions, RunningMock, Seen, Witness, start};
use crate::signing::Credentials;
use crate::target::model::{Account, Target};

/// A security token that ends a header and begins another, where nobody looks.
pub(super) const CONTROL_TOKEN: &str = "idvet\r\nx-injected: yes";

/// The address of all interfaces, loopback among them; who connects to it on this machine is connected to itself.
const ANY: &str = "0.0.0.0";

/// One mock and what it saw.
struct House {
    mock: RunningMock,
    witness: Arc<Witness>,
    certificate: Certificate,
}

/// What a mock shows of itself; with one it speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certificate {
    None,
    Valid,
    Over,
}

/// All that the calls of a run go to.
pub(super) struct Stage {
    plain: House,
    /// For cases whose connections nobody else may take up.
    apart: House,
    secure: House,
    /// Of a CA that no client is told of.
    untrusted: House,
    /// Its certificate is over; the CA is one that clients are told of.
    expired: House,
    /// The host that redirects point to.
    other: House,
    /// It answers what it is asked for others, as if it had passed it on.
    proxy: House,
    unreachable: Unreachable,
    ca_file: PathBuf,
    /// The CA of `expired`.
    expired_ca_file: PathBuf,
    ordinary: Account,
    temporary: Account,
}

/// Why there is no stage.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("{0}")]
    Mock(#[from] MockError),
    #[error("write {path}: {source}")]
    Ca { path: PathBuf, source: std::io::Error },
    #[error("open an address that takes no connection: {0}")]
    Unreachable(std::io::Error),
    #[error("find the account `{0}` in the mock's sandbox")]
    Account(&'static str),
}

impl Stage {
    /// Starts the mocks. The CA of the HTTPS one is written into `folder`.
    pub(super) async fn start(
        target: &Target,
        contracts: &Arc<Contracts>,
        clock: &Arc<dyn Clock>,
        folder: &Path,
    ) -> Result<Self, StageError> {
        let house = async |certificate: Certificate, seed: u64| -> Result<House, StageError> {
            let witness = Arc::new(Witness::default());
            let mut options = MockOptions::new(Arc::clone(clock));
            (options.tls, options.expired) = (certificate != Certificate::None, certificate == Certificate::Over);
            (options.seed, options.throttle) = (seed, false);
            options.witness = Some(Arc::clone(&witness));
            Ok(House { mock: start(target, Arc::clone(contracts), options).await?, witness, certificate })
        };
        let absolute = |name: &str| std::path::absolute(folder.join(name)).unwrap_or_else(|_| folder.join(name));
        let account = |role: &'static str| target.sandbox.account(role).cloned().ok_or(StageError::Account(role));
        let stage = Self {
            plain: house(Certificate::None, 1).await?,
            apart: house(Certificate::None, 5).await?,
            secure: house(Certificate::Valid, 2).await?,
            untrusted: house(Certificate::Valid, 3).await?,
            expired: house(Certificate::Over, 7).await?,
            other: house(Certificate::None, 4).await?,
            proxy: house(Certificate::None, 6).await?,
            unreachable: Unreachable::open().map_err(StageError::Unreachable)?,
            // A driver has a folder of its own.
            ca_file: absolute("idvet-ca.pem"),
            expired_ca_file: absolute("idvet-expired-ca.pem"),
            ordinary: account("ordinary")?,
            temporary: account("sts")?,
        };
        for (house, path) in [(&stage.secure, &stage.ca_file), (&stage.expired, &stage.expired_ca_file)] {
            let pem = house.mock.ca_pem().unwrap_or_default();
            std::fs::write(path, pem).map_err(|source| StageError::Ca { path: path.clone(), source })?;
        }
        Ok(stage)
    }

    /// Returns the keys of the case with a number.
    pub(super) fn credentials(&self, number: u32, token: TokenUse) -> Credentials {
        let account = if token == TokenUse::Right { &self.temporary } else { &self.ordinary };
        let nothing = || SecretString::from("");
        Credentials {
            access_key_id: account.key_id(number).unwrap_or_default(),
            secret: account.access_key_secret.clone().unwrap_or_else(nothing),
            security_token: match token {
                TokenUse::None => None,
                TokenUse::Empty => Some(nothing()),
                TokenUse::Control => Some(SecretString::from(CONTROL_TOKEN)),
                TokenUse::Right => account.security_token.clone(),
            },
        }
    }

    /// Returns the base address that a case's calls go to.
    pub(super) fn endpoint(&self, to: EndpointUse) -> String {
        match to {
            EndpointUse::Unreachable => format!("http://{}", self.unreachable.address),
            // Loopback addresses are often kept from proxies; this one is reached like them, and is none by its looks.
            EndpointUse::Proxied | EndpointUse::NotProxied => self.plain.mock.url().replace("127.0.0.1", ANY),
            // Nor does its certificate name it.
            EndpointUse::HttpsMisnamed => self.secure.mock.url().replace("127.0.0.1", ANY),
            _ => self.house(to).mock.url(),
        }
    }

    /// Returns what the environment of a case's driver has besides.
    pub(super) fn environment(&self, to: EndpointUse) -> Vec<(String, String)> {
        let proxy = self.proxy.mock.url();
        // Some look for the host, some for the host with its port.
        let none = format!("{ANY},{}", self.endpoint(to).trim_start_matches("http://"));
        let mut variables = match to {
            EndpointUse::Proxied | EndpointUse::NotProxied => {
                ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"].map(|name| (name, proxy.as_str())).to_vec()
            }
            _ => Vec::new(),
        };
        if to == EndpointUse::NotProxied {
            variables.extend([("no_proxy", none.as_str()), ("NO_PROXY", none.as_str())]);
        }
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Returns the base address of the host that redirects point to.
    pub(super) fn other_host(&self) -> String {
        self.other.mock.url()
    }

    /// Returns the file with the CA of an HTTPS endpoint.
    pub(super) fn ca_file(&self, of: EndpointUse) -> &Path {
        if of == EndpointUse::HttpsExpired { &self.expired_ca_file } else { &self.ca_file }
    }

    /// Says what becomes of the next requests of a key.
    pub(super) fn script(&self, to: EndpointUse, key: &str, replies: Vec<FaultKind>) {
        self.house(to).mock.mock().script(key, replies);
    }

    /// Returns what was seen of a key, and forgets it and its script.
    pub(super) fn take(&self, to: EndpointUse, key: &str) -> Vec<Seen> {
        let house = self.house(to);
        house.mock.mock().forget_script(key);
        let mut seen = house.witness.take(key);
        // Whoever is refused before the key was read is known by the key all the same.
        seen.extend(house.witness.take_holding(key, house.certificate != Certificate::None));
        seen.sort_by_key(|seen| seen.at);
        seen
    }

    /// Returns what was seen of the key that is not the caller's but in the environment, and forgets it.
    pub(super) fn take_ambient(&self, to: EndpointUse) -> Vec<Seen> {
        self.house(to).witness.take(decoys::AMBIENT_ID)
    }

    /// Returns what went to the host that redirects point to, and forgets it.
    pub(super) fn take_elsewhere(&self, key: &str) -> Vec<Seen> {
        self.other.witness.take(key)
    }

    /// Returns what came through a proxy that was not to be used, or past one that was, or without TLS where the client was to
    /// choose it, and forgets it.
    pub(super) fn take_astray(&self, to: EndpointUse, key: &str) -> Vec<Seen> {
        match to {
            EndpointUse::Proxied => self.plain.witness.take(key),
            EndpointUse::NotProxied => self.proxy.witness.take(key),
            EndpointUse::HttpsByDefault => self.secure.witness.take_holding(key, false),
            _ => Vec::new(),
        }
    }

    /// Stops the mocks.
    pub(super) async fn shutdown(self) {
        let tls = [self.secure, self.untrusted, self.expired];
        for house in [self.plain, self.apart, self.other, self.proxy].into_iter().chain(tls) {
            house.mock.shutdown().await;
        }
        for path in [&self.ca_file, &self.expired_ca_file] {
            let _ = std::fs::remove_file(path);
        }
    }

    fn house(&self, to: EndpointUse) -> &House {
        match to {
            EndpointUse::Http | EndpointUse::Unreachable | EndpointUse::NotProxied => &self.plain,
            EndpointUse::Proxied => &self.proxy,
            EndpointUse::HttpApart => &self.apart,
            EndpointUse::Https | EndpointUse::HttpsByDefault | EndpointUse::HttpsMisnamed => &self.secure,
            EndpointUse::HttpsExpired => &self.expired,
            EndpointUse::HttpsUntrusted => &self.untrusted,
        }
    }
}

/// A listener whose queue is full: who connects waits for an answer that does not come.
struct Unreachable {
    address: SocketAddr,
    _held: Vec<Socket>,
}

impl Unreachable {
    /// Connections that fill the queue; one would do, others are in case the system gives more places than asked for.
    const FILLING: usize = 4;

    fn open() -> std::io::Result<Self> {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None);
        let listener = socket()?;
        listener.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0))))?;
        listener.listen(0)?;
        let local = listener.local_addr()?;
        let address = local.as_socket().ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let mut held = vec![listener];
        for _ in 0..Self::FILLING {
            let filling = socket()?;
            filling.set_nonblocking(true)?;
            // Under way is all that it can be.
            let _ = filling.connect(&local);
            held.push(filling);
        }
        Ok(Self { address, _held: held })
    }
}

/// Says whether credentials have a token that is to be sent.
pub(super) fn token(credentials: &Credentials) -> Option<&str> {
    credentials.security_token.as_ref().map(|token| token.expose_secret()).filter(|token| !token.is_empty())
}
