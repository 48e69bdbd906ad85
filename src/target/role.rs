//! The sandbox as a client reads it: things by role.

use super::model::{Account, Device, Person, Picture, Sandbox, Scene};

impl Sandbox {
    /// Returns the account of a role.
    pub fn account(&self, role: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.role == role)
    }

    /// Returns the scene of a role in an API.
    pub fn scene(&self, api: &str, role: &str) -> Option<&Scene> {
        self.scenes.iter().find(|scene| scene.api == api && scene.role == role)
    }

    /// Returns the person of a role.
    pub fn person(&self, role: &str) -> Option<&Person> {
        self.persons.iter().find(|person| person.role == role)
    }

    /// Returns the device of a role.
    pub fn device(&self, role: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.role == role)
    }

    /// Returns the picture of a role.
    pub fn picture(&self, role: &str) -> Option<&Picture> {
        self.pictures.iter().find(|picture| picture.role == role)
    }
}

impl Account {
    /// Returns the key id of the account with a number within its pool; nothing where the file names none.
    pub fn key_id(&self, number: u32) -> Option<String> {
        Some(self.access_key_id.as_ref()?.replace("{n}", &number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_belong_to_an_api_and_keys_to_a_number() {
        let sandbox: Sandbox = serde_saphyr::from_str(
            "accounts: [{ role: ordinary, access_key_id: 'k-{n}', pool: 3 }]\n\
             scenes: [{ role: ordinary, api: saf, id: '1' }, { role: ordinary, api: cloudauth, id: '2' }]\n",
        )
        .expect("parses");
        assert_eq!(sandbox.account("ordinary").and_then(|account| account.key_id(2)).as_deref(), Some("k-2"));
        assert_eq!(sandbox.scene("cloudauth", "ordinary").map(|scene| scene.id.as_str()), Some("2"));
        assert!(sandbox.scene("intl", "ordinary").is_none() && sandbox.person("match").is_none());
    }
}
