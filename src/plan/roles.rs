//! Which role stands behind `account`, `scene`, `person`, `device` and `picture` in a call.

use crate::suite::{Difference, Roles};

/// The roles of one call: difference over call over baseline over default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolesInUse {
    pub account: String,
    pub scene: String,
    pub person: String,
    pub device: String,
    pub picture: String,
}

impl RolesInUse {
    /// Returns the roles of a call.
    pub fn of(baseline: &Roles, call: &Roles, differs: Option<&Difference>) -> Self {
        let none = Roles::default();
        let difference = match differs {
            Some(Difference::Roles(roles)) => roles,
            _ => &none,
        };
        let pick = |role: fn(&Roles) -> &Option<String>, default: &str| {
            let layers = [difference, call, baseline];
            layers.into_iter().find_map(|layer| role(layer).clone()).unwrap_or_else(|| default.to_owned())
        };
        Self {
            account: pick(|roles| &roles.account, "ordinary"),
            scene: pick(|roles| &roles.scene, "ordinary"),
            person: pick(|roles| &roles.person, "match"),
            device: pick(|roles| &roles.device, "ios"),
            picture: pick(|roles| &roles.picture, "good"),
        }
    }
}
