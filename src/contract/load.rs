//! From files to contracts: parse, validate, derive requirements.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Contract, Contracts, requirement};
use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::files::SuiteFiles;

impl Contracts {
    /// Loads every `<api>/contract.yaml` of the suites folder, `gateway` first. Fails with all mistakes of all files.
    pub fn load(files: &SuiteFiles) -> Result<Self, Vec<Diagnostic>> {
        let mut by_api = IndexMap::new();
        let mut mistakes = Vec::new();
        for api in files.apis() {
            let path = format!("{api}/contract.yaml");
            let text: &Arc<str> = &files.files[&path];
            match parse_yaml::<Contract>(&files.origin(&path), text) {
                Ok(contract) => {
                    by_api.insert(api.to_owned(), contract);
                }
                Err(found) => mistakes.extend(found),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let requirements = by_api.values().flat_map(requirement::derive).map(|one| (one.id.clone(), one)).collect();
        Ok(Self { by_api, requirements })
    }
}
