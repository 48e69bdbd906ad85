//! From files to contracts: parse, validate, derive requirements.

use std::sync::Arc;

use indexmap::IndexMap;

use super::validate::{File, validate};
use super::{Contract, Contracts, requirement};
use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::files::SuiteFiles;

impl Contracts {
    /// Loads every `<api>/contract.yaml` of the suites folder, `gateway` first. Fails with all mistakes of all files.
    pub fn load(files: &SuiteFiles) -> Result<Self, Vec<Diagnostic>> {
        let mut by_api: IndexMap<String, Contract> = IndexMap::new();
        let mut mistakes = Vec::new();
        for (api, parsed) in parse_all(files) {
            match parsed {
                Ok(contract) => {
                    by_api.insert(api.to_owned(), contract);
                }
                Err(found) => mistakes.extend(found),
            }
        }
        let mut requirements = IndexMap::new();
        for (api, contract) in &by_api {
            let derived = requirement::derive(contract);
            let (origin, text) = file_of(files, api);
            let file = File { folder: api, origin, text, contract, gateway: by_api.get("gateway") };
            mistakes.extend(validate(&file, &derived));
            requirements.extend(derived.into_iter().map(|one| (one.id.clone(), one)));
        }
        if mistakes.is_empty() { Ok(Self { by_api, requirements }) } else { Err(mistakes) }
    }
}

/// Parses the files side by side: parsing is nearly all of the time that loading takes.
fn parse_all(files: &SuiteFiles) -> Vec<(&str, Result<Contract, Vec<Diagnostic>>)> {
    std::thread::scope(|scope| {
        let started = files.apis().into_iter().map(|api| {
            let parse = move || {
                let (origin, text) = file_of(files, api);
                parse_yaml::<Contract>(&origin, text)
            };
            (api, scope.spawn(parse))
        });
        let started: Vec<_> = started.collect();
        let joined = started.into_iter().map(|(api, parse)| (api, parse.join().expect("parsing does not panic")));
        joined.collect()
    })
}

fn file_of<'a>(files: &'a SuiteFiles, api: &str) -> (String, &'a Arc<str>) {
    let path = format!("{api}/contract.yaml");
    (files.origin(&path), &files.files[&path])
}
