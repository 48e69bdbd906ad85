//! Load profiles as commands name them: one of the suites, or a file.

use std::path::Path;
use std::sync::Arc;

use super::settings::Loaded;
use super::{Failure, World};
use crate::contract::Contracts;
use crate::diagnostic::{Diagnostic, nearest};
use crate::files::SuiteFiles;
use crate::load_profile::{LoadProfile, ProfileInput, parse_profile, profile_file, profile_names};
use crate::suite::Suites;

/// Reads a profile of the suites by name.
pub(super) fn read_profile(
    name: &str,
    files: &SuiteFiles,
    contracts: &Contracts,
    suites: &Suites,
) -> Result<LoadProfile, Vec<Diagnostic>> {
    let Some((origin, text)) = profile_file(files, name) else { return Err(Vec::new()) };
    let read =
        |path: &str| Err(format!("{path}: a profile of the suites cannot replay a file; copy it beside the file"));
    parse_profile(name, (&origin, text), &ProfileInput { contracts, suites, seed: 1, read: &read })
}

/// Reads a profile by name or, where no profile has that name, by path.
pub(super) fn find_profile(name: &str, loaded: &Loaded, seed: u64, world: &World<'_>) -> Result<LoadProfile, Failure> {
    let path = world.path(Path::new(name));
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| format!("read {file}: {error}"));
    let input = ProfileInput { contracts: &loaded.contracts, suites: &loaded.suites, seed, read: &read };
    if let Some((origin, text)) = profile_file(&loaded.files, name) {
        return Ok(parse_profile(name, (&origin, text), &input)?);
    }
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Arc::from(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(unknown(name, &loaded.files)),
        Err(error) => return Err(Failure::usage(format!("read the load profile {name}: {error}"))),
    };
    Ok(parse_profile(name, (name, &text), &input)?)
}

fn unknown(name: &str, files: &SuiteFiles) -> Failure {
    let names = profile_names(files);
    let near = nearest(name, names.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| "; `idvet list profiles` names all".to_owned());
    Failure::usage(format!("find the load profile `{name}`: no profile of the suites and no file has that name{hint}"))
}
