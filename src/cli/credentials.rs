//! Keys that a target file leaves out, from the environment or the vendor's profile file: never from argv.
//!
//! The order is that of the vendor's default provider chain (source: sdk-requirements.md): variables first, then the
//! profile of `ALIBABA_CLOUD_PROFILE` (or `default`) in `ALIBABA_CLOUD_CREDENTIALS_FILE` (or
//! `~/.alibabacloud/credentials`).

use std::path::PathBuf;

use secrecy::SecretString;

use super::{Failure, World};
use crate::target::model::{Account, Target};

/// The role that the plain variables speak of.
const PLAIN_ROLE: &str = "ordinary";

/// Fills in the keys that accounts of a target lack. An account that nobody has a key for stays without.
pub(super) fn fill(target: &mut Target, world: &World<'_>) -> Result<(), Failure> {
    for account in target.sandbox.accounts.iter_mut().filter(|account| account.access_key_id.is_none()) {
        if from_variables(account, world)? || account.role != PLAIN_ROLE {
            continue;
        }
        from_profile(account, world)?;
    }
    Ok(())
}

/// `ALIBABA_CLOUD_ACCESS_KEY_ID` and so on for the role `ordinary`; other roles add their name, as in
/// `ALIBABA_CLOUD_ACCESS_KEY_ID_RAM_DENIED`: two roles with one key would not be two accounts.
fn from_variables(account: &mut Account, world: &World<'_>) -> Result<bool, Failure> {
    let suffix = match account.role.as_str() {
        PLAIN_ROLE => String::new(),
        role => format!("_{}", role.to_ascii_uppercase().replace('-', "_")),
    };
    let name = |what: &str| format!("ALIBABA_CLOUD_{what}{suffix}");
    let Some(id) = world.var(&name("ACCESS_KEY_ID")) else { return Ok(false) };
    let secret_name = name("ACCESS_KEY_SECRET");
    let Some(secret) = world.var(&secret_name) else {
        return Err(Failure::usage(format!("use {}: {secret_name} is not set", name("ACCESS_KEY_ID"))));
    };
    account.access_key_id = Some(id);
    account.access_key_secret = Some(SecretString::from(secret));
    account.security_token = world.var(&name("SECURITY_TOKEN")).map(SecretString::from);
    Ok(true)
}

fn from_profile(account: &mut Account, world: &World<'_>) -> Result<(), Failure> {
    let named = world.var("ALIBABA_CLOUD_CREDENTIALS_FILE").map(PathBuf::from);
    let usual = world.var("HOME").map(|home| PathBuf::from(home).join(".alibabacloud/credentials"));
    let is_named = named.is_some();
    let Some(path) = named.or(usual) else { return Ok(()) };
    let text = match std::fs::read_to_string(world.path(&path)) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(error) if is_named => {
            return Err(Failure::usage(format!("read the credentials file {}: {error}", path.display())));
        }
        Err(_) => return Ok(()),
    };
    let refuse = |why: String| Failure::usage(format!("use the credentials file {}: {why}", path.display()));
    let mut file = configparser::ini::Ini::new_cs();
    // The parser's own message quotes the line it stumbled on, which may hold a secret.
    file.read(text.to_string()).map_err(|_| refuse("it is not an INI file".to_owned()))?;
    let profile = world.var("ALIBABA_CLOUD_PROFILE").unwrap_or_else(|| "default".to_owned());
    let get = |key: &str| file.get(&profile, key).filter(|value| !value.is_empty());
    let kind = get("type").unwrap_or_else(|| "access_key".to_owned());
    if !matches!(kind.as_str(), "access_key" | "sts") {
        return Err(refuse(format!("profile {profile} is of type {kind}; idvet reads access_key and sts")));
    }
    let (Some(id), Some(secret)) = (get("access_key_id"), get("access_key_secret")) else {
        return Err(refuse(format!("profile {profile} has no access_key_id and access_key_secret")));
    };
    account.access_key_id = Some(id);
    account.access_key_secret = Some(SecretString::from(secret));
    account.security_token = get("security_token").map(SecretString::from);
    Ok(())
}
