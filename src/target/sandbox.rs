//! The sandbox as a server reads it: what a request names, looked up by its value on the wire.
//!
//! Roles are the client's way in (`plan`); keys, scene ids, names and MetaInfo are the server's.

use std::collections::HashMap;

use super::model::{Account, Device, Person, Picture, Sandbox, Scene};

/// A sandbox indexed by what travels on the wire.
#[derive(Debug, Clone, Default)]
pub struct SandboxIndex {
    sandbox: Sandbox,
    accounts: HashMap<String, Vec<usize>>,
    pools: Vec<Pool>,
    scenes: HashMap<String, HashMap<String, usize>>,
    persons: HashMap<String, Vec<usize>>,
    devices: HashMap<String, usize>,
    pictures: HashMap<String, usize>,
}

/// Keys made from one pattern: what stands around `{n}`, and how many there are.
#[derive(Debug, Clone)]
struct Pool {
    before: String,
    after: String,
    count: u32,
    account: usize,
}

impl SandboxIndex {
    /// Indexes a sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        let mut index = Self::default();
        for (position, account) in sandbox.accounts.iter().enumerate() {
            index.add_account(position, account);
        }
        for (position, scene) in sandbox.scenes.iter().enumerate() {
            index.scenes.entry(scene.api.clone()).or_default().insert(scene.id.clone(), position);
        }
        for (position, person) in sandbox.persons.iter().enumerate() {
            index.persons.entry(person.id_number.clone()).or_default().push(position);
        }
        for (position, device) in sandbox.devices.iter().enumerate() {
            index.devices.insert(device.meta_info.clone(), position);
        }
        for (position, picture) in sandbox.pictures.iter().enumerate() {
            let texts = [picture.url.as_ref(), picture.base64.as_ref()];
            index.pictures.extend(texts.into_iter().flatten().map(|text| (text.clone(), position)));
        }
        index.sandbox = sandbox;
        index
    }

    fn add_account(&mut self, position: usize, account: &Account) {
        let Some(pattern) = &account.access_key_id else { return };
        match pattern.split_once("{n}") {
            Some((before, after)) => self.pools.push(Pool {
                before: before.to_owned(),
                after: after.to_owned(),
                count: account.pool,
                account: position,
            }),
            None => self.accounts.entry(pattern.clone()).or_default().push(position),
        }
    }

    /// Returns the accounts a key id belongs to: usually one, several where only the security token tells them apart.
    pub fn accounts(&self, access_key_id: &str) -> Vec<&Account> {
        if let Some(positions) = self.accounts.get(access_key_id) {
            return positions.iter().map(|&position| &self.sandbox.accounts[position]).collect();
        }
        let pooled = self.pools.iter().filter(|pool| pool.holds(access_key_id));
        pooled.map(|pool| &self.sandbox.accounts[pool.account]).collect()
    }

    /// Returns a scene that the sandbox lists, also one that does not exist at the service.
    pub fn scene(&self, api: &str, id: &str) -> Option<&Scene> {
        let position = *self.scenes.get(api)?.get(id)?;
        self.sandbox.scenes.get(position)
    }

    /// Returns a person by name and number.
    pub fn person(&self, name: &str, id_number: &str) -> Option<&Person> {
        self.persons_with(id_number).find(|person| person.name == name)
    }

    /// Returns the persons with a number, whatever their name.
    pub fn persons_with(&self, id_number: &str) -> impl Iterator<Item = &Person> {
        let positions = self.persons.get(id_number).map_or(&[][..], Vec::as_slice);
        positions.iter().map(|&position| &self.sandbox.persons[position])
    }

    /// Returns a device by the exact text of its MetaInfo.
    pub fn device(&self, meta_info: &str) -> Option<&Device> {
        self.devices.get(meta_info).map(|&position| &self.sandbox.devices[position])
    }

    /// Returns a picture by address or Base64 text.
    pub fn picture(&self, text: &str) -> Option<&Picture> {
        self.pictures.get(text).map(|&position| &self.sandbox.pictures[position])
    }

    /// Returns the sandbox as written.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Says whether a text is the security token of some account.
    pub fn is_token(&self, token: &str) -> bool {
        use secrecy::ExposeSecret;
        let tokens = self.sandbox.accounts.iter().filter_map(|account| account.security_token.as_ref());
        tokens.into_iter().any(|known| known.expose_secret() == token)
    }
}

impl Pool {
    fn holds(&self, access_key_id: &str) -> bool {
        let rest = access_key_id.strip_prefix(self.before.as_str());
        let number = rest.and_then(|rest| rest.strip_suffix(self.after.as_str())).unwrap_or_default();
        // One spelling a number: `007` is not `7`.
        let plain = number == "0" || !number.starts_with('0');
        plain && number.bytes().all(|byte| byte.is_ascii_digit()) && number.parse().is_ok_and(|n: u32| n < self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> SandboxIndex {
        let text = r#"
accounts:
  - { role: ordinary, access_key_id: "pool-{n}", access_key_secret: a, pool: 12 }
  - { role: plain, access_key_id: single, access_key_secret: b }
  - { role: plain-sts, access_key_id: single, access_key_secret: b, security_token: token }
scenes:
  - { role: ordinary, api: cloudauth, id: "7" }
persons:
  - { role: match, name: 张试真, id_number: "330103199001011230" }
devices:
  - { role: ios, meta_info: '{"deviceType":"ios"}' }
pictures:
  - { role: good, url: "https://p.example.com/a.png", base64: AAAA }
"#;
        SandboxIndex::new(serde_saphyr::from_str(text).expect("sandbox"))
    }

    #[test]
    fn pooled_keys_are_numbers_below_the_count() {
        let index = index();
        for (key, known) in
            [("pool-0", 1), ("pool-11", 1), ("pool-12", 0), ("pool-007", 0), ("pool-", 0), ("pool-x", 0)]
        {
            assert_eq!(index.accounts(key).len(), known, "{key}");
        }
        assert_eq!(index.accounts("single").len(), 2);
        assert!(index.is_token("token") && !index.is_token("other"));
    }

    #[test]
    fn things_are_found_by_what_travels() {
        let index = index();
        assert!(index.scene("cloudauth", "7").is_some() && index.scene("saf", "7").is_none());
        assert!(index.person("张试真", "330103199001011230").is_some());
        assert!(index.person("张三", "330103199001011230").is_none());
        assert_eq!(index.persons_with("330103199001011230").count(), 1);
        assert!(index.device(r#"{"deviceType":"ios"}"#).is_some());
        assert!(index.picture("AAAA").is_some() && index.picture("https://p.example.com/a.png").is_some());
    }
}
